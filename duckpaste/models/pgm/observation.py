"""Observations: noisy marginals as the fit sees them, with a variance of their own for every cell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from duckpaste.domain import Clique, Domain, FloatArray
from duckpaste.models.base import Measurement


@dataclass(frozen=True)
class Observation:
    """Noisy counts of `clique` in rows, with the `variance` of each cell's noise (same shape; 0 = exact)."""

    clique: Clique
    values: FloatArray
    variance: FloatArray

    @staticmethod
    def of(measurement: Measurement) -> Observation:
        """A measurement whose cells share one standard deviation."""
        values = np.asarray(measurement.values, dtype=np.float64)
        return Observation(measurement.clique, values, np.full(values.shape, float(measurement.sigma) ** 2))

    def ordered(self, domain: Domain) -> Observation:
        """The same with axes in the order of the domain."""
        clique = domain.clique(self.clique)
        if clique == tuple(self.clique):
            return self
        turn = [self.clique.index(n) for n in clique]
        return Observation(clique, self.values.transpose(turn), self.variance.transpose(turn))


def total_of(observations: Iterable[Observation]) -> float:
    """The estimate of the number of rows with the least variance, at least 1 (aim_mst_spec, section 1).

    Every observation sums to the total with the sum of its cells' variances; exact ones are averaged alone."""
    sums = [(float(o.values.sum()), float(o.variance.sum())) for o in observations]
    exact = [s for s, v in sums if v <= 0]
    if exact:
        return max(1.0, sum(exact) / len(exact))
    if not sums:
        return 1.0
    weights = np.array([1 / v for _, v in sums])
    return max(1.0, float(np.average([s for s, _ in sums], weights=weights)))


def merged(
    domain: Domain, observations: Sequence[Observation]
) -> dict[Clique, tuple[FloatArray, FloatArray]]:
    """Clique -> (mean value, weight = 1 / variance) of all observations of it, axes in domain order.

    Exact cells weigh a million times the best noisy ones; when all are exact, all weigh the same."""
    noisy = [o.variance[o.variance > 0] for o in observations]
    least = min((float(v.min()) for v in noisy if v.size), default=1e-12)
    out: dict[Clique, tuple[FloatArray, FloatArray]] = {}
    for one in observations:
        o = one.ordered(domain)
        weight = 1 / np.where(o.variance > 0, o.variance, least * 1e-6)
        values = np.asarray(o.values, dtype=np.float64)
        if o.clique in out:
            before, weighed = out[o.clique]
            values = (before * weighed + values * weight) / (weighed + weight)
            weight = weighed + weight
        out[o.clique] = (values, weight)
    return out
