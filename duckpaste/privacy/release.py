"""Ledger first, then noise: the one path by which exact counts, and scores made of them, become released ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from duckpaste.domain import FloatArray, IntArray
from duckpaste.privacy import noise
from duckpaste.privacy.accountant import Accountant
from duckpaste.privacy.ledger import Release, Run

ONE = 1 << 20  # the integer that stands for a weight of 1, when a unit may have several rows
# Scales are a hair larger than asked, so that proved losses never sum to more than the budget.
_SAFE = 1 + 1e-9


@dataclass(frozen=True)
class Protected:
    """A private table whose units weigh at most `k`: a quoted relation, its name for people, its unit column.

    `weight` names the relation's column of weights in units of 1/ONE; without one each row is a unit."""

    relation: str
    name: str
    unit: str | None = None
    k: int = 1
    weight: str | None = None

    @property
    def one(self) -> int:
        """The count of one row of weight 1."""
        return ONE if self.weight else 1


@dataclass(frozen=True)
class Vector:
    """Exact counts (int64, in units of 1/one) to be released at `loss`; `columns` and `query` are for the ledger."""

    counts: IntArray
    loss: float
    columns: str
    query: str


def release(
    run: Run, table: Protected, vectors: Sequence[Vector], stage: str
) -> list[tuple[FloatArray, float]]:
    """Noisy counts in rows (the shape of each vector) and the noise's standard deviation a cell.

    Raises BudgetError, with nothing written or drawn, when the run can't pay."""
    pure, one = run.guarantee.pure, table.one
    accountant = Accountant(pure, float(table.k))
    scales = [accountant.noise_scale(v.loss) * _SAFE for v in vectors]
    mechanism = "discrete laplace" if pure else "discrete gaussian"
    run.spend([
        Release(
            stage, mechanism if scale else "none", table.name, v.columns, v.query, v.counts.size, float(table.k),
            scale, noise.proved_loss(scale * one, table.k * one, pure=pure) if scale else 0.0,
        )
        for v, scale in zip(vectors, scales, strict=True)
    ])  # fmt: skip
    out: list[tuple[FloatArray, float]] = [(np.zeros(0), 0.0)] * len(vectors)
    for scale in dict.fromkeys(scales):
        # One call a scale: setting up the sampler is dearer than drawing for small marginals.
        mine = [i for i, s in enumerate(scales) if s == scale]
        flat = np.concatenate([vectors[i].counts.ravel() for i in mine])
        noisy = (noise.add(flat, scale * one, pure=pure) if scale else flat) / one
        ends = np.cumsum([vectors[i].counts.size for i in mine])
        for i, part in zip(mine, np.split(noisy, ends[:-1]), strict=True):
            sigma = accountant.sigma(vectors[i].loss) if scale else 0.0
            out[i] = (part.reshape(vectors[i].counts.shape), sigma)
    return out


def release_scores(
    run: Run, table: Protected, scores: IntArray, loss: float, stage: str, query: str
) -> tuple[FloatArray, float]:
    """Noisy scores in rows and the noise's standard deviation, of m scores (int64, in units of 1/ONE) that one unit
    changes by at most k each: all together by m k (L1) or sqrt(m) k (L2), whatever their directions."""
    pure, many = run.guarantee.pure, scores.size
    spread = float(many) if pure else math.sqrt(many) * _SAFE
    sensitivity = table.k * spread
    accountant = Accountant(pure, sensitivity)
    scale = accountant.noise_scale(loss) * _SAFE
    mechanism = ("discrete laplace" if pure else "discrete gaussian") if scale else "none"
    proved = noise.proved_loss(scale * ONE, sensitivity * ONE, pure=pure) if scale else 0.0
    what = f"errors of {many} column sets"
    run.spend([Release(stage, mechanism, table.name, what, query, many, sensitivity, scale, proved)])
    noisy = noise.add(scores, scale * ONE, pure=pure) if scale else scores
    return noisy / ONE, accountant.sigma(loss) if scale else 0.0
