"""Slots: the rows below each parent row of an unrolled table, from the codes of which are there."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from duckpaste.codec.slots import Slots
from duckpaste.domain import IntArray


def rows(
    slots: Slots, codes: Mapping[str, IntArray], at: IntArray, rng: np.random.Generator
) -> tuple[IntArray, dict[str, IntArray]]:
    """For each row of the unrolled table its parent row, and the codes that the slots give.

    `codes` are of the rows that have the slots; `at` gives for each parent row which of those it belongs to."""
    there = np.stack([codes[slots.present(s)][at] for s in range(slots.size)], axis=1) > 0
    parent, slot = np.nonzero(there)
    found: dict[str, IntArray] = {slots.code: slot.astype(np.int64)}
    for name in slots.along:
        told = np.stack([codes[slots.told(s, name)] for s in range(slots.size)], axis=1)
        mine = told[at[parent], slot] - 1
        # Present and told as absent: the model's noise. Another row of the slot that tells it stands in.
        for s in np.unique(slot[mine < 0]):
            lost = np.flatnonzero((slot == s) & (mine < 0))
            known = mine[(slot == s) & (mine >= 0)]
            if known.size:
                mine[lost] = rng.choice(known, lost.size)
            else:
                mine[lost] = rng.integers(0, slots.along[name], lost.size)
        found[name] = mine
    return parent.astype(np.int64), found
