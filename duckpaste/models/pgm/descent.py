"""Mirror descent on log-potentials: Algorithm 1 of Private-PGM with step lengths that follow the curvature."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from duckpaste.domain import FloatArray
from duckpaste.models.pgm.factor import inner
from duckpaste.models.pgm.prior import Convex, Prior

_MEMORY = 10  # losses that a new one may hide behind
_ARMIJO = 1e-4  # share of the promised fall that must come
_EXACT = 1e-20  # a loss that only rounding is left of


@dataclass(frozen=True)
class Descent:
    """How long to descend: at most `steps` sweeps; stop when `patience` sweeps in a row lowered the loss by less
    than the share `tolerance`."""

    steps: int = 1000
    tolerance: float = 0.01
    patience: int = 20


@dataclass(frozen=True)
class State:
    """A point of the descent: potentials, proportions and gradient of the heads, proportions of the nodes, loss."""

    theta: FloatArray
    mu: FloatArray
    nodes: list[FloatArray]
    loss: float
    gradient: FloatArray

    @staticmethod
    def at(problem: Convex, theta: FloatArray, prior: Prior | None = None) -> State:
        """One sweep."""
        mu, nodes = problem.marginals(theta)
        loss, gradient = problem.loss(mu)
        if prior is not None:
            more, pull = prior.pull(theta, mu, nodes)
            loss, gradient = loss + more, gradient + pull
        return State(theta, mu, nodes, loss, gradient)


def descend(
    problem: Convex, theta: FloatArray, options: Descent, prior: Prior | None = None
) -> tuple[State, int]:
    """Lowers the loss from `theta` by theta -= step * gradient; gives the best point and the number of sweeps.

    The next step is the inverse curvature along the last one, <dtheta, dmu> / <dgradient, dmu> (Barzilai and Borwein
    1988, with dmu for the mirror's inner product), which arrives in a tenth of the sweeps that doubling and halving
    take. A trial must fall below the worst of the last losses (Grippo, Lampariello and Lucidi 1986); if not, the
    step is quartered.
    """
    here = best = State.at(problem, theta, prior)
    recent = deque([here.loss], maxlen=_MEMORY)
    step, mark, used = 1.0, here.loss, 0
    while used < options.steps and best.loss > _EXACT:
        trial = State.at(problem, here.theta - step * here.gradient, prior)
        used += 1
        if max(recent) - trial.loss >= _ARMIJO * inner(here.gradient, here.mu - trial.mu):
            step = _next_step(here, trial, step)
            here = trial
            recent.append(here.loss)
            best = here if here.loss < best.loss else best
        else:
            step /= 4
        if used % options.patience == 0:
            if mark - best.loss <= options.tolerance * mark:
                break
            mark = best.loss
    return best, used


def _next_step(before: State, after: State, step: float) -> float:
    moved = after.mu - before.mu
    along = -step * inner(before.gradient, moved)
    bent = inner(after.gradient - before.gradient, moved)
    return min(max(along / bent, step / 1000), step * 1000) if bent > 0 and along > 0 else step * 2
