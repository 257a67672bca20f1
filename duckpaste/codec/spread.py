"""Spread: how a row of a sequence lies in the time that is left, beside the rows that are still to come.

Where a sequence ends by a declared day, `room` units are left after the row before, and `left` rows are to come, this
one included. Were those spread evenly, each as likely anywhere, the next would lie within w units with probability
1 - (1 - w / room) ** left: it is the least of `left` uniform numbers. The code is that probability, cut into equal
ranks. So gaps are short where many rows are to come or little time is left, for heavy units too, of which a model
learns little; and no row passes the end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from duckpaste.domain import FloatArray, IntArray

SPREAD = "@spread"  # the option of a part of a sequence that is told so
LEFT = "@left"  # the column that holds how many rows of a parent come from this one on, itself included


@dataclass(frozen=True)
class Spread:
    """Ranks of the distances from the row before. `end` is the last unit that a row may lie in; a distance lies in
    least..most (None: as far as the end)."""

    end: int
    least: int
    most: int | None
    ranks: int

    def sql(self, distance: str, before: str, left: str) -> str:
        """The rank (BIGINT, 0..ranks-1) of a distance from the unit `before` (SQL, BIGINT), `left` rows from the last.

        What lies outside the range is clamped; NULL stays NULL."""
        room = f"{self.end} - {before}"
        if self.most is not None:
            room = f"least({room}, {self.most})"
        room = f"greatest({room} - {self.least}, 0)"
        inside = f"least(greatest({distance} - {self.least}, 0), {room})"
        # The middle of the unit, so that what its rank draws lies in it. greatest and least pass over NULL.
        share = f"(1 - pow(1 - ({inside} + 0.5::DOUBLE) / ({room} + 1), {left}))"
        rank = f"least(floor({share} * {self.ranks})::BIGINT, {self.ranks - 1})"
        return f"(CASE WHEN {distance} IS NOT NULL THEN {rank} END)"

    def distances(
        self, rank: IntArray, before: IntArray, left: IntArray, rng: np.random.Generator
    ) -> IntArray:
        """Distances of rows that have these ranks, any as likely where a rank holds several."""
        room = self.end - before
        if self.most is not None:
            room = np.minimum(room, self.most)
        room = np.maximum(room - self.least, 0)
        share: FloatArray = (rank + rng.random(len(rank))) / self.ranks
        inside = np.floor((room + 1) * (1 - (1 - share) ** (1 / np.maximum(left, 1)))).astype(np.int64)
        return np.minimum(inside, room) + self.least
