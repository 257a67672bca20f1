"""Coarser codes for an adaptive algorithm: rare codes merged, and ordered columns cut to as many bins as pay.

Decided by noisy 1-way marginals alone. A pair of k x k cells costs k^2 times the noise of a cell and loses about 1/k
of what the columns say of one another, so the best k grows with the cube root of rows / noise.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from duckpaste.domain import Domain
from duckpaste.models.bayes.coding import alone, recode
from duckpaste.models.bayes.hierarchy import hierarchy
from duckpaste.models.compress import Compression
from duckpaste.models.network import Expansion
from duckpaste.models.pgm import Observation
from duckpaste.simplex import project


def coarsen(
    domain: Domain, singles: Sequence[Observation], total: float, threshold: float, most: float
) -> Compression:
    """Codes below `threshold` standard deviations are merged (0: none are); ordered columns get at most `most` codes.

    Exact columns stay as they are. The code of NULL is never merged with others of an ordered column."""
    merged = recode(domain, singles, total, threshold, np.inf) if threshold > 0 else Compression(domain)
    maps, expansions = dict(merged.maps), dict(merged.expansions)
    for one in singles:
        (name,) = one.clique
        codes = maps.get(name, np.arange(domain[name]))
        size = int(codes.max()) + 1
        if name not in domain.ordered or name in domain.ruled or size <= most or not np.all(one.variance > 0):
            continue
        sums = np.bincount(codes, weights=one.values).astype(np.float64)
        tree = hierarchy(sums, True, alone(codes, domain.nulls.get(name)), [max(2, int(most))], float(size))
        maps[name] = tree.levels[1][codes] if len(tree.levels) > 1 else codes
        expansions[name] = Expansion(maps[name], project(one.values, total))
    sizes = {name: int(codes.max()) + 1 for name, codes in maps.items()}
    return Compression(domain.resized(sizes), maps, expansions)
