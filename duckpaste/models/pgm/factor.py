"""Factors: dense arrays over named axes, and the index maps between a set of axes and a part of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from duckpaste.domain import Clique, Domain, FloatArray

Factor = tuple[Clique, FloatArray]
"""Axis names and the array over them; any order of axes."""

_SMALL = 20_000  # cells of a product that is cheaper to sum than to plan


class Link:
    """The way between arrays over the axes `outer` and arrays over the axes `inner`, a part of them.

    Made once for each pair of cliques, so that a sweep only reshapes, sums and broadcasts.
    """

    __slots__ = ("_inner_order", "_outer_order", "_shape", "_summed", "_turned")

    def __init__(self, domain: Domain, outer: Clique, inner: Clique) -> None:
        position = {name: i for i, name in enumerate(outer)}
        places = [position[name] for name in inner]
        order = sorted(range(len(inner)), key=places.__getitem__)
        back = sorted(range(len(inner)), key=order.__getitem__)
        kept = set(places)
        self._turned = order != list(range(len(inner)))
        self._outer_order = tuple(order)
        self._inner_order = tuple(back)
        self._summed = tuple(i for i in range(len(outer)) if i not in kept)
        self._shape = tuple(domain[n] if i in kept else 1 for i, n in enumerate(outer))

    def widen(self, values: FloatArray) -> FloatArray:
        """An array over `inner` as a view that broadcasts against arrays over `outer`."""
        turned = values.transpose(self._outer_order) if self._turned else values
        return turned.reshape(self._shape)

    def narrow(self, values: FloatArray) -> FloatArray:
        """Sums an array over `outer` to `inner` (a view when nothing is summed)."""
        out: FloatArray = values.sum(axis=self._summed) if self._summed else values
        return out.transpose(self._inner_order) if self._turned else out


def contract(factors: Sequence[Factor], keep: Clique) -> FloatArray:
    """The product of `factors`, summed over all axes but `keep`; the axes of the result follow `keep`."""
    if len(factors) == 1 and factors[0][0] == keep:
        return factors[0][1]
    sizes: dict[str, int] = {}
    numbers: dict[str, int] = {}
    operands: list[Any] = []
    for names, values in factors:
        sizes.update(zip(names, values.shape, strict=True))
        operands += [values, [numbers.setdefault(n, len(numbers)) for n in names]]
    wanted = [numbers[n] for n in keep]
    # Planning an order of products costs as much as a small product itself.
    planned = len(factors) > 1 and math.prod(sizes.values()) > _SMALL
    out: FloatArray = np.einsum(*operands, wanted, optimize="greedy" if planned else False)
    return out


def spread(factors: Sequence[Factor], axes: Clique) -> FloatArray:
    """The product of factors that share no axis and together have all `axes`."""
    out: FloatArray | None = None
    for names, values in factors:
        places = [axes.index(name) for name in names]
        order = sorted(range(len(places)), key=places.__getitem__)
        shape = [1] * len(axes)
        for place, size in zip(places, values.shape, strict=True):
            shape[place] = size
        wide = values.transpose(order).reshape(shape)
        out = wide if out is None else out * wide
    return np.ones(()) if out is None else out


def outer(arrays: Iterable[FloatArray], scale: float = 1.0) -> FloatArray:
    """The outer product of `arrays`, times `scale`."""
    out = np.full((), scale)
    for one in arrays:
        out = np.multiply.outer(out, one)
    return out


def inner(one: FloatArray, other: FloatArray) -> float:
    """Sum of products of two arrays of one shape, in this thread: BLAS would wake others for vectors this short, and
    waiting for them costs many times the sum."""
    return float(np.einsum("i,i->", one.reshape(-1), other.reshape(-1)))


def divide(top: FloatArray, bottom: FloatArray) -> FloatArray:
    """top / bottom with 0 where bottom is 0 (a condition that never holds)."""
    out = np.zeros(np.broadcast_shapes(top.shape, bottom.shape))
    return np.divide(top, bottom, out=out, where=bottom > 0)
