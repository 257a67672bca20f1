"""Links: found, corrected, planned; and nothing where nothing depends."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from family_tools import drawn, fitted

from duckpaste import route
from duckpaste.db import Db
from duckpaste.domain import Domain, FloatArray, IntArray
from duckpaste.fit import request
from duckpaste.models.network import Expansion, Network, Step
from duckpaste.relational.links import CODES, COUNTING, corrected, grouped, plain, rounds_of
from duckpaste.schema.view import Table, View
from duckpaste.workspace import Workspace


def town(db: Db) -> tuple[Table, ...]:
    """Children whose a, b and c are all tied to each other, and each of them to another column of the parent."""
    db.run_sql("t", "create table u (id integer primary key, x utinyint not null check (x between 0 and 2), "
               "y utinyint not null check (y between 0 and 2))")  # fmt: skip
    db.run_sql("t", "create table t (id integer primary key, u integer not null references u (id), "
               "a utinyint not null check (a between 0 and 2), b utinyint not null check (b between 0 and 2))")  # fmt: skip
    db.run_sql("t", "insert into u select i, i % 3, i // 3 % 3 from range(3000) r(i)")
    # a follows x, b follows y (two in three each) and b follows a else.
    db.run_sql("t", "insert into t select u.id * 3 + c, u.id, case when c < 2 then x else (x + 1) % 3 end, "
               "case when c = 1 then y when c = 0 then x else (y + 1) % 3 end from u, range(3) k(c)")  # fmt: skip
    return Table("u"), Table("t", contributions=3, options={"contributions": 3, "max_children": 3})


def tv(db: Db, other: Db, pair: str) -> float:
    text = f"select {pair}, count(*) / sum(count(*)) over () from t join u on t.u = u.id group by all"
    shares = [{(a, b): s for a, b, s in d.rows_sql("p", text)} for d in (db, other)]
    return 0.5 * sum(abs(shares[0].get(k, 0) - shares[1].get(k, 0)) for k in set(shares[0]) | set(shares[1]))


def test_both_columns_keep_their_parents(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A tree has room for one link with the parent. At epsilon 50 noise moves each distance by less than .01."""
    db = Db.open()
    model, ledger = fitted(db, town(db), {"epsilon": 50.0})
    with drawn(model, tmp_path_factory.mktemp("s") / "s.duckdb") as made:
        assert tv(db, made, "a, x") < 0.06 and tv(db, made, "b, y") < 0.06
    stages = {r[0] for r in ledger.db.rows_sql("s", "select stage from releases where tables = 'family.t'")}
    assert "link" in stages
    steps = {s.column: s.parents for s in model["t"].network.steps}
    assert any("u.x" in p for p in steps.values()) and "u.y" in steps["b"]


def test_three_columns_that_all_go_together(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A tree has two of three pairs: a = x alone, b = x at even, and x = y else; the third is linked afterwards."""
    db = Db.open()
    db.run_sql("t", "create table u (id integer primary key)")
    small = "utinyint not null check ({} between 0 and 3)"
    columns = ", ".join(f"{c} {small.format(c)}" for c in "abc")
    db.run_sql(
        "t", f"create table t (id integer primary key, u integer not null references u (id), {columns})"
    )
    db.run_sql("t", "insert into u select i from range(4000) r(i)")
    # Of four rows one has all three alike, and each pair is alike in one more.
    db.run_sql("t", "insert into t select u.id * 4 + c, u.id, x, if(c in (0, 1), x, y), case c when 0 then x when 1 then z "
               "when 2 then x else y end from u, range(4) k(c), lateral (select (u.id + c) % 4 as x, u.id // 4 % 4 as y, "
               "u.id // 16 % 4 as z)")  # fmt: skip
    tables = Table("u"), Table("t", contributions=4, options={"contributions": 4, "max_children": 4})
    model, _ = fitted(db, tables, {"epsilon": 50.0})
    with drawn(model, tmp_path_factory.mktemp("s") / "s.duckdb") as made:
        assert max(tv(db, made, pair) for pair in ("a, b", "a, c", "b, c")) < 0.05


def test_a_number_of_children_goes_with_several_columns(tmp_path_factory: pytest.TempPathFactory) -> None:
    """x + y children: a tree has room for one of the two. The mean below each x and each y is kept within .2."""
    db = Db.open()
    db.run_sql("t", "create table u (id integer primary key, x utinyint not null check (x between 0 and 2), "
               "y utinyint not null check (y between 0 and 2))")  # fmt: skip
    db.run_sql("t", "create table t (id integer primary key, u integer not null references u (id))")
    db.run_sql("t", "insert into u select i, i % 3, i // 3 % 3 from range(4500) r(i)")
    db.run_sql("t", "insert into t select u.id * 4 + c, u.id from u, range(4) k(c) where c < x + y")
    tables = Table("u"), Table("t", contributions=4, options={"contributions": 4, "max_children": 4})
    model, ledger = fitted(db, tables, {"epsilon": 50.0})
    with drawn(model, tmp_path_factory.mktemp("s") / "s.duckdb") as made:
        for column in "xy":
            text = f"select {column}, count(t.id) / count(distinct u.id) from u left join t on t.u = u.id group by 1 order by 1"
            assert [m for _, m in made.rows_sql("m", text)] == pytest.approx([1, 2, 3], abs=0.2)
    text = "select stage from releases where tables = 'family.t per u'"
    assert "link" in {r[0] for r in ledger.db.rows_sql("s", text)}


def test_the_plan_tells_links_and_the_floor_has_none() -> None:
    db = Db.open()
    view = View("f", Path("f"), town(db))
    for model, there in (("mst", True), ("independent", False)):
        wanted = request("mare", {"epsilon": 2.0, "model": model})
        plan = route.plan(route.ready(Workspace(db), view, wanted), wanted)
        assert any(r.stage == "t: link" for r in plan.releases) == there
        assert any(r.stage == "t per u: link" for r in plan.releases) == there
        assert not any(r.stage == "u: link" for r in plan.releases)
        assert sum(r.loss for r in plan.releases) <= plan.loss * (1 + 1e-9)


def test_rounds() -> None:
    assert rounds_of(1, related=True, model="mst", counting=True) == COUNTING
    assert rounds_of(3, related=True, model="mst") == 6 and rounds_of(99, related=True, model="aim") == 8
    assert (
        rounds_of(3, related=False, model="mst") == 0 and rounds_of(3, related=True, model="independent") == 0
    )


def conditional(network: Network, evidence: Mapping[str, IntArray], n: int) -> FloatArray:
    drawn_codes = network.sample(n, np.random.default_rng(1), evidence)["y"]
    return np.bincount(drawn_codes, minlength=network.domain["y"]) / n


def test_a_correction_gives_what_was_measured() -> None:
    """x fair, y independent of it; measured: y = x for nine in ten."""
    network = Network(Domain({"x": 2, "y": 2}), ("x",), [Step("y", (), np.array([1.0, 1.0]))], total=100.0)
    measured = np.array([[0.45, 0.05], [0.05, 0.45]])
    for sigma, low, high in ((0.0, 0.88, 0.92), (10.0, 0.5, 0.52)):
        made = corrected(network, "x", "y", np.arange(2), measured, np.full((2, 2), 0.25), sigma)
        share = conditional(made, {"x": np.zeros(4000, dtype=np.int64)}, 4000)[0]
        assert low <= share <= high


def test_plain_draws_the_same() -> None:
    """Evidence merged by an expansion, then by a step: the same rows."""
    step = Step("y", ("x",), np.array([[9.0, 1.0], [1.0, 9.0]]), {"x": np.array([0, 1, 1])})
    merged = Expansion(np.array([0, 0, 1, 2, 2]), np.ones(5))
    network = Network(Domain({"x": 3, "y": 2}), ("x",), [step], {"x": merged}, 10.0)
    made = plain(network)
    assert made.domain["x"] == 5 and "x" not in made.expansions
    given = {"x": np.repeat(np.arange(5), 200)}
    one, other = (net.sample(1000, np.random.default_rng(3), given)["y"] for net in (network, made))
    np.testing.assert_array_equal(one, other)
    assert plain(made) is made


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("size", [1, 7, CODES, 40])
def test_groups(size: int, ordered: bool) -> None:
    domain = Domain({"x": size}, ["x"] if ordered else [], {"x": 0} if size > 1 else {})
    shares = np.random.default_rng(1).dirichlet(np.ones(size))
    group = grouped(domain, "x", shares)
    assert len(group) == size and set(group) == set(range(int(group.max()) + 1)) and group.max() < CODES
    if ordered and size > CODES:
        assert (group == 0).sum() == 1 and (np.diff(group[1:]) >= 0).all()  # NULL stays by itself
    assert math.isfinite(shares.sum())
