"""Merge: a view's declarations and its catalogue's facts become one view; contradictions are told at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from duckpaste.errors import Fault, nearest, raise_all
from duckpaste.schema import checks, derive, keys, narrow, sqltypes
from duckpaste.schema.catalog import TableFacts, find
from duckpaste.schema.names import fold, lookup, split
from duckpaste.schema.view import Field, ForeignKey, Table, View

_NAMES_FIELDS = ("along", "gate", "unroll")


def resolve(view: View, facts: Mapping[str, TableFacts]) -> View:
    """`view` with types, NULL, domains, keys, checks and comments of the catalogue.

    Declarations win where they narrow. Tables and columns without a declaration get one from their type.
    Names take the catalogue's spelling. Raises Faults with everything that is wrong, each with its place and
    a remedy.
    """
    faults: list[Fault] = []
    tables: list[Table] = []
    for table in view.tables:
        known = find(facts, table.name)
        if known is None:
            where = f"{table.place} {table.name}".strip()
            faults.append(Fault("the view's SQL makes no such table", where, nearest(table.name, facts)))
            continue
        merged, more = _table(table, known)
        tables.append(merged)
        faults += more
    declared = {t.name for t in tables}
    for known in facts.values():
        if known.name not in declared:
            merged, more = _table(Table(known.name), known)
            tables.append(merged)
            faults += more
    linked, more = _linked(tables, view.tables, facts)
    faults += more
    for table in linked:
        faults += checks.table(table)
    raise_all(faults)
    return replace(view, tables=tuple(linked))


# -- one table ------------------------------------------------------------------------------------------


def _table(declared: Table, facts: TableFacts) -> tuple[Table, list[Fault]]:
    """One table without its references, and its faults."""
    where = f"{declared.place} {facts.name}".strip()
    columns = [c.name for c in facts.columns]
    faults = list(_names(facts, where))
    fields, covered = [], dict[str, str]()
    for field in declared.fields:
        spelled = _spelled(field, columns)
        merged, more = _field(spelled, facts)
        for column in spelled.columns:
            if column in covered:
                at = f"{field.place} {facts.name}.{column}".strip()
                faults.append(Fault(f"the column stands in {covered[column]!r} too", at, "declare it once"))
            covered[column] = field.name
        faults += more
        fields.append(merged)
    for fact in facts.columns:
        if fact.name not in covered:
            made = derive.field(fact, facts, declared.place)
            fields.append(made)
            faults += checks.domain(made, facts.name)
    if not declared.public:
        faults += _unwritable(fields, facts)
    table = replace(
        declared,
        name=facts.name,
        fields=tuple(fields),
        checks=facts.checks,
        comment=declared.comment or facts.comment,
        options={**declared.options, **({"unique": facts.uniques} if facts.uniques else {})},
    )
    table, more = _key(table, facts, where)
    faults += more
    if table.unit is not None:
        unit = lookup(table.unit, columns)
        if unit is None:
            faults.append(Fault(f"the unit {table.unit!r} is no column", where, nearest(table.unit, columns)))
        table = replace(table, unit=unit or table.unit)
    return table, [*faults, *_settings(table)]


def _names(facts: TableFacts, where: str) -> Iterator[Fault]:
    """Columns whose name a field cannot carry, because commas and outer spaces part names."""
    for column in facts.columns:
        if Field(column.name, "ignore").columns != (column.name,):
            what = f"the column {column.name!r} has a comma, or a space at its end"
            yield Fault(what, where, "give it another name in the view's SQL")


def _unwritable(fields: Sequence[Field], facts: TableFacts) -> Iterator[Fault]:
    """Ignored columns get NULL in every synthetic row, so they must allow it."""
    for field in fields:
        column = facts.column(field.name)
        if field.kind == "ignore" and column is not None and column.not_null:
            where = f"{field.place} {facts.name}.{field.name}".strip()
            remedy = "leave the column, or its NOT NULL, out of the view's SQL"
            yield Fault("the column is ignored, which makes it NULL, but it is NOT NULL", where, remedy)


def _spelled(field: Field, columns: Sequence[str]) -> Field:
    """`field` in the spelling of the table's columns."""
    return replace(field, name=",".join(lookup(c, columns) or c for c in field.columns))


def _field(field: Field, facts: TableFacts) -> tuple[Field, list[Fault]]:
    """A declared field against its columns."""
    where = f"{field.place} {facts.name}.{field.name}".strip()
    found = [(name, facts.column(name)) for name in field.columns]
    missing = [name for name, column in found if column is None]
    if missing:
        choices = [c.name for c in facts.columns]
        return field, [Fault(f"no column {name!r}", where, nearest(name, choices)) for name in missing]
    present = [column for _, column in found if column is not None]
    faults: list[Fault] = []
    merged = [narrow.field(field, column, facts.name) for column in present]
    for _, more in merged:
        faults += more
    if len(present) == 1:
        single = merged[0][0]
        return single, [*faults, *([] if faults else checks.domain(single, facts.name))]
    types = {c.sql_type for c in present}
    several = replace(
        field,
        sql_type=types.pop() if len(types) == 1 else "",
        nullable=field.nullable and not all(c.not_null for c in present),
    )
    return several, [*faults, *checks.domain(several, facts.name)]


def _key(table: Table, facts: TableFacts, where: str) -> tuple[Table, list[Fault]]:
    """The primary key of both sides."""
    columns = [c.name for c in facts.columns]
    faults = []
    for name in table.primary_key:
        if lookup(name, columns) is None:
            remedy = nearest(name, columns)
            if not remedy.startswith("did"):
                remedy = (
                    "leave primary_key out, or make the column in the view's SQL, with row_number() over ()"
                )
            faults.append(Fault(f"the primary key {name!r} is no column", where, remedy))
    declared = tuple(lookup(name, columns) or name for name in table.primary_key)
    if declared and facts.primary_key and sorted(declared) != sorted(facts.primary_key) and not faults:
        there = ", ".join(facts.primary_key)
        faults.append(
            Fault("primary_key differs from the DDL's", where, f"the DDL says PRIMARY KEY ({there})")
        )
    return replace(table, primary_key=declared or facts.primary_key), faults


def _settings(table: Table) -> Iterator[Fault]:
    """Options that name fields which do not exist."""
    names = [f.name for f in table.fields]
    sequencer = table.options.get("sequencer") or ()
    for name in (sequencer,) if isinstance(sequencer, str) else sequencer:
        if lookup(name, names) is None:
            where = f"{table.place} {table.name}".strip()
            yield Fault(f"the sequencer {name!r} is no field", where, nearest(name, names))
    for field in table.fields:
        for option in _NAMES_FIELDS:
            value = field.option(option)
            for name in (value,) if isinstance(value, str) else value if isinstance(value, tuple) else ():
                if lookup(name, names) is None:
                    where = f"{field.place} {table.name}.{field.name}".strip()
                    yield Fault(f"{option} names {name!r}, which is no field", where, nearest(name, names))


# -- between tables -------------------------------------------------------------------------------------


def _linked(
    merged: Sequence[Table], declared: Sequence[Table], facts: Mapping[str, TableFacts]
) -> tuple[list[Table], list[Fault]]:
    """Tables with their references and foreign keys, and the references that lead nowhere."""
    tables = {t.name: t for t in merged}
    # Declared tables that do not exist have had their fault: what refers to them shall not have one more.
    missing = {t.name: t for t in declared if lookup(t.name, tables) is None}
    known = {**missing, **tables}
    columns = keys.columns_of(known.values())
    found, faults = [], []
    for table in merged:
        ddl = find(facts, table.name)
        refs, more = _references(table, known, columns, missing)
        faults += more
        foreign: list[ForeignKey] = []
        for key in [*table.foreign_keys, *(ddl.foreign_keys if ddl else ())]:
            if lookup(key.table, missing):
                continue
            made, more = keys.completed(key, table, known, columns)
            foreign += [made] if made else []
            faults += [fault for fault in more if fault not in faults]
        table = replace(table, fields=refs, foreign_keys=tuple(foreign))
        table = replace(table, foreign_keys=keys.foreign_keys(table, known, columns))
        found.append(replace(table, fields=tuple(_pointed(f, table, known) for f in table.fields)))
    faults += _circles(found)
    return found, faults


def _references(
    table: Table, known: Mapping[str, Table], columns: keys.Columns, missing: Collection[str]
) -> tuple[tuple[Field, ...], list[Fault]]:
    """The fields of a table with references in the spelling of the catalogue."""
    fields, faults = [], []
    for field in table.fields:
        refs = []
        for reference in field.refs:
            if lookup(split(reference, known)[0] or reference, missing):
                continue
            try:
                owner, column = keys.resolve(reference, field, table, known, columns)
            except LookupError as error:
                where = f"{field.place} {table.name}.{field.name}".strip()
                faults.append(Fault(f"reference to unknown {reference!r}", where, str(error.args[0])))
                continue
            own = owner == table.name and field.kind != "id" and split(reference, known)[0] is None
            refs.append(column if own else f"{owner}.{column}")
        fields.append(replace(field, refs=tuple(refs)))
    return tuple(fields), faults


def _pointed(field: Field, table: Table, known: Mapping[str, Table]) -> Field:
    """A field with what its table's foreign keys and its reference's type add."""
    if field.kind == "id" and not field.refs:
        single = [k for k in table.foreign_keys if tuple(map(fold, k.columns)) == (fold(field.name),)]
        return replace(field, refs=tuple(f"{k.table}.{k.referenced[0]}" for k in single))
    if field.kind in ("date", "datetime", "seq") and field.refs:
        owner, column = split(field.refs[0], known)
        target = known[owner or table.name].field_of(column)
        added: dict[str, Any] = {}
        if target is not None and sqltypes.family(target.sql_type) == "integer":
            added["reference_type"] = "year"
        if target is not None and target.nullable:
            added["reference_nullable"] = True
        if field.kind == "seq":  # its first row is told from the reference
            first = field.option("ctx") or field.option("seq")
            if first is None or first["type"] not in ("date", "datetime"):
                return field
            return replace(field, options={**field.options, "ctx": {**added, **first}})
        return replace(field, options={**added, **field.options})
    return field


def _circles(tables: Sequence[Table]) -> Iterator[Fault]:
    """Values that are told from each other in a circle: none could be made first. Keys may go in circles."""
    names = {t.name: t for t in tables}
    after: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for table in tables:
        for field in table.fields:
            if field.kind != "id":
                parts = [split(r, names) for r in field.refs]
                after[table.name, field.name] = [(owner or table.name, column) for owner, column in parts]
    done: set[tuple[str, str]] = set()
    for start in after:
        path = [start]
        while path:
            following = [node for node in after.get(path[-1], ()) if node not in done]
            if not following:
                done.add(path.pop())
            elif following[0] in path:
                yield _circle(path[path.index(following[0]) :], names)
                done.add(path.pop())
            else:
                path.append(following[0])


def _circle(nodes: Sequence[tuple[str, str]], tables: Mapping[str, Table]) -> Fault:
    field = tables[nodes[0][0]].field_of(nodes[0][1])
    where = f"{field.place if field else ''} {'.'.join(nodes[0])}".strip()
    told = " -> ".join(f"{table}.{column}" for table, column in [*nodes, nodes[0]])
    return Fault(f"references go in a circle: {told}", where, "let one of them refer to nothing")
