"""Units: a chunk's units with all their rows, left out or put together. Keys stay; rows of a parent stay together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from duckpaste.domain import IntArray
from duckpaste.model import Model
from duckpaste.sample.relational import Rows, top
from duckpaste.sample.rules import Bools

if TYPE_CHECKING:
    import pyarrow as pa


def taken(model: Model, drawn: Mapping[str, Rows], units: Bools) -> dict[str, Rows]:
    """The rows of those `units` (a truth for each) alone."""
    found: dict[str, Rows] = {}
    moved: dict[str, IntArray] = {}
    for table in model.tables:
        rows = drawn[table.name]
        keep = np.flatnonzero(units[top(model, table, drawn)])
        parent = None
        if rows.parent is not None and table.lineage is not None:
            parent = moved[table.lineage.parent][rows.parent[keep]]
        moved[table.name] = np.full(rows.n, -1, dtype=np.int64)
        moved[table.name][keep] = np.arange(len(keep))
        found[table.name] = Rows(
            len(keep), rows.first, {n: c[keep] for n, c in rows.codes.items()},
            {n: v.take(keep) for n, v in rows.values.items()}, parent,
            None if rows.position is None else rows.position[keep],
        )  # fmt: skip
    return found


def joined(model: Model, one: Mapping[str, Rows], other: Mapping[str, Rows]) -> dict[str, Rows]:
    """The units of both."""
    found: dict[str, Rows] = {}
    for table in model.tables:
        a, b = one[table.name], other[table.name]
        parent = position = None
        if a.parent is not None and b.parent is not None and table.lineage is not None:
            parent = np.concatenate([a.parent, b.parent + one[table.lineage.parent].n])
        if a.position is not None and b.position is not None:
            position = np.concatenate([a.position, b.position])
        codes = {n: np.concatenate([a.codes[n], b.codes[n]]) for n in a.codes if n in b.codes}
        values = {n: _both(a.values[n], b.values[n]) for n in a.values if n in b.values}
        found[table.name] = Rows(a.n + b.n, a.first, codes or a.codes or b.codes, values, parent, position)
    return found


def _both(one: pa.Array, other: pa.Array) -> pa.Array:
    import pyarrow as pa

    if one.type != other.type:
        if pa.types.is_null(one.type) or not len(one):
            one = one.cast(other.type) if pa.types.is_null(one.type) else pa.nulls(0, other.type)
        else:
            other = other.cast(one.type, safe=False) if len(other) else pa.nulls(0, one.type)
    both = pa.chunked_array([one, other])
    if pa.types.is_dictionary(one.type):
        both = both.unify_dictionaries()
    return both.combine_chunks()
