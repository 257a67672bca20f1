"""Auto: takes the algorithm that was best where it was measured, by public facts alone: columns, noise, kind of noise.

Measured on Adult (48,842 x 15), NIST's Massachusetts table (7,634 x 24) and tables of 42 to 196 columns made of
Adult, at epsilon .1, 1 and 10 (tests/bench/RESULTS.md): `fast` was the most accurate at .1 and 1, in a fifth of the
time of `aim` or less, and beside `mst` at any number of columns; `aim` was the best at 10. Under pure epsilon `fast`
pays for its errors by their number instead of its root, so that `mst` takes over where columns are many; so it does
where columns are given (nodes of MARE), as these are related among themselves: where several tell of one column, only
a tree does not count twice what they have in common. How many rows there are is private, so no choice depends on it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from duckpaste.domain import Clique, Domain
from duckpaste.models.aim import AIM
from duckpaste.models.base import Doors, Fitted, Model, Release, Sigma
from duckpaste.models.fast import Fast
from duckpaste.models.independent import Independent
from duckpaste.models.mst import MST
from duckpaste.models.outlook import Shape
from duckpaste.models.shares import is_pure
from duckpaste.models.spanning import Forest

# Rows: noise of one marginal at the whole loss, below which aim is worth its time (epsilon 7 or so)
_LITTLE = 1.0
_AIM_COLUMNS = 30  # above it aim takes minutes
_PURE_COLUMNS = 24  # above it the errors of all pairs are too noisy under pure epsilon
_FAST_COLUMNS = 300  # 45,000 pairs; mst needs no exact count of all of them at once


@dataclass(frozen=True)
class Choice:
    """An algorithm, its name, and why it was taken."""

    name: str
    why: str
    model: Model

    def __str__(self) -> str:
        return f"{self.name}, because of {self.why}"


@dataclass(frozen=True)
class Auto:
    """It has no options: name an algorithm to set some."""

    def choice(self, domain: Domain, doors_sigma: Sigma, loss: float, evidence: Clique = ()) -> Choice:
        """The algorithm for this domain, loss and noise."""
        columns = sum(size > 1 for size in domain.sizes.values())
        noise = doors_sigma(loss)
        pure = noise > 0 and is_pure(doors_sigma)
        told = f"{columns} columns"
        if not Forest(domain, float("inf"), evidence).edges_left():
            return Choice("independent", "no pair of columns to relate", Independent())
        if any(domain[name] > 1 for name in evidence):
            return Choice("mst", f"{told}, some of them given", MST())
        if columns > _FAST_COLUMNS:
            return Choice("mst", f"{told}, too many for the errors of all their pairs", MST())
        if pure and columns > _PURE_COLUMNS:
            return Choice("mst", f"{told} under pure epsilon", MST())
        if noise <= _LITTLE and columns <= _AIM_COLUMNS:
            return Choice("aim", f"{told} and noise of {noise:.2g} rows at least", AIM())
        much = "" if noise <= _LITTLE else f" and noise of {noise:.1f} rows at least"
        return Choice("fast", f"{told}{much}", Fast())

    def plan(self, domain: Domain, doors_sigma: Sigma, loss: float, evidence: Clique = ()) -> list[Release]:
        """That of the algorithm."""
        return self.choice(domain, doors_sigma, loss, evidence).model.plan(
            domain, doors_sigma, loss, evidence
        )

    def expected(
        self, domain: Domain, doors_sigma: Sigma, loss: float, evidence: Clique = ()
    ) -> dict[Clique, float]:
        """Those of the algorithm."""
        chosen = self.choice(domain, doors_sigma, loss, evidence).model
        return chosen.expected(domain, doors_sigma, loss, evidence)

    def shape(self, domain: Domain, doors_sigma: Sigma, loss: float, evidence: Clique = ()) -> Shape:
        """That of the algorithm."""
        return self.choice(domain, doors_sigma, loss, evidence).model.shape(
            domain, doors_sigma, loss, evidence
        )

    def fit(self, doors: Doors, evidence: Clique = ()) -> Fitted:
        """That of the algorithm; the facts tell which, and why."""
        chosen = self.choice(doors.domain, doors.sigma, doors.loss, evidence)
        fitted = chosen.model.fit(doors, evidence)
        return replace(fitted, facts={**fitted.facts, "chosen": str(chosen)})
