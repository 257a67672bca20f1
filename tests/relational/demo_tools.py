"""The open demos of MIMIC-IV and eICU, from raw files to a synthetic database."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb

from duckpaste import route
from duckpaste.db import Db
from duckpaste.fit import request
from duckpaste.output.writer import sample
from duckpaste.privacy.ledger import Ledger
from duckpaste.workspace import Workspace

DATA = os.environ.get("DUCKPASTE_TEST_DATA")
RAW = {"mimic": "mimic-iv-demo", "eicu": "eicu-demo"}


def made(
    view: str, algorithm: str, tmp_path: Path, **options: object
) -> tuple[Db, duckdb.DuckDBPyConnection]:
    """The private tables and the synthetic ones of a view."""
    db = Db.open()
    space = Workspace(db)
    declared = space.load(view)
    space.ingest(declared, raw=Path(str(DATA)) / RAW[view.partition("_")[0]])
    wanted = request(algorithm, {"epsilon": 20.0, **options})
    ready = route.ready(space, declared, wanted)
    assert route.faults(db, ready) == []
    model = route.fit(db, ready, wanted, Ledger(None))
    done = sample(model, tmp_path / "s.duckdb", seed=1)
    assert [c.rule for c in done.rules if c.after] == []
    return db, duckdb.connect(str(tmp_path / "s.duckdb"), read_only=True)


def columns(con: duckdb.DuckDBPyConnection, schema: str) -> list[tuple[object, ...]]:
    text = "select table_name, column_name, data_type, is_nullable from duckdb_columns() where schema_name = ? and database_name = current_database() and not internal order by all"
    return con.execute(text, [schema]).fetchall()


def keys(con: duckdb.DuckDBPyConnection, schema: str) -> list[tuple[object, ...]]:
    text = """select table_name, constraint_type, constraint_column_names, referenced_table, referenced_column_names
        from duckdb_constraints() where schema_name = ? and database_name = current_database() and constraint_type in ('PRIMARY KEY', 'FOREIGN KEY') order by all"""
    return con.execute(text, [schema]).fetchall()


def broken(con: duckdb.DuckDBPyConnection, text: str) -> int:
    return int(con.execute(text).fetchall()[0][0])
