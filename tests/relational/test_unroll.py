"""unroll, along, seq_repeat: a set of rows keyed by a category is drawn as a set, once for a sequence where it repeats."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from family_tools import drawn, fitted
from testkit import INF, category

from duckpaste import route
from duckpaste.db import Db
from duckpaste.errors import Faults
from duckpaste.fit import request
from duckpaste.model import Model
from duckpaste.model_file import load
from duckpaste.schema.view import Field, ForeignKey, Table, View
from duckpaste.workspace import Workspace

SCHOOLS = ["art", "bio", "cs", "law"]
UP = ForeignKey(("p",), "u", ("id",))


def stored(db: Db) -> None:
    """The set follows from the kind: art and bio, none, cs, or bio and law. A school's level may be anything but is NULL
    for bio (it goes along); the grade follows from the school."""
    db.script_sql("s", """
        create table u (id integer primary key, kind integer not null);
        create table v (id integer primary key, p integer not null, school varchar not null, level integer,
            grade integer not null);
        insert into u select i, (hash(i) % 4)::integer from range(1200) r(i);
        insert into v select row_number() over (order by u.id, s), u.id, s, case when s <> 'bio' then u.id % 3 end, ascii(s) % 4
        from u, unnest(['art', 'bio', 'cs', 'law']) t(s)
        where s in (['art', 'none', 'cs', 'law'][kind + 1], ['bio', 'none', 'none', 'bio'][kind + 1]);""")  # fmt: skip


def tables(unroll: Any = True, along: Any = ("level",), **more: Any) -> tuple[Table, ...]:
    school = category("school", SCHOOLS, unroll=unroll, along=along, **more)
    level = Field("level", "categorical", True, options={"values": [0, 1, 2]})
    return (
        Table("u", (Field("id", "id"), category("kind", range(4))), ("id",)),
        Table("v", (Field("id", "id"), Field("p", "id"), school, level, category("grade", range(4))), ("id",),
              contributions=2, foreign_keys=(UP,), options={"contributions": 2, "max_children": 4}),
    )  # fmt: skip


SETS = "select kind, list_sort(list(school::varchar) filter (school is not null)) as s, count(*) from u left join v on p = u.id group by kind, u.id"


def shares(db: Db) -> dict[tuple[int, tuple[str, ...]], float]:
    """Of each kind, the share of each set of schools."""
    sets = Counter((k, tuple(s or ())) for k, s, _ in db.rows_sql("s", SETS))
    kinds = Counter(kind for (kind, _), n in sets.items() for _ in range(n))
    return {one: n / kinds[one[0]] for one, n in sets.items()}


def test_sets_are_drawn_as_sets(tmp_path: Path) -> None:
    """Without noise: the same sets below each kind, in nearly the same shares, and columns as they belong."""
    db = Db.open()
    stored(db)
    model, _ = fitted(db, tables(), {"epsilon": INF})
    with drawn(model, tmp_path / "s.duckdb") as made:
        real, found = shares(db), shares(made)
        assert set(real) == set(found) and all(abs(real[s] - found[s]) < 0.02 for s in real)
        assert made.rows_sql(
            "d", "select count(*) from (select p, school from v group by all having count(*) > 1)"
        ) == [(0,)]
        wrong = made.rows_sql("g", "select count(*) filter (grade <> ascii(school::varchar) % 4), "
                              "count(*) filter ((level is null) <> (school = 'bio')), count(distinct level) from v")[0]  # fmt: skip
        assert wrong == (0, 0, 3)
        assert made.rows_sql("k", "select count(*) from v where p not in (select id from u)") == [(0,)]


def test_without_unrolling_sets_are_not_kept(tmp_path: Path) -> None:
    """What it is for: rows that are drawn one by one do not know each other."""
    db = Db.open()
    stored(db)
    model, _ = fitted(db, tables(unroll=False), {"epsilon": INF})
    with drawn(model, tmp_path / "s.duckdb") as made:
        assert set(shares(made)) - set(shares(db))


def test_the_model_file_keeps_slots(tmp_path: Path) -> None:
    db = Db.open()
    stored(db)
    model, ledger = fitted(
        db, tables(unroll=["level"], along=None), {"epsilon": 20.0, "model": "independent"}
    )
    model.save(tmp_path / "m.duckdb")
    both = []
    for name, one in (("a", model), ("b", load(tmp_path / "m.duckdb"))):
        with drawn(one, tmp_path / f"{name}.duckdb") as made:
            both.append([made.rows_sql("t", f"from {t} order by id") for t in ("u", "v")])
    assert both[0] == both[1] and len(both[0][1]) > 800
    stages = ledger.db.rows_sql("l", "select distinct tables, sensitivity from ledger order by 1")
    assert stages == [("family.u", 1.0), ("family.v", 2.0), ("family.v per u", 1.0)]


def repeated(db: Db, seq_repeat: bool) -> Model:
    """People with one to three visits in order; each visit has the person's set of drugs."""
    db.script_sql("r", """
        create table u (id integer primary key, kind integer not null);
        create table w (id integer primary key, u integer not null, t integer not null);
        create table v (id integer primary key, w integer not null, drug varchar not null);
        insert into u select i, (hash(i) % 3)::integer from range(900) r(i);
        insert into w select id * 3 + c, id, c from u, range(3) k(c) where c <= id % 3;
        insert into v select row_number() over (order by w.id, d), w.id, d
        from w join u on u.id = w.u, unnest(['a', 'b', 'c']) t(d)
        where hash(u.id, d) % 3 > 0;""")  # fmt: skip
    time = Field("t", "numerical", options={"min": 0, "max": 2})
    drug = category("drug", ["a", "b", "c"], unroll=True, seq_repeat=seq_repeat)
    made = (
        Table("u", (Field("id", "id"), category("kind", range(3))), ("id",)),
        Table("w", (Field("id", "id"), Field("u", "id"), time), ("id",), contributions=3,
              foreign_keys=(ForeignKey(("u",), "u", ("id",)),),
              options={"contributions": 3, "max_children": 3, "sequencer": "t"}),
        Table("v", (Field("id", "id"), Field("w", "id"), drug), ("id",), contributions=9,
              foreign_keys=(ForeignKey(("w",), "w", ("id",)),), options={"contributions": 9, "max_children": 3}),
    )  # fmt: skip
    return fitted(db, made, {"epsilon": INF})[0]


SAME = """select avg((n = 1)::int), count(*) from (
    select u, count(distinct s) as n from (
        select w.u, w.id, coalesce(list_sort(list(drug::varchar) filter (drug is not null)), []) as s
        from w left join v on v.w = w.id group by w.u, w.id) group by u having count(*) > 1)"""


@pytest.mark.parametrize("seq_repeat", [True, False])
def test_a_set_that_repeats_along_a_sequence(tmp_path: Path, seq_repeat: bool) -> None:
    db = Db.open()
    model = repeated(db, seq_repeat)
    assert db.rows_sql("r", SAME)[0][0] == 1
    model.save(tmp_path / "m.duckdb")
    with drawn(load(tmp_path / "m.duckdb"), tmp_path / "s.duckdb") as made:
        same, units = made.rows_sql("r", SAME)[0]
        assert units > 300
        assert same == 1 if seq_repeat else same < 0.7
        share = "select count(*) / (select count(*) from w) from v"
        assert abs(made.rows_sql("n", share)[0][0] - db.rows_sql("n", share)[0][0]) < 0.1


def test_rules_and_models_over_slots(tmp_path: Path) -> None:
    """Rows of an unrolled table that break a rule are drawn anew, but which there are stays; any model fits them."""
    db = Db.open()
    stored(db)
    u, v = tables()
    ruled = Table(
        "v",
        v.fields,
        v.primary_key,
        contributions=2,
        foreign_keys=(UP,),
        options={**v.options, "rules": ("grade > 0",)},
    )
    for name in ("independent", "privbayes"):
        model, _ = fitted(db, (u, ruled), {"epsilon": 100.0, "model": name})
        with drawn(model, tmp_path / f"{name}.duckdb") as made:
            rows, broken = made.rows_sql("d", "select count(*), count(*) filter (grade = 0) from v")[0]
            # Where the grade follows from the school, a row of law can't be had: it stays, and is counted.
            assert rows > 500 and (broken == 0 or name == "privbayes")
            twice = "select count(*) from (select p, school from v group by all having count(*) > 1)"
            assert made.rows_sql("d", twice) == [(0,)]


def test_what_can_not_be_unrolled() -> None:
    db = Db.open()
    stored(db)
    u, v = tables()
    key, up, school, level, grade = v.fields
    wrong = {
        "'school' is no category with declared values": (Field("school", "categorical", options={"unroll": True}), level),
        "'level' is no category with declared values": (school, Field("level", "numerical", True)),
        "would unroll into 400 columns": (
            category("school", [*SCHOOLS, *(f"s{i}" for i in range(196))], unroll=True, along="level"), level),
        "two fields of a table are unrolled": (school, category("level", [0, 1, 2], unroll=True)),
    }  # fmt: skip
    for said, (one, other) in wrong.items():
        table = Table(
            "v", (key, up, one, other, grade), ("id",), foreign_keys=(UP,), options={"contributions": 2}
        )
        with pytest.raises(Faults, match=said):
            route.ready(Workspace(db), View("f", Path("f"), (u, table)), request("mare", {}))
    table = Table(
        "v", v.fields, ("id",), foreign_keys=(UP,), options={"contributions": 2, "sequencer": "grade"}
    )
    with pytest.raises(Faults, match="can't be a sequence"):
        route.ready(Workspace(db), View("f", Path("f"), (u, table)), request("mare", {}))
