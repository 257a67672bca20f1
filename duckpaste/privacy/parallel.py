"""Parallel composition: runs over disjoint parts of a table's rows cost together what the dearest of them costs.

A unit weighs at most k over all parts. Where it weighs w in a part, that part's releases, made for k, lose the share
(w / k)^2 of their rho, or w / k of a pure epsilon; over all parts these shares sum to one at most. It holds for counts
and for choices alike, for both change by at most w. (McSherry 2009, for units in one part each; here for weights.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from duckpaste.errors import BudgetError
from duckpaste.privacy.ledger import Release, Run


class Parts:
    """What the parts of one table have cost: the most that any of them has spent."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.most = 0.0

    def part(self) -> Part:
        """The page of one more part."""
        return Part(self)


class Part(Run):
    """A run's page for one part. The ledger is charged with what passes the dearest part so far; scales and
    sensitivities stand there as they are."""

    def __init__(self, parts: Parts) -> None:
        run = parts.run
        self._parts = parts
        self._mine = 0.0
        self.ledger, self.run, self.unit = run.ledger, run.run, run.unit
        self.contributions, self.guarantee, self.loss = run.contributions, run.guarantee, run.loss
        self.releases = run.releases

    @property
    def left(self) -> float:
        """What this part may still spend: what the others have, and what the run has."""
        return self._parts.run.left + max(0.0, self._parts.most - self._mine)

    def spend(self, releases: Sequence[Release]) -> None:
        """Write `releases`, each charged with what it adds to the dearest part. Raises BudgetError as Run.spend."""
        if any(r.delta for r in releases):
            raise BudgetError("values can't be discovered in a part of a table")
        charged = []
        mine, most = self._mine, self._parts.most
        for r in releases:
            mine += r.loss
            charged.append(replace(r, loss=max(0.0, mine - most)))
            most = max(most, mine)
        self._parts.run.spend(charged)
        self._mine, self._parts.most = mine, most
