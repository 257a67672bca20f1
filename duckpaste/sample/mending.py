"""Mending: values of single rows are replaced, in the types that their columns have."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from duckpaste.codec.sequence import Sequel
from duckpaste.domain import IntArray
from duckpaste.model import Model, TableModel
from duckpaste.sample import siblings
from duckpaste.sample.relational import Rows

if TYPE_CHECKING:
    import pyarrow as pa

_KINDS = ("numerical", "date", "datetime", "time", "seq")


def put(rows: Rows, at: IntArray, fresh: Rows, which: IntArray, keep: Iterable[str]) -> None:
    """Rows `which` of `fresh` in the places `at` of `rows`; columns in `keep` stay as they are."""
    stay = set(keep)
    for name, codes in fresh.codes.items():
        rows.codes[name] = rows.codes[name].copy()
        rows.codes[name][at] = codes[which]
    for name, values in fresh.values.items():
        if name not in stay and name in rows.values:
            rows.values[name] = replaced(rows.values[name], at, values.take(which))


def replaced(old: pa.Array, at: IntArray, new: pa.Array) -> pa.Array:
    """`old` with `new` in the places `at`, in the type of `old`."""
    import pyarrow as pa

    if not len(at):
        return old
    if old.type != new.type:
        if pa.types.is_null(old.type):
            old = old.cast(new.type)
        else:
            new = new.cast(old.type, safe=False)
    index = np.arange(len(old))
    index[at] = len(old) + np.arange(len(at))
    both = pa.chunked_array([old, new])
    if pa.types.is_dictionary(old.type):
        both = both.unify_dictionaries()
    return both.combine_chunks().take(pa.array(index))


def swapped(rows: Rows, at: IntArray, one: str, other: str) -> None:
    """Let two columns of the rows `at` change places."""
    first, second = rows.values[one].take(at), rows.values[other].take(at)
    rows.values[one] = replaced(rows.values[one], at, second)
    rows.values[other] = replaced(rows.values[other], at, first)


def following(table: TableModel, column: str) -> set[str]:
    """Columns of the table that are told from `column` in the same row, or from one that is. A sequence's own are not:
    they are told from the row before."""
    found: set[str] = {column}
    for codec in table.codecs:  # in decoding order
        refs = {r.removeprefix(f"{table.name}.") for r in codec.field.refs}
        if refs & found and not isinstance(codec, Sequel) and codec.field.kind not in ("id", "uuid"):
            found |= set(codec.field.columns)
    return found - {column}


def free(model: Model, table: TableModel, *, told: bool = False) -> set[str]:
    """Columns whose values may change without anything else: numbers and times that are no key, order no sequence, and
    from which nothing is told. `told`: those too from which others are told, in this row or below."""
    refs = {r for c in table.codecs for r in c.field.refs}
    refs |= {r.removeprefix(f"{table.name}.") for t in model.tables for c in t.codecs for r in c.field.refs
             if r.startswith(f"{table.name}.")}  # fmt: skip
    keys = {*table.primary_key, *(c for k in table.links for c in k.columns)}
    for other in model.tables:
        keys |= {c for k in other.links if k.table == table.name for c in k.referenced}
        if other.lineage is not None and other.lineage.parent == table.name:
            keys |= set(other.lineage.referenced)
    if table.lineage is not None:
        keys |= set(table.lineage.owner)
    order = set(siblings.moving(table)) if table.siblings is not None else set()
    mine = {c.field.name for c in table.codecs if c.field.kind in _KINDS and len(c.field.columns) == 1}
    return mine - keys - (order if not told else set()) - (refs if not told else set())


def inside(table: TableModel, column: str, expression: str) -> str:
    """SQL of a value, NULL where it leaves the range that the column declares."""
    from duckpaste import sql

    field = next(c.field for c in table.codecs if c.field.name == column)
    bounds = [
        f"({expression}) {sign} {sql.literal(field.options[option])}::{field.sql_type or 'double'}"
        for option, sign in (("min", ">="), ("max", "<="))
        if field.option(option) is not None and not field.refs
    ]
    return f"(case when {' and '.join(bounds)} then {expression} end)" if bounds else expression
