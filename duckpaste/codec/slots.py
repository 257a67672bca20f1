"""Slots: which rows a parent row has, one a code of a category, instead of how many: an unrolled table, turned wide.

Each code of the category is a slot: present or not, and when present with the codes of the columns that go along.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from duckpaste.codec.base import Codec, CodeColumn, ColumnSql, column_sql
from duckpaste.domain import IntArray

if TYPE_CHECKING:
    import pyarrow as pa


class Slots(Codec):
    """Options: `code` (the category's code column), `size` (its codes), `along` (name -> codes of each column that goes
    along). Read from sql/children_slots.sql; drawn by sample.slots."""

    @property
    def code(self) -> str:
        """The code column that is unrolled."""
        return str(self.field.options["code"])

    @property
    def size(self) -> int:
        """How many slots there are."""
        return int(self.field.options["size"])

    @property
    def along(self) -> dict[str, int]:
        """The code columns that go along, and how many codes each has."""
        return {str(n): int(s) for n, s in self.field.options["along"].items()}

    def present(self, slot: int) -> str:
        """The name of the column that says whether the row of `slot` is there (0 or 1)."""
        return f"{self.field.name}#{slot}"

    def told(self, slot: int, column: str) -> str:
        """The name of a column that goes along: 0 where the row is not there, else its code and one."""
        return f"{self.field.name}#{slot}.{column}"

    def columns(self) -> Sequence[CodeColumn]:
        """All slots, each with what goes along."""
        found = []
        for slot in range(self.size):
            found.append(CodeColumn(self.present(slot), 2))
            found += [CodeColumn(self.told(slot, n), s + 1) for n, s in self.along.items()]
        return found

    def encode(self, column: ColumnSql = column_sql) -> Mapping[str, str]:
        """As children_slots.sql makes them."""
        return {c.name: column(c.name) for c in self.columns()}

    def decode(
        self,
        codes: Mapping[str, IntArray],
        rows: range,
        rng: np.random.Generator,
        decoded: Mapping[str, pa.Array],
    ) -> Mapping[str, pa.Array]:
        """Not a number: see sample.slots."""
        raise RuntimeError("slots are rows, not a number of rows")
