"""Target: whether a file may be written. One rule for all: what stands there stays, unless a user says otherwise, and
even then only what duckpaste made itself is replaced, never private data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from duckpaste.db import Db
from duckpaste.errors import UserError
from duckpaste.files import check_folder

_OPEN = ("is in use", "is open in this process")
REMEDY = "name another with --out, or replace it with --overwrite"
_OTHER = "choose another with --out"


@dataclass(frozen=True)
class Kind:
    """A kind of database file that duckpaste makes: its name for people, and whether an open file is one, with nothing
    in it that duckpaste did not write."""

    name: str
    made: Callable[[Db], bool]


def check(path: Path, kind: Kind, *, overwrite: bool) -> None:
    """Raise UserError unless nothing stands at `path`, or a file of this `kind` that `overwrite` allows to replace.

    A working database, a ledger, and any file with a ledger beside it hold private data or tell of it, whatever else
    stands in them. A file in use or unreadable is never taken for ours."""
    check_folder(path)
    if not path.exists():
        return
    real = path.resolve()
    private = real.with_name(f"{real.stem}.ledger.duckdb").exists()
    ours = False
    try:
        with Db.open(path, read_only=True, sandbox=True) as db:
            private = private or _is_private(db)
            ours = kind.made(db)
    except UserError as error:
        if any(said in str(error) for said in _OPEN):
            raise
    if private:
        raise UserError("is private data, or its ledger", str(path), _OTHER)
    check_replace(path, kind.name, ours=ours, overwrite=overwrite)


def check_replace(path: Path, name: str, *, ours: bool, overwrite: bool) -> None:
    """Raise UserError for a file that exists and is not `ours`, or that nobody allowed to replace."""
    if not ours:
        raise UserError(f"exists and is not {name}", str(path), _OTHER)
    if not overwrite:
        raise UserError("exists already", str(path), REMEDY)


def tables(db: Db) -> set[tuple[str, str]]:
    """(schema, table) of every table of a file."""
    return {
        (str(s), str(t))
        for s, t in db.rows_sql("names", "select schema_name, table_name from duckdb_tables()")
    }


def _is_private(db: Db) -> bool:
    """Whether tables were ingested into the file, or it is a ledger."""
    names = tables(db)
    return ("duckpaste", "ingested") in names or {("main", "runs"), ("main", "releases")} <= names
