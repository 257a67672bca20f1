"""References to rows of other units: degrees alone are released, and synthetic rows are referred to as often."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from family_tools import drawn, fitted

from duckpaste import route
from duckpaste.db import Db
from duckpaste.fit import request
from duckpaste.model import Link
from duckpaste.sample.targets import targets
from duckpaste.schema.view import ForeignKey, Table, View
from duckpaste.workspace import Workspace

UNITS, PAYMENTS = 3000, 9000


def bank(db: Db) -> tuple[Table, ...]:
    """Customers pay others: one in ten gets nine tenths of all payments, half get none; they have mentors too."""
    db.run_sql("t", "create table customers (id integer primary key, kind boolean not null, mentor integer)")
    db.run_sql("t", "create table payments (id integer primary key, payer integer not null references customers (id), "
               "payee integer references customers (id), sum utinyint not null check (sum between 0 and 9))")  # fmt: skip
    db.run_sql("t", f"insert into customers select i, i % 2 = 0, case when i % 3 > 0 then i // 5 end "
               f"from range({UNITS}) r(i)")  # fmt: skip
    db.run_sql("t", f"insert into payments select i, i * 7 % {UNITS}, case when i % 10 = 9 then "
               f"{UNITS // 10} + i * 11 % {UNITS * 4 // 10} else i * 13 % {UNITS // 10} end, i % 10 "
               f"from range({PAYMENTS}) r(i)")  # fmt: skip
    mentor = (ForeignKey(("mentor",), "customers", ("id",)),)
    payments = Table("payments", contributions=4, options={"contributions": 4, "max_children": 8})
    return Table("customers", foreign_keys=mentor), payments


def shares(db: Db) -> tuple[float, float, float]:
    """Of customers never paid, of payments that go to the tenth that is paid most, of customers who are no mentor."""
    text = "select (select count(*) from payments where payee = c.id) as n from customers c order by n desc"
    n = np.array([r[0] for r in db.rows_sql("n", text)])
    mentors = db.rows_sql(
        "m", "select count(distinct mentor) / (select count(*) from customers) from customers"
    )[0][0]
    return float(np.mean(n == 0)), float(n[: len(n) // 10].sum() / n.sum()), 1 - float(mentors)


@pytest.mark.parametrize(("epsilon", "most"), [(math.inf, 0.06), (1000.0, 0.08)])
def test_degrees_hold(epsilon: float, most: float, tmp_path: Path) -> None:
    """At epsilon 1000 the shares differed by .011, .015 and .045 from the real ones, with sd below .005 over 16 runs: what
    is left to .08 are seven standard deviations."""
    db = Db.open()
    model, ledger = fitted(db, bank(db), {"epsilon": epsilon, "model": "independent"}, unit="customers")
    with drawn(model, tmp_path / "s.duckdb") as synthetic:
        for real, made in zip(shares(db), shares(synthetic), strict=True):
            assert made == pytest.approx(real, abs=most)
        circles = synthetic.rows_sql("c", "select count(*) from customers where mentor >= id")
        assert circles == [(0,)]  # mentors come before those whom they advise
    told = ledger.db.rows_sql(
        "r", "select columns, sensitivity from releases where stage = 'reference' order by 2"
    )
    assert [s for _, s in told] == [3.0, 9.0]
    assert "customers by customers.mentor" in told[0][0] and "customers by payments.payee" in told[1][0]


def test_the_plan_says_so_and_adds_up() -> None:
    db = Db.open()
    view = View("bank", Path("bank"), bank(db), unit="customers")
    wanted = request("mare", {"epsilon": 1.0, "model": "independent"})
    plan = route.plan(route.ready(Workspace(db), view, wanted), wanted)
    assert sum("never joined" in line for line in plan.undeclared) == 2
    assert {r.stage for r in plan.releases} >= {"customers: reference", "payments: reference"}
    assert sum(r.loss for r in plan.releases) <= plan.loss * (1 + 1e-9)


def test_what_was_planned_is_what_is_spent() -> None:
    db = Db.open()
    _, ledger = fitted(db, bank(db), {"epsilon": 1.0, "model": "independent"}, unit="customers")
    spent, allowed = ledger.db.rows_sql(
        "s", "select sum(rho), any_value(loss) from releases join runs using (run)"
    )[0]
    assert 0.98 < spent / allowed <= 1 + 1e-7


@pytest.mark.parametrize("kind", ["other", "self"])
def test_targets_follow_degrees(kind: str) -> None:
    rng = np.random.default_rng(1)
    degrees = [0.0] * 4096
    degrees[0], degrees[1], degrees[20] = 700, 200, 100  # cells of single numbers
    link = Link(("a",), "t", ("b",), kind, degrees=degrees[:70])
    at = targets(5000, 5000, link, rng)
    if kind == "self":
        assert at[0] == -1 and (at[1:] < np.arange(1, 5000)).all() and (at[1:] >= 0).all()
        return
    times = np.bincount(at, minlength=5000)
    assert np.mean(times == 0) > 0.6 and np.sort(times)[-500:].sum() > 0.7 * 5000


@pytest.mark.parametrize(("n", "among"), [(0, 5), (5, 1), (1000, 3), (3, 1000)])
@pytest.mark.parametrize("kind", ["other", "self"])
def test_odd_numbers(n: int, among: int, kind: str) -> None:
    rng = np.random.default_rng(2)
    found = targets(n, n if kind == "self" else among, Link(("a",), "t", ("b",), kind), rng)
    assert len(found) == n and (found < max(n, among)).all() and (found >= -1).all()
