"""Positions, lags and bounds of units are made under a memory limit that the data does not fit into."""

from __future__ import annotations

from pathlib import Path

import pytest

from duckpaste.db import Db
from duckpaste.privacy import source
from duckpaste.relational.family import family
from duckpaste.schema import catalog, merge
from duckpaste.schema.view import Table, View

ROWS = 300_000  # with two lags of five columns about 50 MB of plain values


@pytest.mark.parametrize("bound", ["weights", "rows"])
def test_windows_spill(bound: str, tmp_path: Path) -> None:
    units = ROWS // 10
    with Db.open(tmp_path / "a.duckdb", settings={"threads": 1}) as db:
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
                i % 50, 'some text of its own ' || i from range({ROWS}) r(i)""")  # fmt: skip
    limits = {"threads": 1, "memory_limit": "30MB", "temp_directory": str(tmp_path / "spill")}
    with Db.open(tmp_path / "a.duckdb", settings=limits) as db:
        tables = (Table("u"), Table("v", options={"sequencer": "taken"}, primary_key=("id",)))
        view = View("f", Path("f"), tables)
        kin = family(db, merge.resolve(view, catalog.read(db, "main")), (db.database, "main"))
        relation = f"({kin.rows_sql('v')})"
        table = source.protect(db, relation, "v", unit="_unit", k=4, bound=bound, order_by=["id"])
        kept, last, lagged = db.rows_sql(
            "n", f"""select count(*), max("@position"), count("@1.y") from {table.relation}"""
        )[0]
        longest = db.rows_sql("n", "select max(n) from (select count(*) as n from v group by p)")[0][0]
    assert last <= longest - 1 and lagged < kept
    assert kept == ROWS if bound == "weights" else kept < ROWS // 2
