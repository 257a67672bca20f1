"""Rows that reach no unit: left out of the release, and counted with noise where a `?` allows them."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from family_tools import drawn, fitted

from duckpaste import holdout, route
from duckpaste.db import Db
from duckpaste.errors import Faults
from duckpaste.fit import request
from duckpaste.privacy.accountant import Accountant
from duckpaste.privacy.ledger import Ledger
from duckpaste.relational import unreached
from duckpaste.relational.family import Family
from duckpaste.relational.plan import plan_family
from duckpaste.schema.view import Field, ForeignKey, Table, View
from duckpaste.workspace import Workspace

UP = ForeignKey(("person",), "people", ("id",)), ForeignKey(("visit",), "visits", ("id",))


def tables(*, optional: bool = True, labs: bool = False) -> tuple[Table, ...]:
    """People, their visits (with `optional` of nobody too), and labs of a visit (with `labs` of none too)."""
    more = {"max_children": 11, "contributions": 2}
    return (
        Table("people", (Field("id", "id"), code("a")), ("id",)),
        Table("visits", (Field("id", "id"), Field("person", "id", nullable=optional), code("b")), ("id",),
              foreign_keys=UP[:1], contributions=2, options=more),
        Table("labs", (Field("id", "id"), Field("visit", "id", nullable=labs), code("c")), ("id",),
              foreign_keys=UP[1:], contributions=2, options=more),
    )  # fmt: skip


def code(name: str) -> Field:
    return Field(name, "categorical", options={"values": [0, 1, 2]}, sql_type="INTEGER")


def stored(*, visits: str = "null", labs: str = "i % 40") -> Db:
    """200 people with a visit each, and 30 visits of `visits`; 400 labs of visit `labs`, 2 of each visit below 30."""
    db = Db.open()
    db.run_sql("t", "create table people as select i as id, i % 3 as a from range(200) r(i)")
    db.run_sql(
        "t",
        "create table visits as select i as id, case when i < 30 then "
        f"{visits} else i - 30 end as person, i % 3 as b from range(230) r(i)",
    )
    db.run_sql("t", f"create table labs as select i as id, {labs} as visit, i % 3 as c from range(400) r(i)")
    return db


def test_their_number_is_told_and_they_are_left_out(tmp_path: Path) -> None:
    """30 visits are of nobody; 10 of 40 labs are below others. Labs below them are left out although their own key is
    whole; where both keys may be NULL, each row counts once."""
    model, ledger = fitted(stored(), tables(), {"epsilon": math.inf})
    assert model.info["left_out.visits"] == "about 30 rows reach no unit and were left out"
    assert model.info["left_out.labs"] == "about 300 rows reach no unit and were left out"
    assert "left_out.people" not in model.info
    assert model.bounds() == [f"{t}: {model.info[f'left_out.{t}']}" for t in ("visits", "labs")]
    assert ledger.db.rows_sql("r", "select tables, columns, cells, sensitivity from releases where stage = 'left out'") == [
        ("family.visits", "visits: rows that reach no unit", 1, 1.0),
        ("family.labs", "labs: rows that reach no unit", 1, 1.0),
    ]  # fmt: skip
    # The 100 other labs are of 10 people, of whom 2 rows weigh.
    assert round(model["visits"].network.total) == 200 and round(model["labs"].network.total) == 20
    made = drawn(model, tmp_path / "made.duckdb")
    assert made.rows_sql("r", "select count(*) from visits where person is null") == [(0,)]
    told = dict(made.rows_sql("r", "select key, value from duckpaste.provenance where key like 'left_out.%'"))
    assert told == {k: v for k, v in model.info.items() if k.startswith("left_out.")}
    both = stored(labs="case when i % 40 < 5 then null else i % 40 end")
    model, _ = fitted(both, tables(labs=True), {"epsilon": math.inf})
    assert model.info["left_out.labs"] == "about 300 rows reach no unit and were left out"


def test_only_the_lower_key_may_be_null() -> None:
    db = stored(visits="i", labs="case when i < 7 then null else i end % 100")
    model, _ = fitted(db, tables(optional=False, labs=True), {"epsilon": math.inf})
    assert [k for k in model.info if k.startswith("left_out")] == ["left_out.labs"]
    assert model.info["left_out.labs"].startswith("about 7 rows")


@pytest.mark.parametrize("delta", [1e-9, 0.0], ids=["zCDP", "pure"])
def test_the_run_costs_what_it_did(delta: float) -> None:
    """The number is paid from its table's share; it has the noise that the plan says, and is never below zero."""
    wanted, db = request("mare", {"epsilon": 1.0, "delta": delta}), stored(visits="i")
    plans = []
    for optional in (True, False):
        ready = route.ready(Workspace(db), View("f", Path("f"), tables(optional=optional)), wanted)
        assert isinstance(ready, Family)
        plans.append(plan_family(ready, wanted))
    made = plans[0]
    paid = [sum(r.loss for r in p.releases) for p in plans]
    assert paid[0] == pytest.approx(paid[1], rel=1e-6)
    model, _ = fitted(db, tables(), {"epsilon": 1.0, "delta": delta})
    assert sum(r.loss for r in model.releases) <= made.loss
    told = model.info["left_out.visits"]
    (planned,) = [r for r in made.releases if r.stage == "visits: left out"]
    assert planned.cells == 1 and planned.sigma == pytest.approx(
        Accountant(delta == 0, 1.0).sigma(planned.loss)
    )
    assert told.endswith(f"(noise sd {planned.sigma:,.0f})") and not told.startswith("about -")
    assert [
        u
        for u in made.undeclared
        if u.startswith("labs: how many rows reach no unit, for visits.person is NULL")
    ]


def test_words() -> None:
    assert (
        str(unreached.Unreached(-40.2, 70.71)) == "about 0 rows reach no unit and were left out (noise sd 71)"
    )
    assert str(unreached.Unreached(1234.5, 0.0)) == "about 1,235 rows reach no unit and were left out"


def test_units_that_are_held_out_reach_a_unit() -> None:
    """Their rows are no part of the model, but they are a unit's: in this count one unit would move many rows."""
    db = stored()
    view, wanted = View("f", Path("f"), tables()), request("mare", {"epsilon": math.inf})
    ready = holdout.fitted(route.ready(Workspace(db), view, wanted), 0.5)
    model = route.fit(db, ready, wanted, Ledger(None))
    assert round(model["visits"].network.total) < 150
    assert model.info["left_out.visits"].startswith("about 30 rows")
    assert model.info["left_out.labs"].startswith("about 300 rows")


@pytest.mark.parametrize("optional", [True, False])
def test_dangling_keys_are_refused_and_the_remedy_works(optional: bool) -> None:
    """A key that points at nobody is somebody's all the same: a `?` does not allow it."""
    db = stored(visits="1000 + i // 10")
    with pytest.raises(Faults) as refused:
        fitted(db, tables(optional=optional), {"epsilon": math.inf})
    (fault,) = refused.value.faults
    assert fault.what == "points at no row of people" and fault.where == "family.visits.person"
    predicate = fault.remedy.partition("(")[2].partition("), or")[0]
    assert predicate == "where exists (from people p where p.id = t.person)"
    for table, where in (
        ("visits", predicate),
        ("labs", "where exists (from visits p where p.id = t.visit)"),
    ):
        db.run_sql("t", f"create or replace table {table} as select * from {table} t {where}")
    model, _ = fitted(db, tables(optional=optional), {"epsilon": math.inf})
    assert round(model["visits"].network.total) == 200
    assert model.info.get("left_out.visits", "about 0 rows").startswith("about 0 rows")


def test_composite_keys() -> None:
    """A key of which a part is NULL reaches nobody."""
    db = Db.open()
    db.run_sql("t", "create table people as select i as x, i + 1 as y, i % 3 as a from range(100) r(i)")
    db.run_sql("t", "create table visits as select i as id, i as x, case when i % 4 > 0 then i + 1 end as y, i % 3 as b "
               "from range(100) r(i)")  # fmt: skip
    key = ForeignKey(("x", "y"), "people", ("x", "y"))
    made: tuple[Any, ...] = (
        Table("people", (Field("x", "id"), Field("y", "id"), code("a")), ("x", "y")),
        Table("visits", (Field("id", "id"), Field("x", "id"), Field("y", "id", nullable=True), code("b")), ("id",),
              foreign_keys=(key,)),
    )  # fmt: skip
    model, _ = fitted(db, made, {"epsilon": math.inf})
    assert model.info["left_out.visits"].startswith("about 25 rows")
    assert round(model["visits"].network.total) == 75
    strict = replace(made[1], fields=(Field("id", "id"), Field("x", "id"), Field("y", "id"), code("b")))
    with pytest.raises(Faults, match="declare it with '\\?' \\(such rows are left out, and counted\\)"):
        fitted(db, (made[0], strict), {"epsilon": math.inf})
