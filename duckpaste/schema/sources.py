"""Sources: what a database, a CSV or a Parquet file says about its tables, as a plan of what to copy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from duckpaste import sql
from duckpaste.db import Db, EngineError
from duckpaste.errors import UserError
from duckpaste.schema import catalog, ddl, header
from duckpaste.schema.catalog import ColumnFacts, TableFacts
from duckpaste.schema.folders import VIEW
from duckpaste.schema.names import fold, plain
from duckpaste.schema.view import ForeignKey

_CSV = (".csv", ".tsv", ".txt")
_PARQUET = (".parquet", ".pq")
_SOURCE = "duckpaste_source"
_OURS = "duckpaste"  # the schema of our own records, in a working database


@dataclass
class Plan:
    """Tables in the order of their files, all their foreign keys, and notes on the way."""

    copies: list[ddl.Copy]
    foreign: dict[str, Sequence[ForeignKey]]
    notes: list[str]
    origin: str
    typed: bool = True


def plan(source: Path, sniff: bool) -> Plan:
    """The tables of `source`. Of a database only the catalogue is read, of Parquet the metadata, of CSV the
    first line; with `sniff`, DuckDB looks at values of a CSV file to guess the types."""
    kind = _suffix(source)
    if kind in _CSV:
        return _csv(source, sniff)
    return _parquet(source) if kind in _PARQUET else _database(source)


def _suffix(path: Path) -> str:
    return Path(path.stem).suffix.lower() if path.suffix == ".gz" else path.suffix.lower()


def _database(source: Path) -> Plan:
    notes: list[str] = []
    copies: dict[str, ddl.Copy] = {}
    found: dict[str, dict[str, TableFacts]] = {}
    with Db.open(source, read_only=True):
        pass  # a file that is no database, or in use, is told of in plain words
    with Db.open(None) as db:
        db.run_sql("attach", f"attach {sql.literal(str(source))} as {sql.ident(_SOURCE)} (read_only)")
        names = [schema for schema in catalog.schemas(db, _SOURCE) if schema != _OURS]
        for schema in names:
            # The catalogue binds CHECKs, which may call macros of their own schema.
            db.run_sql("use", f"use {sql.ident(_SOURCE, schema)}")
            found[schema] = catalog.read(db, schema, _SOURCE)
    taken: dict[str, str] = {}
    for schema in sorted(names, key=lambda s: s != "main"):
        tables = {n: t for n, t in found[schema].items() if not t.view}
        views = [n for n, t in found[schema].items() if t.view]
        if views:
            notes.append(f"views are not copied: {some(views)}")
        labels = {n: _label(schema, n, taken) for n in tables}
        parents = {n: (labels[n], plain(c.name for c in t.columns)) for n, t in tables.items()}
        for name, table in tables.items():
            new = ddl.renamed(table, labels[name], parents)
            notes += _changes(table, new)
            origin = "{{ source }}." + ddl.jinja(sql.ident(schema, name))
            copies[new.name] = ddl.Copy(new, tuple(c.name for c in table.columns), origin)
    if not copies:
        raise UserError("the database has no tables", str(source))
    foreign: dict[str, Sequence[ForeignKey]] = {n: c.table.foreign_keys for n, c in copies.items()}
    placed, dropped = ddl.ordered([c.table for c in copies.values()])
    notes += [
        f"{_key(t, k)} is declared in {VIEW} only: it points to its own table, or in a circle"
        for t, k in dropped
    ]
    ordered = [replace(copies[t.name], table=t) for t in placed]
    return Plan(ordered, foreign, notes, f"the catalogue of {source.name} alone: no row was read")


def _label(schema: str, name: str, taken: dict[str, str]) -> str:
    """A name for a table in the view, where all schemas lie in one."""
    label = base = name if schema == "main" else f"{schema}_{name}"
    number = 1
    while fold(label) in taken:
        number += 1
        label = f"{base}_{number}"
    taken[fold(label)] = label
    return label


def _changes(old: TableFacts, new: TableFacts) -> list[str]:
    """What the view's table has no longer."""
    notes = [
        f"column {a.name!r} of {old.name!r} is called {b.name!r} in the view"
        for a, b in zip(old.columns, new.columns, strict=True)
        if a.name != b.name
    ]
    loose = [b.name for a, b in zip(old.columns, new.columns, strict=True) if a.not_null and not b.not_null]
    if loose:
        notes.append(f"NOT NULL is left out of {new.name}: {some(loose)} cannot be synthesised and stay NULL")
    if len(new.checks) < len(old.checks):
        notes.append(f"CHECKs of renamed columns are left out of {new.name}")
    return notes


def _csv(source: Path, sniff: bool) -> Plan:
    if sniff:
        columns = _described(source, "read_csv({}, header = true)")
        origin = "read_csv({{ source }}, header = true)"
        notes = ["DuckDB looked at values of the file to guess the types; only the types are kept"]
        words = f"{source.name}; values were looked at to guess the types"
        return _single(source, columns, [c.name for c in columns], origin, Plan([], {}, notes, words))
    names, delimiter = header.read(source)
    new = [_unique(names, i) for i in range(len(names))]
    columns = [ColumnFacts(name, "VARCHAR") for name in new]
    listed = ", ".join(f"{sql.literal(name)}: 'VARCHAR'" for name in new)
    origin = (
        "read_csv(\n    {{ source }}, header = true, auto_detect = false, "
        f"delim = {sql.literal(delimiter)}, quote = '\"', escape = '\"',\n"
        f"    columns = {ddl.jinja('{' + listed + '}')}\n)"
    )
    notes = [
        "declare the types of all columns, in the SQL file and in fields.yml: only the first line was read, and "
        "taken for their names (init --sniff guesses the types from the values)"
    ]
    plan = Plan([], {}, notes, f"the first line of {source.name} alone", typed=False)
    return _single(source, columns, new, origin, plan)


def _unique(names: Sequence[str], i: int) -> str:
    """The i-th name without commas, and with a number when one before it is the same."""
    before = sum(fold(n) == fold(names[i]) for n in names[:i])
    name = next(iter(plain([names[i]]).values()))
    return f"{name}_{before + 1}" if before else name


def _parquet(source: Path) -> Plan:
    columns = _described(source, "read_parquet({})")
    plan = Plan([], {}, [], f"the metadata of {source.name} alone: no row was read")
    return _single(source, columns, [c.name for c in columns], "read_parquet({{ source }})", plan)


def _described(source: Path, reader: str) -> list[ColumnFacts]:
    """The columns that DuckDB's `reader` finds in a file. Raises UserError when it is no such file."""
    with Db.open(None) as db:
        try:
            rows = db.rows_sql(
                "described", f"describe select * from {reader.format(sql.literal(str(source)))}"
            )
        except EngineError as error:
            what = f"{reader.partition('(')[0]} can't read the file"
            raise UserError(what, str(source), "is it whole, and of the kind that its name says?") from error
    return [ColumnFacts(name, kind) for name, kind, *_ in rows]


def _single(
    source: Path, columns: Sequence[ColumnFacts], taken: Sequence[str], origin: str, plan: Plan
) -> Plan:
    """`plan` with the one table of a file."""
    stem = source.name.split(".")[0] or "table"
    old = TableFacts(stem, tuple(columns))
    new = ddl.renamed(old, stem, {})
    plan.copies.append(ddl.Copy(new, tuple(taken), origin, ddl.FILE))
    plan.foreign[stem] = ()
    plan.notes += [
        *_changes(old, new),
        f"declare primary_key of {stem} if a column tells its rows apart",
    ]
    return plan


def some(names: Iterable[str]) -> str:
    """The first few names, and how many more there are."""
    found = list(names)
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    return ", ".join(n if len(n) <= 60 else n[:57] + "..." for n in found[:5]) + more


def _key(table: str, key: ForeignKey) -> str:
    return f"the foreign key of {table} ({', '.join(key.columns)}) to {key.table}"
