"""Least squares of measured marginals over tables of proportions, laid out one after another in a flat vector."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from duckpaste.domain import FloatArray
from duckpaste.models.pgm.factor import inner


class Way(Protocol):
    """From a table to a marginal of it and back."""

    def narrow(self, values: FloatArray, /) -> FloatArray:
        """Sums a table to the marginal."""

    def widen(self, values: FloatArray, /) -> FloatArray:
        """The marginal's values as an array that broadcasts against the table."""


@dataclass(frozen=True)
class _Part:
    """A measured marginal of a table."""

    table: int
    way: Way
    target: FloatArray
    weight: FloatArray


class Squares:
    """loss(mu) = sum of weight * (mu - target)^2 / 2, over cells of tables of these `shapes` and of their marginals.

    `cells` is the length of the flat vector."""

    def __init__(self, shapes: Sequence[tuple[int, ...]]) -> None:
        sizes = [math.prod(shape) for shape in shapes]
        self._shapes = shapes
        self._slices = [slice(end - size, end) for end, size in zip(np.cumsum(sizes), sizes, strict=True)]
        self.cells = sum(sizes)
        self._target = np.zeros(self.cells)
        self._weight = np.zeros(self.cells)
        self._parts: list[_Part] = []

    def view(self, flat: FloatArray, table: int) -> FloatArray:
        """The cells of one table in `flat`, in its shape; writing to it writes to `flat`."""
        return flat[self._slices[table]].reshape(self._shapes[table])

    def aim_at(self, table: int, target: FloatArray, weight: FloatArray, way: Way | None = None) -> None:
        """A target for a whole table (one at most), or for the marginal of it that `way` leads to."""
        if way is not None:
            self._parts.append(_Part(table, way, target, weight))
            return
        self.view(self._target, table)[...] = target
        self.view(self._weight, table)[...] = weight

    def loss(self, mu: FloatArray) -> tuple[float, FloatArray]:
        """The loss of the proportions `mu`, and its gradient."""
        miss = mu - self._target
        gradient = self._weight * miss
        loss = inner(miss, gradient)
        for part in self._parts:
            off = part.way.narrow(self.view(mu, part.table)) - part.target
            pull = part.weight * off
            loss += inner(off, pull)
            self.view(gradient, part.table)[...] += part.way.widen(pull)
        return loss / 2, gradient
