"""Doors over plain arrays for tests and benchmarks: float noise, never for private data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from duckpaste.domain import Clique, Domain, FloatArray, IntArray
from duckpaste.models.base import Measurement


@dataclass(frozen=True)
class Spend:
    """One release that was paid for."""

    stage: str
    kind: str
    clique: Clique
    loss: float


def count(codes: Mapping[str, IntArray], domain: Domain, clique: Sequence[str]) -> FloatArray:
    """Exact counts of `clique`, brute force."""
    flat = np.zeros(len(next(iter(codes.values()))), dtype=np.int64)
    for name in clique:
        flat = flat * domain[name] + codes[name]
    counts = np.bincount(flat, minlength=domain.cells(clique))
    return counts.reshape(domain.shape(clique)).astype(np.float64)


class ArrayDoors:
    """`Doors` over integer code columns; records every spend, refuses to pass `loss` (rho)."""

    def __init__(
        self,
        codes: Mapping[str, IntArray],
        domain: Domain,
        loss: float,
        rng: np.random.Generator,
        spends: list[Spend] | None = None,
    ) -> None:
        self.codes = dict(codes)
        self.domain = domain
        self.loss = loss
        self.rng = rng
        self.spends: list[Spend] = [] if spends is None else spends
        self._estimates: object = None
        self._errors: dict[Clique, float] = {}

    def sigma(self, loss: float) -> float:
        return 0.0 if math.isinf(loss) else math.sqrt(1 / (2 * loss))

    def measure(self, cliques: Sequence[Clique], losses: Sequence[float], stage: str) -> list[Measurement]:
        out = []
        for clique, loss in zip(cliques, losses, strict=True):
            self._spend(Spend(stage, "measure", tuple(clique), loss))
            sigma = self.sigma(loss)
            exact = count(self.codes, self.domain, clique)
            out.append(
                Measurement(tuple(clique), exact + sigma * self.rng.standard_normal(exact.shape), sigma)
            )
        return out

    def select(
        self,
        candidates: Sequence[Clique],
        estimates: Mapping[Clique, FloatArray],
        loss: float,
        stage: str,
        weights: Sequence[float] | None = None,
        penalties: Sequence[float] | None = None,
    ) -> int:
        self._spend(Spend(stage, "select", (), loss))
        if self._estimates is not estimates:
            self._estimates, self._errors = estimates, {}
        for clique in candidates:
            if clique not in self._errors:
                exact = count(self.codes, self.domain, clique)
                self._errors[clique] = float(np.abs(exact - estimates[clique]).sum())
        scores = np.array([self._errors[c] for c in candidates])
        scores -= 0 if penalties is None else np.asarray(penalties)
        scores *= 1 if weights is None else np.asarray(weights)
        most = 1.0 if weights is None else max(weights)
        scale = 0.0 if math.isinf(loss) else most * math.sqrt(1 / (2 * loss))
        return int(np.argmax(scores + scale * self.rng.gumbel(size=len(scores))))

    def recoded(self, maps: Mapping[str, IntArray]) -> ArrayDoors:
        codes = {n: maps[n][c] if n in maps else c for n, c in self.codes.items()}
        sizes = {n: int(m.max()) + 1 for n, m in maps.items()}
        return ArrayDoors(codes, self.domain.resized(sizes), self.loss, self.rng, self.spends)

    @property
    def spent(self) -> float:
        """Loss of all releases so far."""
        return sum(s.loss for s in self.spends)

    def _spend(self, spend: Spend) -> None:
        if not spend.loss > 0:
            raise ValueError(f"loss {spend.loss} of {spend.stage}")
        self.spends.append(spend)
        if not math.isinf(self.loss) and self.spent > self.loss * (1 + 1e-9):
            raise ValueError(f"spent {self.spent} of {self.loss}")
