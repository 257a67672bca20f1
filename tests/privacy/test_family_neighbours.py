"""Related tables: a unit is a row of the top table with everything below it. Taking one away moves no released
vector by more than the ledger's sensitivity, however many rows it has, in any table, at any depth."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from testkit import Told, category, noiseless, put

from duckpaste import route
from duckpaste.db import Db
from duckpaste.errors import Faults
from duckpaste.fit import request
from duckpaste.privacy import noise, source
from duckpaste.privacy.ledger import Ledger
from duckpaste.privacy.release import release as true_release
from duckpaste.relational import integrity
from duckpaste.schema.view import Field, ForeignKey, Table, View
from duckpaste.workspace import Workspace

DB = Db.open(settings={"threads": 1})
Unit = tuple[int, list[tuple[int, list[int]]]]  # a code, and visits: a code, and codes of labs
HEAVY: Unit = (2, [(i % 3, [j % 3 for j in range(i % 9)]) for i in range(30)])
UNITS: dict[int, Unit] = {
    1: (0, []),
    2: (1, [(0, [])]),
    3: (1, [(1, [0, 1, 2, 2]), (2, [1])]),
    4: (0, [(2, [0]), (2, [1]), (1, [])]),
    9: HEAVY,
}


def declared(k: int, bound: str) -> tuple[Table, ...]:
    key = Field("id", "id")
    up = (ForeignKey(("person",), "people", ("id",)),), (ForeignKey(("visit",), "visits", ("id",)),)
    most = {
        "max_children": 11
    }  # each number a code of its own: the domain is the same with and without a unit
    return (
        Table("people", (key, category("a", range(3))), ("id",)),
        Table("visits", (key, Field("person", "id"), category("b", range(3))), ("id",), contributions=k, bound=bound,
              foreign_keys=up[0], options={**most, "contributions": k}),
        Table("labs", (key, Field("visit", "id"), category("c", range(3))), ("id",), contributions=k + 1, bound=bound,
              foreign_keys=up[1], options={**most, "contributions": k + 1}),
    )  # fmt: skip


def stored(units: dict[int, Unit]) -> None:
    """Ids do not depend on other units: rows of a unit are the same with and without its neighbours."""
    people = [(p, a) for p, (a, _) in units.items()]
    visits = [(p * 100 + i, p, b) for p, (_, vs) in units.items() for i, (b, _) in enumerate(vs)]
    labs = [
        ((p * 100 + i) * 100 + j, p * 100 + i, c)
        for p, (_, vs) in units.items() for i, (_, cs) in enumerate(vs) for j, c in enumerate(cs)
    ]  # fmt: skip
    DB.run_sql("drop", "drop table if exists payments")
    for name, columns, rows in (
        ("people", ("id", "a"), people), ("visits", ("id", "person", "b"), visits), ("labs", ("id", "visit", "c"), labs),
    ):  # fmt: skip
        values: Any = list(zip(*rows, strict=True)) or [()] * len(columns)
        put(DB, name, dict(zip(columns, values, strict=True)), dict.fromkeys(columns, "bigint"))


def released(units: dict[int, Unit], k: int, bound: str) -> Told:
    """Table, columns, sensitivity and exact counts in rows of every release of a whole fit without noise."""
    stored(units)
    return exact(declared(k, bound))


def exact(tables: tuple[Table, ...]) -> Told:
    """The same, of what is stored."""
    with noiseless() as found:
        wanted = request("mare", {"model": "independent"})
        ready = route.ready(Workspace(DB), View("f", Path("f"), tables), wanted)
        route.fit(DB, ready, wanted, Ledger(None))
    return found


@pytest.mark.parametrize(("k", "bound"), [(1, "weights"), (3, "weights"), (2, "rows")])
def test_no_unit_moves_a_release_by_more_than_its_sensitivity(k: int, bound: str) -> None:
    everything = released(UNITS, k, bound)
    assert {t for t, *_ in everything} == {
        "f.people", "f.visits per people", "f.visits", "f.labs per visits", "f.labs"
    }  # fmt: skip
    expected = {
        "f.people": 1,
        "f.visits per people": 1,
        "f.visits": k,
        "f.labs per visits": k,
        "f.labs": k + 1,
    }
    assert all(sensitivity == expected[table] for table, _, sensitivity, _ in everything)
    moved = dict.fromkeys(expected, 0.0)
    for unit in UNITS:
        without = released({u: v for u, v in UNITS.items() if u != unit}, k, bound)
        assert [(t, c, s, v.shape) for t, c, s, v in without] == [
            (t, c, s, v.shape) for t, c, s, v in everything
        ]
        for (table, _, sensitivity, here), (*_, there) in zip(everything, without, strict=True):
            l1 = float(np.abs(here - there).sum())
            assert l1 <= sensitivity and float(np.sqrt(((here - there) ** 2).sum())) <= sensitivity
            moved[table] = max(moved[table], l1)
    for table, most in moved.items():
        assert most > 0.99 * expected[table], f"{table}: the sensitivity is reached, else it would be vacuous"


# -- sequences with an end: a row's code is made of the row before it, and of how many are to come


def dated(k: int) -> tuple[Table, ...]:
    """People, visits in time that end by a declared day, and labs below them. Codes do not depend on the data."""
    people, visits, labs = declared(k, "weights")
    part = {"type": "date", "nullable": True, "refs": (), "span": "day"}
    first = {**part, "min": dt.date(2020, 1, 1), "max": dt.date(2020, 1, 31), "bins": 31}
    time = Field(
        "t",
        "seq",
        nullable=True,
        options={"ctx": first, "seq": {**part, "cells": 16, "bins": 16}},
        sql_type="DATE",
    )
    return people, replace(visits, fields=(*visits.fields, time)), labs


@pytest.mark.parametrize("k", [1, 3])
def test_no_unit_moves_rows_that_spread_by_more_than_its_sensitivity(k: int) -> None:
    """The heaviest unit has 30 visits, the last ones after the end, some without a day."""
    day = "case when id % 7 <> 3 then date '2020-01-01' + ((id % 100) * 3 // 2 + person % 5)::int end"

    def found(units: dict[int, Unit]) -> Told:
        stored(units)
        DB.run_sql("dated", f"create or replace table visits as select *, {day} as t from visits")
        return exact(dated(k))

    everything = found(UNITS)
    assert any("t.seq.rank" in c for t, c, *_ in everything if t == "f.visits")
    most = 0.0
    for unit in UNITS:
        without = found({u: v for u, v in UNITS.items() if u != unit})
        assert [(t, c, s, v.shape) for t, c, s, v in without] == [
            (t, c, s, v.shape) for t, c, s, v in everything
        ]
        for (_, names, sensitivity, here), (*_, there) in zip(everything, without, strict=True):
            l1 = float(np.abs(here - there).sum())
            assert l1 <= sensitivity + 1e-9
            most = max(most, l1 / sensitivity if "t.seq.rank" in names else 0.0)
    assert most > 0.99, "the sensitivity is reached, else it would be vacuous"


# -- rows that reach no unit


Strays = tuple[
    list[int], dict[int, list[int]], list[int]
]  # visits of nobody, labs below some, labs of no visit
STRAYS: Strays = ([90_001, 90_002, 90_003], {90_001: [1, 2, 3, 4], 90_002: [5]}, [6, 7])


def optional(k: int) -> tuple[Table, ...]:
    """The tables, with keys that may be NULL."""
    people, visits, labs = declared(k, "weights")

    def loose(table: Table, key: str) -> Table:
        fields = [replace(f, nullable=True) if f.name == key else f for f in table.fields]
        return replace(table, fields=tuple(fields))

    return people, loose(visits, "person"), loose(labs, "visit")


def strayed(units: dict[int, Unit], strays: Strays = STRAYS) -> None:
    """The units, and rows that belong to none."""
    stored(units)
    visits, below, labs = strays
    for visit in visits:
        DB.run_sql("t", f"insert into visits values ({visit}, null, 1)")
    for visit, ids in below.items():
        for lab in ids:
            DB.run_sql("t", f"insert into labs values ({9_000_000 + lab}, {visit}, {lab % 3})")
    for lab in labs:
        DB.run_sql("t", f"insert into labs values ({9_000_000 + lab}, null, {lab % 3})")


def told_apart(units: dict[int, Unit], strays: Strays) -> dict[tuple[str, str], np.ndarray]:
    """The exact counts of every release of a whole fit, by table and columns."""
    strayed(units, strays)
    with pytest.MonkeyPatch.context() as patch:
        # A row above that is gone alone leaves keys that dangle: such data is refused, but the sensitivity holds.
        patch.setattr(integrity, "faults", lambda db, family: [])
        return {(t, c): counts for t, c, _, counts in exact(optional(2))}


def test_rows_that_reach_no_unit_move_nothing_but_their_number() -> None:
    """With and without a unit the number is the same, and with and without one such row it differs by 1 at most, in
    its own table alone; no other release sees them at all."""
    here = told_apart(UNITS, STRAYS)
    numbers = {t: int(v[0]) for (t, c), v in here.items() if c.endswith("rows that reach no unit")}
    assert numbers == {"f.visits": 3, "f.labs": 7}
    for unit in UNITS:
        there = told_apart({u: v for u, v in UNITS.items() if u != unit}, STRAYS)
        assert {
            t: int(v[0]) for (t, c), v in there.items() if c.endswith("rows that reach no unit")
        } == numbers
    visits, below, labs = STRAYS
    others: list[Strays] = [(visits[:-1], below, labs), (visits, below, labs[1:])]
    others += [(visits, {**below, 90_001: [1, 2, 4]}, labs)]
    others += [([90_002, 90_003], below, labs)]  # with rows below it, which stay
    for strays in others:
        there = told_apart(UNITS, strays)
        assert here.keys() == there.keys()
        moved = {key: float(np.abs(here[key] - there[key]).sum()) for key in here}
        assert sum(moved.values()) == 1.0
        assert all(m == 0 for (_, c), m in moved.items() if not c.endswith("rows that reach no unit"))


@pytest.mark.parametrize("name", ["_unit", "_UNIT", "_children", "people.a"])
def test_names_that_would_be_taken_for_the_unit(name: str) -> None:
    """A column `_unit` would be grouped by in place of the unit's key, and no unit would be bounded."""
    stored(UNITS)
    put(DB, "visits", {"id": [1], "person": [2], name: [3]}, {"id": "bigint", "person": "bigint"})
    key = ForeignKey(("person",), "people", ("id",))
    tables = (
        declared(1, "weights")[0],
        Table(
            "visits",
            (Field("id", "id"), Field("person", "id"), category(name, [3])),
            ("id",),
            foreign_keys=(key,),
        ),
        Table("labs", public=True),
    )
    with pytest.raises(Faults, match=f"visits.{name}: duckpaste needs this name"):
        route.ready(Workspace(DB), View("f", Path("f"), tables), request("mare", {}))


# -- references to rows of other units


def bank(units: dict[int, list[int]]) -> tuple[Table, ...]:
    """People (unit: whom they paid, by id, the last one being their mentor too) and payments; ids stay their own."""
    for other in ("labs", "visits"):
        DB.run_sql("drop", f"drop table if exists {other}")
    people = [(p, paid[-1] if paid else None) for p, paid in units.items()]
    payments = [(p * 100 + i, p, to) for p, paid in units.items() for i, to in enumerate(paid)]
    put(DB, "people", dict(zip(("id", "mentor"), zip(*people, strict=True), strict=True)),
        {"id": "bigint", "mentor": "bigint"})  # fmt: skip
    put(DB, "payments", dict(zip(("id", "payer", "payee"), zip(*payments, strict=True), strict=True)),
        dict.fromkeys(("id", "payer", "payee"), "bigint"))  # fmt: skip
    key = Field("id", "id")
    return (
        Table("people", (key, Field("mentor", "id", nullable=True)), ("id",),
              foreign_keys=(ForeignKey(("mentor",), "people", ("id",)),)),
        Table("payments", (key, Field("payer", "id"), Field("payee", "id")), ("id",), contributions=2,
              foreign_keys=(ForeignKey(("payer",), "people", ("id",)), ForeignKey(("payee",), "people", ("id",))),
              options={"max_children": 11, "contributions": 2}),
    )  # fmt: skip


@pytest.mark.parametrize(
    "heavy", [[1, 2], [1] * 9, [1, 2, 3, 1, 2, 3, 1, 2, 3], [9] * 5, [3], []], ids=lambda v: str(len(v))
)
def test_no_unit_moves_degrees_by_more_than_the_sensitivity(heavy: list[int]) -> None:
    """A unit that pays two others, or one nine times, or itself, and is paid by all: with and without it, how often
    people are referred to differs by at most 2 k + 1 in L1, what the ledger says."""
    units = {1: [2, 3, 9], 2: [9, 9, 9, 1], 3: [9], 4: [1, 2], 5: [], 9: heavy}
    counted: list[list[np.ndarray]] = []
    for some in (units, {u: v for u, v in units.items() if u != 9}):
        tables = bank(some)
        found: list[np.ndarray] = []

        def release(run: Any, table: Any, vectors: Any, stage: str, found: Any = found, **more: Any) -> Any:
            out = true_release(run, table, vectors, stage, **more)
            if stage == "reference":
                assert [v.counts.sum() for v in vectors] and table.k in (3, 5)
                found.append(np.append(vectors[0].counts, table.k))
            return out

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(source, "release", release)
            patch.setattr(noise, "add", lambda counts, scale, *, pure: counts)
            # Without the unit, what others refer to dangles: such data is refused, but the sensitivity holds for it.
            patch.setattr(integrity, "faults", lambda db, family: [])
            wanted = request("mare", {"model": "independent"})
            ready = route.ready(Workspace(DB), View("f", Path("f"), tables, unit="people"), wanted)
            route.fit(DB, ready, wanted, Ledger(None))
        counted.append(found)
    assert len(counted[0]) == len(counted[1]) == 2
    for here, there in zip(*counted, strict=True):
        assert here[-1] == there[-1]
        assert 1 <= np.abs(here[:-1] - there[:-1]).sum() <= here[-1]
