"""Keys of several columns to a public table: one category, of the table's own keys. Made by duckpaste, not declared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from duckpaste.codec.base import Codec, ColumnSql, column_sql
from duckpaste.codec.categorical import Categorical
from duckpaste.domain import IntArray
from duckpaste.sql import literal

if TYPE_CHECKING:
    import pyarrow as pa

SEPARATOR = "\x1f"  # between the parts of a key, as text


def joined(columns: Sequence[str]) -> str:
    """SQL of a key as one text, from quoted columns; NULL where any is."""
    return "(" + f" || {literal(SEPARATOR)} || ".join(f"{c}::VARCHAR" for c in columns) + ")"


def tells(codecs: Sequence[Codec], columns: Sequence[str]) -> bool:
    """Whether one of a table's codecs tells which public row a key of these columns leads to."""
    mine = [c.field for c in codecs if set(columns) <= set(c.field.columns)]
    return any(f.kind in ("categorical", "public") for f in mine)


class PublicKey(Categorical):
    """Its field names all columns of the key; its `values` are the keys as `joined` writes them. Option `required`: the
    columns that are never NULL, also where another of the key is, so that it leads nowhere."""

    def _x(self, column: ColumnSql) -> str:
        return joined([column(c) for c in self.field.columns])

    def faults(self, column: ColumnSql = column_sql) -> Sequence[tuple[str, str]]:
        """NULL where none is declared; keys that the public table does not have."""
        x, names = self._x(column), ", ".join(literal(v) for v in self.values or ())
        found = [("holds keys that the public table does not have", f"{x} NOT IN ({names})")]
        if not self.nullable:
            found.append(("holds NULL but is declared without '?'", f"{x} IS NULL"))
        return found

    def decode(
        self,
        codes: Mapping[str, IntArray],
        rows: range,
        rng: np.random.Generator,
        decoded: Mapping[str, pa.Array],
    ) -> Mapping[str, pa.Array]:
        """A dictionary array of text for each column of the key."""
        import pyarrow as pa

        index = codes[self.field.name].astype(np.int32) - int(self.nullable)
        null = index < 0
        keys = [value.split(SEPARATOR) for value in self.values or ()]
        found = {}
        for i, column in enumerate(self.field.columns):
            mine, mask = np.maximum(index, 0), null
            if column in (self.field.option("required") or ()):
                mine = np.where(null, rng.integers(0, max(len(keys), 1), len(index)), mine).astype(np.int32)
                mask = np.zeros(len(index), dtype=bool)
            parts = pa.array([key[i] for key in keys], pa.string())
            found[column] = pa.DictionaryArray.from_arrays(pa.array(mine, mask=mask), parts)
        return found
