"""Where a fit starts: close to the answer, so that few sweeps remain."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from duckpaste.domain import Clique, FloatArray
from duckpaste.models.pgm.factor import Link, outer
from duckpaste.models.pgm.problem import Problem
from duckpaste.models.pgm.smooth import TINY, prior_share
from duckpaste.simplex import project, project_weighted

Targets = Mapping[Clique, tuple[FloatArray, FloatArray]]

_FALL = 0.05  # a cell falls at most to this share of its mass in the fitting step


def guess(problem: Problem, targets: Targets) -> FloatArray:
    """Log-potentials of the heads from the measurements alone.

    A node that is one measured head starts at P(own columns | separator) of that measurement, which is the answer
    itself when nothing is noisy and all nodes are like that (a tree of pairs). Other columns start independent.
    """
    theta = np.zeros(problem.cells)
    singles = {name: _single(problem, targets, name) for name in problem.domain}
    for i, node in enumerate(problem.tree.nodes):
        hosted = problem.hosted(i)
        head = problem.heads[hosted[0]] if len(hosted) == 1 else ()
        if len(head) == len(node.axes) and head in targets:
            value, weight = targets[head]
            joint = _smoothed(value, 1 / weight, outer(singles[name] for name in head))
            border = Link(problem.domain, head, node.separator)
            problem.view(theta, hosted[0])[...] = np.log(joint) - border.widen(np.log(border.narrow(joint)))
            continue
        for name in node.axes[len(node.separator) :]:
            place = problem.host((name,))
            link = Link(problem.domain, problem.heads[place], (name,))
            problem.view(theta, place)[...] += link.widen(np.log(singles[name]))
    return theta


def independent(problem: Problem, targets: Targets) -> FloatArray:
    """Log-potentials of independent columns."""
    theta = np.zeros(problem.cells)
    for name in problem.domain:
        place = problem.host((name,))
        link = Link(problem.domain, problem.heads[place], (name,))
        problem.view(theta, place)[...] += link.widen(np.log(_single(problem, targets, name)))
    return theta


def taken_over(
    problem: Problem, potentials: Mapping[Clique, FloatArray], targets: Targets, prior: float = 0.0
) -> FloatArray:
    """Log-potentials from an earlier model's (warm start); new heads get one fitting step, log(measured / model).

    `prior` is the weight of a Prior: each cell then steps as far as its measurement outweighs it."""
    theta = np.zeros(problem.cells)
    for clique, values in potentials.items():
        head = problem.host(clique)
        problem.view(theta, head)[...] += Link(problem.domain, problem.heads[head], clique).widen(values)
    fresh = [i for i, head in enumerate(problem.heads) if head in targets and head not in potentials]
    if fresh:
        mu, _ = problem.marginals(theta)
        for i in fresh:
            model = np.maximum(problem.view(mu, i), TINY)
            value, weight = targets[problem.heads[i]]
            if prior > 0:
                trust = weight * model / (weight * model + prior * problem.scale)
                step = np.log(np.maximum(1 + trust * (value / model - 1), _FALL))
            else:
                step = np.log(_smoothed(value, 1 / weight, model)) - np.log(model)
            problem.view(theta, i)[...] += step
    return theta


def _single(problem: Problem, targets: Targets, name: str) -> FloatArray:
    """A positive 1-way estimate: of the column's own measurement, else of any that has it, else uniform."""
    size = problem.domain[name]
    uniform = np.full(size, 1 / size)
    holders = [(name,)] if (name,) in targets else sorted((c for c in targets if name in c), key=len)
    if not holders:
        return uniform
    clique = holders[0]
    value, weight = targets[clique]
    link = Link(problem.domain, clique, (name,))
    return _smoothed(link.narrow(value), link.narrow(1 / weight), uniform)


def _smoothed(value: FloatArray, variance: FloatArray, prior: FloatArray) -> FloatArray:
    """Noisy proportions on the simplex, mixed with a positive prior as far as they are noise."""
    mix = prior_share(variance)
    even = float(variance.min()) == float(variance.max())
    fitted = project(value, 1.0) if even else project_weighted(value, variance, 1.0)
    out: FloatArray = np.maximum((1 - mix) * fitted + mix * prior / prior.sum(), TINY)
    return out
