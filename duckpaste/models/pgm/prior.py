"""A prior for the fit: stay close to independent columns where measurements are mostly noise.

The fit's loss gets weight * KL(model || reference). A cell of m expected rows is then pulled to the reference as if
its count had the variance m / share beforehand, so cells of few rows, whose noise is all that was measured, stay
where they are and large cells follow their measurement (the dual is maximum entropy with quadratic slack, Dudik,
Phillips and Schapire 2007). The optimum no longer depends on when the descent stops.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from duckpaste.domain import FloatArray
from duckpaste.models.pgm.problem import Problem


class Prior:
    """KL(model || reference) times `weight`, in the units of the problem's loss; `reference` are log-potentials."""

    def __init__(self, problem: Problem, weight: float, reference: FloatArray) -> None:
        self.weight = weight
        self._problem = problem
        self._reference = reference
        _, nodes = problem.marginals(reference)
        self._zero = self._log_mass(reference, nodes)

    def pull(
        self, theta: FloatArray, mu: FloatArray, nodes: Sequence[FloatArray]
    ) -> tuple[float, FloatArray]:
        """What it adds to the loss at `theta` (whose marginals are `mu` and `nodes`) and to the gradient."""
        away = theta - self._reference
        divergence = float(away @ mu) - self._log_mass(theta, nodes) + self._zero
        return self.weight * divergence, self.weight * away

    def _log_mass(self, theta: FloatArray, nodes: Sequence[FloatArray]) -> float:
        """log of sum over x of exp(theta(x)) = theta(x) - log p(x), whatever x; here a likely one."""
        problem = self._problem
        codes: dict[str, int] = {}
        out = 0.0
        for node, values in zip(reversed(problem.tree.nodes), reversed(nodes), strict=True):
            rest = values[tuple(codes[name] for name in node.separator)]
            best = int(rest.argmax())
            out -= math.log(float(rest.flat[best]) / float(rest.sum()))
            own = np.unravel_index(best, rest.shape)
            codes.update(zip(node.axes[len(node.separator) :], map(int, own), strict=True))
        for i, head in enumerate(problem.heads):
            out += float(problem.view(theta, i)[tuple(codes[name] for name in head)])
        return out
