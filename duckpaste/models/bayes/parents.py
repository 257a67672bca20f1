"""Maximal sets of parents: which columns at which heights, such that nothing more fits into the room."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

ABSENT = -1
Heights = tuple[int, ...]
"""One height a column, or ABSENT."""

# Of the exact search before sampling takes over: at least, and for each set that is asked for.
_VISITS = 20_000, 30
_ROUNDING = 1 + 1e-9


def maximal_sets(
    sizes: Sequence[Sequence[int]], room: float, limit: int, required: Sequence[int] = ()
) -> list[Heights]:
    """Sets of columns at heights whose product of sizes is at most `room`, and to which no column can be added and
    of which none can be made finer. Columns in `required` are never absent.

    `sizes[i]` are the sizes of column i by height, falling and above 1. All sets when there are at most `limit` and
    finding them takes no longer than sampling; else a sample of `limit` at most, the same every time: their number
    grows exponentially with the columns. Empty when the required columns do not fit at their coarsest; the set
    without columns when none is required or fits.
    """
    if room < 1:
        return []
    found = _exact(sizes, room, limit, frozenset(required))
    return _sampled(sizes, room, limit, frozenset(required)) if found is None else found


def _exact(
    sizes: Sequence[Sequence[int]], room: float, limit: int, required: frozenset[int]
) -> list[Heights] | None:
    """All maximal sets; None when there are more than `limit`, or the search is too long."""
    beyond = [1.0] * (len(sizes) + 1)  # cells that the columns from i on can take at most
    for i in reversed(range(len(sizes))):
        beyond[i] = beyond[i + 1] * sizes[i][0]
    found: list[Heights] = []
    visits, most = 0, max(_VISITS[0], _VISITS[1] * limit)
    # Each entry: heights so far, their cells, and the least factor by which one of them could still grow.
    stack: list[tuple[Heights, float, float]] = [((), 1.0, math.inf)]
    while stack:
        heights, cells, grow = stack.pop()
        visits += 1
        if visits > most or len(found) > limit:
            return None
        i = len(heights)
        if cells * beyond[i] * grow <= room * _ROUNDING:
            continue  # whatever follows, something could still be added
        if i == len(sizes):
            found.append(heights)
            continue
        for height in range(ABSENT if i not in required else 0, len(sizes[i])):
            more = 1 if height == ABSENT else sizes[i][height]
            if cells * more <= room * _ROUNDING:
                finer = sizes[i][-1] if height == ABSENT else sizes[i][height - 1] if height else math.inf
                stack.append(((*heights, height), cells * more, min(grow, finer / more)))
    return sorted(found) if len(found) <= limit else None


def _sampled(
    sizes: Sequence[Sequence[int]], room: float, limit: int, required: frozenset[int]
) -> list[Heights]:
    """Distinct maximal sets that random walks end at: each step makes one column finer, until nothing fits.

    Half of the walks refine one column as far as it goes before the next (few fine parents), half any column at
    each step (many coarse ones)."""
    most = max(len(s) for s in sizes)
    # Sizes by step: absent, coarsest, ..., finest, nothing more.
    table = np.full((len(sizes), most + 2), np.inf)
    for i, column in enumerate(sizes):
        table[i, 0] = 1.0
        table[i, 1 : len(column) + 1] = column[::-1]
    columns = np.arange(len(sizes))
    step = np.zeros((limit, len(sizes)), dtype=np.int64)
    step[:, sorted(required)] = 1
    rng = np.random.default_rng(0)  # public: a choice among public sets
    taste = rng.random((limit // 2, len(sizes)))
    while True:
        now = table[columns, step]
        grow = table[columns, step + 1] / now
        cells = now.prod(axis=1, keepdims=True)
        fits = cells * grow <= room * _ROUNDING
        if not fits.any():
            break
        keys = rng.random(fits.shape)
        keys[: len(taste)] = taste
        rows = np.flatnonzero(fits.any(axis=1))
        step[rows, np.where(fits, keys, -1.0).argmax(axis=1)[rows]] += 1
    if np.any(cells > room * _ROUNDING):
        return []
    lengths = np.array([len(s) for s in sizes])
    heights = np.where(step == 0, ABSENT, lengths - step)
    return sorted({tuple(int(h) for h in row) for row in heights})
