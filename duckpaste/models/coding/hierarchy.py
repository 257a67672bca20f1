"""Hierarchies: a column's codes merged step by step into fewer groups, so that it may be a parent at any height.

Made from noisy or public weights alone, never from exact counts.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from duckpaste.domain import FloatArray, IntArray

Merges = list[tuple[int, int]]
"""Pairs (kept, absorbed) of groups, each named by its lowest code, in the order of their merging."""


@dataclass(frozen=True)
class Hierarchy:
    """`levels[h]` gives the group of every code at height h. Height 0 is the codes themselves; each height merges
    groups of the one below."""

    levels: tuple[IntArray, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of groups at each height, falling."""
        return tuple(int(level.max()) + 1 for level in self.levels)


def level_sizes(size: int, fixed: Sequence[int], growth: float) -> list[int]:
    """Sizes of the levels of a column of `size` codes, rising: those of `fixed` below it, then times `growth` each,
    and `size` itself (pasteur_spec c.7 with growth called u)."""
    out = sorted({f for f in fixed if 1 < f < size})
    last = max(out, default=1)
    while True:
        last = max(last + 1, round(last * growth))
        if last >= size:
            return [*out, size]
        if last > max(fixed, default=1):
            out.append(last)


def hierarchy(
    weights: FloatArray, ordered: bool, apart: int | None, fixed: Sequence[int], growth: float
) -> Hierarchy:
    """The agglomerative tree over codes of these `weights` (negative ones count as 0), cut at `level_sizes`.

    Ordered codes merge with neighbours only, the pair with the smallest sum first; unordered ones the two smallest
    first. The code `apart` (that of NULL) stays by itself at every height.
    """
    size = len(weights)
    merges = (_neighbours if ordered else _smallest)(np.maximum(weights, 0.0), apart)
    levels = [groups(size, merges[: size - m]) for m in reversed(level_sizes(size, fixed, growth))]
    return Hierarchy(tuple(levels))


def _smallest(weights: FloatArray, apart: int | None) -> Merges:
    """Merges of the two lightest groups, until one is left (beside `apart`)."""
    heap = [(float(w), i) for i, w in enumerate(weights) if i != apart]
    heapq.heapify(heap)
    merges = []
    while len(heap) > 1:
        (one, a), (other, b) = heapq.heappop(heap), heapq.heappop(heap)
        merges.append((min(a, b), max(a, b)))
        heapq.heappush(heap, (one + other, min(a, b)))
    return merges


def _neighbours(weights: FloatArray, apart: int | None) -> Merges:
    """Merges of the two neighbours with the lightest sum, until one is left (beside `apart`, which is passed over)."""
    line = [i for i in range(len(weights)) if i != apart]
    after = dict(pairwise(line))
    before = {b: a for a, b in after.items()}
    weight = {i: float(weights[i]) for i in line}
    heap = [(weight[a] + weight[b], a, b) for a, b in after.items()]
    heapq.heapify(heap)
    merges = []
    while heap:
        total, a, b = heapq.heappop(heap)
        if after.get(a) != b or total != weight[a] + weight[b]:
            continue  # one of both was merged since
        merges.append((a, b))
        weight[a] = total
        beyond = after.pop(b, None)
        del after[a], before[b], weight[b]
        if beyond is not None:
            after[a], before[beyond] = beyond, a
            heapq.heappush(heap, (total + weight[beyond], a, beyond))
        if a in before:
            heapq.heappush(heap, (weight[before[a]] + total, before[a], a))
    return merges


def groups(size: int, merges: Merges) -> IntArray:
    """Group numbers after `merges`, ascending by their lowest code."""
    top = np.arange(size)
    for kept, absorbed in merges:
        top[absorbed] = kept
    while not np.array_equal(top[top], top):  # a group that absorbed another may have been absorbed later
        top = top[top]
    return np.unique(top, return_inverse=True)[1].astype(np.int64)
