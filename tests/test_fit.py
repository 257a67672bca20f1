"""A whole fit: without noise it recovers the counts; with noise it spends what it says, in order, or nothing."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from testkit import INF, begin, category, fitted, number, put, ready

import duckpaste
from duckpaste.budget import split
from duckpaste.db import Db
from duckpaste.errors import BudgetError, Faults, UserError
from duckpaste.fit import algorithm_of, discover, fit_table, request
from duckpaste.model import Model
from duckpaste.privacy.accountant import Guarantee, rho_of
from duckpaste.privacy.ledger import Ledger
from duckpaste.privacy.source import Source, protect
from duckpaste.sample.tabular import batches
from duckpaste.schema.view import Field, Table

N = 4000
RNG = np.random.default_rng(21)
A = RNG.integers(0, 4, N)
B = np.where(RNG.random(N) < 0.8, A, RNG.integers(0, 4, N))
C = np.where(RNG.random(N) < 0.8, 2 * B, RNG.integers(0, 8, N))
D = np.array([None, "x", "y", "it's"], dtype=object)[np.where(RNG.random(N) < 0.5, A, RNG.integers(0, 4, N))]
GAIN = np.where(RNG.random(N) < 0.92, 0, RNG.integers(1, 99_999, N))
COLUMNS: dict[str, Any] = {"a": A, "b": B, "c": C, "d": D, "gain": GAIN}
FIELDS = (
    category("a", range(4)), category("b", range(4)), category("c", range(8)), Field("d", "categorical", nullable=True),
    number("gain", 0, 99_999, bins=12),
)  # fmt: skip
CODES: dict[str, Any] = {"a": A, "b": B, "c": C}


@pytest.fixture
def db() -> Iterator[Db]:
    with Db.open() as made:
        put(made, "t", COLUMNS, {"a": "utinyint", "gain": "integer", "d": "varchar"})
        yield made


def sampled(model: Model, rows: int, seed: int = 1) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {c.name: [] for c in model.tables[0].columns}
    for batch in batches(model.tables[0], rows, seed):
        for name, values in found.items():
            values += batch.column(name).to_pylist()
    return found


# -- no noise


@pytest.mark.parametrize("algorithm", ["independent", "mst"])
def test_one_way_counts_come_back_exactly(db: Db, algorithm: str) -> None:
    model = fitted(db, Table("t", FIELDS), algorithm, epsilon=INF)
    counts = {m.clique: m.values for m in model["t"].measurements}
    for name, codes in CODES.items():
        assert counts[(name,)].tolist() == np.bincount(codes).tolist()
    assert model["t"].codecs[3].labels() == [None, "it's", "x", "y", "other"]
    assert counts[("d",)].tolist() == [*((v == D).sum() for v in (None, "it's", "x", "y")), 0]
    assert (
        counts[("gain",)].sum() == N and model["t"].network.total == pytest.approx(N) and model["t"].rows == N
    )
    rows = sampled(model, N)
    for name, codes in CODES.items():
        found = np.bincount(np.array(rows[name], dtype=int), minlength=codes.max() + 1)
        if algorithm == "independent":
            assert found.tolist() == np.bincount(codes).tolist()
        else:  # rounding, parent by parent
            assert np.abs(found - np.bincount(codes)).max() <= 0.01 * N


def test_the_chosen_pairs_come_back_exactly(db: Db) -> None:
    model = fitted(db, Table("t", FIELDS), "mst", epsilon=INF)
    pairs = {
        m.clique: m.values
        for m in model["t"].measurements
        if len(m.clique) == 2 and set(m.clique) <= set(CODES)
    }
    assert set(pairs) == {("a", "b"), ("b", "c")}, "the two strongest links, a chain"
    rows = sampled(model, N)
    for (x, y), counts in pairs.items():
        expected = np.zeros(counts.shape)
        np.add.at(expected, (CODES[x], CODES[y]), 1)
        assert np.array_equal(counts, expected)
        drawn = np.zeros(counts.shape)
        np.add.at(drawn, (np.array(rows[x], dtype=int), np.array(rows[y], dtype=int)), 1)
        assert np.abs(drawn - expected).max() <= 0.01 * N


# -- fine histograms


@pytest.mark.parametrize(("epsilon", "off"), [(INF, 0.001), (10.0, 0.02)])
def test_a_spike_stays_a_spike_and_whole_numbers_whole(db: Db, epsilon: float, off: float) -> None:
    """At epsilon 10 the noise of the share of 0 has an sd of 0.002: ten of them are never seen."""
    model = fitted(db, Table("t", FIELDS), epsilon=epsilon)
    gain = np.array(sampled(model, N)["gain"])
    assert gain.dtype.kind == "i" and gain.min() >= 0 and gain.max() <= 99_999
    assert (gain == 0).mean() == pytest.approx((GAIN == 0).mean(), abs=off)
    assert np.median(gain[gain > 0]) == pytest.approx(np.median(GAIN[GAIN > 0]), rel=0.25)


# -- stages, faults, spending


def test_stages_follow_one_another_and_each_is_left(db: Db) -> None:
    seen: list[str] = []

    @contextmanager
    def stage(name: str) -> Iterator[None]:
        seen.append(name)
        yield
        seen.append(f"/{name}")

    fit_table(db, ready(db, Table("t", FIELDS)), request("independent"), Ledger(None), stage)
    assert seen == [s for name in ("check", "bound", "discover", "encode", "fit") for s in (name, f"/{name}")]


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (Table("t", (category("a", range(3)),)), ["v.t.a: holds values that are not declared"]),
        (Table("t", (category("d", ["x"]), number("gain", 0, 9, outside="error"))),
         ["v.t.d: holds NULL", "v.t.d: holds values that are not", "v.t.gain: holds values outside"]),
        (Table("t", (category("a"),), unit="d"), ["v.t.d: holds NULL although it is the privacy unit"]),
    ],
)  # fmt: skip
def test_faults_of_rows_are_told_at_once_before_anything_is_spent(
    db: Db, table: Table, told: list[str]
) -> None:
    ledger = Ledger(None)
    with pytest.raises(Faults) as caught:
        fitted(db, table, ledger=ledger)
    lines = str(caught.value).splitlines()
    assert all(any(line.startswith(t) for line in lines) for t in told)
    assert ledger.db.rows_sql("t", "select (select count(*) from runs), (select count(*) from releases)") == [
        (0, 0)
    ]


def test_a_table_without_rows_is_refused(db: Db) -> None:
    db.run_sql("t", "delete from t")
    with pytest.raises(Faults, match="the table has no rows"):
        fitted(db, Table("t", FIELDS))


def test_a_budget_that_is_too_small_stops_before_the_data_is_bound(db: Db) -> None:
    ledger = Ledger(None)
    db.trace.clear()
    with pytest.raises(BudgetError, match=r"0 is spent, 0\.5 is left"):
        fitted(
            db,
            Table("t", (*FIELDS[:1], *FIELDS[2:]), unit="b"),
            ledger=ledger,
            budget={"epsilon": 0.5, "delta": 1e-9},
        )
    assert not {s.name for s in db.trace} & {
        "bounded_rows",
        "cell_counts",
        "value_counts",
        "marginals",
        "encoded",
    }
    assert ledger.db.rows_sql("t", "select count(*) from runs") == [(0,)]


def test_values_cannot_be_discovered_with_pure_epsilon(db: Db) -> None:
    ledger = Ledger(None)
    with pytest.raises(UserError, match="values can't be discovered at delta 0"):
        fitted(db, Table("t", FIELDS), ledger=ledger, delta=0)
    assert ledger.db.rows_sql("t", "select count(*) from runs") == [(0,)]
    declared = tuple(
        f if f.name != "d" else Field("d", "categorical", True, options={"values": ["x", "y", "it's"]})
        for f in FIELDS
    )
    assert fitted(db, Table("t", declared), ledger=ledger, delta=0).info["measure"] == "epsilon"


def test_what_the_model_tells_of_itself(db: Db) -> None:
    model = fitted(db, Table("t", (*FIELDS[:1], FIELDS[2]), unit="b", contributions=7), epsilon=2.0)
    info = dict(model.info)
    assert (info["epsilon"], info["delta"], info["unit"], info["contributions"]) == ("2.0", "1e-09", "b", "7")
    assert (info["private"], info["measure"], info["algorithm"]) == ("true", "rho", "independent")
    assert 0 < float(info["loss"]) <= rho_of(2.0, 1e-9)
    assert {"duckpaste", "duckdb", "numpy", "opendp", "created", "run"} <= set(info)
    assert model.describe().startswith(
        "synthetic; epsilon 2, delta 1e-09 for each value of b (at most 7 rows weigh); run "
    )


# -- requests


def test_requests() -> None:
    wanted = request("mst", {"etotal": 3, "delta": 0, "discover": 0.2, "threshold": 2.0})
    assert (wanted.guarantee.epsilon, wanted.guarantee.delta, wanted.discover) == (3.0, 0.0, 0.2)
    assert dict(wanted.options) == {"threshold": 2.0}
    assert request("independent").guarantee == Guarantee(1.0, 1e-9)
    for options in (
        {"epsilon": 0},
        {"epsilon": "x"},
        {"epsilon": float("nan")},
        {"delta": 1},
        {"nosuch": 1},
        {"threshold": "x"},
    ):
        with pytest.raises(UserError):
            request("mst", options)
    with pytest.raises(UserError, match="mst"):
        request("msst")


def test_view_and_algorithm() -> None:
    assert algorithm_of("views/my.view.mst") == ("views/my.view", "mst")
    with pytest.raises(UserError, match="names no algorithm"):
        algorithm_of("adult")
    with pytest.raises(UserError, match="did you mean 'mst'"):
        algorithm_of("adult.mts")


# -- the public functions


def test_from_a_connection_to_a_synthetic_file(tmp_path: Path) -> None:
    """A view without SQL over a user's own database; the ledger stands beside it."""
    con = duckdb.connect(str(tmp_path / "work.duckdb"))
    con.execute(
        "create table people (id integer primary key, age utinyint check (age between 0 and 99), sex enum('f', 'm'))"
    )
    con.execute(
        "insert into people select i, i % 80, ['f', 'm'][1 + i % 2]::enum('f', 'm') from range(500) r(i)"
    )
    view = tmp_path / "people_view"
    view.mkdir()
    (view / "fields.yml").write_text("tables: {people: {}}")
    model = duckpaste.fit(con, view=view, algorithm="independent", epsilon=5)
    model.save(tmp_path / "m.duckdb")
    done = duckpaste.sample(tmp_path / "m.duckdb", tmp_path / "s.duckdb", n=100, seed=3)
    assert (done.seed, done.rows) == (3, {"people": 100})
    assert con.sql("select count(*) from people").fetchall() == [(500,)]
    con.close()
    with Ledger(tmp_path / "work.ledger.duckdb").db as db:
        assert db.rows_sql("t", "select distinct state from ledger") == [("released",)]
    with Db.open(tmp_path / "s.duckdb", read_only=True) as db:
        assert db.rows_sql("t", "select count(*), count(distinct id), min(typeof(sex)) from people") == [
            (100, 100, "ENUM('f', 'm')")
        ]


def test_cliques_of_all_widths_agree_with_numpy(db: Db) -> None:
    """The same door that models use, over one table with NULLs, discovered values and bins."""
    made = ready(db, Table("t", FIELDS))
    run = begin(INF)
    source = Source(db, protect(db, made.relation, made.name), run)
    discover(source, made.codecs, split(run.guarantee, made.codecs))
    encoded = source.encode(made.codecs)
    codes = dict(CODES) | {"d": np.array([{None: 0, "it's": 1, "x": 2, "y": 3}[v] for v in D])}
    asked = [c for k in (1, 2, 3, 4) for c in itertools.combinations(codes, k)]
    for m in encoded.measure(asked, [INF] * len(asked), "test"):
        expected = np.zeros(m.values.shape)
        np.add.at(expected, tuple(codes[n] for n in m.clique), 1)
        assert np.array_equal(m.values, expected)
