"""Compression: merges the rare codes of a column into one bucket before anything larger is measured.

Decided by noisy 1-way marginals alone, so it is public post-processing. A cell of a pair then holds more rows for
the same noise, and rare codes come back by the noisy shares they had.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from duckpaste.domain import Domain, FloatArray, IntArray
from duckpaste.models.base import Doors
from duckpaste.models.network import Expansion
from duckpaste.models.pgm.observation import Observation
from duckpaste.simplex import project


@dataclass(frozen=True)
class Compression:
    """`maps` are column -> new code of every old code, only for columns that change; `expansions` undo them."""

    domain: Domain
    maps: Mapping[str, IntArray] = field(default_factory=dict)
    expansions: Mapping[str, Expansion] = field(default_factory=dict)

    @staticmethod
    def of(
        domain: Domain, maps: Mapping[str, IntArray], singles: Sequence[Observation], total: float
    ) -> Compression:
        """What `maps` make of `domain`; codes come back by the shares of `singles`, the columns' 1-ways."""
        sizes = {name: int(codes.max()) + 1 for name, codes in maps.items()}
        values = {one.clique[0]: one.values for one in singles}
        expansions = {name: Expansion(codes, project(values[name], total)) for name, codes in maps.items()}
        return Compression(domain.resized(sizes), maps, expansions)

    @property
    def merged(self) -> dict[str, int]:
        """The number of new codes of each column that changes."""
        return {name: self.domain[name] for name in self.maps}

    def over(self, doors: Doors) -> Doors:
        """The doors over new codes."""
        return doors.recoded(self.maps) if self.maps else doors

    def observation(self, fine: Observation) -> Observation:
        """A 1-way observation in new codes: a bucket is the sum of its members, values and variances alike."""
        if len(fine.clique) != 1 or fine.clique[0] not in self.maps:
            return fine
        codes = self.maps[fine.clique[0]]
        return Observation(fine.clique, _summed(codes, fine.values), _summed(codes, fine.variance))


def compress(domain: Domain, singles: Sequence[Observation], total: float, threshold: float) -> Compression:
    """Keeps the codes whose noisy count is at least `threshold` standard deviations; the rest share the last code.

    A column stays as it is when nothing passes, when only one code would be merged, when it is exact, or when a rule
    of the domain speaks of it.
    """
    maps: dict[str, IntArray] = {}
    for one in singles:
        (name,) = one.clique
        kept = one.values >= threshold * np.sqrt(one.variance)
        rare = int(np.count_nonzero(~kept))
        if rare < 2 or rare == kept.size or not np.all(one.variance > 0) or name in domain.ruled:
            continue
        maps[name] = np.where(kept, np.cumsum(kept) - 1, kept.size - rare)
    return Compression.of(domain, maps, singles, total)


def _summed(codes: IntArray, values: FloatArray) -> FloatArray:
    return np.bincount(codes, weights=values).astype(np.float64)
