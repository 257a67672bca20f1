"""Alias tables: a cell drawn inside its bin in constant time, whatever the number of cells."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from duckpaste.domain import FloatArray, IntArray


class Alias:
    """Cells in consecutive bins, each bin a distribution of its own (Walker 1977, built as in Vose 1991).

    `mass` has one non-negative number a cell; `bounds` the first cell of each bin and, last, the number of cells.
    A bin without mass is uniform."""

    def __init__(self, mass: FloatArray, bounds: IntArray) -> None:
        self.first = np.asarray(bounds[:-1], dtype=np.int64)
        self.width = np.diff(bounds)
        total = np.add.reduceat(mass, self.first)
        share = np.where(np.repeat(total <= 0, self.width), 1.0, mass)
        mean = np.repeat(np.where(total <= 0, 1.0, total / self.width), self.width)
        self.keep = share / mean
        self.other = np.arange(len(mass))
        for low, high in pairwise(bounds.tolist()):
            self._build(low, high)

    def _build(self, low: int, high: int) -> None:
        """Fill each cell that has less than the mean from one that has more."""
        keep = self.keep[low:high].tolist()
        small = [i for i, k in enumerate(keep) if k < 1.0]
        large = [i for i, k in enumerate(keep) if k >= 1.0]
        other = list(range(len(keep)))
        while small and large:
            less, more = small.pop(), large[-1]
            other[less] = more
            keep[more] -= 1.0 - keep[less]
            if keep[more] < 1.0:
                small.append(large.pop())
        for i in (*small, *large):  # what rounding left over
            keep[i] = 1.0
        self.keep[low:high] = keep
        self.other[low:high] = np.array(other) + low

    def draw(self, bins: IntArray, u: FloatArray) -> IntArray:
        """A cell for each row: its bin's, placed by `u` in [0, 1)."""
        at = u * self.width[bins]
        column = at.astype(np.int64)
        at -= column
        column += self.first[bins]
        return np.where(at < self.keep[column], column, self.other[column])
