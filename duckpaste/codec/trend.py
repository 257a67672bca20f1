"""The distribution of a number with a long tail, from noisy counts: a smooth curve, left where counts say otherwise.

Noise in a cell of 300 children weighs 300 times what it weighs in a cell of one. So the tail is not taken cell by cell.
The prior is a curve, exp(a + b L + c L^2) with L = log(n / scale), which covers power laws and log-normal tails, give
or take MISFIT of it (neighbours alike) and SPIKE of it (each cell by itself; a spike that noise does not make stays).
The curve is fitted to all noisy counts by generalised least squares, and cells are the mean of their normal posterior:
those that stand clear of the noise keep what was measured, others follow their neighbours and the curve.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from duckpaste.domain import FloatArray

MISFIT = (
    0.7  # how far cells may lie from the curve, as a share of it; numbers e times apart share exp(-1) of that
)
SPIKE = 0.3  # how far a cell may lie from its neighbours
_PRIOR = np.array([[-1.0, 1.0], [-0.3, 0.3]])  # of b and c: means and standard deviations
_USUAL = 2.0  # children, where nothing is known
_WEAK = 6.0  # standard deviations of noise that this counts for
_CLEAR = 4.0  # standard deviations
_GROUPS = 4  # sums an octave that the curve is fitted to
_SWEEPS = 40


@dataclass(frozen=True)
class Counts:
    """Noisy counts of sums of cells: `members` (rows x cells, 0 or 1), `values` and `sigma`, the noise of each sum (or
    of each cell of it when `cellwise`)."""

    members: FloatArray
    values: FloatArray
    sigma: float
    cellwise: bool = False


def smoothed(points: FloatArray, widths: FloatArray, observed: Sequence[Counts]) -> FloatArray:
    """Counts of cells, >= 0, from noisy ones. `points` is a cell's mean value, `widths` how many values it holds; the
    first cell (the value 0) stands for itself. Without noise: what was measured."""
    exact = next((o for o in observed if o.sigma <= 0 and len(o.values) == len(points)), None)
    if exact is not None:
        return np.maximum(exact.values, 0.0)
    everything = [Counts(o.members, o.values, max(o.sigma, 1e-3)) for o in observed]
    curve = np.zeros(len(points))
    if len(points) > 1:
        above = [Counts(o.members[:, 1:], o.values, o.sigma) for o in everything]
        # A sum that holds the first cell says little of the others.
        kept = [o.members[:, 0] == 0 for o in everything]
        above = [Counts(o.members[k], o.values[k], o.sigma) for o, k in zip(above, kept, strict=True)]
        curve[1:] = _curve(points[1:], widths[1:], [_summed(o, points[1:]) for o in above])
    return np.maximum(_posterior(curve, points, everything), 0.0)


def _summed(one: Counts, points: FloatArray) -> Counts:
    """Sums of an observation's cells, so few that the curve is quickly fitted."""
    if not np.array_equal(one.members, np.eye(len(points))):
        return one
    _, group = np.unique(np.floor(_GROUPS * np.log2(points)), return_inverse=True)
    to = (group == np.arange(group.max() + 1)[:, None]).astype(np.float64)
    return Counts(to, to @ one.values, one.sigma, cellwise=True)


def _curve(points: FloatArray, widths: FloatArray, observed: Sequence[Counts]) -> FloatArray:
    """The fitted curve's counts of each cell: damped Gauss-Newton, with the misfit's covariance taken as it is now."""
    members, values, noise = _stacked(observed)
    clear = np.where(values > 2 * np.sqrt(noise), values, 0.0)
    size = max(float(clear.sum()) / len(observed), float(np.sqrt(noise.min())))
    # Where the sums lie, on average.
    middle = (members @ (points * widths)) / np.maximum(members @ widths, 1e-300)
    # By logarithms, and from few children where noise leaves nothing else: chance peaks at hundreds must not decide.
    weak = _WEAK * float(np.sqrt(noise.mean()))
    scale = float(np.exp((clear @ np.log(middle) + weak * np.log(_USUAL)) / (float(clear.sum()) + weak)))
    logs = np.log(points / scale)
    shape = np.stack([np.ones(len(points)), logs, logs**2])
    theta = np.array([0.0, *_PRIOR[:, 0]])
    theta[0] = np.log(size / float((np.exp(theta[1:] @ shape[1:]) * widths).sum()))
    centre = np.array([theta[0], *_PRIOR[:, 0]])
    ridge = np.array([0.01, *(1 / _PRIOR[:, 1] ** 2)])

    def cells(theta: FloatArray) -> FloatArray:
        out: FloatArray = np.exp(np.clip(theta @ shape, -100, 40)) * widths
        return out

    damping = 1.0
    for _ in range(_SWEEPS):
        now = cells(theta)
        trust = np.linalg.inv(members @ _prior(now, points) @ members.T + np.diag(noise))
        slope = (members * now) @ shape.T
        gradient = slope.T @ trust @ (values - members @ now) - ridge * (theta - centre)
        bend = slope.T @ trust @ slope + np.diag(ridge)
        step = np.linalg.solve(bend + damping * np.diag(np.diag(bend)), gradient)
        losses = []
        for at in (theta, theta + step):
            off = values - members @ cells(at)
            losses.append(float(off @ trust @ off + ridge @ (at - centre) ** 2))
        if losses[1] <= losses[0]:
            theta, damping = theta + step, max(damping / 4, 1e-6)
        else:
            damping *= 8
        if damping > 1e9 or float(np.abs(step).max()) < 1e-5:
            break
    return cells(theta)


def _stacked(observed: Sequence[Counts]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Members, values and variances of all observations."""
    members = np.concatenate([o.members for o in observed])
    values = np.concatenate([o.values for o in observed])
    # A sum of cells that were measured one by one has the noise of them all; that of a bin is its own.
    noise = [
        np.full(len(o.values), o.sigma**2) * (o.members.sum(axis=1) if o.cellwise else 1.0) for o in observed
    ]
    return members, values, np.concatenate(noise)


def _prior(curve: FloatArray, points: FloatArray) -> FloatArray:
    """Covariance of cells around the curve."""
    place = np.log(np.maximum(points, 0.5))
    near = np.exp(-np.abs(place[:, None] - place[None, :]))
    alone = SPIKE**2 * curve**2 + np.minimum(curve, 1.0) + 1e-9
    out: FloatArray = np.outer(curve, curve) * near * MISFIT**2 + np.diag(alone)
    return out


def _posterior(curve: FloatArray, points: FloatArray, observed: Sequence[Counts]) -> FloatArray:
    """The mean of cells given all observations; nothing is known of the first cell before."""
    members, seen, noise = _stacked(observed)
    prior = _prior(curve, points)
    single = members.sum(axis=1) == 1
    above = (seen - members @ curve)[single]
    spikes = np.where(above > _CLEAR * np.sqrt(noise[single]), above, 0.0)
    prior += np.diag(members[single].T @ spikes**2)
    prior[0, 0] = 1e6 * (1 + float((seen**2).max()) + float(noise.max()))
    spread = members @ prior @ members.T + np.diag(noise)
    out: FloatArray = curve + prior @ members.T @ np.linalg.solve(spread, seen - members @ curve)
    return out
