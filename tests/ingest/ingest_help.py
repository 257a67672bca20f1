"""Helpers of the ingest tests: a dataset folder, and the content of tables as text."""

from __future__ import annotations

from pathlib import Path

from duckpaste.db import Db
from duckpaste.sql import ident

YAML = "licence: none\nsource: made up\n"


def dataset(root: Path, name: str, yaml: str = "", **scripts: str) -> Path:
    """A dataset folder with one file a script (`a="select ..."` writes a.sql)."""
    folder = root / name
    folder.mkdir(exist_ok=True)
    (folder / "dataset.yml").write_text(YAML + yaml)
    for stem, text in scripts.items():
        (folder / f"{stem}.sql").write_text(text)
    return folder


def digest(db: Db, schema: str, table: str, key: str) -> str:
    """md5 of all rows of a table, as text, in the order of `key`."""
    name = f"{ident(schema, table)} as t"
    text = f"select md5(string_agg(md5(t::varchar), '' order by {ident(key)})) from {name}"
    return str(db.rows_sql("digest", text)[0][0])


def one(db: Db, text: str) -> object:
    """The only value that a query gives."""
    return db.rows_sql("one", text)[0][0]
