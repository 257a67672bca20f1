"""Scores against brute force over all rows; bins are common, spikes and quantiles their own; files are let go of."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from testkit import category, number, put

from duckpaste.db import Db
from duckpaste.errors import UserError
from duckpaste.evaluate import marginals
from duckpaste.evaluate.bins import NULL, bins_of, edges_of
from duckpaste.evaluate.evaluation import Evaluation
from duckpaste.evaluate.run import measure
from duckpaste.evaluate.score import INTERNAL, REF
from duckpaste.prepare import resolve
from duckpaste.schema.view import Field, Table, View

TYPES = {"id": "bigint", "a": "integer", "b": "varchar", "c": "boolean", "x": "double"}
TABLE = Table(
    "t",
    (Field("id", "id"), category("a", range(3)), category("b", nullable=True), Field("c", "boolean", True),
     number("x", 0, 100)),
    ("id",),
)  # fmt: skip


def columns(rows: int, seed: int) -> dict[str, list[Any]]:
    rng = np.random.default_rng(seed)
    return {
        "id": list(range(rows)), "a": [int(v) for v in rng.integers(0, 3, rows)],
        "b": [None if v == 4 else f"it's {v}" for v in rng.integers(0, 5, rows)],
        "c": [[True, False, None][v] for v in rng.integers(0, 3, rows)],
        "x": [float(v) for v in rng.integers(0, 4 + seed % 3, rows)],
    }  # fmt: skip


def score(tmp_path: Path, real: dict[str, Any], fake: dict[str, Any], table: Table = TABLE,
          types: dict[str, str] = TYPES, **options: Any) -> Evaluation:  # fmt: skip
    """Score `fake` against `real`, both tables called t."""
    path = tmp_path / "it's.duckdb"
    path.unlink(missing_ok=True)
    with Db.open(path) as db:
        put(db, "t", fake, types)
    with Db.open() as db:
        put(db, "t", real, types)
        view = resolve(db, View("v", Path("."), (table,)), "main")
        found = measure(db, view, (db.database, "main"), path, **options)
        names = db.rows_sql("t", "select database_name from duckdb_databases() where not internal")
        tables = db.rows_sql("t", "select table_name from duckdb_tables()")
    assert names == [("memory",)] and tables == [("t",)], "nothing is left behind"
    return found


def brute(real: dict[str, Any], fake: dict[str, Any], names: tuple[str, ...]) -> float:
    """Total variation of the joint distribution of `names`, NULL as a value of its own."""
    p, q = (Counter(zip(*(made[n] for n in names), strict=True)) for made in (real, fake))
    n, m = p.total(), q.total()
    return sum(abs(p[k] / n - q[k] / m) for k in p.keys() | q.keys()) / 2


@pytest.mark.parametrize("rows", [90, 700, 3000])
def test_equal_to_brute_force(tmp_path: Path, rows: int) -> None:
    real, fake = columns(700, 0), columns(rows, 7)
    found = score(tmp_path, real, fake)
    for size in (1, 2, 3):
        for names in itertools.combinations("abcx", size):
            value = found.value(f"tv{size}", "t", names)
            assert value == pytest.approx(brute(real, fake, names)), names
        every = [s.value for s in found.scores if s.metric == f"tv{size}" and s.split == "syn" and s.columns]
        assert found.value(f"tv{size}", "t") == pytest.approx(np.mean(every))
        assert found.value(f"tv{size}", "t", split=REF) is not None
    share = [sum(v is None for v in made["b"]) / len(made["b"]) for made in (real, fake)]
    assert found.value("null_diff", "t", ["b"]) == pytest.approx(abs(share[0] - share[1]))
    means = [np.mean(made["x"]) for made in (real, fake)]
    assert found.value("mean_diff", "t", ["x"]) == pytest.approx(
        abs(means[0] - means[1]) / np.std(real["x"], ddof=1)
    )
    outside = np.mean([v > max(real["x"]) for v in fake["x"]])
    assert found.value("range_outside", "t", ["x"]) == pytest.approx(outside)


def test_the_same_rows_are_at_no_distance(tmp_path: Path) -> None:
    real = columns(500, 0)
    found = score(tmp_path, real, real)
    for s in found.scores:
        if s.split == "syn" and s.metric in ("tv1", "tv2", "tv3", "js1", "js2", "cramers_v_diff", "correlation_diff",
                                             "mean_diff", "sd_diff", "quantile_diff", "null_diff", "values_unseen"):  # fmt: skip
            assert s.value == pytest.approx(0, abs=1e-12), s


def test_what_the_page_is_given(tmp_path: Path) -> None:
    real, fake = columns(700, 0), columns(300, 7)
    facts = score(tmp_path, real, fake, held_out=0.3).facts
    assert facts["stamp"] == INTERNAL and facts["yardstick"] == "held-out" and facts["view"] == "v"
    rows = facts["tables"]["t"]
    assert rows["wrk"] + rows["ref"] == 700 and rows["syn"] == 300 and 130 < rows["ref"] < 290
    b = facts["columns"]["t"]["b"]
    assert b["labels"][-1] == NULL and b["syn"][-1] == sum(v is None for v in fake["b"])
    assert dict(zip(b["labels"], b["syn"], strict=True))["it's 2"] == fake["b"].count("it's 2")
    assert facts["columns"]["t"]["a"]["labels"][-1] != NULL, "no NULL, no label for it"
    assert {len(b[k]) for k in ("labels", "wrk", "ref", "syn")} == {len(b["labels"])}
    assert facts["metrics"]["tv1"]["good"] == "low"


def test_only_what_is_wanted_is_measured(tmp_path: Path) -> None:
    found = score(tmp_path, columns(90, 0), columns(90, 7), metrics=["tv1", "privacy"])
    known = {s.metric for s in found.scores}
    assert "tv1" in known and "copies" in known and "tv2" not in known and "null_diff" not in known
    with pytest.raises(UserError, match="did you mean 'tv2'"):
        score(tmp_path, columns(90, 0), columns(90, 7), metrics=["tv_2"])


def test_many_sets_are_a_fixed_selection_and_said_to_be_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marginals, "MOST_PAIRS", 4)
    monkeypatch.setattr(marginals, "MOST_TRIPLES", 2)
    first, second = (
        score(tmp_path, columns(90, 0), columns(90, 7), metrics=["tv2", "tv3"]) for _ in range(2)
    )
    assert first.scores == second.scores
    assert sum(s.metric == "tv3" and s.split == "syn" and bool(s.columns) for s in first.scores) == 2
    assert any("2 of 4 sets of three" in note for note in first.facts["notes"])


def test_equal_rows_are_split_too(tmp_path: Path) -> None:
    """Without a key rows are told apart by their place: else equal rows would all be on one side."""
    table = Table("t", tuple(f for f in TABLE.fields if f.name == "a"))
    real, fake = ({"a": columns(600, s)["a"]} for s in (0, 7))
    for share in (0.0, 0.3):
        found = score(tmp_path, real, fake, table, {"a": "integer"}, held_out=share)
        assert found.value("tv1", "t", ["a"], REF) < 0.15


def test_a_file_without_the_table_or_a_column(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"has no column t\.x"):
        real = columns(50, 0)
        fake = {k: v for k, v in real.items() if k != "x"}
        path = tmp_path / "s.duckdb"
        with Db.open(path) as db:
            put(db, "t", fake, TYPES)
        with Db.open() as db:
            put(db, "t", real, TYPES)
            view = resolve(db, View("v", Path("."), (TABLE,)), "main")
            measure(db, view, (db.database, "main"), path)
    with pytest.raises(UserError, match="no such file"), Db.open() as db:
        put(db, "t", columns(50, 0), TYPES)
        view = resolve(db, View("v", Path("."), (TABLE,)), "main")
        measure(db, view, (db.database, "main"), tmp_path / "none.duckdb")


def test_infinities_and_huge_numbers_do_not_stop_it(tmp_path: Path) -> None:
    real, fake = columns(300, 0), columns(300, 7)
    real["x"][:4] = [float("inf"), float("nan"), 1e308, -1e308]
    fake["x"][:3] = [float("-inf"), float("nan"), 1e307]
    real["y"], fake["y"] = list(range(300)), list(range(300))
    table = Table("t", (*TABLE.fields, number("y", 0, 300)), ("id",))
    found = score(tmp_path, real, fake, table, TYPES | {"y": "double"})
    assert found.value("tv1", "t", ["x"]) is not None and found.value("mean_diff", "t", ["x"]) < 5
    assert found.value("correlation_diff", "t", ["x", "y"]) is not None


@pytest.mark.parametrize("values", [np.zeros(0), np.zeros(50), np.arange(10.0), np.repeat([0.0, 5.5], 40),
                                    np.sort(np.r_[np.zeros(300), np.random.default_rng(0).random(700)])])  # fmt: skip
def test_edges_leave_no_value_out_and_set_spikes_apart(values: np.ndarray) -> None:
    edges = edges_of(np.sort(values))
    assert edges == sorted(set(edges)) and len(edges) < 256
    codes = np.searchsorted(edges, values, side="right")
    for v, n in zip(*np.unique(values, return_counts=True), strict=True):
        if n >= 0.05 * len(values) or len(np.unique(values)) <= 24:
            assert len(np.unique(values[codes == codes[values == v][0]])) == 1, "a spike shares no bin"


@pytest.mark.parametrize("sql_type", ["integer", "hugeint", "decimal(9,2)", "double", "float", "date", "timestamp",
                                      "timestamptz", "time", "boolean", "varchar", "enum('1', '2', '3', '44')"])  # fmt: skip
def test_codes_of_every_type_are_within_their_bins(sql_type: str) -> None:
    with Db.open() as db:
        made = {
            "date": "date '2020-01-01' + r::integer", "timestamp": "timestamp '2020-01-01' + interval (r) hour",
            "timestamptz": "timestamptz '2020-01-01 00:00:00+00' + interval (r) hour",
            "time": "time '00:00:00' + interval (r) minute", "boolean": "r % 2 = 0",
            "enum('1', '2', '3', '44')": "['1', '2', '3', '44'][1 + r % 4]",
        }.get(sql_type, "(r % 90)")  # fmt: skip
        db.run_sql(
            "t",
            f'create table t as select case when r % 7 > 0 then ({made})::{sql_type} end as "a b" from range(900) x(r)',
        )
        kind = str(db.rows_sql("t", "select column_type from (describe t)")[0][0])
        (b,) = bins_of(
            db,
            "t",
            {"a b": "categorical" if "char" in sql_type else "numerical"},
            {"a b": kind},
            {"a b": kind},
            "t",
        )
        rows = db.rows_sql("t", f'select ({b.codes})::integer, ({b.fakes})::integer, "a b" is null from t')
        assert all(
            code == fake and 0 <= code < b.size and (code == b.size - 1) == null for code, fake, null in rows
        )
        assert len({c for c, _, _ in rows}) > 2 and len(set(b.labels)) == b.size


def test_saved_scores_are_rows_that_a_person_queries(tmp_path: Path) -> None:
    first, second = (score(tmp_path, columns(90, 0), columns(90, s), metrics=["tv1"]) for s in (7, 8))
    path = tmp_path / "scores.duckdb"
    for found in (first, second):
        found.save(path)
    with duckdb.connect(str(path), read_only=True) as con:
        rows = con.sql('select run, metric, "table", columns, split, value from scores').fetchall()
        comment = con.sql("select comment from duckdb_tables()").fetchall()
    assert len(rows) == len(first.scores) + len(second.scores) and comment == [(INTERNAL,)]
    released = Evaluation("r", second.scores, {"stamp": "may be published"})
    for saved, wanted in (
        ([released], "may be published"),
        ([released, first], INTERNAL),
        ([first, released], INTERNAL),
    ):
        mixed = tmp_path / f"mixed {len(list(tmp_path.iterdir()))}.duckdb"
        for found in saved:
            found.save(mixed)
        with duckdb.connect(str(mixed), read_only=True) as con:
            assert con.sql("select comment from duckdb_tables()").fetchall() == [(wanted,)]
    s = first.scores[0]
    assert rows[0] == (first.run, s.metric, s.table, list(s.columns), s.split, s.value)
    assert first.worst("tv1", 1)[0].value == max(x.value for x in first.scores if x.split == "syn")
    other = tmp_path / "other.duckdb"
    with Db.open(other) as db:
        db.run_sql("t", "create table mine as select 1 as a")
    with pytest.raises(UserError, match="not a file of scores"):
        first.save(other)
