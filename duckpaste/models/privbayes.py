"""PrivBayes: a Bayesian network of noisy joints of each column with its parents (Zhang et al. 2017).

Three stages: all 1-ways; for each column a choice of parents; the joint of each column with its parents. It is the
same under zCDP (Gaussian noise, losses are rho) and pure epsilon (Laplace noise, losses are epsilon): the doors know.
Beyond the paper: rare codes are merged; parents are used at coarser heights of hierarchies that are made from the
noisy 1-ways; the parents of a column lie in one earlier family, so that all measurements are fitted together by a
tree; rows are dealt rather than drawn.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from duckpaste.domain import Clique, Domain, FloatArray
from duckpaste.models.base import Doors, Fitted, Measurement, Release, Sigma
from duckpaste.models.bayes.heights import Heights
from duckpaste.models.bayes.search import Search, Terms
from duckpaste.models.bayes.tree import Family, Tree, fitted_tables
from duckpaste.models.coding.compress import Compression
from duckpaste.models.coding.hierarchy import Hierarchy, hierarchy
from duckpaste.models.coding.recode import alone, recode
from duckpaste.models.network import Expansion, Network, Step
from duckpaste.models.obeying import conditioned
from duckpaste.models.one_way import OneWay
from duckpaste.models.options import option
from duckpaste.models.outlook import Shape, bounded, set_errors
from duckpaste.models.pgm import Descent, Observation, total_of
from duckpaste.models.pgm.elimination import CELLS_PER_MB
from duckpaste.models.shares import Stages, divided
from duckpaste.models.singles import fitted_singles
from duckpaste.models.spanning import Forest


@dataclass(frozen=True)
class PrivBayes:
    """Defaults were chosen on the Adult table at epsilon 1 and 10 (tests/bench/quality.py). Shares are relative.

    A family (a column with its parents) gets at most `room` cells: total / (theta * sd of the noise a cell), with
    the noisy total, the sd at equal losses, and never less than one row in place of the sd. One with a single parent
    gets more: nothing smaller is left of it."""

    share_one_way: float = option(4.0, "share of the loss for the 1-way marginals", above=True)
    e1: float = option(0.5, "share of the loss for choosing parents", above=True)
    e2: float = option(6.0, "share of the loss for measuring columns with their parents", above=True)
    theta: float = option(1.5, "least mean count of a family's cells, in standard deviations", above=True)
    pairs: float = option(3.0, "a column with one parent may have this many times the cells of others", low=1)
    fixed: tuple[int, ...] = option((10, 20, 40), "numbers of groups of a hierarchy's coarsest levels", low=2)
    u: float = option(2.0, "growth of the number of groups from each further level to the next", low=1)
    rebalance: bool = option(True, "hierarchies follow the noisy 1-ways; else all codes weigh alike")
    threshold: float = option(
        3.0, "codes whose noisy count is below this many standard deviations are merged"
    )
    codes: float = option(
        0.25, "share of a family's room that a column may take by itself", above=True, high=1
    )
    balance: float = option(
        0.5, "loss of a marginal in proportion to cells ** balance; 0 for equal losses", high=1
    )
    chance: float = option(0.5, "how much of the error that chance alone makes is taken off a score")
    caution: float = option(0.25, "how much of the noise to come is taken off a score")
    breadth: float = option(1.0, "scores weigh in proportion to the number of parents ** breadth")
    candidates: int = option(100, "most sets of parents in one choice", low=1, high=10_000)
    max_cells: int = option(100_000, "larger families are never chosen", low=1)
    prior: float = option(0.01, "share of rows that independent columns count for in the fit", high=1)
    steps: int = option(1000, "most sweeps of the fit", low=1)
    tolerance: float = option(0.003, "the fit stops when 20 sweeps lower its loss by less than this share")

    def plan(self, domain: Domain, doors_sigma: Sigma, loss: float, evidence: Clique = ()) -> list[Release]:
        """Three releases (one when there is nothing to choose). The 1-ways' sigma is the largest, the joints' is the
        one at equal losses; cells of joints are upper bounds."""
        stages = self._stages(domain, loss, evidence)
        if stages is None:
            return []
        plan = [OneWay(domain, self.balance).release(doors_sigma, stages.one_way)]
        if stages.joint > 0:
            count, choices = _counts(domain, evidence)
            most = max(min(domain.cells(domain), self.max_cells), *domain.sizes.values())
            sigma = doors_sigma(stages.select / choices)
            plan.append(
                Release("select", f"{choices} choices", choices, choices * most, stages.select, sigma)
            )
            what = f"{count} columns with their parents"
            sigma = doors_sigma(stages.joint / count)
            plan.append(Release("joints", what, count, count * most, stages.joint, sigma))
        return plan

    def expected(
        self, domain: Domain, doors_sigma: Sigma, loss: float, evidence: Clique = ()
    ) -> dict[Clique, float]:
        """L1 error in rows of each column, and of each column with one other, were that its family."""
        stages = self._stages(domain, loss, evidence)
        if stages is None:
            return {}
        out = OneWay(domain, self.balance).errors(doors_sigma, stages.one_way)
        if stages.joint > 0:
            pairs = Forest(domain, self.max_cells, evidence).candidates()[1]
            out |= set_errors(domain, doors_sigma(stages.joint / _counts(domain, evidence)[0]), pairs)
        return out

    def shape(self, domain: Domain, doors_sigma: Sigma, loss: float, evidence: Clique = ()) -> Shape:
        """A family of at most `max_cells` for each column."""
        targets = len(domain) - len(domain.clique(evidence))
        one = bounded(domain, self.max_cells / CELLS_PER_MB)
        whole = targets * one.megabytes + sum(domain.sizes.values()) / CELLS_PER_MB
        return Shape(len(domain), one.treewidth, whole, exact=False)

    def fit(self, doors: Doors, evidence: Clique = ()) -> Fitted:
        """Spend at most `doors.loss`; evidence columns are measured too, and are parents only."""
        domain, loss = doors.domain, doors.loss
        stages = self._stages(domain, loss, evidence)
        if stages is None:
            return Fitted(Network(domain, tuple(evidence), [], total=1.0))
        singles = OneWay(domain, self.balance).measure(doors, stages.one_way)
        fine = [Observation.of(m) for m in singles]
        total = total_of(fine)
        count, choices = _counts(domain, evidence)
        sigma = doors.sigma(stages.joint / count) if count else 0.0
        room = min(total / (self.theta * max(sigma, 1.0)), self.max_cells)
        coding = recode(domain, fine, total, self.threshold, self.codes * room)
        counts = fitted_singles(coding.domain, [coding.observation(o) for o in fine], total)
        heights = Heights(coding.domain, self._hierarchies(domain, coding, counts, room))
        base = coding.over(doors)
        derived = base.derived(heights.made) if heights.made else base
        noise = self.caution * sigma
        each = stages.select / max(1, choices)
        pair = max(room, min(self.pairs * room, self.max_cells))
        terms = Terms(room, pair, self.candidates, each, self.chance, noise, self.breadth)
        given = tuple(n for n in evidence if domain[n] > 1)
        search = Search(derived, heights, counts, given, terms)
        families = search.grow([n for n in domain if n not in evidence and domain[n] > 1])
        left = stages.joint + (stages.select - search.spent if math.isfinite(loss) else 0.0)
        asked = families if given else families[1:]
        joints = self._measure(doors, derived, heights, asked, left)
        known = [*fine, *(Observation.of(m) for m in joints)]
        tree = Tree(heights, families, [coding.observation(o) for o in known], total)
        prior = self.prior if math.isfinite(loss) else 0.0
        best, sweeps = fitted_tables(tree, Descent(self.steps, self.tolerance), prior)
        steps = [Step(n, (), np.ones(1)) for n in domain if n not in evidence and domain[n] == 1]
        steps += [_step(heights, f, t * total) for f, t in zip(families, best.nodes, strict=True)]
        network = Network(
            coding.domain, tuple(evidence), steps, _expansions(domain, coding, known, total), total
        )
        return Fitted(
            conditioned(network),
            [*singles, *joints],
            {**_facts(coding, families, room), "total": total, "sweeps": sweeps},
        )

    def _stages(self, domain: Domain, loss: float, evidence: Clique) -> Stages | None:
        """From public facts alone; None when there is no column to model."""
        if not set(domain) - set(domain.clique(evidence)):
            return None
        count, _ = _counts(domain, evidence)
        return Stages.of(loss, self.share_one_way, self.e1, self.e2) if count else Stages(loss)

    def _hierarchies(
        self, domain: Domain, coding: Compression, counts: Mapping[str, FloatArray], room: float
    ) -> dict[str, Hierarchy]:
        """Of the columns that may be parents at several heights: levels that leave room for two codes of a child."""
        found = {}
        for name, size in coding.domain.sizes.items():
            apart = alone(coding.maps.get(name, np.arange(size)), domain.nulls.get(name))
            weights = counts[name] if self.rebalance else np.ones(size)
            tree = hierarchy(weights, name in domain.ordered, apart, self.fixed, self.u)
            levels = [t for h, t in enumerate(tree.levels) if h == 0 or tree.sizes[h] <= room / 2]
            found[name] = Hierarchy(tuple(levels))
        return found

    def _measure(
        self, doors: Doors, derived: Doors, heights: Heights, families: Sequence[Family], loss: float
    ) -> list[Measurement]:
        """The joint of each family; columns without parents once more by themselves, in their own codes."""
        losses = divided(loss, heights.domain, [f.clique for f in families], self.balance)
        paid = [(heights.domain.clique(f.clique), part) for f, part in zip(families, losses, strict=True)]
        out: list[Measurement] = []
        for through, mine in (
            (derived, [p for p in paid if len(p[0]) > 1]),
            (doors, [p for p in paid if len(p[0]) == 1]),
        ):
            if mine:
                out += through.measure([c for c, _ in mine], [part for _, part in mine], "joints")
        return out


def _counts(domain: Domain, evidence: Clique) -> tuple[int, int]:
    """How many columns may get parents, and choices at most."""
    given = domain.clique(evidence)
    free = not any(domain[n] > 1 for n in given)  # the first column has none to choose from
    count = max(0, sum(domain[n] > 1 for n in domain if n not in given) - free)
    return count, 2 * count


def _step(heights: Heights, family: Family, counts: FloatArray) -> Step:
    """Draws a family's child given its parents."""
    coarsen = {heights.column(n): heights.codes(n) for n in family.parents if heights.height(n) > 0}
    return Step(family.child, tuple(heights.column(n) for n in family.parents), counts, coarsen)


def _expansions(
    domain: Domain, coding: Compression, known: Sequence[Observation], total: float
) -> Mapping[str, Expansion]:
    """Merged codes come back by all that was measured of them."""
    counts = fitted_singles(domain, [o for o in known if len(o.clique) == 1], total)
    return {n: replace(e, weights=counts[n]) for n, e in coding.expansions.items()}


def _facts(coding: Compression, families: Sequence[Family], room: float) -> dict[str, object]:
    return {
        "families": [[f.child, *f.parents] for f in families],
        "merged": coding.merged,
        "room": room,
    }
