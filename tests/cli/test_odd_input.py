"""Odd but lawful input, from a view to typed synthetic tables: sizes, names, types, dates, units, guarantees."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cli_help import fine, refused, rows, view

from duckpaste.sql import ident

BOTH = ("independent", "mst")
ANY = "    {}\n"
A = "{type: numerical?, min: 0, max: 10}"


def declared(**fields: str) -> str:
    """The fields of a table as YAML."""
    return "    fields:\n" + "".join(
        f"      {json.dumps(k, ensure_ascii=False)}: {v}\n" for k, v in fields.items()
    )


def pipe(
    script: str, fields: str, algorithm: str, *words: object, table: str = "t", n: int = 60
) -> list[tuple[Any, ...]]:
    """Pipe one table through `algorithm` in the current folder; its synthetic rows."""
    view(Path("v"), script, f"tables:\n  {json.dumps(table, ensure_ascii=False)}:\n{fields}")
    fine("pipe", f"./v.{algorithm}", "-n", n, "--seed", 1, "--overwrite", *words)
    found = rows(Path("out/synthetic.duckdb"), f"select columns(*)::varchar from {ident(table)}")
    assert len(found) == n
    return found


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a new folder; a warning is a fault."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DUCKPASTE_DEBUG", "1")


EMPTY = {"a": "int", "b": "varchar", "c": "date", "d": "timestamp", "e": "time", "f": "boolean", "g": "double",
         "h": "decimal(9, 2)", "i": "uuid", "j": "enum('x')", "k": "timestamptz", "l": "float"}  # fmt: skip
NULLS = (
    "create table t as select "
    + ", ".join(f"null::{kind} as {c}" for c, kind in EMPTY.items())
    + " from range(50)"
)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("algorithm", BOTH)
@pytest.mark.parametrize(
    ("script", "fields"),
    [
        ("create table t as select 1 as a, 'x' as b, date '2020-01-01' as c", ANY),
        ("create table t as select 1 as a, 'x' as b", declared(a=A, b="{type: categorical, values: [x]}")),
        (NULLS, ANY),
        ("create table t as select 5 as a, 5.5::double as b, 'x' as c, date '2020-01-01' as d, true as e, "
         "timestamp '2020-01-01 10:00:00' as f, 1.25::decimal(9, 2) as g from range(100)", ANY),
        ("create table t as select 5 as a, 1 as b from range(100)",
         declared(a="{type: numerical?, min: 5, max: 5}", b="{type: numerical, min: 1, max: 1}")),
        ("create table t as select case i % 4 when 0 then date 'infinity' when 1 then date '-infinity' when 2 then "
         "date '0001-01-01' else date '9999-12-31' end as a, if(i % 2 = 0, timestamp 'infinity', timestamp "
         "'2020-01-01') as b, case i % 3 when 0 then 'nan'::double when 1 then 'inf'::double else 1e300 end as c "
         "from range(200) r(i)", ANY),
    ],
    ids=["one row", "one row declared", "only NULL", "constant", "constant declared", "infinities"],
)  # fmt: skip
def test_little_to_tell(script: str, fields: str, algorithm: str) -> None:
    pipe(script, fields, algorithm)


def test_a_column_of_nulls_stays_so_without_noise() -> None:
    assert set(pipe(NULLS, ANY, "mst", "alg.epsilon=inf")) == {(None,) * len(EMPTY)}


def test_300_columns() -> None:
    listed = ", ".join(f"(i * {j + 7} % {j % 5 + 2})::int as c{j}" for j in range(300))
    fields = declared(**{f"c{j}": A for j in range(300)})
    view(Path("v"), f"create table t as select {listed} from range(200) r(i)", f"tables:\n  t:\n{fields}")
    fine("fit", "./v.independent")
    fine("sample", "model.duckdb", "-n", 5)
    assert len(rows(Path("synthetic.duckdb"), "from t")[0]) == 300
    told = fine("plan", "./v.mst")
    assert "44850 pairs" in told and "300 code columns" in told and "and 260 more" in told


@pytest.mark.parametrize("algorithm", BOTH)
def test_10000_categories(algorithm: str) -> None:
    listed = ", ".join(f"c{i}" for i in range(10_000))
    fields = declared(a=f"{{type: categorical?, values: [{listed}]}}", b=A)
    script = "create table t as select 'c' || (i * 7919 % 10000) as a, i % 3 as b from range(3000) r(i)"
    found = pipe(script, fields, algorithm)
    assert len({a for a, _ in found}) > 30  # far too few rows to tell one from another


def test_10000_categories_discovered() -> None:
    script = "create table t as select 'c' || (i * 7919 % 10000) as a, i % 3 as b from range(200000) r(i)"
    found = pipe(script, declared(a="categorical?", b=A), "mst", "alg.epsilon=inf")
    assert "other" not in {a for a, _ in found} and len({a for a, _ in found}) > 50


NAMES = ['a "b', "select", "x'; drop table t; --", "名前", "n" * 200, "A.b", "a:b", "{{x}}", "%s", "_weight", "a\tb", "a\nb",
         "#c", "- ", "1", "true", "null", "é", "🦆", "rows_", "_batches"]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names(name: str) -> None:
    name = name.strip()
    one, two, three = ident(name), ident(f"{name}2"), ident(f"{name}3")
    script = (
        f"create table {one} ({one} integer, {two} varchar, {three} date, unique ({one}, {two}));\n"
        f"insert into {one} select i, 'k' || (i % 3), date '2020-01-01' + (i % 50)::int from range(120) r(i);"
    ).replace("{{", "{{ '{{' }}")
    fields = declared(**{
        name: "{type: numerical?, min: 0, max: 119}", f"{name}2": "{type: categorical?, values: [k0, k1, k2]}",
        f"{name}3": "{type: date?, min: 2020-01-01, max: 2020-12-31}",
    })  # fmt: skip
    found = pipe(script, f"    unit: {json.dumps(name, ensure_ascii=False)}\n{fields}", "mst", table=name)
    assert {b for _, b, _ in found} <= {"k0", "k1", "k2", None}
    fine("export", "out/synthetic.duckdb", "x")
    assert len(list(Path("x").iterdir())) == 1


TYPES = {
    "dec": "(i / 7)::decimal(18, 4)", "dec2": "(i * 1234567890123 / 1000)::decimal(38, 10)", "dec3": "(i % 100)::decimal(4, 1)",
    "en": "if(i % 2 = 0, 'a', 'b''c')::enum('a', 'b''c')", "big": "9007199254740993 + i",
    "tz": "timestamptz '2020-01-01 00:00:00+00' + i * interval 1 hour", "huge": "(9007199254740993 + i)::hugeint",
    "ub": "18446744073709551615 - i::ubigint", "ut": "(i % 256)::utinyint", "u": "uuid()", "ti": "time '10:00:00' + i * interval 1 minute",
    "f": "(i / 3)::float", "b": "i % 2 = 0", "ts": "(timestamp '2020-01-01' + i * interval 1 hour)::timestamp_s",
    "tn": "(timestamp '2020-01-01' + i * interval 1 hour)::timestamp_ns", "d": "date '1900-01-01' + i::int * 100",
    "ttz": "'10:00:00+02'::timetz", "js": "'{\"a\": 1}'::json",
    "bl": "'x'::blob", "li": "[i]", "st": "{a: i, b: 'x'}", "arr": "[1, 2, 3]::integer[3]", "iv": "interval 1 day",
    "m": "map {'a': 1}", "bit": "'101'::bit",
}  # fmt: skip
IGNORED = {"bl", "li", "st", "arr", "iv", "m", "js", "bit"}


@pytest.mark.parametrize("algorithm", BOTH)
def test_types_survive(algorithm: str) -> None:
    listed = ", ".join(f"{sql} as {name}" for name, sql in TYPES.items())
    found = pipe(f"create table t as select {listed} from range(300) r(i)", ANY, algorithm)
    types = "select column_name, data_type from duckdb_columns() where table_name = 't' and schema_name = '{}' order by 1"
    made = rows(Path("out/synthetic.duckdb"), types.format("main"))
    assert made == rows(Path("duckpaste.duckdb"), types.format("v"))
    for name, column in zip(TYPES, zip(*found, strict=True), strict=True):
        assert (set(column) == {None}) == (name in IGNORED), name


def test_large_numbers_are_exact() -> None:
    script = """create table t as select 9007199254740993 + i as big, (9007199254740993 + i)::hugeint as huge,
        (i / 7)::decimal(18, 4) as small, (1000000000000 + i)::decimal(30, 6) as wide from range(300) r(i)"""
    limits = "{type: numerical?, min: 9007199254740993, max: 9007199254741292}"
    fields = declared(big=limits, huge=limits, small="{type: numerical?, min: 0, max: 43}",
                      wide="{type: numerical?, min: 1000000000000, max: 1000000000299}")  # fmt: skip
    found = pipe(script, fields, "independent", "alg.epsilon=inf", n=500)
    for column in (0, 1):
        numbers = {int(row[column]) - 9007199254740993 for row in found}
        assert numbers <= set(range(300)) and any(x % 2 for x in numbers) and any(x % 2 == 0 for x in numbers)
    assert all(0 <= float(row[2]) <= 43 and len(row[2].split(".")[1]) == 4 for row in found)


def test_whole_numbers_beyond_64_bits_are_refused_where_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DUCKPASTE_DEBUG")
    fields = declared(a="{type: numerical?, min: 0, max: 18446744073709551615}")
    view(Path("v"), "create table t as select 18446744073709551615::ubigint as a", f"tables:\n  t:\n{fields}")
    assert "min and max of whole numbers must fit 64 bits; narrow min and max" in refused("fit", "./v.mst")


@pytest.mark.parametrize("bound", ["rows", "weights"])
def test_units_with_many_rows(bound: str) -> None:
    # One unit has half of all rows: it must not count for more than 3.
    script = (
        "create table t as select if(i < 500, 0, i) as u, if(i < 500, 'k0', 'k1') as b from range(1000) r(i)"
    )
    fields = f"    unit: u\n    contributions: 3\n    bound: {bound}\n"
    found = pipe(script, fields + declared(u="id", b="{type: categorical, values: [k0, k1]}"), "mst", "alg.epsilon=inf",
                 n=500)  # fmt: skip
    assert sum(b == "k0" for _, b in found) < 15
    pipe(script.replace("i < 500, 0, i", "true, 0, i"), fields + declared(u="id", b="categorical"), "mst")


def test_a_unit_that_is_modelled_too() -> None:
    script = "create table t as select 'p' || i // 20 as u, i % 7 as a from range(400) r(i)"
    found = pipe(script, "    unit: u\n    contributions: 3\n" + declared(u="categorical", a=A), "mst")
    assert {u for u, _ in found} == {"other"}  # no name that only one unit has comes out


def test_dates_before_and_after_their_reference() -> None:
    script = """create table t as select date '1899-06-01' + (i * 211)::int as a,
        date '1899-06-01' + (i * 211)::int + (i % 90 - 45)::int as b,
        timestamp '1899-06-01 12:00:00' + (i * 211) * interval 1 day + (i % 11 - 5) * interval 1 hour as c from range(400) r(i)"""
    fields = declared(a="{type: date, min: 1890-01-01, max: 2300-01-01}", b='{type: "date?|day:a", min_len: -50, max_len: 50}',
                      c='{type: "datetime|day.hour:a", min_len: -1, max_len: 1}')  # fmt: skip
    pipe(script, fields, "mst", "alg.epsilon=inf", n=400)
    apart = rows(Path("out/synthetic.duckdb"), "select b - a, date_diff('hour', a, c) from t")
    days = [d for d, _ in apart if d is not None]
    assert min(days) >= -50 and max(days) <= 50 and min(days) < -20 and max(days) > 20
    assert all(0 <= h < 24 for _, h in apart)


def test_guarantees() -> None:
    script = "create table t as select i % 7 as a, 'k' || i % 3 as b from range(200) r(i)"
    known = declared(a=A, b="{type: categorical, values: [k0, k1, k2]}")
    for words, told in (
        ("alg.epsilon=inf", "NOT PRIVATE (epsilon inf)"),
        ("alg.delta=0", "epsilon 1 (pure)"),
        ("alg.etotal=0.5", "epsilon 0.5, delta 1e-09"),
        ("alg.epsilon=1e-6", "epsilon 1e-06, delta 1e-09"),
    ):
        pipe(script, known, "mst", words)
        comment, guarantee = rows(
            Path("out/synthetic.duckdb"),
            "select comment, (select value from duckpaste.provenance where key = 'guarantee') from duckdb_tables() "
            "where table_name = 't'",
        )[0]
        assert told in comment and guarantee == told
    ledger = json.loads(fine("ledger", "--all", "--json"))
    assert {r["mechanism"] for r in ledger} >= {"none", "discrete laplace", "discrete gaussian"}


def test_pure_epsilon_discovers_numbers_but_no_values(monkeypatch: pytest.MonkeyPatch) -> None:
    script = "create table t as select i % 7 as a, 'k' || i % 3 as b from range(200) r(i)"
    pipe(script, declared(b="{type: categorical, values: [k0, k1, k2]}"), "mst", "alg.delta=0")
    monkeypatch.delenv("DUCKPASTE_DEBUG")
    view(Path("v"), script, "tables: {t: {}}")
    told = refused("fit", "./v.mst", "alg.delta=0")
    assert told == "b: values can't be discovered at delta 0; declare values, or set alg.delta above 0"


@pytest.mark.parametrize(
    ("script", "fields"),
    [
        ("create table t (a integer, b integer generated always as (a + 1)); insert into t (a) from range(50)", ANY),
        ("create sequence s; create table t (id integer primary key default nextval('s'), a integer default 5 check "
         "(a >= 0 and a < 10)); insert into t (a) select i % 10 from range(50) r(i)", ANY),
        ("create table t (id integer primary key, a varchar unique); insert into t select i, 'x' || i from range(50) r(i)",
         ANY),
        ("create table t (x integer, y integer, a integer, primary key (x, y)); insert into t select i // 10, i % 10, "
         "i % 3 from range(50) r(i)", ANY),
        ("create table base as select i % 10 as a from range(50) r(i); create view t as select a + 1 as b from base",
         f"{ANY}  base: {{public: true}}\n"),
        ("create table t (low integer, high integer, check (low <= high)); insert into t select i % 5, i % 5 + 3 from "
         "range(50) r(i)", declared(low=A, high=A)),
        ("create type colour as enum ('red', 'blue'); create table t as select 'red'::colour as c from range(50)", ANY),
    ],
    ids=["generated", "default and CHECK", "UNIQUE", "composite key", "view", "CHECK of two columns", "named type"],
)  # fmt: skip
def test_tables(script: str, fields: str) -> None:
    pipe(script, fields, "mst")


def test_a_table_larger_than_the_memory_limit() -> None:
    script = """create table t as select (i * 7919) % 1000 as a, md5(i::varchar) || md5((i + 1)::varchar) as s, i % 13 as c
        from range(1000000) r(i)"""
    fields = declared(
        a="{type: numerical?, min: 0, max: 1000}", s="ignore", c="{type: numerical?, min: 0, max: 13}"
    )
    pipe(script, fields, "independent", "--memory-limit", "60MB", "--threads", 1, "--temp-directory", "spill")
    words = ("--memory-limit", "60MB", "--temp-directory", "spill", "--threads", 1)
    fine("sample", "out/model.duckdb", "-o", "more.duckdb", "-n", 100_000, *words)
    assert rows(Path("more.duckdb"), "select count(*) from t") == [(100_000,)]
