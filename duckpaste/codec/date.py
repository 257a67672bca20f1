"""Dates: ISO year, week and weekday, or weeks, or days, from a reference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from duckpaste.codec.instant import dates
from duckpaste.codec.temporal import Temporal
from duckpaste.domain import IntArray

if TYPE_CHECKING:
    import pyarrow as pa


class Date(Temporal):
    """Span `year` (the default, also called `year53`), `week` or `day`."""

    default_span = "year"

    def decode(
        self,
        codes: Mapping[str, IntArray],
        rows: range,
        rng: np.random.Generator,
        decoded: Mapping[str, pa.Array],
    ) -> Mapping[str, pa.Array]:
        """date32; UTC midnights where the column is a TIMESTAMPTZ."""
        return {self.field.columns[0]: self.arrow(*self.draw(codes, rng, decoded))}

    def arrow(self, days: IntArray, micros: IntArray, null: np.ndarray) -> pa.Array:
        """The days alone."""
        return dates(days, null, self.field)
