"""Networks that obey public rules (`Domain.zeros`): no row that they draw has a forbidden combination."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from duckpaste.domain import Clique, Domain, FloatArray, Zeros
from duckpaste.errors import UserError
from duckpaste.models.coding.compress import Compression
from duckpaste.models.conditioning import Evidence, condition, fits
from duckpaste.models.network import Network, Step
from duckpaste.models.pgm import Graphical


def network_of(model: Graphical, coding: Compression, evidence: Clique) -> Network:
    """What draws rows of a model that was fitted with the rules, in the codes before `coding`."""
    steps = model.generation(evidence)
    return guarded(Network(coding.domain, tuple(evidence), steps, coding.expansions, model.total))


def conditioned(network: Network) -> Network:
    """Any network given that its rows obey the rules of its domain: exact, by variable elimination.

    For models that are not fitted with the rules. Raises UserError when they leave nothing, or tables too large."""
    rules = network.domain.zeros
    if not rules:
        return network
    if not fits(network, [rule.clique for rule in rules]):
        what = "the rules make tables of this model too large"
        raise UserError(what, "zeros", "take another algorithm (fast, mst or aim), or fewer rules")
    found = condition(network, [Evidence(rule.clique, rule.possible.astype(np.float64)) for rule in rules])
    if found.log_share == -np.inf:
        raise UserError("the rules leave no row possible", "zeros", "look for two that contradict each other")
    return guarded(found.network)


def guarded(network: Network) -> Network:
    """A network that was fitted with the rules: parents that it holds for impossible (given evidence may be so) draw
    what the rules allow, instead of what `deal` would give them."""
    rules = network.domain.zeros
    steps = [_guarded(step, network.domain, rules) for step in network.steps] if rules else network.steps
    return replace(network, steps=steps)


def _guarded(step: Step, domain: Domain, rules: Sequence[Zeros]) -> Step:
    scope = (*step.parents, step.column)
    mine = [r for r in rules if step.column in r.clique and set(r.clique) <= set(scope)]
    if not mine or step.coarsen:
        return step
    allowed: FloatArray = np.ones(domain.shape(scope))
    for rule in mine:
        axes = sorted(range(len(rule.clique)), key=lambda i: scope.index(rule.clique[i]))
        shape = [domain[name] if name in rule.clique else 1 for name in scope]
        allowed = allowed * rule.possible.transpose(axes).reshape(shape)
    overall = step.counts.sum(axis=tuple(range(len(step.parents))))
    fill = allowed * np.maximum(overall, 0.0)
    fill = np.where(fill.sum(axis=-1, keepdims=True) > 0, fill, allowed)
    counts = np.where(step.counts.sum(axis=-1, keepdims=True) > 0, step.counts, fill)
    return replace(step, counts=counts)
