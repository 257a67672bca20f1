"""Codes of values: once a table's values are final, what is drawn below it is drawn given the codes of these values.

Values may say otherwise than the codes they were decoded from: a rule's mending changed them, a sequence was put in
order, a date was cut to its range, a part of a NULL was drawn as if it were there. The SQL is that which encodes
private rows, so rows below hang on what their parent is, as they did when the model was fitted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from duckpaste import sql
from duckpaste.codec.sequence import POSITION
from duckpaste.codec.spread import LEFT
from duckpaste.domain import IntArray
from duckpaste.model import Model, TableModel
from duckpaste.sample.relational import Rows, above
from duckpaste.sample.scratch import Scratch
from duckpaste.sample.siblings import to_come
from duckpaste.schema.names import split

if TYPE_CHECKING:
    import pyarrow as pa

_BEFORE = "@1."  # before the name of a column: the value of the row before
_MADE_UP = ("id", "uuid", "text", "fixed", "ignore")
_SOURCE = "values_of_rows"


@dataclass
class _Reader:
    """The columns that codecs of `table` read, by the names they have in SQL, with their types."""

    model: Model
    table: TableModel
    types: dict[str, str] = field(default_factory=dict)

    def __call__(self, reference: str) -> str:
        name, owner = reference, self.table
        if reference in (POSITION, LEFT):
            self.types[name] = "bigint"
            return sql.ident(name)
        if not reference.startswith(_BEFORE):
            other, plain = split(reference, [t.name for t in self.model.tables])
            if other is None or other == self.table.name:
                name = plain
            else:
                owner = self.model[other]
        column = name.removeprefix(_BEFORE) if owner is self.table else plain
        self.types[name] = next(c.sql_type for c in owner.columns if c.name == column)
        return sql.ident(name)


class Coder:
    """A sample.relational.Coder, in SQL."""

    def __init__(self, scratch: Scratch, model: Model) -> None:
        self._scratch, self._model = scratch, model
        self._above = {t.lineage.parent for t in model.tables if t.lineage is not None}

    def table(self, table: TableModel, drawn: Mapping[str, Rows]) -> None:
        """Give the rows of a table that has others below it the codes of their values."""
        if table.name in self._above:
            rows = drawn[table.name]
            rows.codes = {**rows.codes, **encoded(self._scratch, self._model, table, drawn)}


def encoded(
    scratch: Scratch, model: Model, table: TableModel, drawn: Mapping[str, Rows]
) -> dict[str, IntArray]:
    """The codes of a table's values, by code column. Made-up ones are left out: they are NULL where codes say so."""
    import pyarrow as pa

    rows, reader = drawn[table.name], _Reader(model, table)
    codecs = [c for c in table.codecs if c.field.kind not in _MADE_UP]
    found = [(name, text) for codec in codecs for name, text in codec.encode(reader).items()]
    if not found or not rows.n:
        return {}
    seen = above(model, table, rows, drawn)
    arrays = [_column(name, rows, seen) for name in reader.types]
    data = pa.table([pa.array(np.arange(rows.n)), *arrays], ["nth", *(f"c{i}" for i in range(len(arrays)))])
    text = sql.render(
        "value_codes", source=_SOURCE, nth=sql.free("_nth", reader.types), codes=[t for _, t in found],
        columns=[{"name": n, "sql_type": kind} for n, kind in reader.types.items()],
    )  # fmt: skip
    made = scratch.arrow_over("value_codes", text, {_SOURCE: data})
    return {name: np.asarray(made[f"k{i}"].to_numpy(), dtype=np.int64) for i, (name, _) in enumerate(found)}


def _column(name: str, rows: Rows, seen: Mapping[str, Any]) -> pa.Array:
    """Values of a column of a `_Reader`; NULL where there is no row before, or no such value."""
    import pyarrow as pa

    if name == POSITION:
        return pa.array(np.zeros(rows.n, dtype=np.int64) if rows.position is None else rows.position)
    if name == LEFT and rows.parent is not None:
        return pa.array(to_come(rows.parent))
    try:
        values = seen[name.removeprefix(_BEFORE)]
    except KeyError:
        return pa.nulls(rows.n)
    if not name.startswith(_BEFORE):
        return values
    first = np.ones(rows.n, dtype=bool) if rows.position is None else rows.position == 0
    return values.take(pa.array(np.maximum(np.arange(rows.n) - 1, 0), mask=first))
