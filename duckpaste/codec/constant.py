"""Columns that hold one value for everyone: a declared one, or NULL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from duckpaste.codec import calendar
from duckpaste.codec.base import Codec
from duckpaste.codec.instant import dates
from duckpaste.codec.options import base_type, fault, single
from duckpaste.domain import IntArray
from duckpaste.errors import nearest
from duckpaste.schema.view import Field

if TYPE_CHECKING:
    import pyarrow as pa

_DEFAULTS: Mapping[str, Any] = {"date": "2000-01-01", "int": 0, "float": 0.0, "text": ""}
_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")


class Fixed(Codec):
    """Option `value` (2000-01-01 by default) of type `dtype`: date, int, float or text.

    Without `dtype`, the value's own type counts, or the column's where there is no value either. Dates that
    other fields count from are declared so: an age stays, the birthday does not.
    """

    def __init__(self, field: Field) -> None:
        super().__init__(field)
        self.column = single(field)
        self.dtype = str(field.option("dtype", _guess(field)))
        if self.dtype not in _DEFAULTS:
            raise fault(field, f"option 'dtype' is {self.dtype!r}", nearest(self.dtype, _DEFAULTS))
        value = field.option("value", _DEFAULTS[self.dtype])
        try:
            self.value = _convert(value, self.dtype)
        except (TypeError, ValueError, OverflowError):
            raise fault(
                field, f"option 'value' is not of type {self.dtype}", "correct it, or declare 'dtype'"
            ) from None

    def decode(
        self,
        codes: Mapping[str, IntArray],
        rows: range,
        rng: np.random.Generator,
        decoded: Mapping[str, pa.Array],
    ) -> Mapping[str, pa.Array]:
        """date32, int64, double or string."""
        import pyarrow as pa

        if self.dtype == "date":
            return {self.column: dates(np.full(len(rows), self.value, dtype=np.int64), None, self.field)}
        kind = {"int": pa.int64(), "float": pa.float64(), "text": pa.string()}[self.dtype]
        return {self.column: pa.repeat(pa.scalar(self.value, kind), len(rows))}


class Ignore(Codec):
    """NULL in every row, so the column must allow it."""

    def decode(
        self,
        codes: Mapping[str, IntArray],
        rows: range,
        rng: np.random.Generator,
        decoded: Mapping[str, pa.Array],
    ) -> Mapping[str, pa.Array]:
        """Arrow nulls."""
        import pyarrow as pa

        return {column: pa.nulls(len(rows)) for column in self.field.columns}


def _guess(field: Field) -> str:
    """The dtype that a declared value, or else the column's SQL type, speaks of."""
    value, kind = field.option("value"), base_type(field)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "int" if isinstance(value, int) and kind not in ("DATE",) else "float"
    if isinstance(value, dt.date):
        return "date"
    if kind in ("DATE", "") or kind.startswith("TIMESTAMP"):
        return "date" if value is None or kind else "text"
    if kind.lstrip("U") in _INTEGERS:
        return "int"
    return "float" if kind in ("FLOAT", "DOUBLE", "DECIMAL") else "text"


def _convert(value: Any, dtype: str) -> int | float | str:
    """The value in its Arrow form; a date as days since 1970."""
    if dtype == "date":
        return calendar.instant(value, end=False) // calendar.MICROS_A_DAY
    if dtype == "int":
        if isinstance(value, float) and not value.is_integer():
            raise ValueError("not whole")
        return int(value)
    return float(value) if dtype == "float" else str(value)
