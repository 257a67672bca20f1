"""Rules on synthetic rows: kept by drawing anew and mending, counted, without keys or the rest being touched."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pytest
from testkit import INF, fitted

from duckpaste import route
from duckpaste.db import Db
from duckpaste.errors import UserError
from duckpaste.fit import request
from duckpaste.model import Model
from duckpaste.model_file import load
from duckpaste.output.writer import Sample, sample
from duckpaste.privacy.ledger import Ledger
from duckpaste.schema.view import Field, Table, View
from duckpaste.workspace import Workspace

DATES = {"min": "2020-01-01", "max": "2020-12-31"}


def stays(db: Db, n: int = 2000) -> None:
    """Rows whose end comes after their start; a model of single columns knows nothing of it."""
    db.run_sql("stays", "create or replace table stays (id integer primary key, a date not null, b date, kind enum ('x', 'y') not null, "
               "low smallint not null check (low between 0 and 99), high smallint not null check (high between 0 and 99))")  # fmt: skip
    db.run_sql("stays", f"""insert into stays select i, date '2020-01-01' + (i * 37 % 300)::integer,
        case when i % 10 > 0 then date '2020-01-01' + (i * 37 % 300 + i % 60)::integer end, ['x', 'y'][i % 2 + 1],
        i % 50, i % 50 + i % 7 from range({n}) r(i)""")  # fmt: skip


def table(*rules: str) -> Table:
    fields = (Field("id", "id"), Field("a", "date", options=DATES), Field("b", "date", True, options=DATES))
    return Table("stays", fields, ("id",), options={"rules": rules})


def one(*rules: str) -> Model:
    db = Db.open()
    stays(db)
    return fitted(db, table(*rules), epsilon=INF)


def counts(done: Sample) -> dict[str, tuple[int, int, int]]:
    return {c.rule: (c.rows, c.before, c.after) for c in done.rules}


def test_rows_that_break_a_rule_are_drawn_anew(tmp_path: Path) -> None:
    model = one("b >= a", "low <= high")
    done = sample(model, tmp_path / "s.duckdb", n=3000, seed=1)
    with duckdb.connect(str(tmp_path / "s.duckdb")) as con:
        broken = con.execute(
            "select count(*) filter (b < a), count(*) filter (low > high), count(*), count(distinct id) from stays"
        ).fetchall()[0]
        told = con.execute("select rule, rows, broken_at_first, broken from duckpaste.rules").fetchall()
        null = con.execute("select avg((b is null)::int), avg((kind = 'x')::int) from stays").fetchall()[0]
    assert broken == (0, 0, 3000, 3000)
    found = counts(done)
    assert {rule: tuple(rest) for rule, *rest in told} == found
    assert found["b >= a"][1] > 800 and found["low <= high"][1] > 800, "independent columns break it often"
    assert found["b >= a"][2] == found["low <= high"][2] == 0
    # A NULL holds, so given the rules NULL is more likely than its 10 %; a column that no rule names stays (6.5 sd).
    assert 0.1 < null[0] < 0.3 and abs(null[1] - 0.5) < 6.5 * 0.5 / np.sqrt(3000)


def test_rules_need_no_private_data_and_are_the_same_each_time(tmp_path: Path) -> None:
    one("b >= a").save(tmp_path / "m.duckdb")
    model = load(tmp_path / "m.duckdb")
    assert list(model.tables[0].rules) == ["b >= a"]
    tables = []
    for name, threads in (("one", 1), ("two", 2)):
        sample(model, tmp_path / f"{name}.duckdb", n=2000, seed=3, settings={"threads": threads})
        with duckdb.connect(str(tmp_path / f"{name}.duckdb")) as con:
            tables.append(con.execute("from stays order by id").fetchall())
    assert tables[0] == tables[1] and len(tables[0]) == 2000


def test_without_rules_nothing_is_counted(tmp_path: Path) -> None:
    done = sample(one(), tmp_path / "s.duckdb", n=100, seed=1)
    assert done.rules == []
    with duckdb.connect(str(tmp_path / "s.duckdb")) as con:
        assert con.execute("select count(*) from duckdb_tables() where table_name = 'rules'").fetchall() == [
            (0,)
        ]


def test_what_is_left_is_mended_or_counted(tmp_path: Path) -> None:
    """A rule that the model can't meet: of two columns of the row one changes; one that nothing mends is counted."""
    model = one("high >= low + 200", "low >= 100 or low < 0", "b = a")
    done = counts(sample(model, tmp_path / "s.duckdb", n=1000, seed=1))
    assert done["high >= low + 200"] == (1000, 1000, 1000), "mended it would leave its range"
    assert done["low >= 100 or low < 0"] == (1000, 1000, 1000)
    assert done["b = a"][2] == 0 < done["b = a"][1], "b gets the value of a"


def test_two_columns_change_places(tmp_path: Path) -> None:
    """Where even drawing anew does not help (here: the model has only wrong rows) values keep their distribution."""
    db = Db.open()
    db.run_sql("t", "create table t (id integer primary key, low smallint not null, high smallint not null)")
    db.run_sql("t", "insert into t select i, 60 + i % 10, i % 20 from range(2000) r(i)")
    fields = tuple(Field(n, "numerical", options={"min": 0, "max": 99}) for n in ("low", "high"))
    model = fitted(db, Table("t", fields, ("id",), options={"rules": ("low < high",)}), epsilon=INF)
    done = counts(sample(model, tmp_path / "s.duckdb", n=500, seed=1))
    assert done["low < high"] == (500, 500, 0)
    with duckdb.connect(str(tmp_path / "s.duckdb")) as con:
        assert con.execute(
            "select min(low) >= 0, max(low) < 20, min(high) >= 60, max(high) < 70 from t"
        ).fetchall() == [(True,) * 4]


def test_with_a_predicate(tmp_path: Path) -> None:
    done = counts(
        sample(one("b >= a"), tmp_path / "s.duckdb", n=800, seed=1, where="kind = 'x' and low < 20")
    )
    assert done["b >= a"][1] > 100 and done["b >= a"][2] == 0
    with duckdb.connect(str(tmp_path / "s.duckdb")) as con:
        assert con.execute(
            "select count(*) from stays where kind = 'x' and low < 20 and (b >= a or b is null)"
        ).fetchall() == [(800,)]


# -- related tables

SHOP = """
create table people (id integer primary key, born date not null, credit integer not null check (credit between 0 and 999));
create table orders (id integer primary key, person integer not null references people (id), placed date not null,
    total decimal(8, 2) not null check (total between 0 and 400), lines tinyint not null check (lines between 0 and 9));
create table items (id integer primary key, order_id integer not null references orders (id),
    amount decimal(8, 2) not null check (amount between 0 and 99), sent date not null);
insert into people select i, date '1950-01-01' + (i * 97 % 20000)::integer, i * 7 % 1000 from range(1500) r(i);
insert into orders select p.id * 4 + c, p.id, date '2010-01-01' + (p.id * 31 % 3000 + c * 100)::integer, 0, 0
    from people p, range(3) k(c) where c < p.id % 4;
insert into items select o.id * 4 + c, o.id, 5 + (o.id * 13 + c * 7) % 90, o.placed + (c + o.id % 20)::integer
    from orders o, range(4) k(c) where c < o.id % 5;
"""


def related(rules: dict[str, tuple[str, ...]], **options: object) -> Model:
    db = Db.open()
    db.script_sql("shop", SHOP)
    db.run_sql("shop", "update orders set total = (select coalesce(sum(amount), 0) from items where order_id = orders.id), "
               "lines = (select count(*) from items where order_id = orders.id)")  # fmt: skip
    when = {"min": "1940-01-01", "max": "2030-12-31"}
    fields = {
        "people": (Field("born", "date", options=when),),
        "orders": (Field("placed", "date", options=when),),
        "items": (Field("sent", "date", options=when),),
    }
    more = {
        "people": {},
        "orders": {"contributions": 3, "max_children": 3},
        "items": {"contributions": 12, "max_children": 4},
    }
    tables = tuple(
        Table(n, fields[n], contributions=int(more[n].get("contributions", 1)), options={**more[n], "rules": rules.get(n, ())})
        for n in fields
    )  # fmt: skip
    wanted = request("mare", {"model": "independent", "epsilon": INF, **options})
    view = View("shop", Path("shop"), tables)
    ready = route.ready(Workspace(db), view, wanted)
    return route.fit(db, ready, wanted, Ledger(None))


def orphans(con: duckdb.DuckDBPyConnection) -> list[tuple[int, ...]]:
    return con.execute("select (select count(*) from orders o where not exists (from people p where p.id = o.person)), "
                       "(select count(*) from items i where not exists (from orders o where o.id = i.order_id)), "
                       "(select count(*) - count(distinct id) from items), (select count(*) - count(distinct id) from orders)").fetchall()  # fmt: skip


def test_rules_between_a_row_and_those_above_it(tmp_path: Path) -> None:
    model = related(
        {"orders": ("placed > people.born",), "items": ("sent >= orders.placed", "sent > people.born")}
    )
    done = counts(sample(model, tmp_path / "s.duckdb", n=800, seed=1))
    assert all(after == 0 for _, _, after in done.values()) and done["sent >= orders.placed"][1] > 100
    with duckdb.connect(str(tmp_path / "s.duckdb")) as con:
        joined = "from items i join orders o on o.id = i.order_id join people p on p.id = o.person"
        assert con.execute(
            f"select count(*) filter (sent < placed or placed <= born) {joined}"
        ).fetchall() == [(0,)]
        assert orphans(con) == [(0, 0, 0, 0)]
        assert con.execute("select count(*) from people").fetchall() == [(800,)]


def test_rules_between_a_row_and_those_below_it(tmp_path: Path) -> None:
    """A total is summed up again, a number counted; where no comparison mends, whole units are drawn anew."""
    rules = {
        "orders": ("total = sum(items.amount)", "lines = count(items)", "max(items.sent) >= placed"),
        "people": ("count(orders) <= 2",),
    }
    model = related(rules)
    done = counts(sample(model, tmp_path / "s.duckdb", n=600, seed=1))
    assert {r: after for r, (_, _, after) in done.items()} == dict.fromkeys(done, 0)
    assert done["total = sum(items.amount)"][1] > 300 and done["count(orders) <= 2"][1] > 80
    with duckdb.connect(str(tmp_path / "s.duckdb")) as con:
        text = """select count(*) filter (total <> s), count(*) filter (lines <> n), count(*), count(*) filter (last < placed)
            from orders o left join (select order_id, sum(amount) as s, count(*) as n, max(sent) as last from items group by all) i
            on i.order_id = o.id where n is not null"""
        assert con.execute(text).fetchall()[0][:2] == (0, 0) and con.execute(text).fetchall()[0][3] == 0
        assert con.execute(
            "select count(*) from (select person from orders group by person having count(*) > 2)"
        ).fetchall() == [(0,)]
        assert orphans(con) == [(0, 0, 0, 0)]
        assert con.execute("select count(*), count(distinct id) from people").fetchall() == [(600, 600)]


def test_related_rules_are_the_same_each_time(tmp_path: Path) -> None:
    model = related(
        {"orders": ("placed > people.born", "lines = count(items)"), "people": ("count(orders) > 0",)}
    )
    model.save(tmp_path / "m.duckdb")
    tables = []
    for name, made in (("one", model), ("two", load(tmp_path / "m.duckdb"))):
        sample(made, tmp_path / f"{name}.duckdb", n=300, seed=3)
        with duckdb.connect(str(tmp_path / f"{name}.duckdb")) as con:
            tables.append(
                [con.execute(f"from {t} order by id").fetchall() for t in ("people", "orders", "items")]
            )
    assert tables[0] == tables[1]


@pytest.mark.parametrize("model", ["independent", "mst"])
def test_units_given_a_predicate(tmp_path: Path, model: str) -> None:
    made = related({"orders": ("placed > people.born",), "people": ("count(orders) > 0",)}, model=model)
    done = counts(sample(made, tmp_path / "s.duckdb", n=200, seed=1, where="credit < 300"))
    assert all(after == 0 for *_, after in done.values())
    with duckdb.connect(str(tmp_path / "s.duckdb")) as con:
        assert con.execute("select count(*), max(credit) < 300 from people").fetchall() == [(200, True)]
        assert orphans(con) == [(0, 0, 0, 0)]


def sequence(rules: tuple[str, ...]) -> Model:
    """Units with up to 5 visits a few days apart; `left` is told from the visit's day, `paid` from nothing."""
    db = Db.open()
    db.script_sql("v", """
        create table u (id integer primary key, start date not null);
        create table v (id integer primary key, p integer not null references u (id), t date not null, away date not null,
            paid date not null);
        insert into u select i, date '2020-01-01' + (i * 13 % 200)::integer from range(800) r(i);
        insert into v select u.id * 8 + c, u.id, u.start + (u.id // 5 % 5 + c * 9)::integer,
            u.start + (u.id // 5 % 5 + c * 9 + u.id % 3)::integer, date '2020-01-01' + (u.id * 7 % 300)::integer
        from u, range(5) k(c) where c <= u.id % 5;""")  # fmt: skip
    days = {"type": "date", "nullable": False, "refs": (), "span": "day", "bins": 20}
    when = {"min": "2019-06-01", "max": "2021-06-30"}
    fields = (
        Field(
            "t",
            "seq",
            refs=("u.start",),
            options={"ctx": {**days, "max_len": 20}, "seq": {**days, "max_len": 20}},
        ),
        Field("away", "date", refs=("t",), options={"span": "day", "max_len": 10}),
        Field("paid", "date", options=when),
    )
    tables = (
        Table("u", (Field("start", "date", options=when),)),
        Table("v", fields, contributions=5, options={"contributions": 5, "max_children": 5, "rules": rules}),
    )
    wanted = request("mare", {"model": "mst", "epsilon": INF})
    ready = route.ready(Workspace(db), View("s", Path("s"), tables), wanted)
    return route.fit(db, ready, wanted, Ledger(None))


def test_numbers_of_rows_do_not_suffer(tmp_path: Path) -> None:
    """A rule that most sequences break: rows are mended, and what is told from them moves along. If units were dropped
    instead, those with few rows would be left over."""
    model = sequence(("t >= u.start + 25", "away >= t"))
    done = counts(sample(model, tmp_path / "s.duckdb", n=600, seed=3))
    rows, before, after = done["t >= u.start + 25"]
    assert before > rows / 3 and after == 0 and done["away >= t"][2] == 0
    free = sample(sequence(()), tmp_path / "free.duckdb", n=600, seed=3)
    # The same draw of numbers; a twentieth is many standard deviations.
    assert abs(rows / free.rows["v"] - 1) < 0.05
    with duckdb.connect(str(tmp_path / "s.duckdb")) as con:
        gaps = con.execute("select max(away - t), count(*) filter (away - t > 10) from v").fetchall()[0]
        order = con.execute(
            "select count(*) from (select t < lag(t) over (partition by p order by id) as back from v) where back"
        )
        assert gaps[0] <= 10 and order.fetchall() == [(0,)]


def test_rules_in_a_sequence(tmp_path: Path) -> None:
    """Rows are drawn anew in their place; for a rule about the order alone all siblings are."""
    rules = ("paid >= t", "t - u.start <> 3")
    done = counts(sample(sequence(rules), tmp_path / "s.duckdb", n=400, seed=2))
    assert all(after == 0 < before for _, before, after in done.values())
    with duckdb.connect(str(tmp_path / "s.duckdb")) as con:
        wrong = con.execute("select count(*) filter (paid < t), count(*) filter (t - start = 3), count(*) filter (away < t) "
                            "from v join u on u.id = v.p").fetchall()  # fmt: skip
        order = con.execute(
            "select count(*) from (select t < lag(t) over (partition by p order by id) as back from v) where back"
        )
        assert wrong == [(0, 0, 0)] and order.fetchall() == [(0,)]


@pytest.mark.parametrize(
    "text",
    ["read_text('/etc/passwd') = 'a'", "low < (select 3)", "nothing > 3", "low = random()", "low::date > a"],
)
def test_rules_of_a_model_from_elsewhere(text: str, tmp_path: Path) -> None:
    """A model file may have been edited: its rules are read as carefully as a view's, and nothing is written."""
    model = one()
    model = replace(model, tables=[replace(model.tables[0], rules=[text])])
    with pytest.raises(UserError):
        sample(model, tmp_path / "s.duckdb", n=10)
    assert not (tmp_path / "s.duckdb").exists()


CHECKED = """
create table u (id integer primary key, x smallint not null check (x between 0 and 99));
create table v (id integer primary key, p integer not null references u (id), a smallint check (a between 0 and 99),
    b smallint check (b between 0 and 99), c smallint check (c between 0 and 9), {more}check (a <= b));
insert into u select i, i % 100 from range(700) r(i);
insert into v select i, i % 700, i % 50, i % 50 + i % 7, i % 10 from range(1400) r(i);
"""


@pytest.mark.parametrize("holds", [True, False])
def test_checks_of_several_columns_are_rules_and_declared(holds: bool, tmp_path: Path) -> None:
    """A CHECK of the DDL holds in the synthetic table, where DuckDB itself proves it; when one can't hold, none is
    declared and the rest is as it was."""
    db = Db.open()
    # md5 is no function that rules may call: this CHECK stays one, and independent columns break it in the end.
    more = "" if holds else "check (c <> 3 or b <> 44 or md5('' || c) = '-'), "
    kept = "from range(1400) r(i) where not (i % 10 = 3 and i % 50 + i % 7 = 44)"
    db.script_sql("v", CHECKED.format(more=more).replace("from range(1400) r(i)", kept))
    wanted = request("mare", {"model": "independent", "epsilon": INF})
    tables = (Table("u"), Table("v", contributions=2, options={"contributions": 2, "max_children": 3}))
    model = route.fit(
        db, route.ready(Workspace(db), View("c", Path("c"), tables), wanted), wanted, Ledger(None)
    )
    done = sample(model, tmp_path / "s.duckdb", n=5000, seed=1)
    assert counts(done)["a <= b"][1] > 500 and counts(done)["a <= b"][2] == 0
    assert done.rows["v"] == counts(done)["a <= b"][0]
    with duckdb.connect(str(tmp_path / "s.duckdb")) as con:
        declared = con.execute(
            "select expression from duckdb_constraints() where constraint_type = 'CHECK' and table_name = 'v'"
        )
        assert ("(a <= b)" in [e for (e,) in declared.fetchall()]) == holds
        assert con.execute("select count(*) filter (a > b), count(*) > 0 from v").fetchall() == [(0, True)]
        assert con.execute("select count(*) from v where p not in (select id from u)").fetchall() == [(0,)]
