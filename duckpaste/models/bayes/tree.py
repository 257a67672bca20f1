"""The tree of families: noisy joints of each column with its parents, made consistent with one another.

Every family (parents at heights, child) is a node. What it shares with the node that its parents come from is their
border, at the family's own, coarser heights. The estimate is the maximum entropy one among those closest to all
measurements in weighted least squares (Private-PGM, McKenna et al. 2019, on a junction tree whose separators may be
coarser than the nodes), found by `pgm.descent`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from duckpaste.domain import Clique, FloatArray
from duckpaste.models.bayes.border import Border
from duckpaste.models.bayes.heights import Heights
from duckpaste.models.pgm.descent import Descent, State, descend
from duckpaste.models.pgm.factor import outer
from duckpaste.models.pgm.observation import Observation, merged
from duckpaste.models.pgm.prior import Prior
from duckpaste.models.pgm.smooth import TINY, prior_share
from duckpaste.models.pgm.squares import Squares
from duckpaste.simplex import project_weighted


@dataclass(frozen=True)
class Family:
    """A column and the names (columns at heights) of its parents. `home` is the number of the family that holds the
    first `shared` of them, at the same or lower heights; parents beyond are evidence. -1 when nothing is shared."""

    child: str
    parents: Clique = ()
    home: int = -1
    shared: int = 0

    @property
    def clique(self) -> Clique:
        """Parents and child: the axes of the family's table."""
        return (*self.parents, self.child)


class Tree(Squares):
    """Least squares over the families' tables, for `pgm.descent.descend`. Homes come before their children.

    `observations` are in rows: joints of families, and 1-ways of columns at height 0.
    """

    def __init__(
        self, heights: Heights, families: Sequence[Family], observations: Sequence[Observation], total: float
    ) -> None:
        self.families = families
        self._heights = heights
        domain = heights.domain
        super().__init__([domain.shape(f.clique) for f in families])
        self._rows = [math.prod(domain.shape(f.parents[: f.shared])) for f in families]
        self._borders = [
            Border(heights, families[f.home].clique, f.parents[: f.shared]) if f.home >= 0 else None
            for f in families
        ]
        self.total = total
        found = merged(domain, observations)
        self._known = {
            clique: Observation(clique, values, 1 / weight) for clique, (values, weight) in found.items()
        }
        self._measure(min((float(o.variance.min()) for o in self._known.values()), default=1.0))

    def _measure(self, least: float) -> None:
        """Targets and weights of all that was measured; `least` is the least variance of a cell, in rows."""
        self.scale = self.total**2 / least  # weights are those of proportions divided by it: at most 1
        for i, family in enumerate(self.families):
            joint = self._joint(family)
            if joint is not None:
                self.aim_at(i, joint.values / self.total, least / joint.variance)
            for name in (*family.parents[family.shared :], family.child):
                one = self._at_height(name)
                if one is not None:
                    border = Border(self._heights, family.clique, (name,))
                    self.aim_at(i, one.values / self.total, least / one.variance, border)

    def _joint(self, family: Family) -> Observation | None:
        """What was measured of a family with parents, axes as its clique."""
        clique = self._heights.domain.clique(family.clique)
        if not family.parents or clique not in self._known:
            return None
        known = self._known[clique]
        turn = [clique.index(name) for name in family.clique]
        return Observation(family.clique, known.values.transpose(turn), known.variance.transpose(turn))

    def _at_height(self, name: str) -> Observation | None:
        """What was measured of a column, at the height of `name`: values and variances add up."""
        one = self._known.get((self._heights.column(name),))
        if one is None:
            return None
        codes = self._heights.codes(name)
        values, variance = (
            np.bincount(codes, part).astype(np.float64) for part in (one.values, one.variance)
        )
        return Observation((name,), values, variance)

    def independent(self) -> FloatArray:
        """Log-potentials of independent columns."""
        return self._conditionals([self._independent(family) for family in self.families])

    def start(self) -> FloatArray:
        """Log-potentials of P(rest | border) of each family's own measurement: the answer itself without noise."""
        tables = []
        for family in self.families:
            prior = self._independent(family)
            joint = self._joint(family)
            tables.append(prior if joint is None else self._smoothed(joint, prior))
        return self._conditionals(tables)

    def _conditionals(self, tables: Sequence[FloatArray]) -> FloatArray:
        theta = np.zeros(self.cells)
        for i, table in enumerate(tables):
            rows = table.reshape(self._rows[i], -1)
            self.view(theta, i)[...] = np.log(rows / rows.sum(axis=1, keepdims=True)).reshape(table.shape)
        return theta

    def _independent(self, family: Family) -> FloatArray:
        return outer(self._single(name) for name in family.clique)

    def _single(self, name: str) -> FloatArray:
        """Positive shares of the codes of `name`, from the 1-way measurement of its column; else even ones."""
        even = np.full(self._heights.domain[name], 1 / self._heights.domain[name])
        one = self._at_height(name)
        return even if one is None else self._smoothed(one, even)

    def _smoothed(self, one: Observation, prior: FloatArray) -> FloatArray:
        """Noisy proportions on the simplex, mixed with a positive prior as far as they are noise."""
        variance = one.variance / self.total**2
        mix = prior_share(variance)
        fitted = project_weighted(one.values / self.total, variance, 1.0)
        out: FloatArray = np.maximum((1 - mix) * fitted + mix * prior, TINY)
        return out

    def marginals(self, theta: FloatArray) -> tuple[FloatArray, list[FloatArray]]:
        """Proportions of all families (flat, and by family) in the model of the log-potentials `theta`."""
        beliefs = theta.copy()
        sums: list[FloatArray] = [np.empty(0)] * len(self.families)
        for i in reversed(range(len(self.families))):
            flat = self.view(beliefs, i).reshape(self._rows[i], -1)
            top = flat.max(axis=1)
            flat -= top[:, None]
            np.exp(flat, out=flat)
            sums[i] = flat.sum(axis=1)
            border = self._borders[i]
            if border is not None:
                family = self.families[i]
                message = (np.log(sums[i]) + top).reshape(self._shapes[i][: family.shared])
                home = self.view(beliefs, family.home)
                home += border.widen(message)
        for i, border in enumerate(self._borders):
            flat = self.view(beliefs, i).reshape(self._rows[i], -1)
            if border is None:
                flat /= sums[i][:, None]
            else:
                mass = border.narrow(self.view(beliefs, self.families[i].home)).reshape(-1)
                flat *= (mass / sums[i])[:, None]
        return beliefs, [self.view(beliefs, i) for i in range(len(self.families))]

    def log_mass(self, theta: FloatArray, nodes: Sequence[FloatArray]) -> float:
        """log of sum over x of exp(theta(x)) = theta(x) - log p(x), whatever x; here a likely one."""
        out = 0.0
        cells: list[tuple[int, ...]] = []  # of each family
        for i, family in enumerate(self.families):
            border = self._borders[i]
            shared = () if border is None else border.cell(cells[family.home])
            rest = nodes[i][shared]
            best = int(rest.argmax())
            cells.append((*shared, *map(int, np.unravel_index(best, rest.shape))))
            out += float(self.view(theta, i)[cells[i]]) - math.log(float(rest.flat[best]) / float(rest.sum()))
        return out


def fitted_tables(tree: Tree, descent: Descent, prior: float) -> tuple[State, int]:
    """The best fit and the number of sweeps. `prior` is the share of rows that independent columns count for; with
    one the descent starts from them, without from the measurements."""
    weight = prior * tree.total / tree.scale
    if weight <= 0:
        return descend(tree, tree.start(), descent)
    start = tree.independent()
    return descend(tree, start, descent, Prior(tree, weight, start))
