"""The coding that joint marginals use: rare codes merged, ordered ones with their neighbours.

Decided by noisy 1-way marginals alone. Codes come back by the noisy shares that they had in their group.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from duckpaste.domain import Domain, FloatArray, IntArray
from duckpaste.models.coding.compress import Compression, compress
from duckpaste.models.coding.hierarchy import groups, hierarchy
from duckpaste.models.pgm.observation import Observation


def recode(
    domain: Domain, singles: Sequence[Observation], total: float, threshold: float, most: float
) -> Compression:
    """Codes whose noisy count is below `threshold` standard deviations are merged: those of ordered columns with a
    neighbour, others with each other; columns that a rule speaks of stay as they are. Columns that still have more
    than `most` codes are merged down to it."""
    flat = [o for o in singles if o.clique[0] not in domain.ordered]
    maps = dict(compress(domain, flat, total, threshold).maps)
    for one in singles:
        (name,) = one.clique
        null = domain.nulls.get(name)
        if name in domain.ruled:
            continue
        if name in domain.ordered and np.all(one.variance > 0):
            maps[name] = merged_neighbours(one.values, threshold * np.sqrt(one.variance), null)
        codes = maps.get(name, np.arange(domain[name]))
        if int(codes.max()) + 1 > max(most, 2):
            maps[name] = at_most(most, codes, one.values, name in domain.ordered, null)
    maps = {name: codes for name, codes in maps.items() if int(codes.max()) + 1 < domain[name]}
    return Compression.of(domain, maps, singles, total)


def at_most(most: float, codes: IntArray, values: FloatArray, ordered: bool, null: int | None) -> IntArray:
    """`codes` (more than `most` and than two) merged down to `most`; `values` are counts of what they are codes of."""
    sums = np.bincount(codes, weights=values).astype(np.float64)
    tree = hierarchy(sums, ordered, alone(codes, null), [max(2, int(most))], len(sums))
    return tree.levels[1][codes]


def alone(codes: IntArray, code: int | None) -> int | None:
    """The new code of `code` when nothing was merged with it, else None."""
    if code is None or np.count_nonzero(codes == codes[code]) > 1:
        return None
    return int(codes[code])


def merged_neighbours(values: FloatArray, least: FloatArray, apart: int | None) -> IntArray:
    """Groups of neighbouring codes whose counts reach `least` (a standard deviation a code, times a factor).

    The group that misses it by most joins its lighter neighbour, again and again; two groups stay at least. The
    standard deviation of a group is the root of its codes' squares. The code `apart` joins no group."""
    line = [i for i in range(len(values)) if i != apart]
    after: dict[int, int] = dict(pairwise(line))
    before = {b: a for a, b in after.items()}
    weight = {i: float(values[i]) for i in line}
    square = {i: float(least[i]) ** 2 for i in line}
    merges = []
    heap = [(weight[i] - square[i] ** 0.5, i) for i in line]
    heapq.heapify(heap)
    left = len(values)
    while heap and left > 2 and heap[0][0] < 0:
        lack, i = heapq.heappop(heap)
        if i not in weight or lack != weight[i] - square[i] ** 0.5:
            continue
        sides = [j for j in (before.get(i), after.get(i)) if j is not None]
        if not sides:
            break
        a, b = sorted((i, min(sides, key=weight.__getitem__)))
        weight[a] += weight.pop(b)
        square[a] += square.pop(b)
        merges.append((a, b))
        beyond = after.pop(b, None)
        after.pop(a)
        before.pop(b)
        if beyond is not None:
            after[a], before[beyond] = beyond, a
        heapq.heappush(heap, (weight[a] - square[a] ** 0.5, a))
        left -= 1
    return groups(len(values), merges)
