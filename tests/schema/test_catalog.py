"""The catalogue: types, keys, comments and CHECKs of every kind, under any name, without reading a row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duckpaste import sql
from duckpaste.db import Db
from duckpaste.schema import catalog, conditions, sqltypes
from duckpaste.schema.catalog import ColumnFacts
from duckpaste.schema.names import lookup, plain, split
from duckpaste.schema.view import ForeignKey

ODD = ['a "b', "select", "x'; drop table t; --", "名前", "x" * 200, "a.b", "a,b", "{{ 1 }}", "a\nb"]


@pytest.fixture
def db() -> Iterator[Db]:
    with Db.open(None) as found:
        yield found


def test_keys_types_and_comments(db: Db) -> None:
    db.run_sql("t", "create type mood as enum ('sad', 'it''s ok')")
    db.run_sql(
        "t",
        "create table p (id integer primary key, m mood not null, e varchar unique, d decimal(10,2) default 1)",
    )
    db.run_sql(
        "t",
        "create table c (a integer, b integer references p (id), s varchar, x mood[], primary key (a, b))",
    )
    db.run_sql("t", "create table g (i integer, j integer, foreign key (i, j) references c (a, b))")
    db.run_sql("t", "create view v as select * from p")
    db.run_sql("t", "comment on table p is 'people'; comment on column p.m is 'how they feel'")
    found = catalog.read(db, "main")
    assert list(found) == ["p", "c", "g", "v"]
    p = found["p"]
    assert (p.primary_key, p.uniques, p.comment, p.view) == (("id",), (("e",),), "people", False)
    assert [(c.name, c.sql_type, c.not_null) for c in p.columns] == [
        ("id", "INTEGER", True), ("m", "ENUM('sad', 'it''s ok')", True), ("e", "VARCHAR", False),
        ("d", "DECIMAL(10,2)", False),
    ]  # fmt: skip
    assert p.columns[1].values == ("sad", "it's ok") and p.columns[1].comment == "how they feel"
    assert p.columns[3].default == "1"
    assert found["c"].foreign_keys == (ForeignKey(("b",), "p", ("id",)),)
    assert found["c"].primary_key == ("a", "b") and found["c"].columns[3].values is None
    assert found["g"].foreign_keys == (ForeignKey(("i", "j"), "c", ("a", "b")),)
    assert found["v"].view and not found["v"].primary_key
    assert catalog.schemas(db) == ["main"] and catalog.read(db, "other") == {}


def test_a_large_enum_is_read_whole(db: Db) -> None:
    db.run_sql("t", "create type e as enum (select 'it''s value ' || i from range(5000) t(i))")
    db.run_sql("t", "create table t (x e)")
    values = catalog.read(db, "main")["t"].columns[0].values
    assert values is not None and len(values) == 5000 and "it's value 4999" in values


@pytest.mark.parametrize(
    ("column", "check", "low", "high", "values"),
    [
        ("x integer", "x between 0 and 120", 0, 120, None),
        ("x integer", "x > 0 and x < 10", 1, 9, None),
        ("x integer", "0 <= x and 10 > x", 0, 9, None),
        ("x integer", "x > 0.5 and x <= 2.5", 1, 2, None),
        ("x integer", "(x >= -5) and ((x <= 5) and (x <> 0))", -5, 5, None),
        ("x integer", "x in (1, -2, 3)", None, None, (1, -2, 3)),
        ("x integer", "x = 3", None, None, (3,)),
        ("x integer", "x in (1, null)", None, None, None),
        ("x integer", "x >= 0 or x = -1", None, None, None),
        ("x integer", "x % 2 = 0", None, None, None),
        ("x integer", "abs(x) < 3", None, None, None),
        ("x integer", "x >= 0 and x % 2 = 0", 0, None, None),
        ("x integer, y integer", "x < y and x > 3", 4, None, None),
        ("x hugeint", "x <= 170141183460469231731687303715884105726", None, 2**127 - 2, None),
        ("x ubigint", "x < 18446744073709551615", None, 2**64 - 2, None),
        ("x decimal(10, 2)", "x > 0 and x < 10", 0.01, 9.99, None),
        ("x decimal(10, 2)", "x between -1.555 and 1.555", -1.55, 1.55, None),
        ("x double", "x > 0 and x <= 1.5", 5e-324, 1.5, None),
        ("x float", "x < 1", None, 1 - 2**-24, None),
        ("x varchar", "x in ('a', 'it''s', '--')", None, None, ("a", "it's", "--")),
        ("x varchar", "x > 'a'", None, None, None),
        ("x varchar", "length(x) < 3", None, None, None),
        (
            "x date",
            "x >= date '1900-01-01' and x < '2100-01-01'",
            dt.date(1900, 1, 1),
            dt.date(2099, 12, 31),
            None,
        ),
        (
            "x timestamp",
            "x > timestamp '2000-01-01 00:00:00'",
            dt.datetime(2000, 1, 1, 0, 0, 0, 1),
            None,
            None,
        ),
        ("x time", "x >= time '08:00:00'", dt.time(8), None, None),
        ("x integer[]", "x[1] > 3", None, None, None),
    ],
)
def test_checks(db: Db, column: str, check: str, low: object, high: object, values: object) -> None:
    db.run_sql("t", f"create table t ({column}, check ({check}))")
    table = catalog.read(db, "main")["t"]
    found = table.columns[0]
    assert (found.low, found.high, found.values) == (low, high, values)
    assert len(table.checks) == 1


def test_several_checks_narrow_each_other_and_the_enum(db: Db) -> None:
    columns = "x integer check (x > 0), e enum ('a', 'b', 'c')"
    db.run_sql("t", f"create table t ({columns}, check (x < 9 and x < 7), check (e in ('c', 'a')))")
    x, e = catalog.read(db, "main")["t"].columns
    assert (x.low, x.high, e.values) == (1, 6, ("a", "c"))


@pytest.mark.parametrize("name", ODD)
def test_odd_names(db: Db, name: str) -> None:
    q = sql.ident(name)
    db.run_sql("t", f"create table {q} ({q} integer primary key, check ({q} between 1 and 2))")
    db.run_sql("t", f"create table child (k integer, foreign key (k) references {q} ({q}))")
    found = catalog.read(db, "main")
    assert found[name].primary_key == (name,) and found["child"].foreign_keys == (
        ForeignKey(("k",), name, (name,)),
    )
    assert (found[name].columns[0].low, found[name].columns[0].high) == (1, 2)
    db.run_sql("t", f"create schema {sql.ident('s' + name)}")
    db.run_sql("t", f"create table {sql.ident('s' + name, name)} (a integer)")
    assert list(catalog.read(db, "s" + name)) == [name]


def test_no_row_is_read(db: Db) -> None:
    db.run_sql("t", "create table t (x integer check (x > 0))")
    catalog.read(db, "main")
    texts = [s.sql.lower() for s in db.trace if s.name not in ("t", "settings")]
    assert texts and all("duckdb_" in t or "current_database" in t for t in texts)
    assert not any("from t" in t.replace("from t)", "") for t in texts)


def test_text_that_is_no_sql_says_nothing() -> None:
    assert (
        conditions.limits("") == []
        and conditions.limits("(((") == []
        and conditions.limits("x in (select 1)") == []
    )
    assert catalog.narrow(ColumnFacts("x", "INTEGER"), conditions.limits("x >= 'abc'")).low is None


@given(st.integers(-(2**62), 2**62), st.integers(-(2**62), 2**62), st.booleans(), st.booleans())
def test_bounds_are_what_the_engine_does(low: int, high: int, left: bool, right: bool) -> None:
    text = f"x {'>' if left else '>='} {low} and {high} {'>' if right else '>='} x"
    found = catalog.narrow(ColumnFacts("x", "BIGINT"), conditions.limits(text))
    assert (found.low, found.high) == (low + left, high - right)


def test_decimal_bounds_against_the_engine(db: Db) -> None:
    db.run_sql("t", "create table t (x decimal(6, 2), check (x > 1.005 and x < 7))")
    found = catalog.read(db, "main")["t"].columns[0]
    cases = [(found.low, True), (found.low - 0.01, False), (found.high, True), (found.high + 0.01, False)]
    for value, inside in cases:
        text = f"select (x > 1.005 and x < 7) from (select round({value}, 2)::decimal(6, 2) as x)"
        assert db.rows_sql("t", text)[0][0] is inside, value


@pytest.mark.parametrize(
    ("sql_type", "family", "kind"),
    [
        ("INTEGER", "integer", "numerical"), ("UHUGEINT", "integer", "numerical"),
        ("DECIMAL(18,3)", "decimal", "numerical"),
        ("FLOAT", "real", "numerical"), ("BOOLEAN", "boolean", "boolean"), ("DATE", "date", "date"),
        ("TIME", "time", "time"), ("TIME WITH TIME ZONE", "time", "time"), ("TIMESTAMP", "timestamp", "datetime"),
        ("TIMESTAMP WITH TIME ZONE", "timestamp", "datetime"), ("TIMESTAMP_NS", "timestamp", "datetime"),
        ("UUID", "uuid", "uuid"), ("VARCHAR", "text", "categorical"), ("ENUM('a]', 'STRUCT(')", "enum", "categorical"),
        ("ENUM('a')[]", "other", "ignore"), ("INTEGER[3]", "other", "ignore"), ("STRUCT(a INTEGER)", "other", "ignore"),
        ("MAP(VARCHAR, INTEGER)", "other", "ignore"), ("UNION(a INTEGER)", "other", "ignore"),
        ("BLOB", "other", "ignore"),
        ("JSON", "other", "ignore"), ("BIT", "other", "ignore"), ("INTERVAL", "other", "ignore"),
        ('"NULL"', "other", "ignore"),
    ],
)  # fmt: skip
def test_types(db: Db, sql_type: str, family: str, kind: str) -> None:
    assert (sqltypes.family(sql_type), sqltypes.derived(sql_type)) == (family, kind)
    assert sqltypes.fits(kind, sql_type) and kind in [*sqltypes.kinds(sql_type), "ignore"]
    if "NULL" not in sql_type and "JSON" not in sql_type:
        db.run_sql("t", f"create table t (x {sql_type})")
        assert catalog.read(db, "main")["t"].columns[0].sql_type == sql_type


@pytest.mark.parametrize(
    ("value", "sql_type"),
    [
        (1, "INTEGER"), ("2", "BIGINT"), (3.0, "SMALLINT"), (1.5, "DECIMAL(10,2)"), ("1.50", "DECIMAL(38,10)"),
        (2, "DOUBLE"), ("0.1", "DOUBLE"), (1e20, "DOUBLE"), (True, "BOOLEAN"), ("no", "BOOLEAN"), (0, "BOOLEAN"),
        ("2020-02-03", "DATE"), (dt.date(2020, 2, 3), "TIMESTAMP"), ("2020-02-03 04:05:06.5", "TIMESTAMP"),
        ("08:30", "TIME"), (1.5, "VARCHAR"), (True, "VARCHAR"), (dt.date(2020, 1, 1), "VARCHAR"),
        ("6B29FC40-CA47-1067-B31D-00DD010662DA", "UUID"),
    ],
)  # fmt: skip
def test_coerced_values_have_the_engine_s_text(db: Db, value: object, sql_type: str) -> None:
    made = sqltypes.coerce(value, sql_type)
    text = "true" if made is True else "false" if made is False else str(made)
    engine = db.rows_sql("t", f"select {sql.literal(made)}::{sql_type}::varchar")[0][0]
    assert (
        engine.rstrip("0") == text.rstrip("0") if "." in engine and "DEC" not in sql_type else engine == text
    )


@pytest.mark.parametrize(
    ("value", "sql_type"),
    [(1.5, "INTEGER"), ("a", "INTEGER"), (True, "INTEGER"), ("x", "DECIMAL(3,1)"), ("maybe", "BOOLEAN"),
     ("soon", "DATE"), ("25:00", "TIME"), (None, "DOUBLE"), (float("inf"), "BIGINT")],
)  # fmt: skip
def test_values_that_do_not_fit(value: object, sql_type: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        sqltypes.coerce(value, sql_type)


def test_names() -> None:
    assert (
        lookup("AGE", ["a", "age"]) == "age" and lookup("É", ["é"]) is None and lookup("a", ["A", "a"]) == "a"
    )
    assert (
        split("a.b.c", ["a.b"]) == ("a.b", "c")
        and split("a.b.c", ["x"]) == ("a", "b.c")
        and split("a", []) == (None, "a")
    )
    assert plain(["a,b", "a_b", " A_B "]) == {"a_b": "a_b", "a,b": "a_b_2", " A_B ": "A_B_3"}
