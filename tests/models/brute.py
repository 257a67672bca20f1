"""Random small models and their joint distribution, cell by cell: the oracle of the pgm tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from duckpaste.domain import Clique, Domain, FloatArray


def random_domain(rng: np.random.Generator, columns: int, most: int = 4) -> Domain:
    """`columns` columns a, b, c, ... of 1 to `most` codes."""
    return Domain({chr(97 + i): int(rng.integers(1, most + 1)) for i in range(columns)})


def random_cliques(rng: np.random.Generator, domain: Domain, count: int, widest: int = 3) -> list[Clique]:
    """`count` cliques of 1 to `widest` columns in domain order, repeats allowed."""
    out = []
    for _ in range(count):
        size = int(rng.integers(1, min(widest, len(domain)) + 1))
        out.append(domain.clique(rng.choice(domain.names, size, replace=False).tolist()))
    return out


def joint(domain: Domain, potentials: Mapping[Clique, FloatArray]) -> FloatArray:
    """Normalised exp(sum of log-potentials) over all columns."""
    total = np.zeros(domain.shape(domain))
    for clique, values in potentials.items():
        shape = [domain[n] if n in clique else 1 for n in domain]
        total = total + values.reshape(shape)  # clique axes are in domain order
    weights = np.exp(total - total.max())
    return weights / weights.sum()


def marginal(domain: Domain, full: FloatArray, clique: Sequence[str]) -> FloatArray:
    """Sums a joint to `clique`, axes as `clique`."""
    inside = [n for n in domain if n in clique]
    summed = full.sum(axis=tuple(i for i, n in enumerate(domain) if n not in clique))
    return summed.transpose([inside.index(n) for n in clique])
