"""Export a synthetic database to Parquet or CSV, one file a table."""

from __future__ import annotations

from pathlib import Path

from duckpaste import sql
from duckpaste.db import Db
from duckpaste.errors import UserError, nearest
from duckpaste.files import make_folder

FORMATS = {"parquet": "(format parquet, compression zstd)", "csv": "(format csv, header)"}


def export(database: Path, folder: Path, form: str = "parquet") -> list[Path]:
    """Write every table of the schema main; each file is built under a temporary name, then renamed."""
    if form not in FORMATS:
        raise UserError(f"unknown format {form!r}", remedy=nearest(form, FORMATS))
    if folder.exists() and not folder.is_dir():
        raise UserError("is not a folder", str(folder))
    with Db.open(database, read_only=True) as db:
        names = [r[0] for r in db.rows_sql(
            "tables", "select table_name from duckdb_tables() where schema_name = 'main' order by 1")]  # fmt: skip
        if not names:
            raise UserError("holds no table", str(database), "name a file that `duckpaste sample` wrote")
        make_folder(folder)
        written = []
        for name in names:
            safe = "".join(c if c.isalnum() or c in "-_. " else "_" for c in name).strip(". ") or "table"
            path = folder / f"{safe[:100]}.{form}"
            temporary = path.with_name(f".{path.name}.tmp")
            try:
                db.run_sql("export", f"copy {sql.ident(name)} to {sql.literal(str(temporary))} {FORMATS[form]}")
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)
            written.append(path)
    return written
