"""Keys: foreign keys from a view's references, and the table and column that a reference means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest

from duckpaste.errors import Fault, nearest
from duckpaste.schema.names import fold, lookup, split
from duckpaste.schema.view import Field, ForeignKey, Table

# The columns that a table is known to have, by the table's name.
Columns = Mapping[str, Sequence[str]]


def columns_of(tables: Iterable[Table]) -> dict[str, list[str]]:
    """The columns that the declarations name: fields and primary keys."""
    return {
        t.name: list(dict.fromkeys([*(c for f in t.fields for c in f.columns), *t.primary_key]))
        for t in tables
    }


def resolve(
    reference: str, field: Field, table: Table, tables: Mapping[str, Table], columns: Columns
) -> tuple[str, str]:
    """The table and column that `reference` of `field` means, in their own spelling.

    Raises LookupError with a remedy when there is no such thing. For an `id`, a name without a dot is a
    table (its primary key) before it is a column of the same table.
    """
    owner, column = split(reference, tables)
    if owner is None and field.kind == "id":
        parent = lookup(column, tables)
        if parent is not None:
            key = tables[parent].primary_key
            if len(key) != 1:
                raise LookupError(f"table {parent!r} has no primary key of one column; name the column")
            return parent, key[0]
        if lookup(column, columns[table.name]) is None:
            raise LookupError(nearest(column, [*tables, *columns[table.name]]))
    owner = table.name if owner is None else owner
    known = lookup(owner, tables)
    if known is None:
        raise LookupError(nearest(owner, tables))
    found = lookup(column, columns[known])
    if found is None:
        raise LookupError(nearest(column, columns[known]))
    return known, found


def foreign_keys(table: Table, tables: Mapping[str, Table], columns: Columns) -> tuple[ForeignKey, ...]:
    """All foreign keys of `table`: those it lists, then those of its `id` fields, each once.

    Fields that together refer to the whole of one composite key are one foreign key.
    """
    found = [
        replace(k, referenced=tables[k.table].primary_key) if not k.referenced and k.table in tables else k
        for k in table.foreign_keys
    ]
    single: list[tuple[str, str, str]] = []
    for field in table.fields:
        if field.kind != "id" or len(field.columns) != 1:
            continue
        for reference in field.refs:
            try:
                single.append((field.columns[0], *resolve(reference, field, table, tables, columns)))
            except LookupError:
                continue
    for parent in dict.fromkeys(owner for _, owner, _ in single):
        here = [(column, key) for column, owner, key in single if owner == parent]
        primary = tables[parent].primary_key
        if len(primary) > 1 and sorted(key for _, key in here) == sorted(primary):
            found.append(ForeignKey(tuple(c for c, _ in here), parent, tuple(k for _, k in here)))
        else:
            found += [ForeignKey((column,), parent, (key,)) for column, key in here]
    return tuple(_distinct(found))


def _distinct(found: Iterable[ForeignKey]) -> Iterable[ForeignKey]:
    """Each foreign key once, whatever the order of its columns; without those that a wider one contains."""
    kept: dict[tuple[frozenset[tuple[str, str]], str], ForeignKey] = {}
    for key in found:
        sides = zip_longest(key.columns, key.referenced, fillvalue="")
        pairs = frozenset((fold(a), fold(b)) for a, b in sides)
        kept.setdefault((pairs, fold(key.table)), key)
    for (pairs, parent), key in kept.items():
        if not any(parent == other and pairs < wider for wider, other in kept):
            yield key


def completed(
    key: ForeignKey, table: Table, tables: Mapping[str, Table], columns: Columns
) -> tuple[ForeignKey | None, list[Fault]]:
    """A foreign key in the spelling of its tables, its referenced columns filled in; or the faults."""
    where = f"{table.place} {table.name}".strip()
    parent = lookup(key.table, tables)
    if parent is None:
        return None, [Fault(f"foreign key to unknown table {key.table!r}", where, nearest(key.table, tables))]
    faults: list[Fault] = []
    referenced = key.referenced or tables[parent].primary_key
    sides = []
    for names, owner in ((key.columns, table.name), (referenced, parent)):
        spelled = [(name, lookup(name, columns[owner])) for name in names]
        for name, known in spelled:
            if known is None:
                what = f"foreign key with unknown column {owner}.{name}"
                faults.append(Fault(what, where, nearest(name, columns[owner])))
        sides.append(tuple(known or name for name, known in spelled))
    if len(sides[0]) != len(sides[1]):
        what = f"foreign key of {len(sides[0])} columns to {len(sides[1])} columns of {parent!r}"
        faults.append(Fault(what, where, "name as many in 'referenced' as in 'columns'"))
    return (None if faults else ForeignKey(sides[0], parent, sides[1])), faults
