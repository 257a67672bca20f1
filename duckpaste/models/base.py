"""What a model sees of the private side (`Doors`), what it returns (`Fitted`), and what it promises (`Model`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from duckpaste.domain import Clique, Domain, FloatArray, IntArray
from duckpaste.models.network import Network

if TYPE_CHECKING:
    from duckpaste.models.outlook import Shape


Sigma = Callable[[float], float]
"""Noise sd a cell, in rows, of a marginal that is measured at a loss (see `Doors.sigma`)."""


@dataclass(frozen=True)
class Measurement:
    """A noisy marginal: `values` of shape `domain.shape(clique)`, in rows; `sigma` the noise's standard deviation a
    cell, in rows (0 at epsilon inf)."""

    clique: Clique
    values: FloatArray
    sigma: float


@dataclass(frozen=True)
class Release:
    """A planned release, known before any data is read: its stage, cliques, cells, loss in all and noise sd a cell.

    `what` is for a person ("15 one-way marginals"); sizes that are not known yet are upper bounds."""

    stage: str
    what: str
    count: int
    cells: int
    loss: float
    sigma: float


class Doors(Protocol):
    """The private side as a model sees it. Losses are rho (zCDP), or epsilon when the ledger is pure."""

    @property
    def domain(self) -> Domain:
        """Public sizes of the code columns."""

    @property
    def loss(self) -> float:
        """All that the model may spend; inf means no noise (tests and public data)."""

    def sigma(self, loss: float) -> float:
        """Noise sd a cell of a marginal measured at `loss`, in rows; 0.0 when `loss` is inf."""

    def measure(self, cliques: Sequence[Clique], losses: Sequence[float], stage: str) -> list[Measurement]:
        """Noisy counts of each clique over all its cells; spends the sum of `losses`."""

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
        """Index of a candidate r with a large w_r * (||M_r(D) - estimate_r||_1 - penalty_r), by noisy max.

        With `targets` (a column x of each candidate) the score is w_r * (R_r - penalty_r), where R_r is half the L1
        distance of M_r(D) from P(x) times the exact marginal of r's other columns, in rows: how much x depends on
        them. P(x) is `estimates[(x,)]` over its sum. Both scores change by at most w_r when one row comes or goes."""

    def errors(
        self, cliques: Sequence[Clique], estimates: Mapping[Clique, FloatArray], loss: float, stage: str
    ) -> tuple[FloatArray, float]:
        """||M_r(D) - estimate_r||_1 of every clique r at once, in rows, with noise of the standard deviation that
        comes with them: sigma(loss) * sqrt(m) for m cliques, or * m under pure epsilon. Spends `loss`."""

    def recoded(self, maps: Mapping[str, IntArray]) -> Doors:
        """The same doors over coarser codes: column -> array that gives the new code (0..m-1) of every old code."""

    def derived(self, columns: Mapping[str, tuple[str, IntArray]]) -> Doors:
        """The same doors with more columns: new name -> (column, array that gives its code for every code of that
        column). A derived column is coarser than its own, so that a marginal of it has fewer cells."""


@dataclass(frozen=True)
class Fitted:
    """A fitted model: the network that samples, and what it was made from (for the model file)."""

    network: Network
    measurements: Sequence[Measurement] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


class Model(Protocol):
    """An algorithm with its options. `evidence` are columns that are given when sampling, not sampled."""

    def plan(self, domain: Domain, doors_sigma: Sigma, loss: float, evidence: Clique = ()) -> list[Release]:
        """Every release that `fit` will ask for; the sum of losses is at most `loss`."""

    def expected(
        self, domain: Domain, doors_sigma: Sigma, loss: float, evidence: Clique = ()
    ) -> dict[Clique, float]:
        """L1 error in rows that noise makes, on average, in each column set that may be measured, were it measured as
        planned (see `outlook`)."""

    def shape(self, domain: Domain, doors_sigma: Sigma, loss: float, evidence: Clique = ()) -> Shape:
        """How large the fitted model may become."""

    def fit(self, doors: Doors, evidence: Clique = ()) -> Fitted:
        """Spend at most `doors.loss` and return a model of all columns of `doors.domain`."""
