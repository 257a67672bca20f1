"""Derive: the field of a column that nobody declared, from its type, its key and its CHECKs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from duckpaste.schema import sqltypes
from duckpaste.schema.catalog import ColumnFacts, TableFacts
from duckpaste.schema.names import fold
from duckpaste.schema.view import Field, Place

# The longest run of whole numbers between CHECK bounds that counts as a list of values.
MOST_VALUES = 1000


def kind(column: ColumnFacts, table: TableFacts) -> str:
    """Key columns are `id`, columns with listed values are categories, all others follow the type."""
    keys = {fold(c) for names in (table.primary_key, *(k.columns for k in table.foreign_keys)) for c in names}
    if fold(column.name) in keys:
        return "id"
    found = sqltypes.derived(column.sql_type)
    if column.values is not None and found not in ("boolean", "ignore"):
        return "ordinal" if found == "numerical" else "categorical"
    return found


def references(column: ColumnFacts, table: TableFacts) -> tuple[str, ...]:
    """The keys that this column alone refers to."""
    return tuple(
        f"{k.table}.{k.referenced[0]}"
        for k in table.foreign_keys
        if len(k.columns) == 1 and fold(k.columns[0]) == fold(column.name)
    )


def field(column: ColumnFacts, table: TableFacts, place: Place) -> Field:
    """The field of an undeclared column. It allows NULL unless the DDL says NOT NULL."""
    made = kind(column, table)
    return Field(
        name=column.name,
        kind=made,
        nullable=not column.not_null,
        refs=references(column, table),
        options=domain(made, column),
        sql_type=column.sql_type,
        comment=column.comment,
        place=place,
    )


def domain(kind: str, column: ColumnFacts) -> Mapping[str, Any]:
    """The options that the DDL gives to a field of `kind`: values, or min and max."""
    family = sqltypes.family(column.sql_type)
    if kind in ("categorical", "ordinal"):
        values = _values(column, family)
        return {} if values is None else {"values": values}
    bounded = {
        "numerical": ("integer", "decimal", "real"),
        "date": ("date", "timestamp"),
        "datetime": ("timestamp",),
    }
    if family not in bounded.get(kind, ()):
        return {}
    found = {"min": column.low, "max": column.high}
    if column.values:
        found = {"min": min(column.values), "max": max(column.values)}
    return {k: v for k, v in found.items() if v is not None}


def _values(column: ColumnFacts, family: str) -> tuple[Any, ...] | None:
    """Values listed by ENUM or CHECK, both of BOOLEAN, or the whole numbers between narrow bounds."""
    low, high = column.low, column.high
    if column.values is not None:
        kept = (v for v in column.values if (low is None or v >= low) and (high is None or v <= high))
        found = tuple(kept) if family not in ("text", "enum") else column.values
        return tuple(sorted(found)) if family in ("integer", "decimal", "real") else found
    if family == "boolean":
        return (False, True)
    if family == "integer" and low is not None and high is not None and 0 <= high - low < MOST_VALUES:
        return tuple(range(low, high + 1))
    return None
