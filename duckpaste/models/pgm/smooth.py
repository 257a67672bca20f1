"""How much of a prior the start of a fit keeps, so that no proportion is 0 and noise is not taken for news."""

from __future__ import annotations

import numpy as np

from duckpaste.domain import FloatArray
from duckpaste.models.shares import ABSOLUTE

TINY = 1e-300
_SHARE = 0.02  # of the noise's mass
_LEAST, _MOST = 1e-12, 0.1


def prior_share(variance: FloatArray) -> float:
    """Share of the prior beside proportions whose noise has this variance, cell by cell."""
    noise = ABSOLUTE * float(np.sqrt(variance).sum())
    return min(max(_SHARE * noise, _LEAST), _MOST)
