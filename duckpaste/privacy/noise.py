"""Noise: OpenDP's exact discrete distributions, called on the int64 counts themselves, a whole vector a call.

Never a float sampler, never added afterwards, never seeded: the randomness is the operating system's. The loss that
the ledger records is the one that OpenDP proves for the measurement (`map`), not the one that was asked for.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from duckpaste.domain import FloatArray, IntArray

# Scores are float64 sums; their rounding is far below this share of the sensitivity.
_ROUNDING = 1e-6


@cache
def _opendp() -> Any:
    import opendp.prelude as dp

    dp.enable_features("contrib")
    return dp


@cache
def _adder(scale: float, pure: bool) -> Any:
    dp = _opendp()
    domain = dp.vector_domain(dp.atom_domain(T="i64"))
    if pure:
        return dp.m.make_laplace(domain, dp.l1_distance(T="i64"), scale=scale)
    return dp.m.make_gaussian(domain, dp.l2_distance(T=float), scale=scale)


def proved_loss(scale: float, sensitivity: float, *, pure: bool) -> float:
    """The loss (rho, or epsilon when `pure`) that OpenDP proves for noise of `scale` on counts of `sensitivity` (L1
    when `pure`, a whole number then; else L2)."""
    bound = math.ceil(sensitivity) if pure else float(sensitivity)
    return float(_adder(scale, pure).map(bound))


def add(counts: IntArray, scale: float, *, pure: bool) -> IntArray:
    """`counts` (int64, any shape) with discrete Gaussian (sigma = scale) or Laplace (b = scale) noise on each cell."""
    flat = np.ascontiguousarray(counts, dtype=np.int64).ravel()
    noisy = np.asarray(_adder(scale, pure)(flat), dtype=np.int64)
    return noisy.reshape(counts.shape)


@cache
def _chooser(scale: float, pure: bool) -> Any:
    dp = _opendp()
    scores = dp.vector_domain(dp.atom_domain(T="f64", nan=False)), dp.linf_distance(T="f64")
    measure = dp.max_divergence() if pure else dp.zero_concentrated_divergence()
    return dp.m.make_noisy_max(*scores, output_measure=measure, scale=scale)


def proved_select_loss(scale: float, sensitivity: float, *, pure: bool) -> float:
    """The loss that OpenDP proves for noisy max of scores of `sensitivity` that may move both ways."""
    return float(_chooser(scale, pure).map(sensitivity * (1 + _ROUNDING)))


def noisy_max(scores: FloatArray, scale: float, *, pure: bool) -> int:
    """Index of a large score. `scale` is the scale of the noise on the scores."""
    return int(_chooser(scale, pure)(np.ascontiguousarray(scores, dtype=np.float64)))


def select_scale_for(scale: float) -> float:
    """`scale` inflated so that the rounding of float scores is paid for."""
    return scale * (1 + 2 * _ROUNDING)
