"""Grid: fine cells over a declared range of numbers, and how they join into the bins of the joint model.

A grid has `cells` equal cells from `low` up, then one cell for each point (a single value such as 0 that would
drown in a wide cell). A bin is a run of neighbouring cells, or one point. The noisy fine histogram decides the bin
edges and draws the value inside a bin, so that spikes stay spikes and integers stay integers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from duckpaste.codec.alias import Alias
from duckpaste.codec.base import Histogram, WantHistogram
from duckpaste.codec.smooth import blocks_of, denoise, equal_mass
from duckpaste.domain import FloatArray, IntArray
from duckpaste.sql import literal

FINE_CELLS = 4096
_LONG = 300  # letters of SQL from which a number is dear to work out


@dataclass(frozen=True)
class Grid:
    """Cells of `width` from `low` to `high` (inclusive). For whole numbers all are int and exact, beyond 2^53 too."""

    low: int | float
    high: int | float
    width: int | float
    cells: int
    integer: bool
    points: tuple[int | float, ...] = ()

    @classmethod
    def over(
        cls, low: int | float, high: int | float, *, integer: bool,
        points: Sequence[int | float] = (), limit: int = FINE_CELLS,
    ) -> Grid:  # fmt: skip
        """At most `limit` cells over low..high; one value a cell where that suffices, and then no points."""
        if integer:
            span = int(high) - int(low) + 1
            width: int | float = -(-span // limit)
            cells = -(-span // int(width))
            kept: tuple[int | float, ...] = ()
            if width != 1:
                kept = tuple(sorted({int(p) for p in points if low <= p <= high}))
            return cls(int(low), int(high), width, cells, True, kept)
        if high == low:
            return cls(float(low), float(high), 0.0, 1, False)
        width = float(Fraction(high) - Fraction(low)) / limit
        kept = tuple(sorted({float(p) for p in points if low <= p <= high}))
        return cls(float(low), float(high), width, limit, False, kept)

    @property
    def size(self) -> int:
        """Cells and points together."""
        return self.cells + len(self.points)

    @property
    def exact(self) -> bool:
        """Whether every cell holds one value only."""
        return self.integer and self.width == 1

    def cell_sql(self, x: str) -> str:
        """Cell number of the SQL number `x` (NULL stays NULL). Values outside are clamped.

        `x` must be BIGINT for whole numbers and DOUBLE for reals."""
        low, last = literal(self.low), self.cells - 1
        if self.cells == 1:
            cell = f"CASE WHEN {x} IS NULL THEN NULL ELSE 0 END"
        elif self.integer:
            # HUGEINT: x - low may pass 2^63 when the range is wide.
            wide = "HUGEINT" if max(abs(int(self.low)), abs(int(self.high))) >= 2**62 else "BIGINT"
            clamped = f"greatest(least({x}, {literal(self.high)}), {low})::{wide}"
            cell = f"CASE WHEN {x} IS NOT NULL THEN ({clamped} - {low}) // {self.width} END"
        else:
            inside = f"least(greatest(floor(({x} - {low}) / {literal(self.width)}), 0), {last})"
            cell = f"CASE WHEN {x} IS NOT NULL THEN {inside} END"
        # least and greatest pass over NULL, hence the CASE.
        cell = f"({cell})::INTEGER"
        if not self.points:
            return cell
        whens = " ".join(f"WHEN {x} = {literal(p)} THEN {self.cells + i}" for i, p in enumerate(self.points))
        return f"(CASE {whens} ELSE {cell} END)"

    def edge(self, cell: int) -> int | float:
        """The lowest value of a (non-point) cell."""
        return self.low + cell * self.width

    def draw(self, cell: IntArray, rng: np.random.Generator) -> IntArray | FloatArray:
        """A value in each cell, uniform where a cell holds several. int64 for whole numbers, float64 for reals."""
        values: IntArray | FloatArray
        if self.exact:
            return cell + np.int64(self.low)
        regular = np.minimum(cell, self.cells - 1) if self.points else cell
        if self.integer:
            values = regular * np.int64(self.width) + np.int64(self.low)
            room = np.minimum(np.int64(self.high) - values, np.int64(self.width) - 1) + 1
            values += (rng.random(len(cell)) * room).astype(np.int64)
            for point in self.points:  # a point has a cell of its own
                values[values == point] = self._beside(int(point))
        else:
            values = rng.random(len(cell))
            values += regular
            values *= self.width
            values += self.low
            np.minimum(values, self.high, out=values)
        if self.points:
            at = np.flatnonzero(cell >= self.cells)
            values[at] = np.array(self.points, dtype=values.dtype)[cell[at] - self.cells]
        return values

    def _beside(self, point: int) -> int:
        """Another whole number of the cell that a point lies in; the point where there is none."""
        low, width = int(self.low), int(self.width)
        first = low + (point - low) // width * width
        inside = range(first, min(first + width - 1, int(self.high)) + 1)
        near = (n for step in range(1, 2 * len(self.points) + 2) for n in (point + step, point - step))
        return next((n for n in near if n in inside and n not in self.points), point)


class Binned:
    """A code column over a grid: bins of cells, the noisy mass of each cell, and NULL as code 0 when `nullable`.

    `starts` are the first cells of the bins (points follow as bins of their own)."""

    def __init__(
        self, name: str, grid: Grid, bins: int, *, nullable: bool, edges: Sequence[float] = ()
    ) -> None:
        self.name = name
        self.grid = grid
        self.nullable = nullable
        self.limit = max(1, bins)
        self.edges = tuple(edges)
        self.mass: FloatArray | None = None
        self._alias: Alias | None = None
        self.starts: list[int] = list(range(grid.cells)) if self.plain else []
        if self.plain:
            self.mass = np.ones(grid.size)

    @property
    def plain(self) -> bool:
        """Whether every cell is a bin, so that no fine histogram is needed."""
        return self.grid.exact and self.grid.cells <= self.limit and not self.edges

    @property
    def bins(self) -> int:
        """Number of bins; an upper bound before the histogram is known."""
        regular = len(self.starts) or (
            len(self.edges) - 1 if self.edges else min(self.limit, self.grid.cells)
        )
        return regular + len(self.grid.points)

    @property
    def size(self) -> int:
        """Number of codes, NULL included."""
        return self.bins + int(self.nullable)

    def want(self, expression: str) -> WantHistogram:
        """The fine histogram of cell numbers (SQL)."""
        grid = self.grid
        return WantHistogram(self.name, expression, grid.size, blocks_of(grid.cells), grid.cells)

    def learn(self, found: Histogram, *, equal_width: bool) -> None:
        """Take the noisy fine histogram; choose edges from it (or equal widths, or the declared edges)."""
        grid = self.grid
        mass = denoise(found.counts[: grid.cells], found.sigma, found.coarser)
        self.mass = np.concatenate([mass, np.maximum(found.counts[grid.cells :], 0.0)])
        if self.edges:
            inner = [self._cell_of(e) for e in self.edges[1:-1]]
            self.starts = sorted({0, *inner})
        elif equal_width:
            self.starts = sorted({i * grid.cells // self.limit for i in range(self.limit)})
        else:
            self.starts = equal_mass(mass, self.limit)

    def _cell_of(self, value: float) -> int:
        grid = self.grid
        if grid.width == 0:
            return 0
        cell = -(-(Fraction(value) - Fraction(grid.low)) // Fraction(grid.width))
        return min(max(int(cell), 0), grid.cells - 1)

    def code_sql(self, x: str) -> str:
        """Code of the SQL number `x`: its bin, shifted by one behind NULL when nullable."""
        grid, shift = self.grid, int(self.nullable)
        if grid.exact and len(self.starts) == grid.cells:
            code = f"({grid.cell_sql(x)} + {shift})" if shift else grid.cell_sql(x)
        elif grid.exact and not grid.points and grid.cells <= FINE_CELLS and len(x) > _LONG:
            # A tree of comparisons would work `x` out anew in each of them.
            codes = np.searchsorted(self.starts[1:], np.arange(grid.cells), side="right") + shift
            code = f"[{', '.join(map(str, codes))}][{grid.cell_sql(x)} + 1]"
        else:
            code = _search(x, [grid.edge(s) for s in self.starts[1:]], shift, len(self.starts) - 1 + shift)
        if grid.points:
            first = len(self.starts) + shift
            whens = " ".join(f"WHEN {x} = {literal(p)} THEN {first + i}" for i, p in enumerate(grid.points))
            code = f"CASE {whens} ELSE {code} END"
        return f"coalesce({code}, 0)" if self.nullable else f"({code})"

    def draw(self, codes: IntArray, rng: np.random.Generator) -> tuple[IntArray | FloatArray, np.ndarray]:
        """Values for `codes`, and a mask of those that are NULL (whose values mean nothing)."""
        if self.mass is None:
            raise RuntimeError("the fine histogram is not known yet")
        null = codes == 0 if self.nullable else np.zeros(len(codes), dtype=bool)
        bins = codes.astype(np.int64)
        if self.nullable:
            bins = np.maximum(bins - 1, 0)
        cell = bins if self.plain else self._inside(self.mass).draw(bins, rng.random(len(codes)))
        return self.grid.draw(cell, rng), null

    def within(self, most: IntArray, rng: np.random.Generator) -> IntArray:
        """Whole numbers of at most `most`, by the fine histogram: any as likely where it has no mass there. The least
        number where that is greater."""
        if self.mass is None:
            raise RuntimeError("the fine histogram is not known yet")
        grid = self.grid
        upto = np.clip((most - int(grid.low)) // int(grid.width), 0, grid.cells - 1)
        mass = np.cumsum(self.mass[: grid.cells])
        share = rng.random(len(most))
        cell = np.searchsorted(mass, share * mass[upto], side="right")
        cell = np.where(mass[upto] > 0, np.minimum(cell, upto), (share * (upto + 1)).astype(np.int64))
        value = grid.draw(cell, rng).astype(np.int64)
        return np.maximum(np.minimum(value, most), int(grid.low))

    def _inside(self, mass: FloatArray) -> Alias:
        """The distribution of cells inside each bin; a point is a bin of one cell."""
        if self._alias is None:
            points = range(self.grid.cells, self.grid.size + 1)
            self._alias = Alias(mass, np.array([*self.starts, *points], dtype=np.int64))
        return self._alias


def _search(x: str, edges: Sequence[int | float], first: int, last: int) -> str:
    """A balanced CASE: code `first` + number of edges that are <= x. NULL stays NULL."""
    if not edges:
        return f"CASE WHEN {x} IS NULL THEN NULL ELSE {first} END"

    def tree(lo: int, hi: int) -> str:
        if lo == hi:
            return str(first + lo)
        middle = (lo + hi) // 2
        return f"CASE WHEN {x} < {literal(edges[middle])} THEN {tree(lo, middle)} ELSE {tree(middle + 1, hi)} END"

    return f"CASE WHEN {x} IS NULL THEN NULL ELSE {tree(0, last - first)} END"
