"""AIM: marginals chosen one after another by how badly the model answers a workload (McKenna et al. 2022).

1-ways first; then rounds: choose a marginal, measure it, fit the model again. Beyond the paper: rare codes and fine
bins are merged before the rounds, 1-ways get more of the loss, rounds are fewer and better funded, and the fit holds
to independent columns where there is only noise. `preset` "paper" brings the paper's settings back.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from duckpaste.domain import Clique, Domain
from duckpaste.errors import UserError
from duckpaste.models.adaptive import Adaptive, Settings, first_share
from duckpaste.models.base import Doors, Fitted, Release, Sigma
from duckpaste.models.candidates import Candidates
from duckpaste.models.network import Network
from duckpaste.models.one_way import OneWay
from duckpaste.models.options import option
from duckpaste.models.outlook import Shape, bounded, set_errors
from duckpaste.models.pgm import Descent
from duckpaste.models.pgm.elimination import CELLS_PER_MB
from duckpaste.models.workload import Sets, Workload, all_ways, listed, read_sets
from duckpaste.workload import Asked

_MOST_SHARE = 0.5  # of the loss for the 1-ways, where rows are few for the noise


def _preset(value: Any) -> str:
    if value in ("", "paper"):
        return str(value)
    raise ValueError("is not known: paper is")


@dataclass(frozen=True)
class AIM:
    """Defaults were chosen on the Adult table at epsilon 1 and 10 (tests/bench/quality.py).

    Rounds end when the loss is used up; one whose marginal moved the model less than its noise makes the next ones
    larger. Nothing depends on `evidence` columns alone: each chosen set has another column."""

    degree: int = option(3, "the workload is all marginals of this many columns", low=1, high=8)
    workload: Sets | Asked = option(  # noqa: RUF009
        (),
        "queries.sql: serve what your queries group and filter by; or a list of column sets",
        read=read_sets,
    )
    rounds: float = option(
        3.3, "a round costs the loss / (this x columns of the workload), until annealing", above=True
    )
    share_one_way: float = option(
        0.0,
        "share of the loss for the 1-way marginals; 0: the more the larger the noise is beside the rows",
        high=0.9,
    )
    share_select: float = option(0.1, "share of a round's loss for choosing", above=True, high=0.9)
    balance: float = option(
        0.5, "loss of a 1-way marginal in proportion to codes ** balance; 0 for equal losses", high=1
    )
    threshold: float = option(
        8.0, "codes whose noisy count is below this many standard deviations are merged"
    )
    bins: float = option(2.0, "ordered columns get this many codes x (rows / noise) ** (1/3); 0 keeps all")
    caution: float = option(1.0, "how much of the noise to come is taken off a set's score")
    max_mb: float = option(4.0, "largest model: megabytes of its junction tree", above=True)
    max_cells: int = option(10_000, "larger marginals are never chosen", low=2)
    max_candidates: int = option(6000, "most sets to choose among; those of most columns go first", low=1)
    batch: int = option(0, "sets chosen between two fits; 0: one for every 25 columns")
    prior: float = option(0.01, "share of the rows that independent columns count for in the fit", high=1)
    steps: int = option(200, "most sweeps of a fit", low=1)
    tolerance: float = option(0.01, "a fit stops when 10 sweeps lower its loss by less than this share")
    preset: str = option("", "paper: the published settings, slower and less accurate", read=_preset)

    PRESETS: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "paper": {
            "rounds": 16.0, "share_one_way": 0.05625, "balance": 0.0, "threshold": 0.0, "bins": 0.0, "max_mb": 80.0,
            "batch": 1, "prior": 0.0, "steps": 1000, "tolerance": 0.0,
        }
    }  # fmt: skip

    def plan(self, domain: Domain, doors_sigma: Sigma, loss: float, evidence: Clique = ()) -> list[Release]:
        """The 1-ways, the choices, and the rounds: at most so many, at least so precise. Sizes are those before codes
        are merged, up to `max_cells`."""
        given = domain.clique(evidence)
        if len(given) == len(domain):
            return []
        share = self._first_share(domain, doors_sigma, loss, given)
        singles = OneWay(domain, self.balance).release(doors_sigma, loss * share)
        plan = [singles]
        if share == 1:
            return plan
        workload = self._workload(domain, given)
        picks = self._picks(workload, share)
        candidates = self._candidates(domain, given).cliques
        whole = loss if math.isinf(loss) else loss * (1 - share)
        part = whole / picks if math.isfinite(loss) else loss
        chosen = part * self.share_select
        sizes = sum(domain.cells(c) for c in candidates)
        what = f"at most {picks} choices among {len(candidates)} column sets"
        plan.append(Release("select", what, picks, sizes, whole * self.share_select, doors_sigma(chosen)))
        # Merging codes lets sets in that are too large before.
        pulled = sorted((domain[name] for name in workload.pull), reverse=True)
        widest = min(self.max_cells, math.prod(pulled[: workload.largest]))
        count = picks + singles.count  # the 1-ways may be measured once more
        what = f"at most {count} marginals"
        measured = whole * (1 - self.share_select)
        least = part if math.isinf(loss) else loss * (1 - self._most_share(share)) / picks
        sigma = doors_sigma(least * (1 - self.share_select))
        plan.append(Release("rounds", what, count, picks * widest + singles.cells, measured, sigma))
        return plan

    def expected(
        self, domain: Domain, doors_sigma: Sigma, loss: float, evidence: Clique = ()
    ) -> dict[Clique, float]:
        """L1 error in rows of each column, and of each candidate were it measured in the first round."""
        plan = {r.stage: r for r in self.plan(domain, doors_sigma, loss, evidence)}
        out: dict[Clique, float] = {}
        if "one-way" in plan:
            out = OneWay(domain, self.balance).errors(doors_sigma, plan["one-way"].loss)
        if "rounds" in plan:
            found = self._candidates(domain, domain.clique(evidence)).cliques
            out |= set_errors(domain, plan["rounds"].sigma, [c for c in found if len(c) > 1])
        return out

    def shape(self, domain: Domain, doors_sigma: Sigma, loss: float, evidence: Clique = ()) -> Shape:
        """At most `max_mb`, or the 1-ways where they are larger."""
        least = sum(domain.sizes.values()) / CELLS_PER_MB
        return bounded(domain, max(self.max_mb, least))

    def fit(self, doors: Doors, evidence: Clique = ()) -> Fitted:
        """Spend `doors.loss`; evidence columns are measured too, but never among themselves alone."""
        domain = doors.domain
        given = domain.clique(evidence)
        if len(given) == len(domain):
            return Fitted(Network(domain, tuple(evidence), [], total=1.0))
        share = self._first_share(domain, doors.sigma, doors.loss, given)
        picks = self._picks(self._workload(domain, given), share)
        settings = Settings(
            share, self._most_share(share), picks, self.share_select, self.balance, self.threshold, self.bins,
            self.caution, self.max_mb, self.batch or math.ceil(len(domain) / 25), self.prior,
            Descent(self.steps, self.tolerance, patience=10),
        )  # fmt: skip
        return Adaptive(doors, tuple(evidence), settings, lambda d: self._candidates(d, given)).run()

    def _picks(self, workload: Workload, share: float) -> int:
        return max(1, math.ceil(self.rounds * len(workload.pull) * (1 - share)))

    def _first_share(self, domain: Domain, doors_sigma: Sigma, loss: float, given: Clique) -> float:
        """Share of the loss for the 1-ways, from public facts: all of it when there is nothing to choose."""
        varied = {name for name, size in domain.sizes.items() if size > 1}
        if len(varied) < 2 or varied.issubset(given) or self.degree < 2:
            return 1.0
        if self.share_one_way > 0:
            return self.share_one_way
        return first_share(doors_sigma(loss))

    def _most_share(self, share: float) -> float:
        """What the 1-ways get at most, when their total shows that rows are few."""
        return share if self.share_one_way > 0 else max(share, _MOST_SHARE)

    def _candidates(self, domain: Domain, given: Clique) -> Candidates:
        return Candidates.of(
            domain, self._workload(domain, given), given, self.max_cells, self.max_candidates
        )

    def _workload(self, domain: Domain, given: Clique) -> Workload:
        """What is asked for; all marginals when nothing of it is about columns of this table."""
        if isinstance(self.workload, Asked):
            raise UserError(
                "queries need a view that tells their tables", "alg.workload", "list the column sets"
            )
        if self.workload:
            found = listed(domain, self.workload, self.degree, given)
            if found.sets:
                return found
        return all_ways(domain, self.degree, given)
