"""Source: the database, or the files, that a view names under `database:`, made readable and nothing more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from duckpaste import sql
from duckpaste.db import Db, EngineError
from duckpaste.errors import UserError

_FILES = re.compile(r"[*?]|\.(csv|tsv|txt|parquet|json|jsonl|ndjson)(\.gz|\.zst)?$", re.IGNORECASE)
# postgres:..., mysql:..., sqlite:..., md:...; a drive letter (C:) is not one.
_SCHEME = re.compile(r"^([a-z]{2,}):(?!\\)(.*)$", re.DOTALL)
_SECRET = re.compile(r"(password|passwd|token)=\S+|://[^@/\s]*@", re.IGNORECASE)
_EXTENSIONS = {
    "postgres": "postgres",
    "postgresql": "postgres",
    "mysql": "mysql",
    "sqlite": "sqlite",
    "md": "motherduck",
}


@contextmanager
def opened(db: Db, database: str, folder: Path, where: str) -> Iterator[str]:
    """What SQL must say to read `database`: the quoted name of an attached database, or a path literal.

    A relative path is one from here or, when nothing stands there, from `folder`. A database is attached
    read-only and detached at the end; one that the connection has already (its own file, too) is used as it
    stands. Raises UserError about `where`.
    """
    match = _SCHEME.match(database)
    scheme, rest = (match.group(1), match.group(2)) if match else ("", database)
    is_file = scheme in ("", "sqlite", "file")
    path = _path(rest, folder) if is_file else None
    if path is not None and _FILES.search(rest):
        if not re.search(r"[*?]", rest) and not path.is_file():
            raise UserError(f"no such file: {path}", where, "correct 'database'")
        yield sql.literal(str(path))
        return
    if path is not None and not path.is_file():
        raise UserError(f"no such database: {path}", where, "correct 'database'")
    known = _attached(db, path) if path is not None else None
    if known is not None:
        yield sql.ident(known)
        return
    target = database if path is None else (f"sqlite:{path}" if scheme == "sqlite" else str(path))
    alias = _free_alias(db)
    try:
        db.run_sql("attach", f"attach {sql.literal(target)} as {sql.ident(alias)} (read_only)")
    except EngineError as error:
        extension = _EXTENSIONS.get(scheme)
        remedy = f"if the extension is missing, run once in DuckDB: install {extension}" if extension else ""
        # A connection string may hold a password; neither the message nor the error's statement may.
        what = "cannot attach the database: " + _SECRET.sub("***", error.faults[0].what)
        raise UserError(what, where, remedy) from None
    try:
        yield sql.ident(alias)
    finally:
        db.run_sql("detach", f"detach {sql.ident(alias)}")


def _path(name: str, folder: Path) -> Path:
    path = Path(name).expanduser()
    return path.absolute() if path.exists() else (folder / path).absolute()


def _attached(db: Db, path: Path) -> str | None:
    """The name under which the file is attached already."""
    text = "select database_name, path from duckdb_databases() where path is not null"
    rows = db.rows_sql("databases", text)
    wanted = path.resolve()
    return next((str(name) for name, known in rows if Path(known).resolve() == wanted), None)


def _free_alias(db: Db) -> str:
    taken = {str(row[0]) for row in db.rows_sql("databases", "select database_name from duckdb_databases()")}
    alias, number = "duckpaste_source", 1
    while alias in taken:
        number += 1
        alias = f"duckpaste_source_{number}"
    return alias
