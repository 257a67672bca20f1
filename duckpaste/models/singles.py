"""1-way marginals that were measured: their fit, and what they say about pairs if columns were independent."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from duckpaste.domain import Clique, Domain, FloatArray
from duckpaste.models.pgm.factor import outer
from duckpaste.models.pgm.observation import Observation, merged
from duckpaste.simplex import project_weighted


def fitted_singles(
    domain: Domain, observations: Sequence[Observation], total: float
) -> dict[str, FloatArray]:
    """Column -> its least squares counts that are non-negative and sum to `total`; uniform where nothing is known."""
    found = merged(domain, observations)
    out: dict[str, FloatArray] = {}
    for name, size in domain.sizes.items():
        if (name,) in found:
            values, weight = found[(name,)]
            out[name] = project_weighted(values, 1 / weight, total)
        else:
            out[name] = np.full(size, total / size)
    return out


class OuterProducts(Mapping[Clique, FloatArray]):
    """Counts of cliques if their columns were independent, computed when asked for and not kept: 300 columns have
    44,850 pairs, too many to hold."""

    def __init__(self, singles: Mapping[str, FloatArray], total: float, cliques: Sequence[Clique]) -> None:
        self._shares = {name: values / total for name, values in singles.items()}
        self._total = total
        self._cliques = cliques
        self._members: frozenset[Clique] | None = None

    def __getitem__(self, clique: Clique) -> FloatArray:
        if clique not in self:
            raise KeyError(clique)
        return outer((self._shares[name] for name in clique), self._total)

    def __contains__(self, clique: object) -> bool:
        if self._members is None:
            self._members = frozenset(self._cliques)
        return clique in self._members

    def __iter__(self) -> Iterator[Clique]:
        return iter(self._cliques)

    def __len__(self) -> int:
        return len(self._cliques)


class SamplingErrors:
    """The L1 distance that a pair of truly independent columns has from its outer product by chance alone.

    The sum over cells of E|X - x| for X ~ Poisson(x), which is 2x for rare cells and sqrt(2x / pi) for others; the
    smaller of both is at most a sixth too large. Made from public estimates only.
    """

    def __init__(self, singles: Mapping[str, FloatArray], total: float) -> None:
        self._total = total
        self._columns: dict[str, tuple[FloatArray, FloatArray, FloatArray]] = {}
        for name, values in singles.items():
            shares = np.sort(values) / total
            below = np.concatenate([[0.0], np.cumsum(shares)])
            roots = np.concatenate([[0.0], np.cumsum(np.sqrt(shares))])
            self._columns[name] = (shares, below, roots)

    def of(self, pair: Clique) -> float:
        """The expected distance in rows."""
        few, many = sorted((self._columns[name] for name in pair), key=lambda column: column[0].size)
        rows = few[0][few[0] > 0] * self._total
        shares, below, roots = many
        # Cells of fewer than 1 / (2 pi) rows are rare.
        cut = np.searchsorted(shares, 1 / (2 * math.pi * rows))
        rare = 2 * rows * below[cut]
        other = np.sqrt(2 * rows / math.pi) * (roots[-1] - roots[cut])
        return float((rare + other).sum())
