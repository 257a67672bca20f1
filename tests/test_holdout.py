"""Hold-out: whole units, the same ones for every command; what is fitted never sees them."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

import duckpaste
from duckpaste import holdout
from duckpaste.errors import UserError
from duckpaste.evaluate.score import REF
from duckpaste.schema.view import Field, Table

FIELDS = """
tables:
  people: {public: true}
  visits:
    unit: person
    contributions: 4
    fields:
      person: id
      ward: {type: categorical, values: [a, b, c]}
      age: {type: numerical, min: 0, max: 99}
"""
FAMILY = """
tables:
  people: {primary_key: person, fields: {person: id, sex: {type: categorical, values: [f, m]}}}
  visits:
    contributions: 4
    fields: {person: id:people.person, ward: {type: categorical, values: [a, b, c]}}
"""


@pytest.fixture
def con(tmp_path: Path) -> duckdb.DuckDBPyConnection:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "fields.yml").write_text(FIELDS)
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "fields.yml").write_text(FAMILY)
    con = duckdb.connect(str(tmp_path / "private.duckdb"))
    con.execute(
        "create table people as select r as person, ['f', 'm'][1 + r % 2] as sex from range(500) x(r)"
    )
    con.execute(
        "create table visits as select r // 3 as person, ['a', 'b', 'c'][1 + r % 3] as ward, r % 90 as age from range(1500) x(r)"
    )
    return con


def held(con: duckdb.DuckDBPyConnection, share: float) -> set[int]:
    return {
        k
        for (k,) in con.sql(
            f"select person from people where {holdout.predicate(['person'], share)}"
        ).fetchall()
    }


def test_shares_nest_and_are_about_as_asked(con: duckdb.DuckDBPyConnection) -> None:
    """Of 500 units some 100 at 0.2: 50 off happens less than once in ten million."""
    small, large = held(con, 0.2), held(con, 0.5)
    assert small < large and abs(len(small) - 100) < 50 and abs(len(large) - 250) < 60
    assert sorted(small)[:6] == [1, 2, 5, 7, 11, 18], "a fixed set: that of every version"


@pytest.mark.parametrize(("view", "algorithm"), [("one", "independent"), ("two", "mare")])
def test_the_model_sees_the_rest_and_the_file_tells(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, view: str, algorithm: str
) -> None:
    kwargs = {"model": "independent"} if algorithm == "mare" else {}
    model = duckpaste.fit(con, tmp_path / view, algorithm, epsilon=float("inf"), hold_out=0.3, **kwargs)
    rest = 500 - len(held(con, 0.3))
    top = model.tables[0]
    assert top.rows == (rest * 3 if view == "one" else rest)
    assert model.info["held_out"] == "0.3"
    path = tmp_path / "synthetic.duckdb"
    duckpaste.sample(model, path, seed=1)
    found = duckpaste.evaluate(con, tmp_path / view, path, metrics=["tv1"])
    assert found.facts["yardstick"] == "held-out" and found.facts["held_out"] == 0.3
    rows = found.facts["tables"][top.name]
    assert rows["wrk"] == top.rows and rows["ref"] == (500 - rest) * (3 if view == "one" else 1)
    assert found.value("tv1", "visits", ["ward"], REF) is not None


def test_without_it_nothing_changes(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    model = duckpaste.fit(con, tmp_path / "one", "independent", epsilon=float("inf"))
    assert model.tables[0].rows == 1500 and "held_out" not in model.info
    for share in (-0.1, 1, 1.5, float("nan")):
        with pytest.raises(UserError, match="held-out share"):
            duckpaste.fit(con, tmp_path / "one", "independent", hold_out=share)


def test_units_are_told_by_unit_key_or_place() -> None:
    fields = (Field("a", "id"), Field("b", "id"))
    assert holdout.key_of(Table("t", fields, ("a",), unit="b")) == ("b",)
    assert holdout.key_of(Table("t", fields, ("a", "b"))) == ("a", "b")
    assert holdout.key_of(Table("t", fields)) == ("rowid",)
