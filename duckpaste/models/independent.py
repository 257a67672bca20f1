"""Independent columns: every 1-way marginal, nothing else. The floor that other algorithms must beat."""

from __future__ import annotations

from dataclasses import dataclass, replace

from duckpaste.domain import Clique, Domain
from duckpaste.models.base import Doors, Fitted, Release, Sigma
from duckpaste.models.network import Network, Step
from duckpaste.models.obeying import guarded
from duckpaste.models.one_way import OneWay
from duckpaste.models.options import option
from duckpaste.models.outlook import Shape
from duckpaste.models.pgm import Observation, fit, total_of
from duckpaste.models.pgm.elimination import CELLS_PER_MB, eliminate, maximal
from duckpaste.models.singles import fitted_singles


@dataclass(frozen=True)
class Independent:
    """Measures all columns that are not evidence. Evidence is ignored: nothing depends on it."""

    balance: float = option(
        0.5, "loss of a column in proportion to codes ** balance; 0 for equal losses", high=1
    )

    def plan(self, domain: Domain, doors_sigma: Sigma, loss: float, evidence: Clique = ()) -> list[Release]:
        """One release; its sigma is the largest of all columns."""
        targets = _targets(domain, evidence)
        return [OneWay(domain, self.balance, targets).release(doors_sigma, loss)] if targets else []

    def expected(
        self, domain: Domain, doors_sigma: Sigma, loss: float, evidence: Clique = ()
    ) -> dict[Clique, float]:
        """L1 error in rows of each column."""
        return OneWay(domain, self.balance, _targets(domain, evidence)).errors(doors_sigma, loss)

    def shape(self, domain: Domain, doors_sigma: Sigma, loss: float, evidence: Clique = ()) -> Shape:
        """One clique a column, or a rule."""
        scopes = maximal(
            {n, *around} for n, around in eliminate(domain.project(_targets(domain, evidence)), [])
        )
        cells = sum(domain.cells(scope) for scope in scopes)
        return Shape(len(scopes), max((len(s) for s in scopes), default=1) - 1, cells / CELLS_PER_MB)

    def fit(self, doors: Doors, evidence: Clique = ()) -> Fitted:
        """Noisy counts, projected on the simplex with a common total."""
        domain = doors.domain
        targets = _targets(domain, evidence)
        measured = OneWay(domain, self.balance, targets).measure(doors, doors.loss)
        observations = [Observation.of(m) for m in measured]
        total = total_of(observations)
        singles = fitted_singles(domain.project(targets), observations, total)
        steps = [Step(name, (), singles[name]) for name in targets]
        network = Network(domain, tuple(evidence), steps, total=total)
        if domain.zeros:  # a rule ties its columns together: as close to independence as it allows
            model = fit(domain, observations, last=evidence, total=total)
            network = guarded(replace(network, steps=model.generation(evidence)))
        return Fitted(network, measured, {"total": total})


def _targets(domain: Domain, evidence: Clique) -> Clique:
    given = set(domain.clique(evidence))
    return tuple(n for n in domain if n not in given)
