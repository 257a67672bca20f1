"""Stratified uniforms: the randomness of every draw from a table of conditional distributions."""

from __future__ import annotations

import numpy as np

from duckpaste.domain import FloatArray, IntArray


def stratified(groups: IntArray, rng: np.random.Generator) -> FloatArray:
    """One uniform in [0, 1) a row, such that the g rows of a group fall one each into g equal strata.

    Rows are permuted first, so ranks inside a group are independent from column to column. Inverting a conditional
    distribution at these uniforms rounds its expected counts instead of only sampling from it: each cell is off by
    less than one row a group (systematic sampling; Madow 1949).
    """
    n = len(groups)
    if n == 0:
        return np.zeros(0)
    shuffled = rng.permutation(n)
    keys = groups[shuffled]
    if int(groups.max()) < 65536 and int(groups.min()) >= 0:
        keys = keys.astype(np.uint16)  # numpy sorts 16-bit keys by radix, four times faster
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    size = np.diff(np.append(first, n))
    rank = np.arange(n) - np.repeat(first, size)
    u = np.empty(n)
    u[shuffled[order]] = (rank + rng.random(n)) / np.repeat(size, size)
    return np.minimum(u, np.nextafter(1.0, 0.0))
