"""The first release of every algorithm: 1-way marginals, planned, told of and measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from duckpaste.domain import Clique, Domain
from duckpaste.models.base import Doors, Measurement, Release, Sigma
from duckpaste.models.outlook import set_errors
from duckpaste.models.shares import divided


@dataclass(frozen=True)
class OneWay:
    """The 1-way marginals of `names` (all columns by default), each of which gets its part of a loss in proportion to
    codes ** `balance`."""

    domain: Domain
    balance: float
    names: Sequence[str] | None = None

    @property
    def cliques(self) -> list[Clique]:
        """One a column, without constant ones, which hold no news; when all are constant the first alone, for the
        total."""
        names = self.domain.names if self.names is None else self.names
        return [(n,) for n in names if self.domain[n] > 1] or [(n,) for n in names[:1]]

    def release(self, doors_sigma: Sigma, loss: float) -> Release:
        """As planned; its sigma is the largest of all columns. There must be a column."""
        cliques = self.cliques
        least = min(divided(loss, self.domain, cliques, self.balance))
        cells = sum(self.domain.cells(c) for c in cliques)
        what = f"{len(cliques)} one-way marginals"
        return Release("one-way", what, len(cliques), cells, loss, doors_sigma(least))

    def errors(self, doors_sigma: Sigma, loss: float) -> dict[Clique, float]:
        """L1 errors in rows that noise makes (see `outlook`)."""
        cliques = self.cliques
        out: dict[Clique, float] = {}
        for clique, part in zip(cliques, divided(loss, self.domain, cliques, self.balance), strict=True):
            out |= set_errors(self.domain, doors_sigma(part), [clique])
        return out

    def measure(self, doors: Doors, loss: float, stage: str = "one-way") -> list[Measurement]:
        """Spends `loss`."""
        cliques = self.cliques
        losses = divided(loss, self.domain, cliques, self.balance)
        return doors.measure(cliques, losses, stage) if cliques else []
