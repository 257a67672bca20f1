"""Buckets: sizes told beforehand, and statements that tell of no number of rows."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from testkit import begin, category, ready

from duckpaste import buckets, keycheck
from duckpaste.buckets import Held, Rows
from duckpaste.db import Db, EngineError
from duckpaste.privacy.source import Source, protect
from duckpaste.schema.view import Table


def test_width_of_types() -> None:
    """Of each type that DuckDB has, as its catalogue writes it."""
    types = {"BIGINT": 8, "DECIMAL(4,1)": 2, "DECIMAL(9,2)": 4, "DECIMAL(18,3)": 8, "DECIMAL(38,0)": 16, "ENUM('a')": 2,
             "TIMESTAMP WITH TIME ZONE": 8, "UUID": 16, "BOOLEAN": 1}  # fmt: skip
    for kind, size in types.items():
        assert buckets.width([kind]) == size
    assert buckets.width(["VARCHAR", "INTEGER[]"]) > 32
    assert buckets.width(types) == sum(types.values())


@pytest.mark.parametrize("limit", ["100MB", "2GB", "64GiB"])
def test_number_follows_the_limit(limit: str) -> None:
    """Each bucket holds at most SHARE of the limit, and no fewer buckets would do."""
    with Db.open(settings={"memory_limit": limit, "threads": 2}) as db:
        db.run_sql("t", "create table t as select i from range(1000000) r(i)")
        room = buckets.room(db)
        assert 0 < room <= buckets.SHARE * 64 * 2**30
        for wide in (0, 100, 100_000):
            whole = 1_000_000 * (wide + buckets.ROW)
            n = buckets.number(db, [Held("t", wide)])
            assert n == max(1, min(math.ceil(whole / room), buckets.MOST))


def test_a_limit_that_is_not_understood_is_none() -> None:
    with Db.open() as db:
        db.run_sql("t", "create table t as select i from range(1000) r(i)")
        assert buckets.number(db, [Held("t", 8)]) == 1
        db.run_sql("t", "set memory_limit = '-1'")
        assert buckets.number(db, [Held("t", 1 << 30)]) >= 1


KEYS = "select i, case i % 3 when 0 then 'Zoë' || i when 1 then 'ZOË' || i - 1 else 'zoe' || i - 2 end as s from range(3000) r(i)"


@pytest.mark.parametrize("bound", ["weights", "rows"])
@pytest.mark.parametrize("collation", ["", " collate nocase.noaccent"])
def test_units_that_a_collation_holds_for_equal_are_in_one_bucket(
    bound: str, collation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a unit would weigh k in each of several buckets."""
    monkeypatch.setattr(buckets, "number", lambda *_: 7)
    with Db.open() as db:
        db.run_sql("t", f"create table t (i integer, s varchar{collation})")
        db.run_sql("t", f"insert into t {KEYS}")
        table = protect(db, "t", "t", unit="s", k=1, bound=bound, order_by=["i"])
        weights = db.rows_sql("w", f"select s, sum(_weight) from {table.relation} group by s")
    assert len(weights) == (1000 if collation else 3000)
    assert max(w for _, w in weights) <= 1 << 20


def test_rows_of_all_buckets_are_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    with Db.open() as db:
        db.run_sql("t", "create table t as select i, i % 10 as p, i % 4 = 0 as b from range(5000) r(i)")
        rows = Rows("select * from t", buckets.by("t", [("p", "BIGINT"), ("b", "BOOLEAN")]), "t")
        for many in (1, 2, 9, 64):
            monkeypatch.setattr(buckets, "number", lambda *_, many=many: many)
            kept = buckets.keep(db, "kept", rows)
            assert db.rows_sql("n", f"select count(*), count(distinct i) from {kept}") == [(5000, 5000)]
        monkeypatch.undo()
        assert buckets.relation(db, "kept", rows) == "(select * from t)", "it fits: nothing is made"


def test_no_text_tells_how_many_buckets_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither statements, which errors may quote, nor errors themselves."""
    texts = []
    for many in (3, 11):
        monkeypatch.setattr(buckets, "number", lambda *_, many=many: many)
        with Db.open() as db:
            db.run_sql("t", "create table t as select i, i % 50 as p from range(900) r(i)")
            db.trace.clear()
            source = protect(db, "t", "t", unit="p", k=2)
            with pytest.raises(EngineError) as wrong:
                bad = Rows("", f"select 1 // (i - i), error(p) from ({buckets.parted(db, 't', 'p')})", "t")
                buckets.keep(db, "bad", bad)
            names = source.relation.strip('"'), db.temporary("x").strip('"')
            digits = {
                s.sql.replace(names[0], "T").replace(f"_bad_{int(names[1][3:]) - 1}", "T") for s in db.trace
            }
            texts.append((digits, str(wrong.value)))
    assert texts[0] == texts[1]


def test_temporary_tables_pass() -> None:
    with Db.open() as db:
        rows = Rows("select 1 as x", None, "(select 1)")
        with db.passing():
            outer = buckets.keep(db, "outer", rows)
            with db.passing() as kept:
                inner, stays = buckets.keep(db, "inner", rows), buckets.keep(db, "stays", rows)
                kept.add(stays)
            there = {
                f'"{n}"'
                for (n,) in db.rows_sql("n", "select table_name from duckdb_tables() where temporary")
            }
            assert there == {outer, stays} and inner not in there
            db.drop("information_schema.tables")  # nothing that it named: nothing happens
        assert db.rows_sql("n", "select count(*) from duckdb_tables() where temporary") == [(0,)]


def test_values_of_units_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many units have a value, each counted for k at most: the same in buckets."""
    found = []
    with Db.open() as db:
        db.run_sql(
            "t",
            "create table t as select i % 97 as p, chr(97 + (hash(i) % 20)::integer) as x from range(2000) r(i)",
        )
        made = ready(db, Table("t", (category("x"),), unit="p", contributions=3))
        table = protect(db, made.relation, "v.t", unit="p", k=3)
        for many in (1, 6):
            monkeypatch.setattr(buckets, "number", lambda *_, many=many: many)
            found.append(Source(db, table, begin(1.0))._value_counts('"x"', 3))
    assert found[0] == found[1] and sum(Counter(found[0]).values()) == 3 * 97


@pytest.mark.parametrize("kinds", [("bigint", "bigint"), ("integer", "bigint"), ("varchar", "varchar")])
def test_keys_are_checked_the_same_in_buckets(
    kinds: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Orphans, repeated and NULL keys, against what was put in."""
    with Db.open() as db:
        db.run_sql(
            "t", f"create table up as select i::{kinds[1]} as a, (i % 3)::utinyint as b from range(500) r(i)"
        )
        db.run_sql("t", f"create table low as select nullif(i % 600, 7)::{kinds[0]} as x, (i % 600 % 3)::utinyint as y "
                   "from range(1200) r(i)")  # fmt: skip
        for many in (1, 5):
            monkeypatch.setattr(buckets, "number", lambda *_, many=many: many)
            assert keycheck.orphans(db, "low", "up", [["x", "a"], ["y", "b"]]) == 200
            assert keycheck.repeated(db, "low", ["x", "y"]) == (599, 2)
            assert keycheck.repeated(db, "up", ["a"]) == (0, 0)
            assert keycheck.repeated(db, "up", ["b"]) == (3, 0)
