"""Positive proportions from noisy ones, so that their logarithms may begin a fit."""

from __future__ import annotations

import numpy as np

from duckpaste.domain import FloatArray
from duckpaste.models.shares import ABSOLUTE
from duckpaste.simplex import project, project_weighted

TINY = 1e-300
_SHARE = 0.02  # of the noise's mass that is kept of the prior
_LEAST, _MOST = 1e-12, 0.1


def smoothed(values: FloatArray, variance: FloatArray, prior: FloatArray) -> FloatArray:
    """Noisy proportions on the simplex, mixed with a positive `prior` (any scale) as far as they are noise."""
    noise = ABSOLUTE * float(np.sqrt(variance).sum())
    mix = min(max(_SHARE * noise, _LEAST), _MOST)
    even = float(variance.min()) == float(variance.max())
    fitted = project(values, 1.0) if even else project_weighted(values, variance, 1.0)
    out: FloatArray = np.maximum((1 - mix) * fitted + mix * prior / prior.sum(), TINY)
    return out
