"""Init: writes a view from what a database, or the head of a file, says about itself."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from duckpaste.db import Db, EngineError
from duckpaste.errors import UserError
from duckpaste.files import built, results
from duckpaste.schema import ddl, derive, draft
from duckpaste.schema.catalog import TableFacts
from duckpaste.schema.folders import VIEW
from duckpaste.schema.sources import Plan, plan, some
from duckpaste.schema.view import ForeignKey, Place

_UNIT = "declare `unit`, whose privacy is protected, in every table where a person may have several rows"
_UNITS = "declare `unit`, the table whose rows are the people, and `public: true` for tables about nobody"


@dataclass(frozen=True)
class InitReport:
    """The files written, and what the view could not know or had to leave out, a sentence each; whether tables refer
    to one another."""

    files: tuple[Path, ...]
    notes: tuple[str, ...]
    related: bool = False


def write(source: Path, out: Path, sniff: bool = False) -> InitReport:
    """Write a view of `source` (a DuckDB, CSV or Parquet file) to the folder `out`.

    Of a database only the catalogue is read, of Parquet the metadata, of CSV the first line. `sniff=True`
    lets DuckDB look at values of a CSV file to guess the types; only the types are kept. Raises UserError
    when `out` is not empty or `source` cannot be read.
    """
    if not source.is_file():
        raise UserError("no such file", str(source), "name a DuckDB, CSV or Parquet file")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError("the folder is not empty", str(out), "name a new folder")
    return _written(plan(source, sniff), source, out)


def _written(made: Plan, source: Path, out: Path) -> InitReport:
    """Write the files that were planned."""
    tables = [c.table for c in made.copies]
    width = max(2, len(str(len(tables))))
    texts: dict[str, str] = {}
    with Db.open(None) as scratch:
        for number, copy in enumerate(made.copies, 1):
            uniques = ddl.referenced(copy.table, tables)
            checks = _tried(scratch, copy.table, uniques, made.notes)
            slug = re.sub(r"[^\w-]+", "_", copy.table.name)[:60].strip("_") or "table"
            texts[f"{number:0{width}}_{slug}.sql"] = ddl.file_text(copy, uniques, checks=checks)
            left = [names for names in copy.table.uniques if names not in uniques]
            if left:
                made.notes.append(
                    f"UNIQUE is left out of {copy.table.name}: {some(', '.join(n) for n in left)}"
                )
    texts[VIEW] = draft.text(
        tables, made.foreign, origin=made.origin, database=_relative(source, out), typed=made.typed
    )
    _files(out, texts)
    related = draft.is_related(made.foreign)
    notes = [*made.notes, *_undeclared(tables, made.foreign), _UNITS if related else _UNIT]
    return InitReport(tuple(out / name for name in texts), tuple(notes), related)


def _files(out: Path, texts: Mapping[str, str]) -> None:
    """Write the files of a folder: all of them, or none. Raises UserError."""
    with results(out):
        try:
            for name, text in texts.items():
                with built(out / name) as temporary:
                    temporary.write_text(text, encoding="utf-8", newline="\n")
        except BaseException:
            for name in texts:
                (out / name).unlink(missing_ok=True)
            raise


def _tried(scratch: Db, table: TableFacts, uniques: Sequence[tuple[str, ...]], notes: list[str]) -> bool:
    """Create the table, empty, to see that its DDL runs; whether its CHECKs may stay."""
    try:
        scratch.run_sql("create", ddl.create(table, uniques))
        return True
    except EngineError:
        pass
    try:
        scratch.run_sql("create", ddl.create(table, uniques, checks=False))
    except EngineError as error:
        notes.append(f"the CREATE TABLE of {table.name} does not run here: {error.faults[0].what}")
        return True
    notes.append(f"CHECKs of {table.name} are left out: they use what only the database itself has")
    return False


def _undeclared(tables: Sequence[TableFacts], foreign: Mapping[str, Sequence[ForeignKey]]) -> list[str]:
    """What the DDL does not say about values, as notes."""
    needs: dict[str, list[str]] = {}
    for table in tables:
        whole = replace(table, foreign_keys=tuple(foreign[table.name]))
        for column in table.columns:
            needed = draft.missing(derive.field(column, whole, Place()))
            if needed:
                needs.setdefault(needed, []).append(f"{table.name}.{column.name}")
    return [f"declare {needed} of {some(names)}" for needed, names in needs.items()]


def _relative(source: Path, out: Path) -> str:
    """The path of `source` as seen from `out`, so that both can move together."""
    try:
        return Path(os.path.relpath(source.resolve(), out.resolve())).as_posix()
    except ValueError:  # another drive
        return str(source.resolve())
