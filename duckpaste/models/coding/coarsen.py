"""Coarser codes for an adaptive algorithm: rare codes merged, and ordered columns cut to as many bins as pay.

Decided by noisy 1-way marginals alone. A pair of k x k cells costs k^2 times the noise of a cell and loses about 1/k
of what the columns say of one another, so the best k grows with the cube root of rows / noise.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from duckpaste.domain import Domain
from duckpaste.models.coding.compress import Compression
from duckpaste.models.coding.recode import at_most, recode
from duckpaste.models.pgm import Observation


def coarsen(
    domain: Domain, singles: Sequence[Observation], total: float, threshold: float, most: float
) -> Compression:
    """Codes below `threshold` standard deviations are merged (0: none are); ordered columns get at most `most` codes.

    Exact columns stay as they are. The code of NULL is never merged with others of an ordered column."""
    merged = recode(domain, singles, total, threshold, np.inf) if threshold > 0 else Compression(domain)
    maps = dict(merged.maps)
    for one in singles:
        (name,) = one.clique
        codes = maps.get(name, np.arange(domain[name]))
        fine = name in domain.ordered and int(codes.max()) + 1 > max(most, 2)
        if fine and name not in domain.ruled and np.all(one.variance > 0):
            maps[name] = at_most(most, codes, one.values, True, domain.nulls.get(name))
    return Compression.of(domain, maps, singles, total)
