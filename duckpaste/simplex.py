"""Euclidean projection onto the scaled simplex: the closest non-negative vector with a given sum."""

from __future__ import annotations

import numpy as np

from duckpaste.domain import FloatArray


def project(values: FloatArray, total: float) -> FloatArray:
    """The point of {p >= 0, sum p = total} closest to `values` (any shape; the shape is kept).

    p = max(values - tau, 0) with tau such that the sum is `total` (Held, Wolfe and Crowder 1974). It is the least
    squares estimate of counts from noisy counts of equal variance. `total` <= 0 gives zeros.
    """
    if total <= 0 or values.size == 0:
        return np.zeros_like(values, dtype=np.float64)
    flat = np.sort(values, axis=None)[::-1]
    excess = np.cumsum(flat) - total
    rank = np.arange(1, flat.size + 1)
    last = int(np.flatnonzero(flat - excess / rank > 0)[-1])
    out: FloatArray = np.maximum(values - excess[last] / (last + 1), 0.0)
    return out


def project_weighted(values: FloatArray, variance: FloatArray, total: float) -> FloatArray:
    """The same when the noise of each value has its own `variance` (> 0, same shape).

    p = max(values - tau * variance, 0): the minimiser of sum (p - values)^2 / variance on the simplex.
    """
    if total <= 0 or values.size == 0:
        return np.zeros_like(values, dtype=np.float64)
    flat, spread = values.ravel(), variance.ravel()
    order = np.argsort(flat / spread)[::-1]
    taus = (np.cumsum(flat[order]) - total) / np.cumsum(spread[order])
    last = int(np.flatnonzero(flat[order] - taus * spread[order] > 0)[-1])
    out: FloatArray = np.maximum(values - taus[last] * variance, 0.0)
    return out
