"""A table's model after the fit, put in line with what was released of its rows.

A model answers its marginals where rows stand alone. Below other tables the evidence comes from models that err; in a
sequence each row is drawn given one that was drawn, so that errors add up from row to row; and a link moves columns
that hang on its own. So rows are imagined, and each step's table is raked (iterative proportional fitting, Deming and
Stephan 1940) until columns and their pairs with evidence have the released shares over these rows. Post-processing: it
costs no budget.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from duckpaste.domain import FloatArray, IntArray
from duckpaste.models.base import Fitted, Measurement
from duckpaste.models.network import Network, Step
from duckpaste.relational.imagined import Drawn
from duckpaste.relational.links import MARK, Imagine
from duckpaste.simplex import project

PASSES = 6  # rows are imagined anew after each
# A change to a step that sees the same column one row before acts on every row of a sequence: more than once.
CHAINED = 0.3
_SWEEPS = 8
_SELDOM = 1e-6  # the share of combinations that no imagined row has
_MOST = 20.0  # no share is changed by a larger factor in one sweep
BENT = 1.5  # and no conditional probability by a larger one in all: what evidence decides stays decided


@dataclass(frozen=True)
class _Target:
    """Released shares of a step's column (`axis` None) or of a parent with it, and the variance of each."""

    axis: int | None
    shares: FloatArray
    variance: float


def calibrated(
    fitted: Fitted, measured: Sequence[Measurement], imagine: Imagine, passes: int = PASSES
) -> Fitted:
    """`fitted` whose steps give, over imagined rows, the 1-ways and the pairs with evidence that were `measured`: the
    best of `passes` corrections and of the model as it was."""
    network = best = fitted.network
    least = np.inf
    for _ in range(passes + 1):
        drawn = imagine(network)
        if not drawn.units:
            return fitted
        made = [
            _step(network, s, first, drawn, measured)
            for s, first in zip(network.steps, fitted.network.steps, strict=True)
        ]
        distance = float(np.mean([d for _, found in made for d in found] or [0.0]))
        if distance < least:
            best, least = network, distance
        if all(new is old for (new, _), old in zip(made, network.steps, strict=True)):
            break  # nothing that noise could not have made is left
        network = replace(network, steps=[s for s, _ in made])
    return replace(fitted, network=best)


def weighed(fitted: Fitted, drawn: Drawn) -> Fitted:
    """`fitted` whose steps give each combination of their parents the weight that it has in imagined rows."""
    codes, steps = {**drawn.evidence, **drawn.lags, **drawn.own}, []
    for step in fitted.network.steps:
        if drawn.units and all(p in codes for p in step.parents):
            told = _shares(step.counts, np.zeros(step.counts.shape[-1]))
            given = _given(fitted.network, step, codes, drawn.weight) + _SELDOM / max(told[..., 0].size, 1)
            step = replace(step, counts=told * given.reshape(told.shape[:-1])[..., None])
        steps.append(step)
    return replace(fitted, network=replace(fitted.network, steps=steps))


def _step(
    network: Network, step: Step, first: Step, drawn: Drawn, measured: Sequence[Measurement]
) -> tuple[Step, list[float]]:
    """`step` raked, not far from what it was at `first`; and how far each of its targets was from what imagined rows
    have (total variation)."""
    codes = {**drawn.evidence, **drawn.lags, **drawn.own}
    targets = _targets(network, step, measured, drawn.same)
    if not targets or step.column not in codes or any(p not in codes for p in step.parents):
        return step, []
    shape = step.counts.shape
    alone = targets[-1].shares
    given = _given(network, step, codes, drawn.weight).reshape(shape[:-1])[..., None]
    told = _shares(step.counts, alone)
    joint, factor = told * given, np.ones(shape)
    distances = [0.5 * float(np.abs(t.shares - joint.sum(axis=_others(t, shape))).sum()) for t in targets]
    for _ in range(_SWEEPS):
        for target in targets:
            change = _change(target, joint, alone, drawn.units)
            joint, factor = joint * change, factor * change
        # The parents are given: what they weigh stays.
        left = joint.sum(axis=-1, keepdims=True)
        joint *= np.divide(given, left, out=np.ones_like(left), where=left > 0)
    if (factor == 1).all():
        return step, distances
    if any(drawn.same.get(p) == step.column for p in step.parents):
        factor = factor**CHAINED
    before = _shares(first.counts, alone)
    return replace(
        step, counts=np.clip(_shares(told * factor, alone), before / BENT, before * BENT)
    ), distances


def _shares(counts: FloatArray, alone: FloatArray) -> FloatArray:
    """The distribution of the column given its parents: `alone` where there are no counts."""
    rows = np.maximum(counts, 0.0)
    sums = rows.sum(axis=-1, keepdims=True)
    told: FloatArray = np.divide(rows, sums, out=np.broadcast_to(alone, rows.shape).copy(), where=sums > 0)
    return told


def _given(network: Network, step: Step, codes: Mapping[str, IntArray], weight: FloatArray) -> FloatArray:
    """The share of each combination of the parents' codes."""
    shape = step.counts.shape[:-1]
    group = np.zeros(len(weight), dtype=np.int64)
    for parent, size in zip(step.parents, shape, strict=True):
        mine = codes[parent]
        if parent in network.expansions:
            mine = network.expansions[parent].coarse[mine]
        group = group * size + (step.coarsen[parent][mine] if parent in step.coarsen else mine)
    shares: FloatArray = np.bincount(group, weights=weight, minlength=int(np.prod(shape))) / weight.sum()
    return shares


def _targets(
    network: Network, step: Step, measured: Sequence[Measurement], same: Mapping[str, str]
) -> list[_Target]:
    """What was measured of the step's column: pairs with a parent, then the column alone. None where the column alone
    was not measured. A lag's own shares drift with the column's, so that a pair with one would pull the wrong way."""
    shape, found = step.counts.shape, []
    single = next((m for m in measured if m.clique == (step.column,)), None)
    if single is None or shape[-1] < 2:
        return []
    for m in measured:
        if len(m.clique) != 2 or step.column not in m.clique:
            continue
        turned = m.clique[0] == step.column
        other, values = m.clique[turned].removesuffix(MARK), m.values.T if turned else m.values
        if other not in step.parents or other in same:
            continue
        axis = step.parents.index(other)
        if values.shape == (shape[axis], shape[-1]):
            found.append(_target(axis, values, m.sigma))
    values, sigma = single.values, single.sigma
    if step.column in network.expansions:
        coarse = network.expansions[step.column].coarse
        sigma *= float(np.sqrt(len(values) / shape[-1]))
        values = np.bincount(coarse, values, shape[-1]).astype(np.float64)
    return [*found, _target(None, values, sigma)]


def _target(axis: int | None, values: FloatArray, sigma: float) -> _Target:
    whole = max(float(values.sum()), 1.0)
    return _Target(axis, project(values, whole) / whole, (sigma / whole) ** 2)


def _others(target: _Target, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The axes that a target sums over."""
    return tuple(a for a in range(len(shape) - 1) if a != target.axis)


def _change(target: _Target, joint: FloatArray, alone: FloatArray, units: float) -> FloatArray:
    """Factors for the cells of `joint` that lead it to the target's shares; what may be noise, of the release or of so
    many imagined units, changes little."""
    others = _others(target, joint.shape)
    implied = joint.sum(axis=others)
    off = target.shares - implied
    variance = target.variance + implied / units
    # What noise alone would make of the distance is taken off it (the positive part of James and Stein 1961).
    sure = max(0.0, 1 - float(variance.sum()) / max(float((off**2).sum()), 1e-300))
    if target.axis is None:
        ratio = np.divide(target.shares, implied, out=np.ones_like(implied), where=implied > 0)
        alike: FloatArray = np.clip(ratio, 1 / _MOST, _MOST) ** sure
        return alike
    floor = np.sqrt(variance) + 1e-12
    above = implied.sum(axis=1)
    # The parent is given and the column by itself is known better: only how the two go together is told.
    wanted = target.shares + floor * np.outer(above, alone)
    for axis, sums in ((1, above[:, None]), (0, alone[None, :])) * _SWEEPS:
        has = wanted.sum(axis=axis, keepdims=True)
        wanted = wanted * np.divide(sums, has, out=np.zeros_like(has), where=has > 0)
    found: FloatArray = np.clip((wanted + floor) / (implied + floor), 1 / _MOST, _MOST) ** sure
    return np.expand_dims(found, others)
