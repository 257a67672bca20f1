"""The number of children after the fit: its distribution over all parents, put back into what was learnt given them.

A model spreads its noise over many cells of parents and numbers, and errs in the tail, where it costs most. The
distribution by itself is known better: by its own 1-way, the fine histogram, and that tails are smooth (codec.tally).
Post-processing: it costs no budget.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from duckpaste.codec.tally import Tally
from duckpaste.domain import FloatArray
from duckpaste.models.base import Fitted
from duckpaste.models.network import Expansion, Network, Step

_SWEEPS = 100
_CLOSE = 1e-6


def settled(fitted: Fitted, codec: Tally, *, told: bool = False) -> Fitted:
    """`fitted` whose number of children has the distribution that `codec` makes of the released 1-way, on average over
    the parents; as it is when no 1-way was released. Tells the codec;
    with `told` that is all, for parts have distributions of their own."""
    column = codec.field.name
    single = next((m for m in fitted.measurements if m.clique == (column,)), None)
    if single is None:
        return fitted
    shares = codec.settle(single.values, single.sigma)
    if told or shares.sum() <= 0:
        return fitted
    return replace(fitted, network=raked(fitted.network, column, shares / shares.sum()))


def raked(network: Network, column: str, shares: FloatArray) -> Network:
    """`network` whose fine codes of `column` have `shares` (sum 1) on average over the step's parents, as the step
    itself weighs them; how the parents tell numbers apart stays (iterative proportional fitting)."""
    coarse = shares
    expansions = dict(network.expansions)
    if column in expansions:
        codes = expansions[column].coarse
        coarse = np.bincount(codes, weights=shares, minlength=int(codes.max()) + 1).astype(np.float64)
        expansions[column] = Expansion(codes, shares)
    steps = [replace(s, counts=_fitted(s, coarse)) if s.column == column else s for s in network.steps]
    return replace(network, steps=steps, expansions=expansions)


def _fitted(step: Step, shares: FloatArray) -> FloatArray:
    """The step's counts with the same sums over each cell of the parents, and `shares` over the column."""
    counts = np.maximum(step.counts.reshape(-1, len(shares)).astype(np.float64), 0.0)
    rows = counts.sum(axis=1)
    total = rows.sum()
    if total <= 0:
        out: FloatArray = np.broadcast_to(shares, step.counts.shape).copy()
        return out
    wanted = shares * total
    # A number that the model lost altogether is as likely below any parent.
    counts += np.outer(rows / total, np.where(counts.sum(axis=0) > 0, 1e-6, 1.0) * wanted)
    for _ in range(_SWEEPS):
        sums = counts.sum(axis=0)
        counts *= np.divide(wanted, sums, out=np.zeros_like(sums), where=sums > 0)
        left = counts.sum(axis=1)
        counts *= np.divide(rows, left, out=np.zeros_like(left), where=left > 0)[:, None]
        if np.abs(counts.sum(axis=0) - wanted).max() <= _CLOSE * total:
            break
    # Parents that the model gives no row draw from the whole.
    counts[counts.sum(axis=1) <= 0] = shares
    return counts.reshape(step.counts.shape)
