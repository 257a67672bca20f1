"""Sequences, position by position: all rows at position 0, then all at 1, each given the rows before it.

Rows stand ordered by parent, then position, so that the row before is the one above. A loop goes over positions only
up to the largest that was drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from duckpaste.codec.base import Codec
from duckpaste.codec.sequence import Sequel
from duckpaste.domain import IntArray
from duckpaste.model import Siblings, TableModel
from duckpaste.models.network import Network

if TYPE_CHECKING:
    import pyarrow as pa


def positions(parent: IntArray) -> IntArray:
    """The position of each row below its parent; rows of a parent stand together."""
    n = len(parent)
    first = np.flatnonzero(np.diff(parent, prepend=-1))
    return np.arange(n) - np.repeat(first, np.diff(first, append=n))


def to_come(parent: IntArray) -> IntArray:
    """How many rows of the same parent come from each row on, itself included; rows of a parent stand together."""
    found: IntArray = np.bincount(parent)[parent] - positions(parent)
    return found


def coded(siblings: Siblings, position: IntArray) -> IntArray:
    """The code of each position."""
    found: IntArray = np.searchsorted(np.asarray(siblings.starts), position, side="right") - 1
    return found


def turns(position: IntArray) -> Iterator[tuple[int, IntArray]]:
    """Each position with its rows."""
    order = np.argsort(position, kind="stable")
    ends = np.cumsum(np.bincount(position)) if len(position) else np.zeros(0, dtype=np.int64)
    yield from enumerate(np.split(order, ends[:-1]))


def lags(codecs: Sequence[Codec], name: str, most: int) -> dict[str, tuple[str, int, int]]:
    """Evidence columns of table `name` that are lags: name -> code column, rows back, placeholder."""
    return {
        f"{name}@{back}.{c.name}": (c.name, back, c.size)
        for codec in codecs for c in codec.columns() for back in range(1, most + 1)
    }  # fmt: skip


def draw(
    network: Network, given: Mapping[str, IntArray], position: IntArray, looks: Mapping[str, tuple[str, int, int]],
    rng: np.random.Generator,
) -> dict[str, IntArray]:  # fmt: skip
    """Codes of rows at `position`, given evidence codes of all rows, and `lags` of rows drawn before."""
    n = len(position)
    wanted = [e for e in network.evidence if e in looks]
    if not wanted:
        return network.sample(n, rng, given)
    codes: dict[str, IntArray] = {s.column: np.zeros(n, dtype=np.int64) for s in network.steps}
    for p, rows in turns(position):
        evidence = {e: given[e][rows] for e in network.evidence if e not in looks}
        for e in wanted:
            column, back, absent = looks[e]
            evidence[e] = codes[column][rows - back] if p >= back else np.full(len(rows), absent)
        for column, drawn in network.sample(len(rows), rng, evidence).items():
            codes[column][rows] = drawn
    return codes


class _Some(Mapping[str, Any]):
    """Decoded columns at some rows."""

    def __init__(self, known: Mapping[str, Any], rows: IntArray) -> None:
        self._known, self._rows = known, rows

    def __getitem__(self, name: str) -> Any:
        return self._known[name].take(self._rows)

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


def decode(
    codec: Sequel,
    codes: Mapping[str, IntArray],
    position: IntArray,
    rng: np.random.Generator,
    known: Mapping[str, Any],
    left: IntArray | None = None,
) -> pa.Array:
    """Values of a seq field, each told from the one before, and from how many rows are `left` where these spread."""
    import pyarrow as pa

    made: list[pa.Array] = []
    where: list[IntArray] = []
    place = np.zeros(len(position), dtype=np.int64)  # of a row among those of its own position
    for p, rows in turns(position):
        place[rows] = np.arange(len(rows))
        previous = made[-1].take(pa.array(place[rows - 1])) if p else None
        mine = {name: c[rows] for name, c in codes.items()}
        ahead = None if left is None else left[rows]
        values = codec.turn(mine, p, rng, _Some(known, rows), previous, len(rows), ahead)
        made.append(values.dictionary_decode() if pa.types.is_dictionary(values.type) else values)
        where.append(rows)
    back = np.argsort(np.concatenate(where), kind="stable")
    return pa.concat_arrays(made).take(pa.array(back))


def settle(table: TableModel, values: dict[str, pa.Array], parent: IntArray) -> None:
    """Put the sequencer's values in order below each parent: non-decreasing, NULL last.

    Only these values change places (with those of the fields that they are told from), so that every column keeps its
    values and every other one its position. Rows that are equal in the steps of its span stay equal."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if table.siblings is None:
        return
    keys = {"": pa.array(parent)} | {c: _sortable(values[c]) for c in table.siblings.sequencer}
    order = pc.sort_indices(
        pa.table(list(keys.values()), names=[str(i) for i in range(len(keys))]),
        sort_keys=[(str(i), "ascending") for i in range(len(keys))],
    )
    for column in moving(table):
        if column in values:
            values[column] = values[column].take(order)


def _sortable(array: pa.Array) -> pa.Array:
    """Categories by their code, which is the order of an ENUM."""
    import pyarrow as pa

    return array.indices if pa.types.is_dictionary(array.type) else array


def moving(table: TableModel) -> list[str]:
    """The sequencer's columns and those of the same table that they are told from."""
    fields = {c.field.name: c.field for c in table.codecs}
    found: list[str] = []
    ahead = list(table.siblings.sequencer if table.siblings else ())
    while ahead:
        name = ahead.pop()
        if name in found:
            continue
        found.append(name)
        ahead += [r for f in fields.values() if name in f.columns for r in f.refs if r in fields]
    return found


def settles_after(table: TableModel) -> str | None:
    """The field after whose decoding the sequencer can be put in order, or None."""
    if table.siblings is None:
        return None
    columns = set(table.siblings.sequencer)
    return next((c.field.name for c in reversed(table.codecs) if columns & set(c.field.columns)), None)
