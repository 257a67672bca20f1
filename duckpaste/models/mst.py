"""MST: a spanning tree of noisy pairs, chosen by how badly independence fits (McKenna, Miklau and Sheldon 2021).

Three stages: all 1-ways; d - 1 choices of a pair; the chosen pairs. Beyond the paper: rare codes return by their
noisy shares instead of uniformly, a pair's score is what measuring it will mend (its error less what chance alone
makes and less a part of the noise), and larger marginals get more of the loss.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from duckpaste.domain import Clique, Domain
from duckpaste.models.base import Doors, Fitted, Release, Sigma
from duckpaste.models.coding.compress import Compression, compress
from duckpaste.models.network import Network
from duckpaste.models.obeying import network_of
from duckpaste.models.one_way import OneWay
from duckpaste.models.options import option
from duckpaste.models.outlook import Shape, set_errors
from duckpaste.models.pgm import Descent, Graphical, Observation, fit, total_of
from duckpaste.models.pgm.elimination import CELLS_PER_MB
from duckpaste.models.shares import ABSOLUTE, Stages, divided
from duckpaste.models.singles import OuterProducts, SamplingErrors, fitted_singles
from duckpaste.models.spanning import Forest


@dataclass(frozen=True)
class MST:
    """Defaults were chosen on the Adult table at epsilon 1 and 10 (tests/bench/quality.py). Shares are relative.

    Columns that no pair of at most `max_cells` cells can reach stay independent; a choice without an alternative is
    not paid for, and what it would have cost goes to the pairs."""

    threshold: float = option(
        3.0, "codes whose noisy count is below this many standard deviations are merged"
    )
    share_one_way: float = option(3.0, "share of the loss for the 1-way marginals", above=True)
    share_select: float = option(1.0, "share of the loss for choosing pairs", above=True)
    share_pairs: float = option(3.0, "share of the loss for measuring pairs", above=True)
    balance: float = option(
        0.5, "loss of a marginal in proportion to cells ** balance; 0 for equal losses", high=1
    )
    chance: float = option(1.0, "how much of the error that chance alone makes is taken off a pair's score")
    caution: float = option(0.5, "how much of the noise to come is taken off a pair's score")
    max_cells: int = option(1_000_000, "larger pairs are never chosen", low=1)
    steps: int = option(1000, "most sweeps of the fit", low=1)
    tolerance: float = option(0.01, "the fit stops when 20 sweeps lower its loss by less than this share")

    def plan(self, domain: Domain, doors_sigma: Sigma, loss: float, evidence: Clique = ()) -> list[Release]:
        """Three releases (one when there is nothing to pair). The 1-ways' sigma is the largest, the pairs' is the one
        at equal losses; sizes of pairs are those before compression."""
        stages = self._stages(domain, loss, evidence)
        if stages is None:
            return []
        plan = [OneWay(domain, self.balance).release(doors_sigma, stages.one_way)]
        everything = Forest(domain, math.inf, evidence)
        count = everything.edges_left()
        if count == 0:
            return plan
        pairs = everything.candidates()[1]
        sizes = sorted((min(domain.cells(c), self.max_cells) for c in pairs), reverse=True)
        if stages.select > 0:
            what = f"{count} choices among {len(sizes)} pairs"
            plan.append(
                Release("select", what, count, sum(sizes), stages.select, doors_sigma(stages.select / count))
            )
        sigma = doors_sigma(stages.joint / count)
        plan.append(Release("pairs", f"{count} pairs", count, sum(sizes[:count]), stages.joint, sigma))
        return plan

    def expected(
        self, domain: Domain, doors_sigma: Sigma, loss: float, evidence: Clique = ()
    ) -> dict[Clique, float]:
        """L1 error in rows of each column, and of each pair were it chosen."""
        stages = self._stages(domain, loss, evidence)
        if stages is None:
            return {}
        out = OneWay(domain, self.balance).errors(doors_sigma, stages.one_way)
        forest = Forest(domain, self.max_cells, evidence)
        if forest.edges_left():
            sigma = doors_sigma(stages.joint / forest.edges_left())
            out |= set_errors(domain, sigma, forest.candidates()[1])
        return out

    def shape(self, domain: Domain, doors_sigma: Sigma, loss: float, evidence: Clique = ()) -> Shape:
        """A tree of pairs: at most the largest that there may be."""
        forest = Forest(domain, self.max_cells, evidence)
        sizes = sorted((domain.cells(c) for c in forest.candidates()[1]), reverse=True)
        most = sum(sizes[: forest.edges_left()]) + sum(domain.sizes.values())
        return Shape(max(1, len(domain)), int(bool(sizes)), most / CELLS_PER_MB, exact=False)

    def fit(self, doors: Doors, evidence: Clique = ()) -> Fitted:
        """Spend at most `doors.loss`; evidence columns are measured too, but never linked to each other."""
        domain = doors.domain
        stages = self._stages(domain, doors.loss, evidence)
        if stages is None:
            return Fitted(Network(domain, tuple(evidence), [], total=1.0))
        singles = OneWay(domain, self.balance).measure(doors, stages.one_way)
        fine = [Observation.of(m) for m in singles]
        total = total_of(fine)
        compression = compress(domain, fine, total, self.threshold)
        coarse = compression.over(doors)
        observations = [compression.observation(o) for o in fine]
        edges, loss = self._edges(coarse, compression.domain, observations, total, evidence, stages)
        losses = divided(loss, compression.domain, edges, self.balance)
        pairs = coarse.measure(edges, losses, "pairs") if edges else []
        observations += [Observation.of(m) for m in pairs]
        descent = Descent(self.steps, self.tolerance)
        model = fit(compression.domain, observations, last=evidence, descent=descent)
        return Fitted(
            network_of(model, compression, evidence), [*singles, *pairs], _facts(model, compression, edges)
        )

    def _stages(self, domain: Domain, loss: float, evidence: Clique) -> Stages | None:
        """From public facts alone; None when there is no column to model."""
        targets = set(domain) - set(domain.clique(evidence))
        if not targets:
            return None
        candidates = len(Forest(domain, math.inf, evidence).candidates()[1])
        if not candidates:
            return Stages(loss)
        select = self.share_select if candidates > 1 else 0.0
        return Stages.of(loss, self.share_one_way, select, self.share_pairs)

    def _edges(
        self,
        doors: Doors,
        domain: Domain,
        observations: Sequence[Observation],
        total: float,
        evidence: Clique,
        stages: Stages,
    ) -> tuple[list[Clique], float]:
        """The chosen pairs, and the loss that is left for measuring them."""
        forest = Forest(domain, self.max_cells, evidence)
        rounds = forest.edges_left()
        if rounds == 0:
            return [], 0.0
        singles = fitted_singles(domain, observations, total)
        estimates = OuterProducts(singles, total, forest.cliques)
        errors = SamplingErrors(singles, total)
        noise = self.caution * ABSOLUTE * doors.sigma(stages.joint / rounds)
        penalties = [self.chance * errors.of(c) + noise * domain.cells(c) for c in forest.cliques]
        edges: list[Clique] = []
        each, left = stages.select / rounds, stages.joint
        for _ in range(rounds):
            numbers, candidates = forest.candidates()
            chosen = 0
            if len(candidates) > 1:
                taken = [penalties[i] for i in numbers]
                chosen = doors.select(candidates, estimates, each, "select", penalties=taken)
            else:
                left += each
            edges.append(candidates[chosen])
            forest.add(numbers[chosen])
        return edges, left


def _facts(model: Graphical, compression: Compression, edges: Sequence[Clique]) -> dict[str, object]:
    return {
        **model.facts(),
        "edges": [list(edge) for edge in edges],
        "merged": compression.merged,
    }
