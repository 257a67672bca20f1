"""Options of mare: rake keeps lags to their own columns, max_sens really bounds what a unit weighs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from family_tools import drawn, fitted
from testkit import INF, category

from duckpaste.db import Db
from duckpaste.errors import UserError
from duckpaste.fit import request
from duckpaste.relational.raked import Raked
from duckpaste.schema.view import Field, ForeignKey, Table

UP = ForeignKey(("p",), "u", ("id",))


def stored(db: Db) -> tuple[Table, ...]:
    """Sequences in which y copies x of the row before, and x and z copy themselves."""
    db.script_sql("s", """
        create table u (id integer primary key, z integer not null);
        create table v (id integer primary key, p integer not null, t integer not null, x integer not null,
            y integer not null, z integer not null);
        insert into u select i, i % 4 from range(600) r(i);
        insert into v select id * 6 + c, id, c, (hash(id, c) % 4)::integer,
            (case when c = 0 then 0 else hash(id, c - 1) % 4 end)::integer, z
        from u, range(6) k(c);""")  # fmt: skip
    values = range(4)
    time = Field("t", "numerical", options={"min": 0, "max": 5})
    fields = (Field("id", "id"), Field("p", "id"), time, *(category(n, values) for n in "xyz"))
    more = {"contributions": 6, "max_children": 6, "sequencer": "t"}
    below = Table("v", fields, ("id",), contributions=6, foreign_keys=(UP,), options=more)
    return Table("u", (Field("id", "id"), category("z", values)), ("id",)), below


def crossing(model: object) -> list[tuple[str, ...]]:
    """Measured column sets of v that hold a column of the row before, but not the same of this row."""
    sets = [m.clique for m in model["v"].measurements if len(m.clique) > 1]  # type: ignore[index]
    assert any("@1." in name for clique in sets for name in clique)
    return [c for c in sets if any("@1." in n and n.partition(".")[2] not in c for n in c)]


@pytest.mark.parametrize("name", ["mst", "fast", "privbayes"])
def test_rake_keeps_lags_to_their_own_columns(name: str, tmp_path: Path) -> None:
    db = Db.open()
    tables = stored(db)
    options = {"epsilon": 1000.0, "model": name}
    free, _ = fitted(db, tables, options)
    raked, _ = fitted(db, tables, {**options, "rake": True})
    assert crossing(free), "y is told from x of the row before"
    assert crossing(raked) == []
    with drawn(raked, tmp_path / "s.duckdb") as made:
        same = "select avg((z = before)::int) from (select z, lag(z) over (partition by p order by t) as before from v)"
        assert made.rows_sql("z", same)[0][0] > 0.9, "what a column tells of itself is kept"


class Spy:
    """Doors that note the candidates."""

    loss = 1.0

    def __init__(self) -> None:
        self.seen: list[tuple[str, ...]] = []

    def select(self, candidates, estimates, loss, stage, weights=None, penalties=None, targets=None):  # type: ignore[no-untyped-def]
        self.seen = list(candidates)
        self.weights = weights
        return len(candidates) - 1

    def errors(self, cliques, estimates, loss, stage):  # type: ignore[no-untyped-def]
        self.seen = list(cliques)
        return np.arange(len(cliques), dtype=float), 2.0

    def derived(self, columns: object) -> Spy:
        return self


def test_raked_doors_put_places_back() -> None:
    spy = Spy()
    doors = Raked(spy, {"v@1.x": "x", "v@1.y": "y"})  # type: ignore[arg-type]
    pairs = [("v@1.x", "y"), ("v@1.x", "x"), ("x", "y"), ("v@1.y", "x"), ("v@1.y", "y")]
    assert doors.select(pairs, {}, 1.0, "s", [1.0, 2.0, 3.0, 4.0, 5.0]) == 4
    assert spy.seen == [pairs[1], pairs[2], pairs[4]] and spy.weights == [2.0, 3.0, 5.0]
    values, sigma = doors.errors(pairs, {}, 1.0, "s")
    assert sigma == 2.0 and values[[1, 2, 4]].tolist() == [0, 1, 2] and (values[[0, 3]] < -1e9).all()
    assert doors.select(pairs[:1], {}, 1.0, "s") == 0, "where nothing is allowed, all are"
    sets = [("v@1.x", "z", "y"), ("v@1.x", "y", "x")]
    assert doors.select(sets, {}, 1.0, "s", targets=["y", "x"]) == 1
    grouped = doors.derived({"v@1.x/2": ("v@1.x", np.zeros(4, dtype=np.int64))})
    assert grouped.allowed(("v@1.x/2", "x"), "x") and not grouped.allowed(("v@1.x/2", "y"), "y")


def test_max_sens_is_a_bound_of_weights(tmp_path: Path) -> None:
    """A unit's six rows weigh two at most: in the ledger, and in the counts that are measured."""
    db = Db.open()
    model, ledger = fitted(db, stored(db), {"epsilon": INF, "model": "independent", "max_sens": 2})
    found = dict(ledger.db.rows_sql("l", "select tables, max(sensitivity) from ledger group by all"))
    assert {t: s for t, s in found.items() if t.endswith(".v")} == {"family.v": 2.0}
    assert max(found.values()) == 2.0
    rows = [m.values.sum() for m in model["v"].measurements if m.clique == ("x",)]
    assert abs(rows[0] - 1200) < 1, "600 units weigh 2 each, not 6"
    assert model.info["contributions"] == "2"


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "many"])
def test_a_max_sens_that_is_no_number_of_rows(value: object) -> None:
    with pytest.raises(UserError, match=r"alg\.max_sens"):
        request("mare", {"max_sens": value})


def test_they_are_options_of_mare_alone() -> None:
    for name in ("rake", "max_sens", "no_hist"):
        with pytest.raises(UserError, match="unknown option of mst"):
            request("mst", {name: True})


@pytest.mark.parametrize("option", ["max_len", "max_children"])
def test_the_most_rows_below_a_parent_are_kept_and_lower_no_noise(option: str, tmp_path: Path) -> None:
    """Pasteur divides the sensitivity by what it takes `max_len` for, and draws longer sequences all the same."""
    db = Db.open()
    u, v = stored(db)
    options: dict[str, object] = {"contributions": 6}
    time = Field("t", "seq", options={"max_len": 3} if option == "max_len" else {})
    if option == "max_children":
        options["max_children"] = 3
    short = Table(
        "v",
        (*v.fields[:2], time, *v.fields[3:]),
        ("id",),
        contributions=6,
        foreign_keys=(UP,),
        options=options,
    )
    model, ledger = fitted(db, (u, short), {"epsilon": 50.0, "model": "independent"})
    with drawn(model, tmp_path / "s.duckdb") as made:
        most = made.rows_sql("n", "select max(n) from (select count(*) as n from v group by p)")
        assert most == [(3,)]
    noise = ledger.db.rows_sql("l", "select distinct sensitivity from ledger where tables = 'family.v'")
    assert noise == [(6.0,)], "a unit still has six rows"
