"""Fits a graphical model to observations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from duckpaste.domain import Clique, Domain
from duckpaste.models.pgm.descent import Descent, descend
from duckpaste.models.pgm.graphical import Graphical
from duckpaste.models.pgm.observation import Observation, merged, total_of
from duckpaste.models.pgm.problem import Problem
from duckpaste.models.pgm.start import guess, taken_over


def fit(
    domain: Domain,
    observations: Sequence[Observation],
    *,
    structure: Iterable[Clique] = (),
    last: Iterable[str] = (),
    total: float | None = None,
    start: Graphical | None = None,
    descent: Descent | None = None,
) -> Graphical:
    """The maximum entropy model among those closest to `observations` in weighted least squares.

    `structure` adds cliques that nothing measured; `last` are eliminated last (evidence); `start` is an earlier
    model whose potentials are taken over (warm start): every clique of it must lie in an observed or structural one.
    `total` defaults to the estimate of least variance.
    """
    rows = total_of(observations) if total is None else total
    found = merged(domain, observations)
    targets = {c: (values / rows, weight * rows**2) for c, (values, weight) in found.items()}
    problem = Problem(domain, targets, structure, last)
    theta = guess(problem, targets) if start is None else taken_over(problem, start.potentials, targets)
    best, sweeps = descend(problem, theta, descent or Descent())
    potentials = {head: problem.view(best.theta, i) for i, head in enumerate(problem.heads)}
    return Graphical(problem.tree, best.nodes, potentials, rows, best.loss, sweeps)
