"""Network: columns drawn one after another, each from a table of counts given columns drawn before.

Every model becomes one: a tree or junction tree in reverse elimination order, a Bayesian network, independent
columns. Sampling rounds expected counts instead of only drawing (see `rounding`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from duckpaste.domain import Clique, Domain, FloatArray, IntArray
from duckpaste.models.rounding import deal, deal_members


@dataclass(frozen=True)
class Step:
    """Draw `column` given `parents`: `counts` has shape (sizes of parents..., size of column), any scale, >= 0.

    A parent in `coarsen` counts by groups of codes: the array gives the group (0..m-1) of each of its codes, and
    `counts` has m places for it."""

    column: str
    parents: Clique
    counts: FloatArray
    coarsen: Mapping[str, IntArray] = field(default_factory=dict)

    def expanded(self) -> FloatArray:
        """`counts` with a place for each code of every parent (shares among the codes of a group are alike)."""
        counts = self.counts
        for axis, parent in enumerate(self.parents):
            if parent in self.coarsen:
                counts = counts.take(self.coarsen[parent], axis=axis)
        return counts


@dataclass(frozen=True)
class Expansion:
    """Undoes compression: the fine code of each coarse code is drawn from `weights` among its members.

    `coarse` has one coarse code for every fine code; `weights` one non-negative number for every fine code."""

    coarse: IntArray
    weights: FloatArray


@dataclass
class Network:
    """Steps in drawing order over `domain` (the sizes that the steps see, after compression).

    `evidence` are given, in fine codes; `expansions` lead back to fine codes; `total` is the noisy number of rows.
    """

    domain: Domain
    evidence: Clique
    steps: Sequence[Step]
    expansions: Mapping[str, Expansion] = field(default_factory=dict)
    total: float = 0.0

    def sample(
        self, n: int, rng: np.random.Generator, evidence: Mapping[str, IntArray] | None = None
    ) -> dict[str, IntArray]:
        """`n` rows of fine codes, one int array a column that is not evidence."""
        given = evidence or {}
        drawn: dict[str, IntArray] = {}
        for name in self.evidence:
            codes = np.asarray(given[name])
            drawn[name] = self.expansions[name].coarse[codes] if name in self.expansions else codes
        for step in self.steps:
            drawn[step.column] = _draw(step, self.domain, drawn, n, rng)
        out: dict[str, IntArray] = {}
        for step in self.steps:
            name = step.column
            coarse = drawn[name]
            expansion = self.expansions.get(name)
            if expansion is not None:
                coarse = deal_members(expansion.coarse, expansion.weights, coarse, rng)
            out[name] = coarse
        return out


def _draw(
    step: Step, domain: Domain, drawn: Mapping[str, IntArray], n: int, rng: np.random.Generator
) -> IntArray:
    """Codes of `step.column` for n rows, given the codes of its parents."""
    group = np.zeros(n, dtype=np.int64)
    for parent, size in zip(step.parents, step.counts.shape, strict=False):
        codes = drawn[parent]
        group = group * size + (step.coarsen[parent][codes] if parent in step.coarsen else codes)
    return deal(step.counts.reshape(-1, domain[step.column]), group, rng)
