"""What the third door computes from noisy counts: bounds of numbers, and values that enough units share."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from duckpaste.domain import FloatArray
from duckpaste.errors import UserError

# Buckets of a number by sign and size: whole numbers up to 2^63, reals from 2^-40 to 2^200.
_WHOLE = (0, 63)
_REAL = (-40, 200)
_PLAIN = 20


def bucket_count(integer: bool) -> int:
    """Number of buckets: the negative ones, zero, the positive ones."""
    low, high = _WHOLE if integer else _REAL
    return 2 * (high - low) + 1


def bucket_sql(x: str, integer: bool) -> str:
    """Bucket of the SQL number `x`: zero in the middle, |x| in [2^e, 2^(e+1)) at distance e - lowest + 1 from it."""
    low, high = _WHOLE if integer else _REAL
    side = high - low
    size = f"least(greatest(floor(log2(abs({x}::DOUBLE))) - ({low}), 0), {side - 1}) + 1"
    return (
        f"(CASE WHEN {x} IS NULL THEN NULL WHEN {x} = 0 THEN {side} ELSE {side} + sign({x}) * ({size}) END)"
    )


def bounds(
    noisy: FloatArray, sigma: float, integer: bool, *, pure: bool = False
) -> tuple[int | float, int | float]:
    """Edges of the outermost buckets whose noisy count stands above noise of standard deviation `sigma`.

    A bucket counts when it exceeds what noise alone exceeds anywhere in fewer than one run in 100: of B buckets,
    sigma * sqrt(2 ln(100 B)) for Gaussian noise, sigma / sqrt(2) * ln(50 B) for Laplace noise (`pure`). When none
    does, the highest of numbers below 2^20 is taken: noise has no reason to choose 10^18."""
    low, high = _WHOLE if integer else _REAL
    side = high - low
    tail = math.log(50 * len(noisy)) / math.sqrt(2) if pure else math.sqrt(2 * math.log(100 * len(noisy)))
    there = np.flatnonzero(noisy > sigma * tail).tolist()
    if not there:
        plain = noisy[side - (_PLAIN - low) : side + (_PLAIN - low) + 1]
        there = [side - (_PLAIN - low) + int(plain.argmax())]

    def edges(bucket: int) -> tuple[int | float, int | float]:
        distance = abs(bucket - side)
        if distance == 0:
            return 0, 0
        near, far = 2.0 ** (low + distance - 1), 2.0 ** (low + distance)
        if integer:
            near, far = 2 ** (distance - 1), 2**distance - 1
        return (near, far) if bucket > side else (-far, -near)

    return edges(there[0])[0], edges(there[-1])[1]


def value_threshold(sigma: float, delta: float, k: int) -> float:
    """Least noisy count at which a value may be told of.

    A value that only one unit holds counts at most 1; with Gaussian noise of `sigma` it passes 1 + sigma z with
    probability at most delta / k for z the (1 - delta / k) quantile, so that all values of one unit stay hidden but
    with probability delta (stability-based histograms: Korolova et al. 2009; Bun, Nissim and Stemmer 2016).
    One is added for the discrete distribution's steps."""
    if delta <= 0:
        raise UserError(
            "values can't be discovered at delta 0", remedy="declare values, or set alg.delta above 0"
        )
    return 2.0 + sigma * -NormalDist().inv_cdf(delta / k)
