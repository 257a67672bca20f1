"""Deals codes to rows by rounding expected counts, instead of drawing row by row.

A group of g rows with the distribution p gets floor or ceil of g * p rows of each run of codes (systematic sampling
with one random start a group; Madow 1949): no cumulative count is off by one row or more, its mean is exact, and
codes of zero probability never come. Rows are shuffled inside each group, so that columns drawn separately stay
independent given their parents.
"""

from __future__ import annotations

import numpy as np

from duckpaste.domain import FloatArray, IntArray

_RADIX = 1 << 16  # numpy sorts 16-bit keys by radix, several times faster than wider ones


def deal(counts: FloatArray, group: IntArray, rng: np.random.Generator) -> IntArray:
    """A code for each row: row i draws from row `group[i]` of `counts` (shape groups x codes, any scale, >= 0).

    A group without mass draws from the sum over all groups; uniformly when there is no mass at all."""
    if len(group) == 0:
        return np.zeros(0, dtype=np.int64)
    size = counts.shape[1]
    used = counts
    if len(counts) > len(group):  # few rows: look only at the groups that occur
        present, group = np.unique(group, return_inverse=True)
        used = counts[present]
    empty = used.sum(axis=1) <= 0
    if np.any(empty):
        overall = counts.sum(axis=0)
        used = np.where(empty[:, None], overall if overall.sum() > 0 else np.ones(size), used)
    cumulative = np.cumsum(used, axis=1)
    cumulative /= cumulative[:, -1:]
    owner = np.repeat(np.arange(len(used)), size)
    return _deal(cumulative.ravel(), owner, np.tile(np.arange(size), len(used)), group, rng)


def deal_members(
    coarse: IntArray, weights: FloatArray, group: IntArray, rng: np.random.Generator
) -> IntArray:
    """A fine code for each row among those f with `coarse[f] == group[i]`, in proportion to `weights[f]`.

    Members without any weight are drawn uniformly."""
    if len(group) == 0:
        return np.zeros(0, dtype=np.int64)
    code = np.argsort(coarse, kind="stable")
    owner = coarse[code].astype(np.int64)
    first = np.flatnonzero(np.diff(owner, prepend=-1))
    members = np.diff(np.append(first, len(owner)))
    # Shares of each group before they run on: a light group after a heavy one would be lost to float64 otherwise.
    weight = weights[code]
    mass = np.repeat(np.add.reduceat(weight, first), members)
    weight = np.divide(weight, mass, out=np.repeat(1.0 / members, members), where=mass > 0)
    running = np.cumsum(weight)
    cumulative = running - np.repeat(running[first] - weight[first], members)
    # So that last codes of no weight get no row.
    cumulative /= np.repeat(cumulative[first + members - 1], members)
    return _deal(cumulative, owner, code, group, rng)


def _deal(
    cumulative: FloatArray, owner: IntArray, code: IntArray, group: IntArray, rng: np.random.Generator
) -> IntArray:
    """Cells, ordered by the group `owner` they belong to, with cumulative shares that end at 1 in every group."""
    rows = np.bincount(group, minlength=int(owner[-1]) + 1)
    start = rng.random(len(rows))
    upto = np.minimum(np.floor(cumulative * rows[owner] + start[owner]), rows[owner]).astype(np.int64)
    # Groups follow one another, so that the rows of earlier groups make one running count of all cells.
    ends = upto + (np.cumsum(rows) - rows)[owner]
    dealt = np.repeat(code, np.diff(ends, prepend=0))
    out = np.empty(len(group), dtype=np.int64)
    out[_shuffled_by(group, rng)] = dealt
    return out


def _shuffled_by(group: IntArray, rng: np.random.Generator) -> IntArray:
    """Row numbers by ascending group, in random order inside a group."""
    rows = rng.permutation(len(group))
    largest = int(group.max())
    if largest == 0:
        return rows
    keys = group[rows]
    if largest < _RADIX:
        return rows[np.argsort(keys.astype(np.uint16), kind="stable")]
    if largest < _RADIX**2:
        rows = rows[np.argsort((keys % _RADIX).astype(np.uint16), kind="stable")]
        return rows[np.argsort((group[rows] // _RADIX).astype(np.uint16), kind="stable")]
    return rows[np.argsort(keys, kind="stable")]
