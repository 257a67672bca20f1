"""Rebuild: one schema made anew by SQL scripts, all of it or nothing.

Everything happens in one transaction: an error, or the death of the process, leaves the old schema as it was.
The table `duckpaste.ingested` of the same database remembers which schemas are ours, so that no other is ever
dropped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from duckpaste import sql
from duckpaste.db import Db
from duckpaste.errors import UserError
from duckpaste.resources import folder

# What duckpaste writes for others to see, or beside the data, and the tables that tell it.
_SHARED = {
    "a synthetic database": {("duckpaste", "provenance")},
    "a model file": {
        ("main", t) for t in ("info", "steps", "factors", "measurements", "histograms", "codes")
    },
    "a ledger": {("main", t) for t in ("runs", "releases", "finished")},
}
RESERVED = ("main", "temp", "system", "duckpaste", "information_schema", "pg_catalog")


def render_scripts(paths: Sequence[Path], context: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Render *.sql files in order: pairs (file name, SQL). Raises UserError for the first at fault."""
    return [(path.name, _render(path, context)) for path in paths]


def _render(path: Path, context: Mapping[str, Any]) -> str:
    try:
        return sql.render_file(path, context)
    except (TypeError, ValueError, ArithmeticError) as error:
        raise UserError(f"template: {error}", path.name) from None
    except OSError:
        raise UserError("no such file, or it cannot be read", str(path)) from None


def data_sql(context: Mapping[str, Any]) -> Callable[[str], str]:
    """The template function `data_sql('clinic.sql')`: a script of duckpaste's own data/ folder, rendered."""

    def included(name: str) -> str:
        return _render(folder("data") / name, context)

    return included


def digest(paths: Sequence[Path], *more: str | None) -> str:
    """md5 of files (names and bytes) and further texts: what an ingest was made from."""
    parts = [part for path in paths for part in (path.name.encode(), path.read_bytes())]
    parts += [str(text).encode() for text in more]
    return hashlib.md5(b"\0".join(parts), usedforsecurity=False).hexdigest()


def rebuild(
    db: Db, name: str, kind: str, scripts: Sequence[tuple[str, str]], made_from: str | None = None
) -> list[str]:
    """Make the schema `name` anew by `scripts`, in place of an earlier ingest; return its tables, sorted.

    `kind` ("dataset" or "view") stands in the record and in faults, the digest `made_from` in the record. The
    connection's current schema is as before when this returns or raises. Raises UserError for a name that is not
    free, EngineError for a script at fault.
    """
    if name.lower() in RESERVED:
        raise UserError(f"the name {name!r} is taken", kind, "choose another name")
    _refuse_shared(db)
    home = db.rows_sql("current_schema", "select current_catalog(), current_schema()")[0]
    try:
        with db.transaction():
            if _exists(db, name):
                _refuse_foreign(db, name, kind)
                db.run_sql("drop_schema", f"drop schema {sql.ident(name)} cascade")
            db.run_sql("create_schema", f"create schema {sql.ident(db.database, name)}")
            db.run_sql("use_schema", f"use {sql.ident(db.database, name)}")
            for script, text in scripts:
                db.script_sql(script, text)
            tables = _tables(db, name)
            if not tables:
                raise UserError("its SQL makes no table", f"{kind} {name}", "write CREATE TABLE in its *.sql")
            db.run(
                "ingest_record", database=db.database, name=name, kind=kind, tables=tables, digest=made_from
            )
    finally:
        db.run_sql("use_schema", f"use {sql.ident(*home)}")
    return tables


def is_ingested(db: Db, name: str, made_from: str | None = None) -> bool:
    """Whether the dataset or view `name` was ingested into this database, and its tables are still there.

    With the digest `made_from`: and it was made from that."""
    tables, digest = _recorded(db, name) or (None, None)
    if tables is None or (made_from is not None and made_from != digest):
        return False
    return tables <= set(_tables(db, name))


def _tables(db: Db, name: str) -> list[str]:
    return [str(row[0]) for row in db.rows("schema_tables", name=name)]


def _exists(db: Db, name: str) -> bool:
    text = (
        "select count(*) from duckdb_schemas() "
        f"where database_name = current_database() and lower(schema_name) = lower({sql.literal(name)})"
    )
    return bool(db.rows_sql("schema_exists", text)[0][0])


def _recorded(db: Db, name: str) -> tuple[set[str], str | None] | None:
    """The tables that the last ingest of `name` made, and what from; None when there was none."""
    if "ingested" not in _tables(db, "duckpaste"):
        return None
    rows = db.rows("ingested", database=db.database, name=name)
    return (set(rows[0][0]), rows[0][1]) if rows else None


def _refuse_shared(db: Db) -> None:
    """Raise UserError for a synthetic database, a model, a ledger or scores: private tables don't go into those."""
    text = (
        "select schema_name, table_name from duckdb_tables() "
        f"where database_name = {sql.literal(db.database)} and not temporary"
    )
    names = {(str(s), str(t)) for s, t in db.rows_sql("names", text)}
    for what, tables in _SHARED.items():
        if tables <= names and ("duckpaste", "ingested") not in names:
            where, remedy = str(db.path or "the connection"), "name another working database with --database"
            raise UserError(f"is {what}: private tables don't go into it", where, remedy)


def _refuse_foreign(db: Db, name: str, kind: str) -> None:
    """Raise UserError unless the schema is empty or was made by an ingest."""
    present = set(_tables(db, name))
    if present and not is_ingested(db, name):
        raise UserError(
            f"the database has a schema {name!r} that duckpaste did not make",
            f"{kind} {name}",
            f"rename the {kind}, or drop that schema yourself",
        )
