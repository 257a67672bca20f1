"""Origin: what made a synthetic file, under which guarantee, at what cost. All of it is public."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from duckpaste.errors import UserError
from duckpaste.privacy.accountant import DEFAULT_DELTA
from duckpaste.privacy.ledger import Ledger
from duckpaste.privacy.unit import Unit
from duckpaste.report.words import number


@dataclass(frozen=True)
class Stage:
    """Releases of one stage and mechanism: their number, cells, loss, and the range of the noise's scale."""

    stage: str
    mechanism: str
    releases: int
    cells: int
    loss: float
    least: float
    most: float


@dataclass(frozen=True)
class Spent:
    """What all runs of the ledger spent together: a number of runs, and a proved epsilon at delta."""

    runs: int
    epsilon: float
    delta: float


@dataclass(frozen=True)
class Origin:
    """What the file tells of itself (`told`: run, view, algorithm, unit, epsilon, ...) and what the ledger adds."""

    told: Mapping[str, str]
    stages: Sequence[Stage] = field(default_factory=tuple)
    spent: Spent | None = None
    missing: str = ""

    @property
    def known(self) -> bool:
        """Whether the file says under which guarantee it was made."""
        return "epsilon" in self.told and "delta" in self.told

    @property
    def epsilon(self) -> float:
        """Epsilon of the run; infinite when it is not told."""
        try:
            return float(self.told.get("epsilon", "inf"))
        except ValueError:
            return math.inf

    @property
    def delta(self) -> float:
        """Delta of the run."""
        try:
            return float(self.told.get("delta", "0"))
        except ValueError:
            return 0.0

    @property
    def private(self) -> bool:
        """Whether any guarantee holds."""
        return self.known and math.isfinite(self.epsilon)

    @property
    def measure(self) -> str:
        """In what the stages' losses are told: "rho" (zCDP) or "epsilon" (pure)."""
        return self.told.get("measure", "rho")

    @property
    def unit(self) -> Unit:
        """The privacy unit, for people."""
        return Unit.told(self.told)

    def in_words(self) -> str:
        """What the guarantee means, for someone who has not heard of it."""
        if not self.known:
            return "The file does not say how it was made, so nothing is promised for anyone in the private data."
        if not self.private:
            return "No noise was added. Nothing is promised for anyone in the private data: do not share it as private."
        factor = math.exp(min(self.epsilon, 700.0))
        bound = (
            f"at most {number(round(factor, 1))} times"
            if factor < 1e6
            else "hardly bounded: more than a million times"
        )
        small = f", but for a chance of {self.delta:g}" if self.delta else ""
        return (
            f"Had {self.unit.any_one} not been in the private data, whatever can be read from the synthetic data would "
            f"have been {bound} as likely, or as unlikely{small}."
        )


def read(told: Mapping[str, str], ledger: Path | None) -> Origin:
    """The origin of a synthetic file that tells `told` of itself, with its run's part of the ledger."""
    if not told:
        return Origin({}, missing="The file has no record of its origin: duckpaste did not make it.")
    if ledger is None or not ledger.is_file():
        return Origin(told, missing="There is no ledger beside the private data.")
    try:
        with contextlib.closing(Ledger(ledger)) as book:
            rows = book.db.rows("ledger_shares", run=told.get("run", ""))
            totals = book.totals()
            runs = int(book.db.rows_sql("ledger_runs", "select count(*) from runs")[0][0])
    except UserError as error:
        return Origin(told, missing=f"The ledger can't be read: {error.faults[0].what}.")
    delta = max(DEFAULT_DELTA, 2 * totals.delta)
    spent = Spent(runs, totals.epsilon(delta), delta)
    missing = "" if rows else "The ledger beside the private data does not know this run."
    return Origin(told, [Stage(*row) for row in rows], spent, missing)
