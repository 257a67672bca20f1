"""partition: models of their own for each value of a parent's category, kept in the model file, told and refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from family_tools import drawn, fitted
from testkit import INF, category

from duckpaste import route
from duckpaste.db import Db
from duckpaste.errors import Faults
from duckpaste.fit import request
from duckpaste.model_file import load
from duckpaste.models.switched import Switched
from duckpaste.schema.view import Field, ForeignKey, Table, View
from duckpaste.workspace import Workspace

UP = ForeignKey(("p",), "u", ("id",))
KINDS = ["a", "b", "c"]


def stored(db: Db) -> None:
    """Of kind a: two rows with x = g; of b: one, or none for g = 0, with x = g + 1; of c: four, with x = 3 - g. No pair of
    columns tells x: it takes kind and g together."""
    db.script_sql("p", """
        create table u (id integer primary key, kind varchar not null, g integer not null);
        create table v (id integer primary key, p integer not null, x integer not null);
        insert into u select i, ['a', 'b', 'c'][(hash(i) % 3)::integer + 1], (hash(i, 1) % 4)::integer from range(1500) r(i);
        insert into v select id * 4 + c, id,
            case kind when 'a' then g when 'b' then (g + 1) % 4 else 3 - g end
        from u, range(4) k(c)
        where c < case kind when 'a' then 2 when 'b' then (g > 0)::integer else 4 end;""")  # fmt: skip


def tables(partition: bool = True, **of_kind: object) -> tuple[Table, ...]:
    kind = category("kind", KINDS, partition=partition, **of_kind)
    more = {"contributions": 4, "max_children": 4}
    return (
        Table("u", (Field("id", "id"), kind, category("g", range(4))), ("id",)),
        Table("v", (Field("id", "id"), Field("p", "id"), category("x", range(4))), ("id",), contributions=4,
              foreign_keys=(UP,), options=more),
    )  # fmt: skip


RIGHT = """select avg((x = case kind when 'a' then g when 'b' then (g + 1) % 4 else 3 - g end)::int), count(*)
    from v join u on u.id = v.p"""
NUMBERS = """select avg((n = case kind when 'a' then 2 when 'b' then (g > 0)::int else 4 end)::int)
    from (select u.*, (select count(*) from v where p = u.id) as n from u)"""


def test_each_value_has_models_of_its_own(tmp_path: Path) -> None:
    found = {}
    for partition in (True, False):
        db = Db.open()
        stored(db)
        model, _ = fitted(db, tables(partition), {"epsilon": INF, "model": "mst"})
        with drawn(model, tmp_path / f"{partition}.duckdb") as made:
            right, rows = made.rows_sql("x", RIGHT)[0]
            found[partition] = right, made.rows_sql("n", NUMBERS)[0][0]
            assert rows > 2500
    assert found[True][0] > 0.999 and found[True][1] > 0.999, "nothing is lost without noise"
    assert found[False][0] < 0.75, "a tree of pairs can't tell it"


def test_the_model_file_keeps_them(tmp_path: Path) -> None:
    db = Db.open()
    stored(db)
    model, _ = fitted(db, tables(), {"epsilon": 20.0})
    model.save(tmp_path / "m.duckdb")
    again = load(tmp_path / "m.duckdb")
    assert [t.name for t in again.tables] == ["u", "v"]
    network = again["v"].network
    assert isinstance(network, Switched) and sorted(network.branches) == [0, 1, 2]
    assert network.total == pytest.approx(model["v"].network.total) and "u.kind" in network.evidence
    both = []
    for name, one in (("a", model), ("b", again)):
        with drawn(one, tmp_path / f"{name}.duckdb") as made:
            both.append([made.rows_sql("t", f"from {t} order by id") for t in ("u", "v")])
    assert both[0] == both[1]


@pytest.mark.parametrize("options", [{"epsilon": 1.0}, {"epsilon": 1.0, "delta": 0.0}])
def test_parts_cost_what_one_costs(options: dict[str, float]) -> None:
    """In parallel: the ledger's sum is the budget, not three times that; and each part's noise is that of all of it."""
    sums = {}
    for partition in (True, False):
        db = Db.open()
        stored(db)
        _, ledger = fitted(db, tables(partition), dict(options))
        column = "epsilon" if "delta" in options else "rho"
        sums[partition] = ledger.db.rows_sql("l", f"select sum({column}) from ledger")[0][0]
        noise = ledger.db.rows_sql(
            "l", "select tables, max(scale), count(*), sum(rho) from ledger where tables like '%v where%' and "
            "stage = 'one-way' group by all order by 1")  # fmt: skip
        if partition:
            assert [t for t, *_ in noise] == [f"family.v where u.kind is {c}" for c in range(3)]
            assert len({round(s, 6) for _, s, *_ in noise}) == 1, "each part has the noise of the whole share"
            assert noise[0][3] > 0 and noise[1][3] == noise[2][3] == 0, "which the first part pays for"
    wanted = request("mare", options).guarantee.loss()
    assert sums[True] <= wanted * (1 + 1e-9) and sums[True] > 0.9 * wanted
    assert sums[True] == pytest.approx(sums[False], rel=0.05)


def test_the_plan_says_so() -> None:
    db = Db.open()
    stored(db)
    wanted = request("mare", {})
    ready = route.ready(Workspace(db), View("f", Path("f"), tables()), wanted)
    plan = route.plan(ready, wanted)
    parts = [r for r in plan.releases if "in each of 3 parts by u.kind" in r.what]
    assert {r.stage.partition(":")[0] for r in parts} == {"v per u", "v"}
    assert sum(r.loss for r in plan.releases) <= plan.loss * (1 + 1e-9)


def test_without_ancestors_there_are_no_parts() -> None:
    db = Db.open()
    stored(db)
    model, _ = fitted(db, tables(), {"epsilon": INF, "no_hist": True})
    assert not isinstance(model["v"].network, Switched)


def test_what_can_not_part() -> None:
    db = Db.open()
    stored(db)
    many = [f"k{i}" for i in range(80)]
    u, v = tables()
    for kind, said in (
        (category("kind", many, partition=True), "by 80 values"),
        (Field("kind", "text", options={"regex": "a", "partition": True}), "only a category"),
    ):
        top = Table("u", (u.fields[0], kind, u.fields[2]), ("id",))
        with pytest.raises(Faults, match=said):
            route.ready(Workspace(db), View("f", Path("f"), (top, v)), request("mare", {}))
    both = Table("u", (*u.fields[:2], category("g", range(4), partition=True)), ("id",))
    with pytest.raises(Faults, match="two fields part"):
        route.ready(Workspace(db), View("f", Path("f"), (both, v)), request("mare", {}))
