"""The model file: what is loaded samples as what was fitted, to the bit; only a model is opened, or replaced."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from testkit import INF, WIDE, category, fitted, wide

from duckpaste.codec import make
from duckpaste.db import Db
from duckpaste.domain import Domain
from duckpaste.errors import UserError
from duckpaste.model import Column, Model, TableModel
from duckpaste.model_file import FORMAT, load, save
from duckpaste.models.base import Measurement
from duckpaste.models.network import Expansion, Network, Step
from duckpaste.output.writer import sample
from duckpaste.privacy.ledger import Release
from duckpaste.sample.tabular import batches

INFO = {"epsilon": "1.0", "delta": "0.0", "run": "r", "algorithm": "x", "unit": "row", "contributions": "1"}


@pytest.fixture
def db() -> Iterator[Db]:
    with Db.open() as made:
        wide(made)
        yield made


def drawn(model: Model, rows: int = 500, seed: int = 7) -> list[dict[str, Any]]:
    return [row for t in model.tables for b in batches(t, rows, seed) for row in b.to_pylist()]


def edited(path: Path, *statements: str) -> None:
    con = duckdb.connect(str(path))
    for text in statements:
        con.execute(text).fetchall()
    con.close()


# -- there and back


@pytest.mark.parametrize(("algorithm", "epsilon"), [("independent", 1.0), ("mst", INF)])
def test_loaded_and_kept_models_sample_the_same(
    db: Db, tmp_path: Path, algorithm: str, epsilon: float
) -> None:
    model = fitted(db, WIDE, algorithm, epsilon=epsilon)
    model.save(tmp_path / "m.duckdb")
    again = load(tmp_path / "m.duckdb")
    # Compared as Arrow data: floats to the bit, -0.0 and all.
    for a, b in zip(model.tables, again.tables, strict=True):
        for x, y in zip(batches(a, 3000, 5), batches(b, 3000, 5), strict=True):
            assert x.schema == y.schema and x.equals(y)
    assert dict(again.info) == dict(model.info)
    assert list(again.releases) == list(model.releases)
    assert [t.columns for t in again.tables] == [list(t.columns) for t in model.tables]
    for a, b in zip(model["wide"].measurements, again["wide"].measurements, strict=True):
        assert a.clique == b.clique and np.array_equal(a.values, b.values) and a.sigma == b.sigma
    again.save(tmp_path / "n.duckdb")
    assert contents(tmp_path / "m.duckdb") == contents(tmp_path / "n.duckdb")


def contents(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    with Db.open(path, read_only=True) as db:
        names = [r[0] for r in db.rows_sql("t", "select table_name from duckdb_tables() order by 1")]
        return {n: db.rows_sql("t", f"from {n} order by all") for n in names}


@st.composite
def networks(draw: st.DrawFn) -> tuple[Network, dict[str, int]]:
    """Any network of steps, some columns compressed, some parents coarser, some steps without any count."""
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    names = [f'c "{i}' for i in range(draw(st.integers(1, 5)))]
    sizes = {n: draw(st.integers(1, 6)) for n in names}
    steps = []
    for i, name in enumerate(names):
        parents = (
            tuple(names[j] for j in sorted(draw(st.sets(st.integers(0, i - 1), max_size=2)))) if i else ()
        )
        coarsen = {p: np.sort(rng.integers(0, sizes[p], sizes[p])) for p in parents if draw(st.booleans())}
        shape = [int(coarsen[p].max()) + 1 if p in coarsen else sizes[p] for p in parents]
        counts = rng.random((*shape, sizes[name])) * rng.integers(0, 2)
        steps.append(Step(name, parents, counts, coarsen))
    expansions, fine = {}, dict(sizes)
    for name in names:
        if draw(st.booleans()):
            coarse = np.sort(np.concatenate([np.arange(sizes[name]), rng.integers(0, sizes[name], 4)]))
            expansions[name] = Expansion(coarse, rng.random(len(coarse)))
            fine[name] = len(coarse)
    return Network(Domain(sizes), (), steps, expansions, float(rng.random() * 1e6)), fine


@given(networks())
@settings(max_examples=6, deadline=None)
def test_any_network_comes_back(
    tmp_path_factory: pytest.TempPathFactory, made: tuple[Network, dict[str, int]]
) -> None:
    network, fine = made
    path = tmp_path_factory.mktemp("m") / "m.duckdb"
    codecs = [make(category(n, range(s))) for n, s in fine.items()]
    measured = [Measurement((n,), np.arange(float(s)), 0.1) for n, s in fine.items()]
    columns = [Column(n, "VARCHAR") for n in fine]
    model = Model([TableModel("it's", columns, codecs, network, measured)], INFO)
    save(model, path)
    again = load(path)
    assert drawn(again, 300) == drawn(model, 300)
    assert again["it's"].network.total == network.total
    for a, b in zip(network.steps, again["it's"].network.steps, strict=True):
        assert (a.column, a.parents) == (b.column, b.parents) and np.array_equal(a.counts, b.counts)
        assert {p: to.tolist() for p, to in a.coarsen.items()} == {
            p: to.tolist() for p, to in b.coarsen.items()
        }


def test_evidence_and_releases_come_back(tmp_path: Path) -> None:
    network = Network(Domain({"e": 3, "c": 2}), ("e",), [Step("c", ("e",), np.ones((3, 2)))], total=5.0)
    release = Release(
        "one-way", "discrete gaussian", "v.t", "c", "select 'it''s'", 6, 4.0, 1 / 3, 0.125, 1e-10
    )
    table = TableModel(
        "t", [Column("c", "VARCHAR", True, "a comment")], [], network, [], ["c"], ["(c > 'a')"], "of t"
    )
    save(Model([table], INFO, [release]), tmp_path / "m.duckdb")
    again = load(tmp_path / "m.duckdb")
    loaded = again["t"].network
    assert (loaded.evidence, dict(loaded.domain.sizes), loaded.total) == (("e",), {"e": 3, "c": 2}, 5.0)
    assert list(again.releases) == [release]
    found = again["t"]
    assert (list(found.primary_key), list(found.checks), found.comment) == (["c"], ["(c > 'a')"], "of t")
    assert list(found.columns) == [Column("c", "VARCHAR", True, "a comment")]


def test_the_file_is_plain_tables_that_can_be_edited(db: Db, tmp_path: Path) -> None:
    """Someone takes all mass from one code: it is never drawn again."""
    path = tmp_path / "m.duckdb"
    fitted(db, WIDE, epsilon=INF).save(path)
    edited(
        path,
        "delete from factors using steps where factors.step = steps.step and code_column = 'kind' and cell = 0",
    )
    assert {r["kind"] for r in drawn(load(path))} == {"b", "it's"}
    with Db.open(path, read_only=True) as made:
        assert all(r[0] for r in made.rows_sql("t", "select comment is not null from duckdb_tables()"))


@pytest.mark.parametrize(
    "fault", ["set coarse = 9 where code = 1", "set coarse = -1 where code = 0", "set step = 0"]
)
def test_coarser_parents_that_do_not_fit_are_damage(tmp_path: Path, fault: str) -> None:
    coarse = Step("c", ("p",), np.ones((2, 2)), {"p": np.array([0, 0, 1])})
    network = Network(Domain({"p": 3, "c": 2}), (), [Step("p", (), np.ones(3)), coarse], total=5.0)
    table = TableModel(
        "t", [], [make(category(n, range(s))) for n, s in network.domain.sizes.items()], network
    )
    path = tmp_path / "m.duckdb"
    save(Model([table], INFO), path)
    load(path)
    edited(path, f"update coarsenings {fault}")
    with pytest.raises(UserError, match="damaged"):
        load(path)


# -- what is no model


def test_what_is_not_a_model_is_refused(db: Db, tmp_path: Path) -> None:
    path = tmp_path / "m.duckdb"
    for broken in ("not a database", None):
        other = tmp_path / "other.duckdb"
        other.unlink(missing_ok=True)
        if broken is None:
            edited(other, "create table info (key varchar, value varchar)")
        else:
            other.write_text(broken * 500)
        with pytest.raises(UserError):
            load(other)
    with pytest.raises(UserError, match="no such file"):
        load(path)
    fitted(db, WIDE).save(path)
    for value, told in (
        (str(FORMAT + 1), f"has format {FORMAT + 1}, this duckpaste reads up to {FORMAT}"),
        ("x", "not a model"),
    ):
        edited(path, f"update info set value = '{value}' where key = 'format'")
        with pytest.raises(UserError, match=told):
            load(path)
    edited(path, "delete from info where key = 'format'")
    with pytest.raises(UserError, match="not a model"):
        load(path)


def test_only_a_model_is_replaced(db: Db, tmp_path: Path) -> None:
    model = fitted(db, WIDE)
    private = tmp_path / "private.duckdb"
    edited(private, "create table patients as select 1 as x")
    text = tmp_path / "notes.txt"
    text.write_text("mine")
    for target in (private, text):
        before = target.read_bytes()
        for overwrite in (False, True):
            with pytest.raises(UserError, match="is not a model file"):
                model.save(target, overwrite=overwrite)
        assert target.read_bytes() == before
    con = duckdb.connect(str(private))
    with pytest.raises(UserError, match="is open in this process already"):
        model.save(private)
    con.close()
    model.save(tmp_path / "m.duckdb")
    with pytest.raises(UserError, match="m.duckdb: exists already; name another with --out, or replace it"):
        model.save(tmp_path / "m.duckdb")
    model.save(tmp_path / "m.duckdb", overwrite=True)


def test_it_is_opened_in_a_sandbox(db: Db, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model from elsewhere may hold views and types that try to read files; it can't."""
    path, secret = tmp_path / "m.duckdb", tmp_path / "secret.csv"
    secret.write_text("key,value\ngeheim,4711\n")
    fitted(db, WIDE).save(path)
    edited(
        path,
        "alter table info rename to kept",
        f"create view info as from kept union all from read_csv('{secret}', header = true, all_varchar = true)",
    )
    with pytest.raises(UserError):
        load(path)
    edited(path, "drop view info", "alter table kept rename to info")
    seen: list[bool] = []
    opened = Db.open.__func__  # type: ignore[attr-defined]

    def watched(cls: type[Db], *args: Any, **options: Any) -> Db:
        seen.append(bool(options.get("sandbox")))
        return opened(cls, *args, **options)

    monkeypatch.setattr(Db, "open", classmethod(watched))
    model = load(path)
    sample(model, tmp_path / "s.duckdb", seed=1)
    assert seen and all(seen)


def test_types_of_a_model_from_elsewhere_reach_nothing(tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("geheim\n")
    network = Network(Domain({"c": 1}), (), [Step("c", (), np.ones(1))], total=1.0)
    for sql_type in (
        f"varchar); copy (select 1) to '{tmp_path / 'leak.csv'}'; create table x (a integer",
        f"varchar); create table x as from read_csv('{secret}'",
        "varchar); install httpfs; create table x (a integer",
    ):
        table = TableModel("t", [Column("c", sql_type)], [make(category("c", ["a"]))], network)
        with pytest.raises(UserError):
            sample(Model([table], INFO), tmp_path / "s.duckdb", seed=1)
    assert [p.name for p in tmp_path.iterdir()] == ["secret.csv"]


def test_the_private_database_is_not_needed(tmp_path: Path) -> None:
    private, path = tmp_path / "private.duckdb", tmp_path / "m.duckdb"
    with Db.open(private) as db:
        wide(db)
        fitted(db, WIDE, epsilon=1.0).save(path)
    for file in tmp_path.glob("private*"):
        file.unlink()
    first = hashlib.md5(json.dumps(drawn(load(path)), default=str).encode()).hexdigest()
    sample(load(path), tmp_path / "s.duckdb", seed=7, n=500)
    assert hashlib.md5(json.dumps(drawn(load(path)), default=str).encode()).hexdigest() == first
    with Db.open(tmp_path / "s.duckdb", read_only=True) as made:
        assert made.rows_sql("t", "select count(*) from wide") == [(500,)]


def test_a_model_is_kept_when_the_new_one_cannot_be_written(
    db: Db, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m.duckdb"
    model = fitted(db, WIDE)
    model.save(path)
    before = path.read_bytes()
    monkeypatch.setattr(pa, "table", lambda *_, **__: (_ for _ in ()).throw(MemoryError))
    with pytest.raises(MemoryError):
        model.save(path, overwrite=True)
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["m.duckdb"]
