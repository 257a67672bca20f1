"""Which pairs to measure, all at once, given a noisy error of every pair: public post-processing.

A pair is worth its error under independence less the noise that measuring it brings, to itself and to the others:
with the loss shared in the best way, n_1..n_m cells cost c * sigma * (n_1^(2/3) + .. + n_m^(2/3))^(3/2) in all, where
sigma is the noise of one marginal at the whole loss (SWIFT, aim_mst_spec section 5). Pairs join greedily by gain per
n^(2/3) while the junction tree stays small.

Two pairs x-y and y-z that are measured tell of x-z already: about error(xy) * error(yz) / 2 total, as total
variations multiply along a chain. That much is taken off.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from duckpaste.domain import Clique, Domain, FloatArray
from duckpaste.models.room import Room

_POWER = 2 / 3
_TRIES = 60  # new orders sought for pairs that do not fit by the order at hand; a matter of time alone


class Pairing:
    """Candidates with their `errors` in rows (0 or less: never chosen) over `domain` of `total` rows."""

    def __init__(
        self,
        domain: Domain,
        pairs: Sequence[Clique],
        errors: FloatArray,
        total: float,
        last: Iterable[str] = (),
    ) -> None:
        self._domain = domain
        self._pairs = pairs
        self._errors = np.asarray(errors, dtype=np.float64)
        self._total = total
        self._last = tuple(last)
        rank = {name: i for i, name in enumerate(domain)}
        self._ends = [(rank[a], rank[b]) for a, b in pairs]
        self._number = np.full((len(domain), len(domain)), -1, dtype=np.int64)
        for i, (a, b) in enumerate(self._ends):
            self._number[a, b] = self._number[b, a] = i
        self._weight = np.array([domain.cells(c) for c in pairs], dtype=np.float64) ** _POWER
        self._tries = _TRIES

    def choose(self, noise: float, limit_mb: float, most: int, chain: float) -> list[Clique]:
        """At most `most` pairs whose junction tree has at most `limit_mb`. `noise` is c * sigma above; `chain` is how
        much of what a chain of two tells is taken off."""
        left = self._errors.copy()
        chosen: list[Clique] = []
        room = Room(self._domain, chosen, self._last)
        near: list[list[int]] = [[] for _ in self._domain]
        whole = 0.0
        while len(chosen) < most:
            cost = noise * ((whole + self._weight) ** (1 / _POWER) - whole ** (1 / _POWER))
            gain = np.where(left > cost, left / self._weight, 0.0)
            best = int(gain.argmax()) if gain.size else -1
            if best < 0 or gain[best] <= 0:
                break
            left[best] = -np.inf
            if not self._fits(room, self._pairs[best], limit_mb):
                continue
            held = room.inside(self._pairs[best])
            chosen.append(self._pairs[best])
            if not held:
                room = Room(self._domain, chosen, self._last)
            whole += float(self._weight[best])
            self._discount(left, best, near, chain)
        return chosen

    def _fits(self, room: Room, pair: Clique, limit_mb: float) -> bool:
        if room.inside(pair) or room.bound(pair) <= limit_mb:
            return True
        if self._tries <= 0:
            return False
        self._tries -= 1
        return room.exact(pair) <= limit_mb

    def _discount(self, left: FloatArray, added: int, near: list[list[int]], chain: float) -> None:
        """Takes off what chains of `added` and one earlier pair tell of a third."""
        a, b = self._ends[added]
        for middle, end in ((a, b), (b, a)):
            for other in near[middle]:
                first, third = self._number[other, middle], self._number[other, end]
                if third >= 0:
                    told = self._errors[first] * self._errors[added] / (2 * self._total)
                    left[third] = min(left[third], self._errors[third] - chain * told)
        near[a].append(b)
        near[b].append(a)
