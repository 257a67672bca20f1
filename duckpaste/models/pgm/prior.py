"""A prior for the fit: stay close to independent columns where measurements are mostly noise.

The fit's loss gets weight * KL(model || reference). A cell of m expected rows is then pulled to the reference as if
its count had the variance m / share beforehand, so cells of few rows, whose noise is all that was measured, stay
where they are and large cells follow their measurement (the dual is maximum entropy with quadratic slack, Dudik,
Phillips and Schapire 2007). The optimum no longer depends on when the descent stops.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from duckpaste.domain import FloatArray
from duckpaste.models.pgm.factor import inner


class Convex(Protocol):
    """What the descent lowers: a convex loss of the marginals of a model of log-potentials."""

    def marginals(self, theta: FloatArray) -> tuple[FloatArray, list[FloatArray]]:
        """Proportions of the cells that the loss looks at (flat, as `theta`), and of the nodes."""

    def loss(self, mu: FloatArray) -> tuple[float, FloatArray]:
        """The loss of such proportions, and its gradient."""

    def log_mass(self, theta: FloatArray, nodes: Sequence[FloatArray]) -> float:
        """log of the sum over all x of exp(theta(x)), from the nodes' proportions at `theta`."""


class Prior:
    """KL(model || reference) times `weight`, in the units of the problem's loss; `reference` are log-potentials."""

    def __init__(self, problem: Convex, weight: float, reference: FloatArray) -> None:
        self.weight = weight
        self._problem = problem
        self._reference = reference
        _, nodes = problem.marginals(reference)
        self._zero = problem.log_mass(reference, nodes)

    def pull(
        self, theta: FloatArray, mu: FloatArray, nodes: Sequence[FloatArray]
    ) -> tuple[float, FloatArray]:
        """What it adds to the loss at `theta` (whose marginals are `mu` and `nodes`) and to the gradient."""
        away = theta - self._reference
        divergence = inner(away, mu) - self._problem.log_mass(theta, nodes) + self._zero
        return self.weight * divergence, self.weight * away
