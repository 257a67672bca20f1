"""Fast: all pairs to measure are chosen at once from one noisy error a pair, and one fit is made (after SWIFT).

All 1-ways; then the distance of every pair from independence, in one release; then the chosen pairs. What a round of
AIM pays for a single choice buys here the errors of all pairs together: m of them cost sqrt(m) times the noise of
one, which is little beside errors of hundreds of rows. A junction tree of bounded size is the only limit on what may
be measured, so that relations outside a spanning tree are kept too.

What else was tried on Adult and a NIST table: the pairs of a spanning tree first, then those that its fit leaves most
of (two fits: 4 % worse); pairs by gain less noise instead of gain per cells ^ 2/3 (the same at epsilon 1, 7 % worse at
10); no discount for chains of pairs (1 to 7 % worse); coarser bins for ordered columns (no better). Under pure epsilon
m errors at once cost m times the noise of one: `mst` is better then as soon as there are many columns.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from duckpaste.domain import Clique, Domain
from duckpaste.errors import UserError
from duckpaste.models.base import Doors, Fitted, Measurement, Release, Sigma
from duckpaste.models.coding.recode import recode
from duckpaste.models.network import Network
from duckpaste.models.obeying import network_of
from duckpaste.models.one_way import OneWay
from duckpaste.models.options import option
from duckpaste.models.outlook import Shape, bounded, set_errors
from duckpaste.models.pairing import Pairing
from duckpaste.models.pgm import Descent, Observation, fit, total_of
from duckpaste.models.pgm.elimination import CELLS_PER_MB
from duckpaste.models.shares import ABSOLUTE, Stages, divided, fall, one_way_share
from duckpaste.models.singles import OuterProducts, SamplingErrors, fitted_singles
from duckpaste.models.spanning import Forest

# Share of the 1-ways where the loss, shared among all columns, would buy noise of so many rows a cell. Fitted to what
# was best on Adult from epsilon .1 to 10; half the noise wants 13 % less.
_SHARE, _NOISE, _LESS = 0.4, 21.6, 0.2


@dataclass(frozen=True)
class Fast:
    """Defaults were chosen on Adult and NIST's Massachusetts table at epsilon .1, 1 and 10.

    Columns that no pair within the size limit reaches stay independent. When no pair is worth its noise, the loss
    meant for pairs measures the 1-ways again."""

    share_one_way: float = option(
        0.0,
        "share of the loss for the 1-way marginals; 0: .4 where noise is large, less where it is small",
        high=0.9,
    )
    share_select: float = option(0.1, "share of the loss for the errors of all pairs", above=True, high=0.5)
    balance: float = option(
        0.5, "loss of a marginal in proportion to cells ** balance; 0 for equal losses", high=1
    )
    threshold: float = option(
        4.0, "codes whose noisy count is below this many standard deviations are merged"
    )
    chance: float = option(1.0, "how much of the error that chance alone makes is taken off a pair's error")
    doubt: float = option(1.0, "standard deviations of its noise that are taken off a pair's error")
    chain: float = option(1.0, "how much of what two chosen pairs tell of a third is taken off its error")
    caution: float = option(0.3, "how much of the noise to come is taken off a pair's error")
    pairs: float = option(4.0, "at most this many pairs for each column", above=True)
    max_mb: float = option(0.5, "largest model: megabytes of its junction tree", above=True)
    prior: float = option(0.003, "share of the rows that independent columns count for in the fit", high=1)
    steps: int = option(200, "most sweeps of the fit", low=1)
    tolerance: float = option(0.02, "the fit stops when 10 sweeps lower its loss by less than this share")

    def __post_init__(self) -> None:
        """Raises UserError when the shares leave nothing to measure pairs with."""
        if self.share_one_way + self.share_select >= 1:
            raise UserError(
                "share_one_way and share_select leave nothing for the pairs",
                "alg.share_select",
                "let them be less than 1 together",
            )

    def plan(self, domain: Domain, doors_sigma: Sigma, loss: float, evidence: Clique = ()) -> list[Release]:
        """Three releases (one when there is nothing to pair). The pairs' sigma is the one at equal losses for the
        most pairs there may be; sizes of pairs are those before compression."""
        stages = self._stages(domain, doors_sigma, loss, evidence)
        if stages is None:
            return []
        plan = [OneWay(domain, self.balance).release(doors_sigma, stages.one_way)]
        pairs = _linkable(domain, math.inf, evidence)
        many = len(pairs)
        if not many:
            return plan
        if stages.select > 0:
            what = f"the errors of {many} pairs"
            sigma = doors_sigma(stages.select) * float(many) ** fall(doors_sigma)
            plan.append(Release("select", what, 1, many, stages.select, sigma))
        most = self._most(domain, many)
        limit = int(self.max_mb * CELLS_PER_MB)
        sizes = sorted((min(domain.cells(c), limit) for c in pairs), reverse=True)
        count, cells = max(most, plan[0].count), max(sum(sizes[:most]), plan[0].cells)
        sigma = doors_sigma(stages.joint / most)
        plan.append(Release("pairs", f"at most {most} pairs", count, cells, stages.joint, sigma))
        return plan

    def expected(
        self, domain: Domain, doors_sigma: Sigma, loss: float, evidence: Clique = ()
    ) -> dict[Clique, float]:
        """Each column's L1 error in rows, and each pair's were it among the most pairs there may be."""
        stages = self._stages(domain, doors_sigma, loss, evidence)
        if stages is None:
            return {}
        out = OneWay(domain, self.balance).errors(doors_sigma, stages.one_way)
        many = len(_linkable(domain, math.inf, evidence))
        if many:
            sigma = doors_sigma(stages.joint / self._most(domain, many))
            out |= set_errors(domain, sigma, _linkable(domain, self.max_mb * CELLS_PER_MB, evidence))
        return out

    def shape(self, domain: Domain, doors_sigma: Sigma, loss: float, evidence: Clique = ()) -> Shape:
        """At most `max_mb`, or the 1-ways where they are larger."""
        least = sum(domain.sizes.values()) / CELLS_PER_MB
        return bounded(domain, max(self.max_mb, least))

    def fit(self, doors: Doors, evidence: Clique = ()) -> Fitted:
        """Spend `doors.loss`; evidence columns are measured too, but never linked to each other."""
        domain = doors.domain
        stages = self._stages(domain, doors.sigma, doors.loss, evidence)
        if stages is None:
            return Fitted(Network(domain, tuple(evidence), [], total=1.0))
        singles = OneWay(domain, self.balance).measure(doors, stages.one_way)
        fine = [Observation.of(m) for m in singles]
        total = total_of(fine)
        coding = recode(domain, fine, total, self.threshold, math.inf)
        coarse = coding.over(doors)
        observations = [coding.observation(o) for o in fine]
        pairs, loss = self._choose(coarse, coding.domain, observations, total, evidence, stages)
        measured: Sequence[Measurement] = ()
        if pairs:
            measured = coarse.measure(pairs, divided(loss, coding.domain, pairs, self.balance), "pairs")
        elif stages.joint > 0:
            measured = OneWay(coding.domain, self.balance).measure(coarse, loss, "pairs")
        observations += [Observation.of(m) for m in measured]
        prior = 0.0 if math.isinf(doors.loss) else self.prior
        descent = Descent(self.steps, self.tolerance, patience=10)
        model = fit(coding.domain, observations, last=evidence, descent=descent, prior=prior)
        facts = {**model.facts(), "edges": [list(pair) for pair in pairs], "merged": coding.merged}
        return Fitted(network_of(model, coding, evidence), [*singles, *measured], facts)

    def _choose(
        self, doors: Doors, domain: Domain, observations: Sequence[Observation], total: float, evidence: Clique,
        stages: Stages,
    ) -> tuple[list[Clique], float]:  # fmt: skip
        """The chosen pairs, and the loss for measuring them (or the 1-ways again, when there are none)."""
        pairs = _linkable(domain, self.max_mb * CELLS_PER_MB, evidence)
        if len(pairs) < 2:  # no choice, so nothing to pay for
            return list(pairs), stages.joint + stages.select
        singles = fitted_singles(domain, observations, total)
        errors, sigma = doors.errors(pairs, OuterProducts(singles, total, pairs), stages.select, "select")
        sampling = SamplingErrors(singles, total)
        chance = np.array([sampling.of(pair) for pair in pairs])
        gains = errors - self.chance * chance - self.doubt * sigma
        noise = self.caution * ABSOLUTE * doors.sigma(stages.joint)
        pairing = Pairing(domain, pairs, gains, total, evidence)
        return pairing.choose(noise, self.max_mb, self._most(domain, len(pairs)), self.chain), stages.joint

    def _most(self, domain: Domain, candidates: int) -> int:
        return min(candidates, math.ceil(self.pairs * len(domain)))

    def _stages(self, domain: Domain, doors_sigma: Sigma, loss: float, evidence: Clique) -> Stages | None:
        """Losses from public facts alone; None when there is no column to model."""
        if not set(domain) - set(domain.clique(evidence)):
            return None
        candidates = len(_linkable(domain, math.inf, evidence))  # large ones may shrink
        if not candidates:
            return Stages(loss)
        usual = one_way_share(doors_sigma(loss / len(domain)) / _NOISE, _SHARE, _LESS)
        first = self.share_one_way or min(usual, 0.9 - self.share_select)  # pairs get a tenth at least
        select = self.share_select if candidates > 1 else 0.0
        return Stages.of(loss, first, select, 1 - first - select)


def _linkable(domain: Domain, most: float, evidence: Clique) -> Sequence[Clique]:
    """Pairs of at most `most` cells, without constant columns and pairs of evidence."""
    return Forest(domain, most, evidence).candidates()[1]
