"""The tail of a number of children: high numbers that can't be told from noise are not drawn.

A few rows too many at 300 children a parent outweigh all that is right at 1 or 2. So bins beyond the last one whose
noisy count stands three standard deviations above zero are left out. Post-processing: it costs no budget, and at
epsilon inf nothing is cut but empty bins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from duckpaste.models.base import Measurement
from duckpaste.models.network import Expansion, Network, Step

CLEAR = 3.0  # standard deviations


def without_tail(network: Network, measurements: Sequence[Measurement], column: str) -> Network:
    """`network` whose `column` never exceeds the last clear code of its 1-way measurement; as it is without one."""
    single = next((m for m in measurements if m.clique == (column,)), None)
    if single is None:
        return network
    clear = np.flatnonzero(single.values > CLEAR * single.sigma)
    last = int(clear[-1]) if clear.size else 0
    if last + 1 >= single.values.size:
        return network
    expansions = dict(network.expansions)
    kept = np.arange(single.values.size) <= last
    coarse = kept
    if column in expansions:
        old = expansions[column]
        weights = np.where(kept, old.weights, 0.0)
        coarse = np.zeros(int(old.coarse.max()) + 1, dtype=bool)
        coarse[old.coarse[kept]] = True
        expansions[column] = Expansion(old.coarse, weights)
    steps = [_cut(step, column, coarse) for step in network.steps]
    return replace(network, steps=steps, expansions=expansions)


def _cut(step: Step, column: str, coarse: np.ndarray) -> Step:
    if step.column != column:
        return step
    counts = step.counts * coarse
    # A parent's cell that had nothing else left draws the smallest number.
    empty = counts.sum(axis=-1) <= 0
    counts[..., 0] = np.where(empty, 1.0, counts[..., 0])
    return replace(step, counts=counts)
