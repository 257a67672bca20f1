"""Export a synthetic database to Parquet or CSV, one file a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from duckpaste import sql
from duckpaste.db import Db
from duckpaste.errors import Fault, UserError, nearest, raise_all
from duckpaste.files import built, results

FORMATS = {"parquet": "(format parquet, compression zstd)", "csv": "(format csv, header)"}


def export(database: Path, folder: Path, form: str = "parquet", *, overwrite: bool = False) -> list[Path]:
    """Write every table of a synthetic database; each file is built under a temporary name, then renamed.

    Raises UserError for a database that duckpaste did not make, and, without `overwrite`, for files that exist.
    """
    if form not in FORMATS:
        raise UserError(f"unknown format {form!r}", remedy=nearest(form, FORMATS))
    with Db.open(database, read_only=True) as db:
        found = db.rows_sql("tables", "select schema_name, table_name from duckdb_tables() order by all")
        if ("duckpaste", "provenance") not in found:
            raise UserError(
                "is not a synthetic database", str(database), "name a file that `duckpaste sample` wrote"
            )
        targets = _targets([name for schema, name in found if schema == "main"], folder, form)
        if not overwrite:
            remedy = "name another folder, or replace it with --overwrite"
            raise_all(Fault("the file exists", str(p), remedy) for p in targets.values() if p.exists())
        with results(folder):
            for name, path in targets.items():
                with built(path) as temporary:
                    source, target = sql.ident(name), sql.literal(str(temporary))
                    db.run_sql("export", f"copy {source} to {target} {FORMATS[form]}")
    return list(targets.values())


def _targets(names: Sequence[str], folder: Path, form: str) -> dict[str, Path]:
    """Table -> file, under names that every file system can hold, each once."""
    found: dict[str, Path] = {}
    taken: set[str] = set()
    for name in names:
        plain = "".join(c if c.isalnum() or c in "-_ " else "_" for c in name).strip()
        # File systems count bytes (255 at most), and some do not tell A from a.
        plain = plain.encode()[:100].decode(errors="ignore") or "table"
        stem, number = plain, 1
        while stem.casefold() in taken:
            number += 1
            stem = f"{plain}_{number}"
        taken.add(stem.casefold())
        found[name] = folder / f"{stem}.{form}"
    return found
