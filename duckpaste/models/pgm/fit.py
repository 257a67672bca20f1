"""Fits a graphical model to observations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from duckpaste.domain import Clique, Domain
from duckpaste.models.pgm.descent import Descent, descend
from duckpaste.models.pgm.graphical import Graphical
from duckpaste.models.pgm.observation import Observation, merged, total_of
from duckpaste.models.pgm.prior import Prior
from duckpaste.models.pgm.problem import Problem
from duckpaste.models.pgm.start import guess, independent, taken_over


def fit(
    domain: Domain,
    observations: Sequence[Observation],
    *,
    structure: Iterable[Clique] = (),
    last: Iterable[str] = (),
    total: float | None = None,
    start: Graphical | None = None,
    descent: Descent | None = None,
    prior: float = 0.0,
) -> Graphical:
    """The maximum entropy model among those closest to `observations` in weighted least squares.

    `structure` adds cliques that nothing measured; `last` are eliminated last (evidence); `start` is an earlier
    model whose potentials are taken over (warm start): every clique of it must lie in an observed or structural one.
    `total` defaults to the estimate of least variance. `prior` is the share of rows that independent columns count
    for: 0 fits the observations alone, more keeps their noise out (see `Prior`).
    """
    rows = total_of(observations) if total is None else total
    found = merged(domain, observations)
    targets = {c: (values / rows, weight * rows**2) for c, (values, weight) in found.items()}
    problem = Problem(domain, targets, structure, last)
    weight = prior * rows / problem.scale
    belief = Prior(problem, weight, independent(problem, targets)) if weight > 0 else None
    if start is None:
        theta = guess(problem, targets) if belief is None else independent(problem, targets)
    else:
        theta = taken_over(problem, start.potentials, targets, weight)
    best, sweeps = descend(problem, theta, descent or Descent(), belief)
    potentials = {head: problem.view(best.theta, i) for i, head in enumerate(problem.heads)}
    return Graphical(problem.tree, best.nodes, potentials, rows, best.loss, sweeps)
