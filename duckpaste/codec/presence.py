"""Presence: the one code column of a nullable field whose values are not modelled: NULL or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from duckpaste.codec.base import CodeColumn, ColumnSql
from duckpaste.codec.options import single
from duckpaste.domain import IntArray
from duckpaste.schema.view import Field


class Presence:
    """Code 0 is NULL, code 1 a value; no column at all where the field is never NULL."""

    def __init__(self, field: Field, *, modelled: bool) -> None:
        self.name = f"{field.name}.present"
        self.column = single(field)
        self.modelled = modelled

    def columns(self) -> Sequence[CodeColumn]:
        """One column of two codes, or none."""
        return (CodeColumn(self.name, 2, False, 0),) if self.modelled else ()

    def encode(self, column: ColumnSql) -> Mapping[str, str]:
        """0 for NULL, 1 for a value."""
        return {self.name: f"({column(self.column)} IS NOT NULL)::INTEGER"} if self.modelled else {}

    def null(self, codes: Mapping[str, IntArray]) -> np.ndarray | None:
        """The null mask, or None where no value is NULL."""
        return codes[self.name] == 0 if self.modelled else None
