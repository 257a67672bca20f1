"""Gather: from a node's cells to those of all heads inside it, and back, in few passes over the node.

A node of six columns may hold ten measured pairs. Summing it once for each is ten passes; but all pairs without a
certain column can be summed from what is left when that column is summed out, which is smaller by its codes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from duckpaste.domain import Clique, Domain, FloatArray
from duckpaste.models.pgm.factor import Link

_FEW = 2  # so many heads are summed one by one


class Gather:
    """The way between an array over `axes` and arrays over each of `heads`, which are parts of it."""

    def __init__(self, domain: Domain, axes: Clique, heads: Sequence[Clique]) -> None:
        self.axes = axes
        self._shape = domain.shape(axes)
        self._direct: list[tuple[int, Link]] = []
        self._through: list[tuple[Link, Gather, list[int]]] = []
        left = list(range(len(heads)))
        for name in sorted(axes, key=lambda n: -domain[n]):
            inside = [i for i in left if name not in heads[i]]
            if len(left) <= _FEW or len(inside) < 2:
                continue
            part = tuple(n for n in axes if n != name)
            below = Gather(domain, part, [heads[i] for i in inside])
            self._through.append((Link(domain, axes, part), below, inside))
            left = [i for i in left if name in heads[i]]
        self._direct = [(i, Link(domain, axes, heads[i])) for i in left]
        self._count = len(heads)

    def narrow(self, values: FloatArray) -> list[FloatArray]:
        """The sums of an array over `axes` to each head."""
        out: list[FloatArray] = [values] * self._count
        for i, link in self._direct:
            out[i] = link.narrow(values)
        for link, below, numbers in self._through:
            for i, found in zip(numbers, below.narrow(link.narrow(values)), strict=True):
                out[i] = found
        return out

    def widen(self, heads: Sequence[FloatArray]) -> FloatArray:
        """The sum over `axes` of arrays over the heads (for one head of all axes: that array itself)."""
        views = [link.widen(heads[i]) for i, link in self._direct]
        views += [
            link.widen(below.widen([heads[i] for i in numbers])) for link, below, numbers in self._through
        ]
        if len(views) == 1:
            one = views[0]
            return (
                one if one.shape == self._shape else np.ascontiguousarray(np.broadcast_to(one, self._shape))
            )
        out = np.empty(self._shape)
        np.add(views[0], views[1], out=out)
        for view in views[2:]:
            out += view
        return out
