"""Route: one private table, or a family of related ones, to the rooms that fit and compare them."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from duckpaste.db import Db
from duckpaste.errors import Fault
from duckpaste.evaluate.fidelity import Fidelity, compare
from duckpaste.fit import Request, Stage, fit_table
from duckpaste.model import Model
from duckpaste.plan import Plan
from duckpaste.plan import plan as plan_table
from duckpaste.prepare import Prepared, check_rows, prepare
from duckpaste.privacy.ledger import Ledger
from duckpaste.relational.family import Family, family
from duckpaste.schema.view import View
from duckpaste.workload import served
from duckpaste.workspace import Workspace

Ready = Prepared | Family


def ready(space: Workspace, view: View, wanted: Request | None = None) -> Ready:
    """The view's tables, ready to fit. Raises Faults for what it declares; reads no private row.

    Without a request, several private tables make a family."""
    resolved, schema = space.resolved(view)
    several = sum(not t.public for t in resolved.tables) > 1
    if wanted.related if wanted is not None else several:
        return family(space.db, resolved, schema)
    return prepare(space.db, resolved, schema[-1])


def plan(what: Ready, wanted: Request) -> Plan:
    """Every release of a fit, before anything is spent."""
    from duckpaste.relational.plan import plan_family

    wanted = _served(what, wanted)
    return plan_family(what, wanted) if isinstance(what, Family) else plan_table(what, wanted)


def faults(db: Db, what: Ready, *, exact: bool = False) -> list[Fault]:
    """Faults of private rows against what the view declares."""
    if isinstance(what, Family):
        from duckpaste.relational import integrity

        return integrity.faults(db, what, exact=exact)
    return check_rows(db, what, exact=exact)


def fit(db: Db, what: Ready, wanted: Request, ledger: Ledger, stage: Stage | None = None) -> Model:
    """Fit it. Raises Faults before anything is spent, BudgetError when the ledger refuses."""
    from duckpaste.relational.mare import fit_family

    stages: Stage = stage or (lambda _: nullcontext())
    wanted = _served(what, wanted)
    if isinstance(what, Family):
        return fit_family(db, what, wanted, ledger, stages)
    return fit_table(db, what, wanted, ledger, stages)


def _served(what: Ready, wanted: Request) -> Request:
    """The request with its workload in the names of the view's columns. Raises Faults."""
    return replace(wanted, model=served(wanted.model, what.view))


def fidelity(
    db: Db, what: Ready, model: Model, synthetic: Path
) -> tuple[list[Fidelity], list[dict[str, Any]]]:
    """Scores of every table, and of every number of children. Exact: internal."""
    if isinstance(what, Family):
        from duckpaste.evaluate.kin import compare_family

        return compare_family(db, what, model, synthetic)
    return [compare(db, what, model.tables[0], synthetic)], []
