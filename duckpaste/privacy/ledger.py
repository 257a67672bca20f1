"""The ledger: one row a release in a DuckDB file beside the private data, committed before the noise is drawn.

Rows are only added. A run that was killed between writing and releasing has spent all the same. A run refuses to
start when its plan would pass the view's budget, and no release may pass the run's own loss.
"""

from __future__ import annotations

import datetime as dt
import math
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from duckpaste.db import Db
from duckpaste.errors import BudgetError, UserError
from duckpaste.privacy.accountant import DEFAULT_DELTA, Guarantee, delta_of, epsilon_of

# A release's proved loss is rounded upwards by the library that proves it.
_SLACK = 1 + 1e-7


@dataclass(frozen=True)
class Release:
    """One release as it is written. `loss` is rho, or epsilon when the run is pure; `delta` its own failure share."""

    stage: str
    mechanism: str
    table: str
    columns: str
    query: str
    cells: int
    sensitivity: float
    scale: float
    loss: float
    delta: float = 0.0


@dataclass(frozen=True)
class Totals:
    """What all runs of a ledger spent: rho, the sum of epsilons if every release is pure, deltas, noiseless runs."""

    rho: float
    pure_epsilon: float | None
    delta: float
    noiseless: int

    def epsilon(self, delta: float) -> float:
        """The smallest proved epsilon at `delta` for everything spent so far."""
        if self.noiseless:
            return math.inf
        by_rho = epsilon_of(self.rho, delta - self.delta) if delta > self.delta else math.inf
        return by_rho if self.pure_epsilon is None or self.delta else min(by_rho, self.pure_epsilon)

    def within(self, epsilon: float, delta: float) -> bool:
        """Whether all that was spent is proved to be (epsilon, delta)-DP; much quicker than `epsilon`."""
        if self.noiseless or math.isinf(epsilon):
            return math.isinf(epsilon)
        if self.pure_epsilon is not None and not self.delta and self.pure_epsilon <= epsilon:
            return True
        return delta > self.delta and delta_of(self.rho, epsilon) <= delta - self.delta


class Ledger:
    """An open ledger file (in memory when `path` is None, which only tests and in-memory data should use).

    With `read_only` the file must be there, and whoever may read it can look."""

    def __init__(self, path: Path | None, *, read_only: bool = False) -> None:
        self.path = path
        self.db = Db.open(path, read_only=read_only)
        if not read_only:
            self.db.run("ledger_tables")

    @classmethod
    def beside(cls, database: Path | None) -> Ledger:
        """The ledger of a database file: `<name>.ledger.duckdb` in the same folder."""
        if database is None:
            return cls(None)
        return cls(database.with_name(f"{database.stem}.ledger.duckdb"))

    def totals(self) -> Totals:
        """Everything spent so far."""
        rho, pure, delta, noiseless = self.db.rows("ledger_totals")[0]
        return Totals(float(rho), None if pure is None else float(pure), float(delta), int(noiseless))

    def left(self, budget: Mapping[str, Any]) -> float | None:
        """Epsilon left of a declared budget {epsilon, delta}; None when none is declared. Never below 0."""
        limit, at = limits(budget)
        return None if limit is None else _left(limit, self.totals().epsilon(at))

    def begin(
        self, *, view: str, unit: str, contributions: int, algorithm: str, guarantee: Guarantee, loss: float,
        budget: Mapping[str, Any] | None = None, delta: float = 0.0,
    ) -> Run:  # fmt: skip
        """Open a run that may spend `loss` (rho, or epsilon when pure) and `delta` on discovered values.

        Raises BudgetError when that would pass the view's declared budget over all runs."""
        self.check_budget(guarantee, loss, delta, budget or {})
        run = uuid.uuid4().hex[:12]
        self.db.run_sql(
            "ledger_run", "insert into runs values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [run, _now(), view, unit, algorithm, guarantee.epsilon, guarantee.delta, loss, guarantee.pure],
        )  # fmt: skip
        return Run(self, run, unit, contributions, guarantee, loss, budget)

    def check_budget(
        self, guarantee: Guarantee, loss: float, delta: float, budget: Mapping[str, Any]
    ) -> None:
        """Raise BudgetError when a run of `loss` and `delta` would pass `budget`."""
        limit, at = limits(budget)
        if limit is None:
            return
        before = self.totals()
        rho = before.rho + (loss**2 / 2 if guarantee.pure else loss)
        pure = before.pure_epsilon + loss if guarantee.pure and before.pure_epsilon is not None else None
        after = Totals(rho, pure, before.delta + delta, before.noiseless + int(not guarantee.private))
        if not after.within(limit * _SLACK, at):
            spent = before.epsilon(at)
            raise BudgetError(
                f"this run ({guarantee}) would pass the budget of epsilon {limit:g} at delta {at:g}: "
                f"{spent:.4g} is spent, {_left(limit, spent):.4g} is left",
                "budget", "lower alg.epsilon, or raise budget in fields.yml if you may",
            )  # fmt: skip

    def close(self) -> None:
        """Close the file."""
        self.db.close()


class Run:
    """One run's page of the ledger."""

    def __init__(
        self, ledger: Ledger, run: str, unit: str, contributions: int, guarantee: Guarantee, loss: float,
        budget: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        self.ledger = ledger
        self.run = run
        self.unit = unit
        self.contributions = contributions
        self.guarantee = guarantee
        self.loss = loss
        self._limit, self._at = limits(budget or {})
        self.spent = 0.0
        self.releases: list[Release] = []

    @property
    def left(self) -> float:
        """What this run may still spend."""
        return max(0.0, self.loss - self.spent)

    def spend(self, releases: Sequence[Release]) -> None:
        """Write and commit `releases`; only after it returns may their noise be drawn.

        Raises BudgetError, and writes nothing, when they would pass the run's loss, when they pass the declared
        budget because another run spent meanwhile, or when a private run would release without noise."""
        if self.guarantee.private and any(not r.scale > 0 for r in releases):
            raise BudgetError("a private run can't release without noise")
        total = sum(r.loss for r in releases)
        if self.spent + total > self.loss * _SLACK:
            raise BudgetError(
                f"a release of {total:.6g} would pass what this run may spend ({self.left:.6g} left)"
            )
        db = self.ledger.db
        first = int(db.rows_sql("ledger_next", "select coalesce(max(release), 0) + 1 from releases")[0][0])
        pure = self.guarantee.pure
        with db.transaction():
            for number, r in enumerate(releases, first):
                db.run_sql(
                    "ledger_release", "insert into releases values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    [
                        number, self.run, _now(), r.stage, r.mechanism, r.table, r.columns, r.query, r.cells, self.unit,
                        self.contributions, r.sensitivity, r.scale, r.loss**2 / 2 if pure else r.loss,
                        r.loss if pure else None, r.delta,
                    ],
                )  # fmt: skip
            if self._limit is not None and not self.ledger.totals().within(self._limit * _SLACK, self._at):
                what = "another run spent the rest of the budget meanwhile"
                raise BudgetError(what, "budget", "look at the ledger")
        self.spent += total
        self.releases.extend(releases)

    def finish(self) -> None:
        """Note that the run ended well."""
        self.ledger.db.run_sql("ledger_finish", "insert into finished values (?, ?)", [self.run, _now()])


def limits(budget: Mapping[str, Any]) -> tuple[float | None, float]:
    """Epsilon (None = no limit) and delta of a declared budget."""
    epsilon = budget.get("epsilon")
    return None if epsilon is None else float(epsilon), float(budget.get("delta", DEFAULT_DELTA))


def _left(limit: float, spent: float) -> float:
    return limit if math.isinf(limit) else max(0.0, limit - spent)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0)


def find(database: Path) -> Path:
    """The ledger file of a database file. Raises UserError when there is none."""
    path = database.with_name(f"{database.stem}.ledger.duckdb")
    if not path.is_file():
        raise UserError("no ledger yet", str(path), "it is made by the first fit")
    return path
