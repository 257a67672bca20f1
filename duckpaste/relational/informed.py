"""Doors that know something already: what was released of the same rows before is not paid for again."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from duckpaste.domain import Clique, Domain, FloatArray, IntArray
from duckpaste.models.base import Doors, Measurement

# Share of an evidence column's loss when it is measured: it only shapes which links are chosen.
EVIDENCE = 0.25


class Informed:
    """Wraps doors for a model that measures 1-way marginals first.

    A known 1-way comes back as it was released over the same rows; the loss that was meant for it goes to the other
    marginals of the same call. `evidence` columns that are not known get a quarter of the loss of others."""

    def __init__(self, doors: Doors, known: Mapping[str, Measurement], evidence: Clique) -> None:
        self._doors = doors
        self._known = {
            n: m for n, m in known.items() if n in doors.domain and m.values.size == doors.domain[n]
        }
        self._evidence = frozenset(evidence)

    @property
    def domain(self) -> Domain:
        """As the wrapped doors'."""
        return self._doors.domain

    @property
    def loss(self) -> float:
        """As the wrapped doors'."""
        return self._doors.loss

    def sigma(self, loss: float) -> float:
        """As the wrapped doors'."""
        return self._doors.sigma(loss)

    def measure(
        self, cliques: Sequence[Clique], losses: Sequence[float], stage: str, **more: Any
    ) -> list[Measurement]:
        """Known 1-ways for nothing; the sum of `losses` is spent on the others."""
        known = {i: self._known[c[0]] for i, c in enumerate(cliques) if len(c) == 1 and c[0] in self._known}
        asked = [i for i in range(len(cliques)) if i not in known]
        if len(asked) < len(cliques) and not asked:
            return [known[i] for i in range(len(cliques))]
        weights = [losses[i] * (EVIDENCE if self._evidence.issuperset(cliques[i]) else 1.0) for i in asked]
        total, whole = sum(losses), sum(weights)
        spent = [math.inf if math.isinf(total) else total * w / whole for w in weights]
        measured = self._doors.measure([cliques[i] for i in asked], spent, stage, **more)
        found = dict(zip(asked, measured, strict=True)) | known
        return [found[i] for i in range(len(cliques))]

    def select(
        self, candidates: Sequence[Clique], estimates: Mapping[Clique, FloatArray], loss: float, stage: str,
        weights: Sequence[float] | None = None, penalties: Sequence[float] | None = None,
        targets: Sequence[str] | None = None, **more: Any,
    ) -> int:  # fmt: skip
        """As the wrapped doors'."""
        return self._doors.select(candidates, estimates, loss, stage, weights, penalties, targets, **more)

    def recoded(self, maps: Mapping[str, IntArray]) -> Doors:
        """Coarser doors know nothing: models measure 1-ways before they recode."""
        return self._doors.recoded(maps)

    def derived(self, columns: Mapping[str, tuple[str, IntArray]]) -> Doors:
        """As the wrapped doors': models measure 1-ways before they derive."""
        return self._doors.derived(columns)

    def __getattr__(self, name: str) -> Any:
        """Whatever other doors there are."""
        return getattr(self._doors, name)
