"""Network: columns drawn one after another, each from a table of counts given columns drawn before.

Every model becomes one: a tree or junction tree in reverse elimination order, a Bayesian network, independent
columns. Sampling rounds expected counts instead of only drawing (see `codec.draw.stratified`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from duckpaste.codec.draw import stratified
from duckpaste.domain import Clique, Domain, FloatArray, IntArray


@dataclass(frozen=True)
class Step:
    """Draw `column` given `parents`: `counts` has shape (sizes of parents..., size of column), any scale, >= 0."""

    column: str
    parents: Clique
    counts: FloatArray


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
            out[name] = _expand(self.expansions[name], coarse, rng) if name in self.expansions else coarse
        return out


def _draw(
    step: Step, domain: Domain, drawn: Mapping[str, IntArray], n: int, rng: np.random.Generator
) -> IntArray:
    """Codes of `step.column` for n rows, by inverting the conditional distribution of each parents' cell."""
    size = domain[step.column]
    counts = step.counts.reshape(-1, size)
    group = np.zeros(n, dtype=np.int64)
    for parent in step.parents:
        group = group * domain[parent] + drawn[parent]
    return _invert(counts, group, stratified(group, rng))


def _invert(counts: FloatArray, group: IntArray, u: FloatArray) -> IntArray:
    """For each row the code whose slice of row `group` of `counts` holds the share `u`.

    A group without mass draws from the sum over all groups."""
    groups, size = counts.shape
    total = counts.sum(axis=1)
    if np.any(total <= 0):
        overall = counts.sum(axis=0)
        fallback = overall if overall.sum() > 0 else np.ones(size)
        counts = np.where((total > 0)[:, None], counts, fallback)
        total = counts.sum(axis=1)
    # One flat cumulative array: row g occupies (g, g + 1], so a single sorted search serves all rows.
    cdf = np.cumsum(counts / total[:, None], axis=1)
    cdf[:, -1] = 1.0
    flat = (cdf + np.arange(groups)[:, None]).ravel()
    found = np.searchsorted(flat, group + u, side="right")
    codes = found - group * size
    # Rounding of group + u may cross a border by one ulp; empty codes at the end of a row are never hit.
    return np.clip(codes, 0, size - 1)


def _expand(expansion: Expansion, coarse: IntArray, rng: np.random.Generator) -> IntArray:
    """Fine codes for coarse ones."""
    order = np.argsort(expansion.coarse, kind="stable")
    groups = int(expansion.coarse.max()) + 1
    weights = np.zeros((groups, len(order)))
    weights[expansion.coarse, np.arange(len(order))] = expansion.weights
    empty = weights.sum(axis=1) <= 0
    weights[expansion.coarse, np.arange(len(order))] += empty[expansion.coarse]
    return _invert(weights, coarse, stratified(coarse, rng))
