"""Targets of references into rows that may be another unit's: each as often referred to as its degree says."""

from __future__ import annotations

import numpy as np

from duckpaste.codec.tally import degrees
from duckpaste.domain import IntArray
from duckpaste.model import Link


def targets(n: int, among: int, link: Link, rng: np.random.Generator) -> IntArray:
    """A row of `among` for each of `n` referring rows; -1 where there is none.

    Rows draw how often they are referred to from the link's degrees; without any, all are alike. A self-reference leads
    to an earlier row, so that it never goes in circles."""
    times = _degrees(among, link, rng)
    if link.kind == "self":
        before = np.concatenate([[0], np.cumsum(times)])[:n]
        at = np.searchsorted(np.cumsum(times), rng.random(n) * before, side="right")
        none = before <= 0
        at[none] = (rng.random(int(none.sum())) * np.arange(n)[none]).astype(np.int64)
        return np.where(np.arange(n) > 0, np.minimum(at, np.maximum(np.arange(n) - 1, 0)), -1)
    # As many places as degrees, dealt out in any order; over again where there are more rows than places.
    places = np.repeat(np.arange(among), times)
    rounds = max(1, -(-n // len(places)))
    found: IntArray = np.concatenate([rng.permutation(places) for _ in range(rounds)])[:n]
    return found


def _degrees(among: int, link: Link, rng: np.random.Generator) -> IntArray:
    """How often each row is referred to, at least one of them."""
    found = degrees(link.degrees).numbers(among, rng)
    return found if found.sum() > 0 else np.ones(among, dtype=np.int64)
