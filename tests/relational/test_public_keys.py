"""Keys to public tables: of several columns, and to tables of more rows than a category has values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from family_tools import drawn, fitted

from duckpaste import load, route
from duckpaste.db import Db
from duckpaste.errors import Faults, UserError
from duckpaste.fit import request
from duckpaste.output.writer import sample
from duckpaste.relational import family as room
from duckpaste.relational.family import Family
from duckpaste.relational.plan import plan_family
from duckpaste.schema.view import Table, View
from duckpaste.workspace import Workspace

INF = float("inf")
# A site is told by its country and number there; a visit costs ten times its site's fee, and one in five went nowhere.
SITES = """
create table sites (land varchar, n integer, fee integer not null, primary key (land, n));
insert into sites select case when i % 2 = 0 then 'a' else 'b, "c"' end, i // 2, i from range(20) r(i);
create table people (id integer primary key, x boolean not null);
insert into people select i, i % 2 = 0 from range(500) r(i);
create table visits (id integer primary key, person integer not null references people (id), land varchar, n integer{null},
    cost integer not null check (cost between 0 and 200), foreign key (land, n) references sites (land, n));
insert into visits select i, i % 500, case when (i % 5 > 0 or {all}) then case when i % 2 = 0 then 'a' else 'b, "c"' end end,
    (i * 7 % 20) // 2, (i * 7 % 20 // 2 * 2 + i % 2) * 10 from range(1500) r(i);
"""
ORPHANS = "select count(*) from visits v where land is not null and n is not null and not exists (from sites s where s.land = v.land and s.n = v.n)"


def sites(
    rules: tuple[str, ...] = (), *, null: str = "", whole: bool = False
) -> tuple[Db, tuple[Table, ...]]:
    db = Db.open()
    db.script_sql("t", SITES.format(null=null, all=str(whole).lower()))
    more = {"contributions": 3, "max_children": 3, "rules": rules}
    return db, (Table("sites", public=True), Table("people"), Table("visits", contributions=3, options=more))


def test_keys_of_several_columns_are_one_category(tmp_path: Path) -> None:
    """Each synthetic key is one of the public table, as often as it was, and goes with the other columns."""
    model, _ = fitted(*sites(), {"model": "mst", "epsilon": INF})
    (codec,) = [c for c in model["visits"].codecs if "land" in c.field.columns]
    assert codec.field.columns == ("land", "n") and [c.size for c in codec.columns()] == [21]
    model.save(tmp_path / "m.duckdb")
    made = drawn(load(tmp_path / "m.duckdb"), tmp_path / "s.duckdb")
    assert made.rows_sql("t", ORPHANS) == [(0,)]
    none, both, right = made.rows_sql(
        "t", "select avg((land is null and n is null)::int), avg((land is not null and n is not null)::int), "
        "avg((abs(cost - fee * 10) <= 10)::int) from visits left join sites using (land, n)")[0]  # fmt: skip
    assert none == pytest.approx(0.2, abs=0.03) and none + both == 1 and right > 0.95


def test_a_part_that_is_never_null(tmp_path: Path) -> None:
    """Where one column may be NULL and another not, a key that leads nowhere has values in the latter."""
    model, _ = fitted(*sites(null=" not null"), {"model": "independent", "epsilon": INF})
    made = drawn(model, tmp_path / "s.duckdb")
    assert made.rows_sql("t", ORPHANS) == [(0,)]
    ((absent, null, some),) = made.rows_sql(
        "t",
        "select avg((land is null)::int), count(*) filter (n is null), count(distinct n) filter (land is null) from visits",
    )
    assert absent == pytest.approx(0.2, abs=0.03) and null == 0 and some > 5


def test_rules_over_them(tmp_path: Path) -> None:
    """Such a key leads to a public row of which a rule may speak, and so may one of the key's columns."""
    rules = ("cost = sites.fee * 10", "land <> 'a' or n < 5")
    model, _ = fitted(*sites(rules, whole=True), {"model": "independent", "epsilon": INF})
    done = sample(model, tmp_path / "s.duckdb", seed=1)
    fee, number = done.rules
    assert fee.after == 0 and fee.before > 500 and number.after < number.before / 10
    with Db.open(tmp_path / "s.duckdb", read_only=True) as made:
        text = "select count(*) filter (cost <> fee * 10), count(*) from visits join sites using (land, n)"
        assert made.rows_sql("t", text) == [(0, done.rows["visits"])]


UNITS = """
create table sites (land varchar, n integer, primary key (land, n));
insert into sites select case when i % 2 = 0 then 'a' else 'b' end, i // 2 from range(20) r(i);
create table visits (id integer primary key, land varchar not null, n integer not null,
    cost integer not null check (cost between 0 and 200), foreign key (land, n) references sites (land, n));
insert into visits select i, case when i % 2 = 0 then 'a' else 'b' end, i % 20 // 2, i % 200 from range(1500) r(i);
create table tests (id integer primary key, visit integer not null references visits (id), y boolean not null);
insert into tests select i, i, i % 3 = 0 from range(1500) r(i);
"""


def test_units_may_be_asked_for_by_one(tmp_path: Path) -> None:
    """It is tried out, column by column."""
    db = Db.open()
    db.script_sql("t", UNITS)
    tables = (Table("sites", public=True), Table("visits"), Table("tests", options={"max_children": 2}))
    model, _ = fitted(db, tables, {"model": "mst", "epsilon": INF})
    sample(model, tmp_path / "s.duckdb", n=200, seed=1, where="land = 'a' and n between 3 and 4")
    with Db.open(tmp_path / "s.duckdb", read_only=True) as made:
        text = "select count(*), min(land), max(land), min(n), max(n) from visits"
        assert made.rows_sql("t", text) == [(200, "a", "a", 3, 4)]


def test_a_column_of_two_keys_is_refused() -> None:
    db = Db.open()
    db.script_sql("t", """
        create table products (firm integer, n integer, primary key (firm, n));
        insert into products select i % 5, i from range(50) r(i);
        create table firms (id integer primary key, x boolean not null);
        insert into firms select i, i % 2 = 0 from range(5) r(i);
        create table orders (id integer primary key, firm integer not null references firms (id), n integer not null,
            foreign key (firm, n) references products (firm, n));
        insert into orders select i, i % 5, i from range(50) r(i);""")  # fmt: skip
    with pytest.raises(Faults) as error:
        fitted(db, (Table("products", public=True), Table("firms"), Table("orders")), {"epsilon": INF})
    assert [(f.what, f.where) for f in error.value.faults] == [
        ("the key to products shares columns with that to firms", "orders.firm, n")
    ]


@pytest.mark.parametrize("whole", [True, False])
def test_more_keys_than_a_category_has_values(
    whole: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any of them is drawn, each as likely; NULLs are as many as there were. They can't be asked for or ruled."""
    monkeypatch.setattr(room, "MOST_KEYS", 19)
    db, tables = sites(whole=whole)
    model, _ = fitted(db, tables, {"model": "mst", "epsilon": INF})
    model.save(tmp_path / "m.duckdb")
    made = drawn(load(tmp_path / "m.duckdb"), tmp_path / "s.duckdb")
    assert made.rows_sql("t", ORPHANS) == [(0,)]
    ((null,),) = made.rows_sql("t", "select avg((land is null)::int) from visits")
    assert null == pytest.approx(0.0 if whole else 0.2, abs=0.03)
    counts = np.array(made.rows_sql("t", "select count(*) from visits where n is not null group by land, n"))
    assert len(counts) == 20 and counts.max() < 3 * counts.min()
    view = View("f", Path("f"), tables)
    ready = route.ready(Workspace(db), view, request("mare", {}))
    assert isinstance(ready, Family)
    told = "visits.land, n: any row of sites, each as likely: too many to tell apart"
    assert told in plan_family(ready, request("mare", {})).public
    with pytest.raises((Faults, UserError), match="no public one that a key leads to"):
        fitted(*sites(("cost > sites.fee",)), {"epsilon": INF})
