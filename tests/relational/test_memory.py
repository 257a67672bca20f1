"""Positions, lags and bounds of units are made under a memory limit that the data does not fit into."""

from __future__ import annotations

from pathlib import Path

import pytest

from duckpaste import buckets
from duckpaste.db import Db, EngineError
from duckpaste.privacy import source
from duckpaste.relational.family import Family, family
from duckpaste.schema import catalog, merge
from duckpaste.schema.view import Table, View

ROWS = 300_000  # with two lags of five columns about 50 MB of plain values


def stored(path: Path, rows: int) -> None:
    """u <- v with ten rows a unit, on average."""
    units = rows // 10
    with Db.open(path, settings={"threads": 1}) as db:
        db.run_sql(
            "t", "create table u (id integer primary key, x utinyint not null check (x between 0 and 9))"
        )
        db.run_sql(
            "t",
            "create table v (id bigint, p integer references u (id), taken timestamp, y integer, w varchar)",
        )
        db.run_sql("t", f"insert into u select i, i % 10 from range({units}) r(i)")
        db.run_sql("t", f"""
            insert into v select i, hash(i) % {units}, timestamp '2020-01-01' + interval (hash(i + 1) % 1000000) second,
                i % 50, 'some text of its own ' || i from range({rows}) r(i)""")  # fmt: skip


def kin(db: Db) -> Family:
    """The two as a family; v is a sequence."""
    tables = (Table("u"), Table("v", options={"sequencer": "taken"}, primary_key=("id",)))
    view = View("f", Path("f"), tables)
    return family(db, merge.resolve(view, catalog.read(db, "main")), (db.database, "main"))


@pytest.mark.parametrize("bound", ["weights", "rows"])
def test_windows_spill(bound: str, tmp_path: Path) -> None:
    stored(tmp_path / "a.duckdb", ROWS)
    limits = {"threads": 1, "memory_limit": "30MB", "temp_directory": str(tmp_path / "spill")}
    with Db.open(tmp_path / "a.duckdb", settings=limits) as db:
        relation = f"({kin(db).rows_sql('v')})"
        table = source.protect(db, relation, "v", unit="_unit", k=4, bound=bound, order_by=["id"])
        kept, last, lagged = db.rows_sql(
            "n", f"""select count(*), max("@position"), count("@1.y") from {table.relation}"""
        )[0]
        longest = db.rows_sql("n", "select max(n) from (select count(*) as n from v group by p)")[0][0]
    assert last <= longest - 1 and lagged < kept
    assert kept == ROWS if bound == "weights" else kept < ROWS // 2


MANY = 1_000_000  # with their lags about 150 MB


def test_under_a_limit_that_one_query_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Positions, lags and ranks of a million rows in 50 MB: one query is out of memory, buckets are not."""
    stored(tmp_path / "a.duckdb", MANY)
    limits = {"threads": 2, "memory_limit": "50MB", "temp_directory": str(tmp_path / "spill")}
    with monkeypatch.context() as patch, Db.open(tmp_path / "a.duckdb", settings=limits) as db:
        patch.setattr(buckets, "number", lambda *_: 1)
        with pytest.raises(EngineError, match="Memory"):
            source.protect(db, kin(db).rows("v"), "v", unit="_unit", k=4, bound="rows", order_by=["id"])
    with Db.open(tmp_path / "a.duckdb", settings=limits) as db:
        table = source.protect(db, kin(db).rows("v"), "v", unit="_unit", k=4, bound="rows", order_by=["id"])
        text = f"select max(n), sum(n) from (select count(*) as n from {table.relation} group by p)"
        most, kept = db.rows_sql("n", text)[0]
        sizes = "select sum(least(n, 4)) from (select count(*) as n from v group by p)"
        assert most == 4 and kept == db.rows_sql("n", sizes)[0][0]
