"""What follows from models above a table is not measured again: shares of evidence, and doors that know them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from family_tools import fitted

from duckpaste.db import Db
from duckpaste.domain import Clique, Domain
from duckpaste.models.base import Measurement
from duckpaste.relational.imagined import Imagined
from duckpaste.relational.informed import Informed, Known
from duckpaste.sample.relational import numbers as true_numbers
from duckpaste.schema.view import Table

DOMAIN = Domain({"u.x": 4, "t@position": 2, "t@1.y": 4, "other": 5, "y": 3, "z": 2})
GIVEN = ("u.x", "t@position", "t@1.y", "other")


class Counting:
    """Doors that give 100 rows in the first code, and note what was asked at which loss."""

    domain = DOMAIN
    loss = 1.0

    def __init__(self) -> None:
        self.asked: dict[Clique, float] = {}

    def measure(self, cliques: Sequence[Clique], losses: Sequence[float], stage: str) -> list[Measurement]:
        self.asked |= dict(zip(cliques, losses, strict=True))
        return [Measurement(c, np.eye(1, DOMAIN.cells(c))[0] * 100, 2.0) for c in cliques]


def informed(doors: Any, **known: Any) -> Informed:
    return Informed(doors, Known(**known), GIVEN)


def test_implied_columns_cost_nothing_and_own_ones_get_their_loss() -> None:
    doors = Counting()
    shares = {"u.x": np.array([0.1, 0.2, 0.3, 0.4]), "t@position": np.array([0.25, 0.75])}
    made = informed(doors, shares=shares, lags={"t@1.y": ("y", 0.25)})
    cliques: list[Clique] = [(n,) for n in DOMAIN]
    found = made.measure(cliques, [0.1] * 6, "one-way")
    assert [m.clique for m in found] == cliques
    assert set(doors.asked) == {("other",), ("y",), ("z",)}
    assert sum(doors.asked.values()) == pytest.approx(0.6)
    assert doors.asked["y",] == pytest.approx(4 * doors.asked["other",])
    np.testing.assert_allclose(found[0].values, [10, 20, 30, 40])
    np.testing.assert_allclose(found[2].values, [75, 0, 0, 25])  # y one row back, or no such row
    assert [m.clique[0] for m in made.implied] == ["u.x", "t@position", "t@1.y"]
    assert all(m.sigma == 2.0 for m in made.implied)


def test_without_noise_everything_is_measured() -> None:
    doors = Counting()
    made = informed(doors, shares={"u.x": np.full(4, 0.25)})
    made.measure([("u.x",), ("y",)], [math.inf, math.inf], "one-way")
    assert set(doors.asked) == {("u.x",), ("y",)} and not made.implied


def test_evidence_alone_is_measured() -> None:
    doors = Counting()
    informed(doors, shares={"u.x": np.full(4, 0.25)}).measure([("u.x",)], [0.5], "one-way")
    assert doors.asked == {("u.x",): 0.5}


def test_released_ones_come_back_as_they_are() -> None:
    doors = Counting()
    old = Measurement(("u.x",), np.arange(4.0), 1.0)
    made = informed(doors, released={"u.x": old})
    found = made.measure([("u.x",), ("y",)], [0.5, 0.5], "one-way")
    assert found[0] is old and doors.asked == {("y",): 1.0} and not made.implied


def test_imagined_evidence_is_distributed_as_private_rows_weigh() -> None:
    """u.x = 1 for one in four, and those have 8 children in place of 2: with k = 4 they weigh 4 against 2, so that
    4 / (4 + 3 * 2) of the weighted children hang below them, and 8 / (8 + 3 * 2) of all."""
    db = Db.open()
    db.run_sql("t", "create table u (id integer primary key, x boolean not null)")
    db.run_sql(
        "t",
        "create table t (id integer primary key, u integer not null references u (id), y boolean not null)",
    )
    db.run_sql("t", "insert into u select i, i % 4 = 0 from range(2000) r(i)")
    db.run_sql(
        "t", "insert into t select u.id * 8 + c, u.id, c % 2 = 0 from u, range(8) k(c) where c < 2 or u.x"
    )
    tables = (Table("u"), Table("t", contributions=4, options={"max_children": 8}))
    model, _ = fitted(db, tables, {"epsilon": math.inf})
    for k, heavy in ((4, 0.4), (100, 8 / 14)):
        imagined = Imagined()
        imagined.fill(model["u"])
        shares = imagined.evidence(model["t"], k)
        yes = next(c for c in model["u"].codecs if c.field.name == "x").labels().index("true")
        assert shares["u.x"][yes] == pytest.approx(heavy, abs=0.03)
        imagined.fill(model["t"])


def test_what_was_implied_is_not_told_as_a_release(tmp_path: Path) -> None:
    """Every measurement of a model is a release of the ledger's; no evidence of an ancestor is measured again."""
    db = Db.open()
    db.run_sql("t", "create table u (id integer primary key, x utinyint not null check (x between 0 and 7))")
    db.run_sql(
        "t",
        "create table t (id integer primary key, u integer not null references u (id), y boolean not null)",
    )
    db.run_sql("t", "insert into u select i, i % 8 from range(2000) r(i)")
    db.run_sql("t", "insert into t select i, i // 2, i % 3 = 0 from range(4000) r(i)")
    model, ledger = fitted(db, (Table("u"), Table("t", contributions=2)), {"epsilon": 4.0})
    text = "select columns from releases where stage <> 'select' and tables = 'family.t'"
    told = {r[0] for r in ledger.db.rows_sql("r", text)}
    assert "u.x" not in told and "y" in told
    assert {", ".join(m.clique) for m in model["t"].measurements} <= told


def test_a_table_that_noise_leaves_without_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands below it is fitted all the same."""

    def none(lineage: Any, parent: Any, *rest: Any) -> Any:
        return np.zeros(parent.n, dtype=np.int64) if parent.n else true_numbers(lineage, parent, *rest)

    monkeypatch.setattr("duckpaste.relational.imagined.numbers", none)
    db = Db.open()
    db.script_sql("t", """
        create table u (id integer primary key, x boolean not null);
        create table v (id integer primary key, u integer not null references u (id), y boolean not null);
        create table w (id integer primary key, v integer not null references v (id), z boolean not null);
        insert into u select i, i % 2 = 0 from range(50) r(i);
        insert into v select i, i % 50, i % 3 = 0 from range(90) r(i);
        insert into w select i, i % 90, i % 5 = 0 from range(200) r(i);""")  # fmt: skip
    model, _ = fitted(
        db, (Table("u"), Table("v", contributions=3), Table("w", contributions=9)), {"epsilon": 10.0}, "u"
    )
    assert [t.name for t in model.tables] == ["u", "v", "w"]
