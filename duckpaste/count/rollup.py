"""Sums dense counts: onto a subset of a clique's columns, and onto coarser codes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from duckpaste.domain import Clique, IntArray


def onto(counts: IntArray, clique: Clique, subset: Clique) -> IntArray:
    """Marginal of `subset` from the marginal `counts` of `clique` (both in the order of the domain)."""
    axes = tuple(i for i, name in enumerate(clique) if name not in subset)
    return counts.sum(axis=axes) if axes else counts


def coarsen(counts: IntArray, clique: Clique, maps: Mapping[str, IntArray]) -> IntArray:
    """Counts over coarser codes: `maps[column]` gives the new code (0..m-1) of each old one."""
    for axis, name in enumerate(clique):
        if name not in maps:
            continue
        to = np.asarray(maps[name], dtype=np.int64)
        order = np.argsort(to, kind="stable")
        present, first = np.unique(to[order], return_index=True)
        sums = np.add.reduceat(np.take(counts, order, axis=axis), first, axis=axis)
        size = int(to.max()) + 1
        if len(present) != size:
            shape = list(sums.shape)
            shape[axis] = size
            full = np.zeros(shape, dtype=sums.dtype)
            full[(slice(None),) * axis + (present,)] = sums
            sums = full
        counts = sums
    return counts
