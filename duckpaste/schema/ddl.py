"""DDL: the SQL files of a view that copies tables: CREATE TABLE with all that is known, then INSERT."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from duckpaste import sql
from duckpaste.schema import sqltypes
from duckpaste.schema.catalog import TableFacts
from duckpaste.schema.names import fold, lookup, plain
from duckpaste.schema.view import ForeignKey

_HEAD = """{#
  Makes one table of this view and fills it. duckpaste renders the file with Jinja and runs it with the
  view's own schema as the current one. Edit it as you like: leave columns out, join, cast.
  Variable: source = %s
#}
"""
ATTACHED = "the name of the attached private database, quoted"
FILE = "the path of the private file, as an SQL text"


@dataclass(frozen=True)
class Copy:
    """A table to be written: its facts under the view's names, and the columns that it takes from `origin`.

    `origin` is the SQL text after FROM, with Jinja in it; `columns` are the source's names, in order.
    """

    table: TableFacts
    columns: tuple[str, ...]
    origin: str
    variable: str = ATTACHED


def jinja(text: str) -> str:
    """`text` such that Jinja renders it as it is."""
    return re.sub(r"\{(?=[{%#])", "{{ '{' }}", text).replace("\r", "{{ '\\r' }}")


def renamed(table: TableFacts, name: str, parents: Mapping[str, tuple[str, Mapping[str, str]]]) -> TableFacts:
    """`table` called `name`, with columns that a field can name; `parents` has the names of referenced ones.

    CHECKs of columns that lose their name are left out, and so is NOT NULL of columns that no field makes.
    """
    new = plain(c.name for c in table.columns)
    changed = [sql.ident(old) for old, kept in new.items() if old != kept]
    return replace(
        table,
        name=name,
        columns=tuple(
            replace(c, name=new[c.name], not_null=c.not_null and (sqltypes.derived(c.sql_type) != "ignore" or
                    fold(c.name) in map(fold, table.primary_key)))
            for c in table.columns
        ),
        primary_key=_each(table.primary_key, new),
        uniques=tuple(_each(names, new) for names in table.uniques),
        checks=tuple(check for check in table.checks if not any(old in check for old in changed)),
        foreign_keys=tuple(
            ForeignKey(_each(k.columns, new), parents[k.table][0], _each(k.referenced, parents[k.table][1]))
            for k in table.foreign_keys
            if k.table in parents
        ),
    )  # fmt: skip


def _each(names: Iterable[str], new: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(new[lookup(n, new) or n] for n in names)


def ordered(tables: Sequence[TableFacts]) -> tuple[list[TableFacts], list[tuple[str, ForeignKey]]]:
    """Tables with parents first, and the (table, foreign key) pairs that had to go.

    A key to the table itself goes too: DuckDB checks it row by row while it fills the table.
    """
    waiting = {t.name: t for t in tables}
    placed: list[TableFacts] = []
    dropped: list[tuple[str, ForeignKey]] = []
    while waiting:
        ready = [t for t in waiting.values() if not any(k.table in waiting for k in t.foreign_keys)]
        for table in ready or [next(iter(waiting.values()))]:
            gone = [k for k in table.foreign_keys if k.table in waiting]
            dropped += [(table.name, k) for k in gone]
            placed.append(replace(table, foreign_keys=tuple(k for k in table.foreign_keys if k not in gone)))
            del waiting[table.name]
    return placed, dropped


def create(table: TableFacts, uniques: Iterable[tuple[str, ...]] = (), *, checks: bool = True) -> str:
    """CREATE TABLE with types, NOT NULL, PRIMARY KEY, the given UNIQUEs, CHECKs and FOREIGN KEYs."""
    lines = [f"{sql.ident(c.name)} {c.sql_type}{' not null' if c.not_null else ''}" for c in table.columns]
    if table.primary_key:
        lines.append(f"primary key ({_names(table.primary_key)})")
    lines += [f"unique ({_names(names)})" for names in uniques]
    lines += [f"check ({check})" for check in table.checks] if checks else []
    for key in table.foreign_keys:
        parent = f"{sql.ident(key.table)} ({_names(key.referenced)})"
        lines.append(f"foreign key ({_names(key.columns)}) references {parent}")
    body = ",\n    ".join(lines)
    return f"create table {sql.ident(table.name)} (\n    {body}\n);"


def _names(names: Iterable[str]) -> str:
    return ", ".join(sql.ident(n) for n in names)


def referenced(table: TableFacts, tables: Iterable[TableFacts]) -> list[tuple[str, ...]]:
    """The UNIQUEs of `table` that foreign keys of `tables` need; the primary key is not among them."""
    wanted = {tuple(map(fold, k.referenced)) for t in tables for k in t.foreign_keys if k.table == table.name}
    return [names for names in table.uniques if tuple(map(fold, names)) in wanted]


def file_text(copy: Copy, uniques: Iterable[tuple[str, ...]], *, checks: bool = True) -> str:
    """The text of the table's SQL file."""
    names, columns = (",\n    ".join(sql.ident(c) for c in side) for side in
                      ([c.name for c in copy.table.columns], copy.columns))  # fmt: skip
    insert = f"insert into {sql.ident(copy.table.name)} (\n    {names}\n)\nselect\n    {columns}\nfrom "
    create_table = create(copy.table, uniques, checks=checks)
    return f"{_HEAD % copy.variable}{jinja(create_table)}\n\n{jinja(insert)}{copy.origin};\n"
