"""Borders: what a family shares with the family that its parents come from, at the heights of its own parents."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from duckpaste.domain import Clique, FloatArray, IntArray
from duckpaste.models.bayes.heights import Heights


class Border:
    """The way from a table over the names `home` to one over the names `border`, and back.

    The columns of `border` are columns of `home`, at the same or greater heights; in any order."""

    def __init__(self, heights: Heights, home: Clique, border: Clique) -> None:
        places = {heights.column(name): axis for axis, name in enumerate(home)}
        self._axes = [places[heights.column(name)] for name in border]
        self._summed = tuple(axis for axis in range(len(home)) if axis not in self._axes)
        kept = sorted(self._axes)
        self._turn = [kept.index(axis) for axis in self._axes]
        self._back = [self._axes.index(axis) for axis in kept]
        self._dimensions = len(home)
        self._groups = [
            None if home[axis] == name else _Groups(heights.between(home[axis], name))
            for axis, name in zip(self._axes, border, strict=True)
        ]

    def narrow(self, table: FloatArray) -> FloatArray:
        """Sums a table of the home to the border."""
        out: FloatArray = table.sum(axis=self._summed).transpose(self._turn)
        for axis, groups in enumerate(self._groups):
            out = out if groups is None else groups.sums(out, axis)
        return out

    def widen(self, values: FloatArray) -> FloatArray:
        """A table of the border as one that broadcasts against tables of the home."""
        for axis, groups in enumerate(self._groups):
            values = values if groups is None else values.take(groups.to, axis=axis)
        shape = [1] * self._dimensions
        for axis, place in enumerate(self._axes):
            shape[place] = values.shape[axis]
        out: FloatArray = values.transpose(self._back).reshape(shape)
        return out

    def cell(self, cell: Sequence[int]) -> tuple[int, ...]:
        """The border's cell that holds a cell of the home."""
        inside = (cell[axis] for axis in self._axes)
        return tuple(
            code if groups is None else int(groups.to[code])
            for code, groups in zip(inside, self._groups, strict=True)
        )


class _Groups:
    """Codes and the group of each (0..m-1, none empty)."""

    def __init__(self, to: IntArray) -> None:
        self.to = to
        self._order = np.argsort(to, kind="stable")
        self._first = np.flatnonzero(np.diff(to[self._order], prepend=-1))

    def sums(self, values: FloatArray, axis: int) -> FloatArray:
        """Sums along an axis over the codes of each group."""
        out: FloatArray = np.add.reduceat(values.take(self._order, axis=axis), self._first, axis=axis)
        return out
