"""Dates and times at the two borders: SQL columns to days and microseconds, and numpy to Arrow.

Everything is UTC. SQL goes through `epoch_us`, whose answer does not depend on the session's time zone, and
never casts a TIMESTAMPTZ to DATE, which does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from duckpaste.codec.calendar import FIRST_DAY, LAST_DAY, MICROS_A_DAY, first_of_year
from duckpaste.codec.options import base_type, fault
from duckpaste.domain import IntArray
from duckpaste.schema.view import Field

if TYPE_CHECKING:
    import pyarrow as pa

_PER_DAY = {"s": 86_400, "ms": 86_400_000, "us": MICROS_A_DAY, "ns": MICROS_A_DAY * 1000}
_NANO_DAYS = 106_750  # 64-bit nanoseconds reach 1677-09-21 to 2262-04-11


def zoned(field: Field) -> bool:
    """Whether the column is a TIMESTAMPTZ."""
    kind = base_type(field)
    return kind.startswith("TIMESTAMP") and kind.endswith(("TZ", "WITH TIME ZONE"))


def check_type(field: Field, *, time: bool) -> None:
    """UserError unless the column can hold dates (or, with `time`, times of day)."""
    kind = base_type(field)
    known = ("", "VARCHAR", "TIME") if time else ("", "VARCHAR", "DATE")
    fits = kind in known or kind.startswith("TIMESTAMP") or (time and kind.startswith("TIME"))
    if not fits:
        raise fault(
            field, f"type {field.kind!r} does not fit a column of {kind}", "cast the column in the view's SQL"
        )


def day_limits(field: Field) -> tuple[int, int]:
    """First and last day that the column's type, and Python, can hold."""
    return (-_NANO_DAYS, _NANO_DAYS) if base_type(field) == "TIMESTAMP_NS" else (FIRST_DAY, LAST_DAY)


# -- SQL ---------------------------------------------------------------------------------------------------


def micros_sql(x: str, kind: str = "") -> str:
    """BIGINT microseconds since 1970 of a DATE, TIMESTAMP or TIMESTAMPTZ, since midnight of a TIME.

    NULL and the infinities give NULL. `kind` is the column's SQL type; "" will do for all but VARCHAR, but
    rounds TIMESTAMP_NS to microseconds instead of cutting."""
    if kind == "VARCHAR":
        return f"epoch_us({x}::TIMESTAMP)"
    if kind == "TIMESTAMP_NS":
        nanos = f"epoch_ns({x})"
        return f"({nanos} // 1000 - ({nanos} % 1000 < 0)::BIGINT)"
    return f"epoch_us({x})"


def date_sql(x: str, kind: str = "") -> str:
    """The DATE of a column (in UTC), NULL for NULL and the infinities."""
    if kind == "DATE":
        return f"(CASE WHEN isfinite({x}) THEN {x} END)"
    return f"make_timestamp({micros_sql(x, kind)})::DATE"


def midnight_sql(x: str, kind: str = "") -> str:
    """BIGINT microseconds since midnight (UTC), 0..86399999999 (86400000000 for TIME '24:00:00')."""
    if kind.startswith("TIME") and not kind.startswith("TIMESTAMP"):
        return f"epoch_us({x})"
    micros = micros_sql(x, kind)
    return f"(({micros} % {MICROS_A_DAY} + {MICROS_A_DAY}) % {MICROS_A_DAY})"


# -- Arrow -------------------------------------------------------------------------------------------------


def days_from(array: pa.Array) -> tuple[IntArray, np.ndarray]:
    """Days since 1970 (int64) and a null mask, of dates, timestamps, ISO text, or whole numbers (years)."""
    import pyarrow as pa

    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_null(array.type):
        return np.zeros(len(array), dtype=np.int64), np.ones(len(array), dtype=bool)
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        array = array.cast(pa.timestamp("us"))
    null = np.asarray(array.is_null())
    kind = array.type
    if pa.types.is_integer(kind):
        return first_of_year(_ints(array.cast(pa.int64()))), null
    if pa.types.is_date32(kind):
        return _ints(array.cast(pa.int32())).astype(np.int64), null
    if pa.types.is_date64(kind):
        return _ints(array.cast(pa.int64())) // _PER_DAY["ms"], null
    return _ints(array.view(pa.int64())) // _PER_DAY[kind.unit], null


def _ints(array: pa.Array) -> IntArray:
    found: IntArray = array.fill_null(0).to_numpy(zero_copy_only=False)
    return found


def dates(days: IntArray, null: np.ndarray | None, field: Field) -> pa.Array:
    """date32, or UTC midnights for a TIMESTAMPTZ column (a cast of a DATE goes by the session's zone)."""
    import pyarrow as pa

    if zoned(field):
        return moments(days * MICROS_A_DAY, null, field)
    return pa.array(days.astype(np.int32), mask=null).view(pa.date32())


def moments(micros: IntArray, null: np.ndarray | None, field: Field) -> pa.Array:
    """timestamp('us'), with time zone UTC where the column is a TIMESTAMPTZ."""
    import pyarrow as pa

    return pa.array(micros.astype(np.int64), mask=null).view(
        pa.timestamp("us", tz="UTC" if zoned(field) else None)
    )


def times(micros: IntArray, null: np.ndarray | None, field: Field) -> pa.Array:
    """time64('us'); where the column is a TIMESTAMP, that time on 2000-01-01."""
    import pyarrow as pa

    if base_type(field).startswith("TIMESTAMP"):
        return moments(micros + 10_957 * MICROS_A_DAY, null, field)
    return pa.array(micros.astype(np.int64), mask=null).view(pa.time64("us"))
