"""Provenance: what a synthetic file tells of itself."""

from __future__ import annotations

from pathlib import Path

from duckpaste import sql
from duckpaste.db import Db
from duckpaste.errors import UserError


def provenance(synthetic: Path) -> dict[str, str]:
    """What the file tells of itself; empty for one that duckpaste did not make."""
    if not synthetic.is_file():
        raise UserError("no such file", str(synthetic), "write one with: duckpaste sample model.duckdb")
    with Db.open(synthetic, read_only=True, sandbox=True) as db:
        there = db.rows_sql(
            "tables",
            "select 1 from duckdb_tables() where schema_name = 'duckpaste' and table_name = 'provenance'",
        )
        if not there:
            return {}
        schema = sql.ident(db.database, "duckpaste")
        return {str(k): str(v) for k, v in db.rows_sql("provenance", f"from {schema}.provenance")}
