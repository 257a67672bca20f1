"""Times of day: steps since midnight."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from duckpaste.codec.instant import times
from duckpaste.codec.temporal import Temporal
from duckpaste.domain import IntArray

if TYPE_CHECKING:
    import pyarrow as pa


class Clock(Temporal):
    """Span `hour`, `halfhour`, `minute` (default), `halfminute` or `second`. Decodes to a step's start."""

    default_span = "minute"

    def decode(
        self,
        codes: Mapping[str, IntArray],
        rows: range,
        rng: np.random.Generator,
        decoded: Mapping[str, pa.Array],
    ) -> Mapping[str, pa.Array]:
        """time64('us'); on 2000-01-01 where the column is a TIMESTAMP."""
        return {self.field.columns[0]: self.arrow(*self.draw(codes, rng, decoded))}

    def arrow(self, days: IntArray, micros: IntArray, null: np.ndarray) -> pa.Array:
        """The times of day alone."""
        return times(micros, null, self.field)
