"""Scratch: where SQL of a view is evaluated on synthetic values, without a way to any table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pyarrow as pa


class Scratch(Protocol):
    """An SQL engine in memory that holds nothing. Who writes the synthetic tables makes one and hands it down, so that
    sampling itself knows of no database, and private data stay out of its reach."""

    def arrow_over(self, name: str, text: str, tables: Mapping[str, pa.Table]) -> pa.Table:
        """The result of the SELECT `text`, called `name` in errors, which reads `tables` by their names. Raises
        UserError when SQL refuses it."""

    def rows_sql(self, name: str, text: str) -> list[tuple[Any, ...]]:
        """All rows of a SELECT without tables. Raises UserError."""
