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


def dependence(counts: FloatArray, axis: int, estimate: FloatArray) -> float:
    """Half the L1 distance from independence of the axis from all others, with the shares of `estimate`."""
    table = np.moveaxis(counts, axis, 0)
    expected = np.multiply.outer(estimate / estimate.sum(), table.sum(axis=0))
    return 0.5 * float(np.abs(table - expected).sum())


class ArrayDoors:
    """`Doors` over integer code columns; records every spend, refuses to pass `loss` (rho)."""

    def __init__(
        self,
        codes: Mapping[str, IntArray],
        domain: Domain,
        loss: float,
        rng: np.random.Generator,
        spends: list[Spend] | None = None,
        origin: Mapping[str, str] | None = None,
    ) -> None:
        self.codes = dict(codes)
        self.domain = domain
        self.loss = loss
        self.rng = rng
        self.spends: list[Spend] = [] if spends is None else spends
        self._estimates: object = None
        self._errors: dict[tuple[Clique, str], float] = {}
        self._origin = dict(origin or {})

    def sigma(self, loss: float) -> float:
        return 0.0 if math.isinf(loss) else math.sqrt(1 / (2 * loss))

    def measure(self, cliques: Sequence[Clique], losses: Sequence[float], stage: str) -> list[Measurement]:
        out = []
        for clique, loss in zip(cliques, losses, strict=True):
            self._spend(Spend(stage, "measure", tuple(self._origin.get(n, n) for n in clique), loss))
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
        targets: Sequence[str] | None = None,
    ) -> int:
        self._spend(Spend(stage, "select", (), loss))
        if self._estimates is not estimates:
            self._estimates, self._errors = estimates, {}
        keys = list(zip(candidates, targets or [""] * len(candidates), strict=True))
        for clique, target in keys:
            if (clique, target) not in self._errors:
                exact = count(self.codes, self.domain, clique)
                if target:
                    self._errors[clique, target] = dependence(
                        exact, clique.index(target), estimates[(target,)]
                    )
                else:
                    self._errors[clique, target] = float(np.abs(exact - estimates[clique]).sum())
        scores = np.array([self._errors[key] for key in keys])
        scores -= 0 if penalties is None else np.asarray(penalties)
        scores *= 1 if weights is None else np.asarray(weights)
        most = 1.0 if weights is None else max(weights)
        scale = 0.0 if math.isinf(loss) else most * math.sqrt(1 / (2 * loss))
        return int(np.argmax(scores + scale * self.rng.gumbel(size=len(scores))))

    def errors(
        self, cliques: Sequence[Clique], estimates: Mapping[Clique, FloatArray], loss: float, stage: str
    ) -> tuple[FloatArray, float]:
        self._spend(Spend(stage, "errors", (), loss))
        exact = [np.abs(count(self.codes, self.domain, c) - estimates[c]).sum() for c in cliques]
        sigma = self.sigma(loss) * math.sqrt(len(cliques))
        return np.array(exact) + sigma * self.rng.standard_normal(len(cliques)), sigma

    def recoded(self, maps: Mapping[str, IntArray]) -> ArrayDoors:
        codes = {n: maps[n][c] if n in maps else c for n, c in self.codes.items()}
        sizes = {n: int(m.max()) + 1 for n, m in maps.items()}
        domain = self.domain.resized(sizes)
        return ArrayDoors(codes, domain, self.loss, self.rng, self.spends, self._origin)

    def derived(self, columns: Mapping[str, tuple[str, IntArray]]) -> ArrayDoors:
        codes = {**self.codes, **{name: to[self.codes[of]] for name, (of, to) in columns.items()}}
        sizes = {**self.domain.sizes, **{name: int(to.max()) + 1 for name, (_, to) in columns.items()}}
        origin = {**self._origin, **{name: of for name, (of, _) in columns.items()}}
        return ArrayDoors(
            codes, Domain(sizes, zeros=self.domain.zeros), self.loss, self.rng, self.spends, origin
        )

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
