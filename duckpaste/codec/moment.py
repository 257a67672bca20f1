"""Datetimes: a date and a time of day, each with its own span."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from duckpaste.codec import calendar
from duckpaste.codec.instant import moments
from duckpaste.codec.temporal import Temporal
from duckpaste.domain import IntArray
from duckpaste.schema.view import Field

if TYPE_CHECKING:
    import pyarrow as pa


class Moment(Temporal):
    """Span `<date>.<time>`, `year.halfhour` by default. A value is the start of its step, in UTC."""

    default_span = "year.halfhour"

    def __init__(self, field: Field) -> None:
        super().__init__(field)
        low, high = field.option("min"), field.option("max")
        self.first = None if low is None else calendar.instant(low, end=False)
        self.last = None if high is None else calendar.instant(high, end=True)

    def decode(
        self,
        codes: Mapping[str, IntArray],
        rows: range,
        rng: np.random.Generator,
        decoded: Mapping[str, pa.Array],
    ) -> Mapping[str, pa.Array]:
        """timestamp('us'), with time zone UTC where the column is a TIMESTAMPTZ."""
        days, micros, null = self.draw(codes, rng, decoded)
        earliest = self._earliest(decoded)
        if earliest is not None:
            late = np.maximum(days * calendar.MICROS_A_DAY + micros, earliest)
            days, micros = late // calendar.MICROS_A_DAY, late % calendar.MICROS_A_DAY
        return {self.field.columns[0]: self.arrow(days, micros, null)}

    def _earliest(self, decoded: Mapping[str, pa.Array]) -> IntArray | None:
        """The reference's microseconds where the declared range (`min_len` 0 or more) says that no value lies before
        it: the step of the span in which the reference lies begins before the reference does."""
        import pyarrow as pa

        date = self.date
        if date is None or date.reference is None or date.length is None or date.length.grid.low < 0:
            return None
        reference = decoded[date.reference]
        if isinstance(reference, pa.ChunkedArray):
            reference = reference.combine_chunks()
        if not pa.types.is_timestamp(reference.type):
            return None
        ticks: IntArray = reference.cast(pa.timestamp("us", tz=reference.type.tz)).view(pa.int64()).fill_null(
            -(2**62)).to_numpy(zero_copy_only=False)  # fmt: skip
        return ticks

    def arrow(self, days: IntArray, micros: IntArray, null: np.ndarray) -> pa.Array:
        """Both together, within a declared min and max."""
        found = days * calendar.MICROS_A_DAY + micros
        # A declared min or max with a time of day may stand in a CHECK of the table.
        if self.first is not None:
            found = np.maximum(found, self.first)
        if self.last is not None:
            found = np.minimum(found, self.last)
        return moments(found, null, self.field)
