"""Raked doors: a column of the row before may only tell the same column of this row.

Pasteur's `rake`. Pairs that cross columns and rows are no candidates, so the choice among the others costs less noise
where sequences are wide. What is left out is public: it follows from names alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from duckpaste.domain import Clique, FloatArray, IntArray
from duckpaste.models.base import Doors
from duckpaste.models.wrapped import Wrapped

_NEVER = -1e15  # an error, in rows, that no column set has


class Raked(Wrapped):
    """`lags` gives the own column of each lag column."""

    def __init__(
        self, doors: Doors, lags: Mapping[str, str], groups: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(doors)
        self._lags = lags
        self._groups = groups or {}  # derived column -> the column that it is made of

    def allowed(self, clique: Clique, target: str | None = None) -> bool:
        """Whether every lag column of the set is there for its own column (the `target`, where there is one)."""
        names = [self._groups.get(n, n) for n in clique]
        found = set(names) if target is None else {self._groups.get(target, target)}
        return all(self._lags[n] in found for n in names if n in self._lags)

    def select(
        self, candidates: Sequence[Clique], estimates: Mapping[Clique, FloatArray], loss: float, stage: str,
        weights: Sequence[float] | None = None, penalties: Sequence[float] | None = None,
        targets: Sequence[str] | None = None,
    ) -> int:  # fmt: skip
        """Among the allowed candidates; among all where none is."""
        kept = [i for i, c in enumerate(candidates) if self.allowed(c, targets[i] if targets else None)]
        kept = kept or list(range(len(candidates)))

        def some(values: Sequence[Any] | None) -> list[Any] | None:
            return None if values is None else [values[i] for i in kept]

        mine = [candidates[i] for i in kept]
        if len(mine) == 1:
            return kept[0]  # no choice, so nothing to pay for
        chosen = self._doors.select(
            mine, estimates, loss, stage, some(weights), some(penalties), some(targets)
        )
        return kept[chosen]

    def errors(
        self, cliques: Sequence[Clique], estimates: Mapping[Clique, FloatArray], loss: float, stage: str
    ) -> tuple[FloatArray, float]:
        """Those that are not allowed are not asked for, and have an error below all others."""
        kept = np.array([i for i, c in enumerate(cliques) if self.allowed(c)], dtype=np.int64)
        if not kept.size:
            return self._doors.errors(cliques, estimates, loss, stage)
        found, sigma = self._doors.errors([cliques[i] for i in kept], estimates, loss, stage)
        values = np.full(len(cliques), _NEVER)
        values[kept] = found
        return values, sigma

    def recoded(self, maps: Mapping[str, IntArray]) -> Raked:
        """Coarser codes under the same names."""
        return Raked(self._doors.recoded(maps), self._lags, self._groups)

    def derived(self, columns: Mapping[str, tuple[str, IntArray]]) -> Raked:
        """A derived column is what it is made of."""
        groups = {new: self._groups.get(old, old) for new, (old, _) in columns.items()}
        return Raked(self._doors.derived(columns), self._lags, {**self._groups, **groups})
