"""Doors that know something already: what was released of the same rows before, or follows from it, is not paid for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from duckpaste.domain import Clique, FloatArray
from duckpaste.models.base import Doors, Measurement
from duckpaste.models.wrapped import Wrapped

# Share of an evidence column's loss when it is measured: it only shapes which links are chosen.
EVIDENCE = 0.25


@dataclass(frozen=True)
class Known:
    """What is known of columns before: 1-ways as released; of other evidence the `shares` of its codes, as models of
    the tables above imply them; and `lags`: (own column, share of rows without such a sibling) of a lag column."""

    released: Mapping[str, Measurement] = field(default_factory=dict)
    shares: Mapping[str, FloatArray] = field(default_factory=dict)
    lags: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    implied_rows: float = 0.0

    @property
    def rows(self) -> float:
        """About how many rows there are, as they weigh; 0 where nothing is known."""
        sums = [float(m.values.sum()) for m in self.released.values()]
        return float(np.median(sums)) if sums else self.implied_rows


class Informed(Wrapped):
    """For a model that measures 1-way marginals first: coarser codes and derived columns are asked of the doors alone.

    A known 1-way comes back as it was released over the same rows, an implied one as if it were measured; the loss that
    was meant for it goes to the other marginals of the same call. `evidence` columns that are not known get a quarter
    of the loss of others. `implied` lists what was not measured."""

    def __init__(self, doors: Doors, known: Known, evidence: Clique) -> None:
        super().__init__(doors)
        self._known = {
            n: m for n, m in known.released.items() if n in doors.domain and m.values.size == doors.domain[n]
        }
        self._evidence = frozenset(evidence)
        self._shares = {
            n: s for n, s in known.shares.items() if n in doors.domain and len(s) == doors.domain[n]
        }
        self._lags = {n: lag for n, lag in known.lags.items() if n in doors.domain}
        self.implied: list[Measurement] = []

    def measure(self, cliques: Sequence[Clique], losses: Sequence[float], stage: str) -> list[Measurement]:
        """Known and implied 1-ways for nothing; the sum of `losses` is spent on the others."""
        found = {i: self._known[c[0]] for i, c in enumerate(cliques) if len(c) == 1 and c[0] in self._known}
        total = sum(losses)
        rest = [i for i in range(len(cliques)) if i not in found]
        # Without noise nothing is gained by what is implied; and it takes its scale from own columns.
        own = [i for i in rest if not self._evidence.issuperset(cliques[i])]
        asked = rest if math.isinf(total) or not own else [i for i in rest if not self._implies(cliques, i)]
        if len(found) == len(cliques):
            return [found[i] for i in range(len(cliques))]
        weights = [losses[i] * (EVIDENCE if self._evidence.issuperset(cliques[i]) else 1.0) for i in asked]
        whole = sum(weights)
        spent = [math.inf if math.isinf(total) else total * w / whole for w in weights]
        measured = self._doors.measure([cliques[i] for i in asked], spent, stage)
        found |= dict(zip(asked, measured, strict=True))
        for i in rest:
            if i not in found:
                found[i] = self._implied(cliques[i][0], [found[j] for j in own])
                self.implied.append(found[i])
        return [found[i] for i in range(len(cliques))]

    def _implies(self, cliques: Sequence[Clique], number: int) -> bool:
        """Whether a clique is an evidence column whose 1-way follows from others of this call."""
        clique = cliques[number]
        if len(clique) != 1 or clique[0] not in self._evidence:
            return False
        return clique[0] in self._shares or (
            clique[0] in self._lags and (self._lags[clique[0]][0],) in cliques
        )

    def _implied(self, name: str, own: Sequence[Measurement]) -> Measurement:
        """An implied 1-way: of as many rows, and taken for as noisy, as the own columns are measured."""
        rows = float(np.mean([m.values.sum() for m in own]))
        sigma = float(np.mean([m.sigma for m in own]))
        if name in self._shares:
            return Measurement((name,), self._shares[name] * rows, sigma)
        column, first = self._lags[name]
        values = next(m.values for m in own if m.clique == (column,))
        shares = np.maximum(values, 0.0) / max(float(np.maximum(values, 0.0).sum()), 1e-300)
        return Measurement((name,), np.append(shares * (1 - first), first) * rows, sigma)
