"""The Python functions: on a connection or a file; what is the user's stays as it is; faults are UserErrors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

import duckpaste
from duckpaste import UserError
from duckpaste.model import Model

VIEW = """
tables:
  t:
    fields:
      a: {type: numerical?, min: 0, max: 10}
      b: {type: categorical?, values: [k0, k1, k2]}
"""
TABLE = "create table t as select i % 7 as a, 'k' || i % 3 as b from range(500) r(i)"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a new folder that holds a view without SQL."""
    monkeypatch.chdir(tmp_path)
    Path("v").mkdir()
    Path("v/fields.yml").write_text(VIEW)
    return tmp_path


@pytest.fixture(params=[None, "private.duckdb", "v.duckdb"])
def con(request: pytest.FixtureRequest) -> Iterator[duckdb.DuckDBPyConnection]:
    """A user's connection, in memory or to a file, with settings, a schema and a temporary table of its own."""
    made = duckdb.connect(request.param or ":memory:")
    for text in ("set threads = 1", "set enable_progress_bar = true", "set memory_limit = '500MB'", "create schema s",
                 "create table main.t as select 1 as other", "use s", TABLE, "create temp table mine as select 1"):  # fmt: skip
        made.execute(text).fetchall()
    yield made
    made.close()


def state(con: duckdb.DuckDBPyConnection) -> list[Any]:
    """Settings, current schema, databases, schemas and tables of a connection."""
    return [
        con.sql(text).fetchall()
        for text in (
            "select current_database(), current_schema()",
            "select name, value from duckdb_settings() order by all",
            "select database_name, schema_name from duckdb_schemas() order by all",
            "select database_name, schema_name, table_name, estimated_size from duckdb_tables() order by all",
            "select count(*), sum(a) from s.t",
        )
    ]


def values(path: str) -> list[Any]:
    """All rows of the synthetic table."""
    with duckdb.connect(path, read_only=True) as con:
        return con.sql("from t").fetchall()


def test_a_connection_stays_as_it_is(con: duckdb.DuckDBPyConnection, home: Path) -> None:
    before = state(con)
    model = duckpaste.fit(con, view="v", algorithm="mst", epsilon=5)
    assert state(con) == before and con.sql("from mine").fetchall() == [(1,)]
    ledgers = [p.name for p in home.iterdir() if ".ledger." in p.name]
    path = con.sql("select path from duckdb_databases() where database_name = current_database()").fetchall()[
        0
    ][0]
    assert ledgers == ([f"{Path(path).stem}.ledger.duckdb"] if path else [])
    assert "epsilon 5" in model.describe() and "for each row" in model.describe()

    model.save("m.duckdb")
    done = duckpaste.sample(model, "s1.duckdb", n=40, seed=3)
    assert (done.path, done.seed, done.rows) == (Path("s1.duckdb"), 3, {"t": 40})
    duckpaste.sample("m.duckdb", Path("s2.duckdb"), n=40, seed=3)
    duckpaste.sample(duckpaste.load("m.duckdb"), "s3.duckdb", n=40, seed=4)
    assert values("s1.duckdb") == values("s2.duckdb") != values("s3.duckdb")
    assert state(con) == before


def test_a_view_with_sql_is_made_in_the_users_database(con: duckdb.DuckDBPyConnection) -> None:
    Path("w").mkdir()
    Path("w/fields.yml").write_text(VIEW)
    Path("w/t.sql").write_text(TABLE)
    before = state(con)
    duckpaste.fit(con, view=Path("w"), algorithm="independent")
    after = state(con)
    assert after[:2] == before[:2] and after[4] == before[4]
    here = before[0][0][0]
    assert {row[:3] for row in set(after[3]) - set(before[3])} == {
        (here, "w", "t"),
        (here, "duckpaste", "ingested"),
    }


def test_an_open_transaction_is_left_alone(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("begin").fetchall()
    con.execute("create table s.more (x int)").fetchall()
    duckpaste.fit(con, view="v", algorithm="independent")
    con.execute("rollback").fetchall()
    assert not con.sql("select 1 from duckdb_tables() where table_name = 'more'").fetchall()


def test_a_file_and_a_ledger_elsewhere(home: Path) -> None:
    with duckdb.connect("data.duckdb") as made:
        made.execute(TABLE).fetchall()
    model = duckpaste.fit("data.duckdb", "v", "independent", ledger="book.duckdb", delta=0, epsilon=2)
    assert model.guarantee == "epsilon 2 (pure)"
    assert {p.name for p in home.iterdir()} == {"data.duckdb", "book.duckdb", "v"}
    with duckdb.connect("data.duckdb") as made:
        made.execute("checkpoint").fetchall()
        assert made.sql("select schema_name, table_name from duckdb_tables()").fetchall() == [("main", "t")]
    duckpaste.fit(Path("data.duckdb"), Path("v"), "independent")
    assert Path("data.ledger.duckdb").is_file()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A model of nothing in particular."""
    view = tmp_path_factory.mktemp("view")
    (view / "fields.yml").write_text(VIEW)
    with duckdb.connect() as con:
        con.execute(TABLE).fetchall()
        return duckpaste.fit(con, view, "independent")


CALLS: dict[str, Callable[[duckdb.DuckDBPyConnection, Model], object]] = {
    "epsilon must be above 0": lambda con, _: duckpaste.fit(con, "v", epsilon=0),
    "alg.epsilon: None is not a number": lambda con, _: duckpaste.fit(con, "v", epsilon=None),
    "alg.epsilom: unknown option of mst; did you mean 'epsilon'?": lambda con, _: duckpaste.fit(
        con, "v", epsilom=1
    ),
    "unknown algorithm 'mstt'; did you mean 'mst'?": lambda con, _: duckpaste.fit(con, "v", "mstt"),
    "unknown view 'w'": lambda con, _: duckpaste.fit(con, "w"),
    "neither a DuckDB connection nor the path of a file: int": lambda *_: duckpaste.fit(5, "v"),  # type: ignore[arg-type]
    "none of its tables is in nothing.duckdb": lambda *_: duckpaste.fit("nothing.duckdb", "v"),
    "nothing: no such folder": lambda *_: duckpaste.fit("nothing/x.duckdb", "v"),
    "is a folder; name a file": lambda *_: duckpaste.fit(Path("v"), "v"),
    "can't be made or opened there": lambda con, _: duckpaste.fit(con, "v", ledger="nothing/l.duckdb"),
    "nothing.duckdb: no such file": lambda *_: duckpaste.load("nothing.duckdb"),
    "v/fields.yml: is not a DuckDB database file": lambda *_: duckpaste.load("v/fields.yml"),
    "v: is a folder": lambda _, model: duckpaste.sample(model, "v"),
    "v/fields.yml: exists and is not a synthetic": lambda _, model: duckpaste.sample(model, "v/fields.yml"),
    "-n must be at least 1": lambda _, model: duckpaste.sample(model, "s.duckdb", n=0),
    "-n must be a whole number": lambda _, model: duckpaste.sample(model, "s.duckdb", n=1.5),  # type: ignore[arg-type]
    "the seed must not be negative": lambda _, model: duckpaste.sample(model, "s.duckdb", seed=-1),
    "the seed must be a whole number": lambda _, model: duckpaste.sample(model, "s.duckdb", seed="x"),  # type: ignore[arg-type]
    "v/fields.yml: exists and is not a model file": lambda _, model: model.save("v/fields.yml"),
    "nothing: no such folder; make it": lambda _, model: model.save("nothing/m.duckdb"),
}


@pytest.mark.parametrize("said", CALLS)
def test_faults(said: str, model: Model, home: Path) -> None:
    with duckdb.connect() as con:
        con.execute(TABLE).fetchall()
        with pytest.raises(UserError) as caught:
            CALLS[said](con, model)
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert [p.name for p in home.iterdir()] == ["v"]


def test_a_closed_connection() -> None:
    con = duckdb.connect()
    con.close()
    with pytest.raises(UserError, match="the connection can't be used"):
        duckpaste.fit(con, "v")


def test_a_connection_for_reading_only() -> None:
    with duckdb.connect("data.duckdb") as con:
        con.execute(TABLE).fetchall()
    Path("w").mkdir()
    Path("w/fields.yml").write_text(VIEW)
    Path("w/t.sql").write_text(TABLE)
    with duckdb.connect("data.duckdb", read_only=True) as con:
        duckpaste.fit(con, "v", "independent")  # needs to write nothing but the ledger
        with pytest.raises(UserError, match="the database is open for reading only"):
            duckpaste.fit(con, "w", "independent")


def test_the_private_file_is_no_target(model: Model) -> None:
    with duckdb.connect("data.duckdb") as con:
        con.execute(TABLE).fetchall()
        for save in (model.save, lambda path: duckpaste.sample(model, path)):
            with pytest.raises(UserError, match="is open in this process already"):
                save("data.duckdb")
        assert con.sql("select count(*) from t").fetchall() == [(500,)]
