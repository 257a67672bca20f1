"""Distances of two tables of counts, and how much of them is chance.

`a` are always the real counts, `b` those that are judged; any shape, the same for both.
"""

from __future__ import annotations

import math

import numpy as np

from duckpaste.domain import FloatArray, IntArray


def shares(counts: IntArray | FloatArray) -> FloatArray:
    """Counts scaled to 1."""
    found: FloatArray = counts.astype(np.float64) / max(float(counts.sum()), 1.0)
    return found


def total_variation(a: IntArray, b: IntArray) -> float:
    """Half the L1 distance of shares: 0 is equal, 1 has nothing in common."""
    return float(0.5 * np.abs(shares(a) - shares(b)).sum())


def divergence(a: IntArray, b: IntArray) -> float:
    """KL(a || b) in nats; half a row is added to each cell of `b` that either has, so that it is always finite."""
    there = (a > 0) | (b > 0)
    p = shares(a[there])
    q = shares(b[there].astype(np.float64) + 0.5)
    known = p > 0
    return max(0.0, float((p[known] * np.log(p[known] / q[known])).sum()))


def jensen_shannon(a: IntArray, b: IntArray) -> float:
    """Jensen-Shannon divergence in bits: 0 is equal, 1 has nothing in common."""
    p, q = shares(a), shares(b)
    m = (p + q) / 2

    def half(x: FloatArray) -> float:
        there = x > 0
        return float((x[there] * np.log2(x[there] / m[there])).sum())

    return max(0.0, (half(p) + half(q)) / 2)


def cramers_v(counts: IntArray) -> float:
    """Cramer's V of a two-way table, corrected for chance (Bergsma 2013); 0 where a side has one value."""
    table = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0].astype(np.float64)
    n = table.sum()
    r, c = table.shape
    if n < 2 or r < 2 or c < 2:
        return 0.0
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
    phi2 = float(((table - expected) ** 2 / expected).sum() / n)
    phi2 = max(0.0, phi2 - (r - 1) * (c - 1) / (n - 1))
    r1, c1 = r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)
    return math.sqrt(phi2 / max(min(r1, c1) - 1, 1e-12))


def chance(p: FloatArray, n: float, m: float) -> float:
    """About the total variation of two samples, of n and m rows, of one distribution with shares `p`.

    For Poisson counts X and Y of mean x the mean of |X - Y| is 2 x exp(-2x) (I0(2x) + I1(2x)) (Skellam): 2 x where
    rows are so few that no cell is hit twice, sqrt(4 x / pi) where they are many. Unequal sizes count as two of their
    harmonic mean."""
    if n <= 0 or m <= 0:
        return 0.0
    size = 2 / (1 / n + 1 / m)
    x = size * p
    apart = 2 * x * _bessel(2 * x) * np.sqrt(1 - p)
    return float(0.5 * apart.sum() / size)


# Coefficients of I0(z) and I1(z) / z in (z / 3.75)^2, and of sqrt(z) exp(-z) (I0(z) + I1(z)) in 3.75 / z.
_I0 = (1.0, 3.5156229, 3.0899424, 1.2067492, 0.2659732, 0.0360768, 0.0045813)
_I1 = (0.5, 0.87890594, 0.51498869, 0.15084934, 0.02658733, 0.00301532, 0.00032411)
_FAR = (
    0.79788456, -0.02659432, -0.00136699, 0.00006236, -0.00115274, 0.00225261, -0.00259775, 0.00140021, -0.00027682,
)  # fmt: skip


def _bessel(z: FloatArray) -> FloatArray:
    """exp(-z) (I0(z) + I1(z)) for z >= 0, to 4e-8 of itself (Abramowitz and Stegun, 9.8.1 to 9.8.4)."""
    value = np.polynomial.polynomial.polyval
    low, high = np.minimum(z, 3.75), np.maximum(z, 3.75)
    near = np.exp(-low) * (value((low / 3.75) ** 2, _I0) + low * value((low / 3.75) ** 2, _I1))
    out: FloatArray = np.where(z <= 3.75, near, value(3.75 / high, _FAR) / np.sqrt(high))
    return out


def spread(n: float, m: float) -> float:
    """The mean difference of the means of two samples of sizes n and m, in standard deviations."""
    return math.sqrt(2 / math.pi * (1 / n + 1 / m)) if min(n, m) > 0 else 0.0


def by_size(now: tuple[float, float], wanted: tuple[float, float]) -> float:
    """The same for statistics that scale with sqrt(1/n + 1/m): means, shares, quantiles."""
    n, m = now
    if min(*now, *wanted) <= 0:
        return 1.0
    return math.sqrt((1 / wanted[0] + 1 / wanted[1]) / (1 / n + 1 / m))
