"""Wrapped doors: all that the doors underneath do, so that a wrapper states only what it changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from duckpaste.domain import Clique, Domain, FloatArray, IntArray
from duckpaste.models.base import Doors, Measurement


class Wrapped(Doors):
    """Passes everything through.

    So do `recoded` and `derived`, whose doors are then outside the wrapper: one that is to hold over other codes as
    well wraps again."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    @property
    def domain(self) -> Domain:
        """As the doors underneath; so are all that follow."""
        return self._doors.domain

    @property
    def loss(self) -> float:
        """What may be spent."""
        return self._doors.loss

    def sigma(self, loss: float) -> float:
        """Noise sd a cell at `loss`, in rows."""
        return self._doors.sigma(loss)

    def measure(self, cliques: Sequence[Clique], losses: Sequence[float], stage: str) -> list[Measurement]:
        """Noisy counts of each clique."""
        return self._doors.measure(cliques, losses, stage)

    def select(
        self,
        candidates: Sequence[Clique],
        estimates: Mapping[Clique, FloatArray],
        loss: float,
        stage: str,
        weights: Sequence[float] | None = None,
        penalties: Sequence[float] | None = None,
        targets: Sequence[str] | None = None,
    ) -> int:
        """Index of a candidate, by noisy max."""
        return self._doors.select(candidates, estimates, loss, stage, weights, penalties, targets)

    def errors(
        self, cliques: Sequence[Clique], estimates: Mapping[Clique, FloatArray], loss: float, stage: str
    ) -> tuple[FloatArray, float]:
        """A noisy L1 error of each clique."""
        return self._doors.errors(cliques, estimates, loss, stage)

    def recoded(self, maps: Mapping[str, IntArray]) -> Doors:
        """Coarser codes under the same names."""
        return self._doors.recoded(maps)

    def derived(self, columns: Mapping[str, tuple[str, IntArray]]) -> Doors:
        """More columns, each coarser than its own."""
        return self._doors.derived(columns)
