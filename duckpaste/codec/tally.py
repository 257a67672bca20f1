"""The number of children of a row: whole, from 0, often with a long tail (1,500 events a stay).

Cells are single numbers up to 64 and sixteenths of an octave above; bins of the joint model are runs of cells, so
chosen from the noisy histogram that each stands clear of the noise. Numbers inside a bin follow `trend.smoothed`,
which `settle` tells what the joint model measured of the bins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from duckpaste.codec.alias import Alias
from duckpaste.codec.base import (
    Codec,
    CodeColumn,
    ColumnSql,
    Histogram,
    Want,
    WantBounds,
    WantHistogram,
    column_sql,
)
from duckpaste.codec.smooth import equal_mass
from duckpaste.codec.trend import Counts, smoothed
from duckpaste.domain import FloatArray, IntArray
from duckpaste.schema.view import Field

if TYPE_CHECKING:
    import pyarrow as pa

SINGLE = 64  # numbers up to here have a cell each
STEPS = 16  # cells an octave above
BINS = 12
MOST_REFERRED = 4095  # times that a row is referred to; more are taken for as many
CLEAR = 4.0  # standard deviations: a bin of less noisy mass joins its neighbour


def cell_starts(most: int) -> list[int]:
    """The smallest number of each cell: 0, 1, ..., 64, then 65, 67, 70, 73, ..., 129, 134, ... up to `most`."""
    found = list(range(min(most, SINGLE) + 1))
    while most > SINGLE and (start := int(SINGLE * 2 ** ((len(found) - 1 - SINGLE) / STEPS)) + 1) <= most:
        found.append(start)
    return found


def degrees(mass: Sequence[float] = ()) -> Tally:
    """The codec of how often a row is referred to, with the `mass` of its cells where it is known."""
    made = Tally(Field("degree", "children", options={"max": MOST_REFERRED}, sql_type="BIGINT"))
    if len(mass):
        made.mass = np.asarray(mass, dtype=np.float64)
    return made


class Tally(Codec):
    """One code column of bins. `max` is declared, or learnt as bounds."""

    def __init__(self, field: Field) -> None:
        super().__init__(field)
        self.most: int | None = None
        self.cells: list[int] = []
        self.starts: list[int] = []  # the first cell of each bin
        self.mass: FloatArray | None = None
        self._seen: Counts | None = None
        self._alias: Alias | None = None
        if field.option("max") is not None:
            self._build(int(field.options["max"]))

    def _build(self, most: int) -> None:
        self.most = max(most, 0)
        self.cells = cell_starts(self.most)
        if len(self.cells) <= BINS:
            self.starts = list(range(len(self.cells)))
            self.mass = np.ones(len(self.cells))

    # -- discovery

    def promises(self) -> Sequence[type[Want]]:
        """A histogram, unless all cells are bins. (The bounds come with the contribution bound: relational room.)"""
        return () if self.mass is not None and self.most is not None else (WantHistogram,)

    def wants(self) -> Sequence[Want]:
        """Bounds first, then the histogram."""
        name = self.field.name
        if self.most is None:
            return (WantBounds(f"{name}.bounds", column_sql(name), True),)
        if self.mass is None:
            return (WantHistogram(name, self._search(column_sql(name), self.cells), len(self.cells)),)
        return ()

    def learn(self, want: Want, answer: Any) -> None:
        """Bounds (0, most), or a `Histogram` of cells."""
        if isinstance(want, WantBounds):
            self._build(int(answer[1]))
        elif isinstance(answer, Histogram):
            every = np.eye(len(self.cells))
            self._seen = Counts(every, answer.counts, answer.sigma)
            self.mass = smoothed(self._points(), self._widths(), [self._seen])
            self.starts = self._bins(self.mass, answer.sigma)

    def _bins(self, mass: FloatArray, sigma: float) -> list[int]:
        """First cells of bins of about equal importance, each clear of the noise; 0 stands alone.

        Importance is mass times the root of the number: a row of 50 children is one parent, but 50 rows."""
        weight = mass[1:] * np.sqrt(self._points()[1:])
        starts = [0, *(1 + s for s in equal_mass(weight, BINS - 1))]
        while len(starts) > 2:
            sums = np.add.reduceat(mass, starts)[1:]
            least = int(np.argmin(sums)) + 1
            if sums[least - 1] >= CLEAR * sigma:
                break
            # The smaller neighbour takes it; 0 takes none.
            right = least + 1 < len(starts) and (least == 1 or sums[least] < sums[least - 2])
            del starts[least + 1 if right else least]
        return starts

    def settle(self, counts: FloatArray, sigma: float) -> FloatArray:
        """Take noisy counts of the bins, of noise `sigma` each; return what they hold after all that is known."""
        members = np.zeros((len(self.starts), len(self.cells)))
        for row, (low, high) in enumerate(zip(self.starts, [*self.starts[1:], len(self.cells)], strict=True)):
            members[row, low:high] = 1.0
        seen = [o for o in (self._seen, Counts(members, counts, sigma)) if o is not None]
        self.mass = smoothed(self._points(), self._widths(), seen)
        self._alias = None
        found: FloatArray = members @ self.mass
        return found

    def _points(self) -> FloatArray:
        return np.array(self.cells) + (self._widths() - 1) / 2

    def _widths(self) -> FloatArray:
        return np.diff([*self.cells, (self.most or 0) + 1]).astype(np.float64)

    # -- SQL

    @staticmethod
    def _search(x: str, starts: Sequence[int]) -> str:
        """The number of the last start that is <= x, by halves; numbers above the last stay in it."""

        def tree(low: int, high: int) -> str:
            if low == high:
                return str(low)
            middle = (low + high + 1) // 2
            return (
                f"CASE WHEN {x} < {starts[middle]} THEN {tree(low, middle - 1)} ELSE {tree(middle, high)} END"
            )

        return f"({tree(0, len(starts) - 1)})"

    def columns(self) -> Sequence[CodeColumn]:
        """One column."""
        size = len(self.starts) or min(BINS, len(self.cells) or BINS)
        return (CodeColumn(self.field.name, size, True),)

    def encode(self, column: ColumnSql = column_sql) -> Mapping[str, str]:
        """The bin's code."""
        if not self.starts:
            raise RuntimeError(f"{self.field.name}: bins are not known yet")
        return {self.field.name: self._search(column(self.field.name), [self.cells[s] for s in self.starts])}

    # -- Arrow

    def decode(
        self, codes: Mapping[str, IntArray], rows: range, rng: np.random.Generator, decoded: Mapping[str, pa.Array]
    ) -> Mapping[str, pa.Array]:  # fmt: skip
        """int64."""
        import pyarrow as pa

        if self.mass is None:
            raise RuntimeError(f"{self.field.name}: the histogram is not known yet")
        if self._alias is None:
            self._alias = Alias(self.mass, np.array([*self.starts, len(self.cells)], dtype=np.int64))
        bins = np.asarray(codes[self.field.name], dtype=np.int64)
        cell = self._alias.draw(bins, rng.random(len(bins)))
        low, width = np.array(self.cells)[cell], self._widths()[cell]
        return {self.field.name: pa.array(low + (rng.random(len(bins)) * width).astype(np.int64))}

    def numbers(self, n: int, rng: np.random.Generator) -> IntArray:
        """`n` numbers drawn from the whole mass; all 0 where nothing is known."""
        mass = np.zeros(0) if self.mass is None else self.mass
        if mass.sum() <= 0:
            return np.zeros(n, dtype=np.int64)
        cell = np.searchsorted(np.cumsum(mass) / mass.sum(), rng.random(n), side="right")
        cell = np.minimum(cell, len(mass) - 1)
        return np.array(self.cells)[cell] + (rng.random(n) * self._widths()[cell]).astype(np.int64)

    # -- file

    def spec(self) -> dict[str, Any]:
        """The greatest number and the first cells of the bins."""
        return {"most": self.most, "starts": list(self.starts)}

    def arrays(self) -> Mapping[str, FloatArray]:
        """The smoothed mass of each cell."""
        return {} if self.mass is None else {self.field.name: self.mass}

    def restore(
        self, spec: Mapping[str, Any], arrays: Mapping[str, FloatArray], labels: Sequence[str | None]
    ) -> None:
        """As it was."""
        self._build(int(spec["most"]))
        self.starts = [int(s) for s in spec["starts"]]
        self.mass = np.asarray(arrays[self.field.name], dtype=np.float64)
