"""What an engine error may say: names that the statement holds, types, and no value."""

from __future__ import annotations

from pathlib import Path

import pytest

from duckpaste.db import Db, EngineError


def said(text: str, setup: str = "select 1") -> str:
    with Db.open() as db:
        db.run_sql("setup", setup)
        with pytest.raises(EngineError) as caught:
            db.run_sql("t", text)
    return str(caught.value)


def test_conversion_names_column_and_type() -> None:
    setup = "create table t as select 'Anna to DATE' as name"
    assert said("select name::integer from t", setup).startswith(
        "t: a value in column name could not be converted to INT32 (the value is withheld"
    )


@pytest.mark.parametrize(
    "value",
    [
        "Anna",
        "Anna' to INT32 when casting from source column Anna",
        "x to Anna",
        'x\n\nError when converting column "Anna". Could not convert string "x" to \'Anna\'',
    ],
)
def test_value_that_looks_like_a_message(value: str) -> None:
    quoted = value.replace("'", "''")
    for expression in ("name::integer", "name::timestamp", "(name || 'z')::uuid"):
        message = said(f"select {expression} from t", f"create table t as select '{quoted}' as name")
        assert "Anna" not in message
        assert "\n" not in message


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("null, 60, 7", "NOT NULL constraint failed: t.id"),
        ("2, 39, 7", "CHECK constraint failed"),
        ("1, 60, 7", "two rows have the same PRIMARY KEY or UNIQUE values"),
        ("2, 60, 4711", "a row breaks a foreign key"),
    ],
)
def test_constraints(row: str, expected: str) -> None:
    setup = (
        "create table p (id int primary key); insert into p values (7);"
        "create table t (id int primary key, age int check (age > 50), p int references p (id));"
        "insert into t values (1, 60, 7); create table s (id int, age int, p int);"
        f"insert into s values ({row})"
    )
    message = said("insert into t from s", setup)
    assert expected in message
    assert "4711" not in message and "39" not in message


def test_first_line_of_a_file_without_header_is_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("Anna,39\nBob,40\n")
    assert "Anna" not in said(f"select name from read_csv('{path}', header = true)")
    assert "Anna" not in said(f"select name from '{path}'")
    assert "Anna" not in said(f"from read_csv('{path}', columns = {{'n': 'INTEGER', 'm': 'INTEGER'}})")
    message = said(
        f"insert into t from read_csv('{path}', header = true)", "create table t (n integer, m integer)"
    )
    assert "Bob" not in message and "Anna" not in message


def test_candidates_of_tables_are_shown() -> None:
    assert '"age"' in said("select aeg from t", "create table t (age int)")
