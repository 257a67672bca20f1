"""sample --where: the same rows through Python and the command, what the file says of them, faults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cli_help import fine, refused, rows, run
from testkit import INF, fitted

import duckpaste
from duckpaste.db import Db
from duckpaste.errors import UserError
from duckpaste.output.writer import sample
from duckpaste.sample import picker
from duckpaste.schema.view import Field, Table

SCRIPT = """
create table people (
    id bigint primary key, sex enum ('f', 'm') not null, age utinyint not null check (age between 0 and 110),
    wage decimal(9, 2), note varchar
);
insert into people select i, case when i % 3 = 0 then 'm' else 'f' end, (i * 7 + i % 3 * 5) % 90,
    case when i % 10 > 0 then (i * 13) % 5000 / 7 end, 'n' || i from range(3000) t(i);
"""
FIELDS = (
    Field("id", "id"),
    Field("sex", "categorical"),
    Field("age", "numerical", options={"bins": 9}),
    Field("wage", "numerical", nullable=True, options={"min": 0, "max": 800, "bins": 5}),
    Field("note", "text", options={"regex": "[a-f]{2}"}),
)
ASKED = "sex = 'm' and age between 30 and 40 and wage > 99.995"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file of a table of 3,000 people."""
    path = tmp_path_factory.mktemp("model") / "people.model.duckdb"
    with Db.open() as db:
        db.script_sql("people", SCRIPT)
        fitted(db, Table("people", FIELDS), "mst", epsilon=20.0).save(path)
    return path


def everything(path: Path, table: str = "people") -> list[tuple[Any, ...]]:
    return rows(path, f"from {table} order by id")


def test_python_and_the_command_write_the_same_rows(model: Path, tmp_path: Path) -> None:
    done = duckpaste.sample(model, tmp_path / "a.duckdb", n=500, seed=4, where=ASKED)
    ran = run(
        "sample", model, "--where", ASKED, "-n", 500, "--seed", 4, "-o", tmp_path / "b.duckdb", "--threads", 1
    )
    assert ran.code == 0, ran.err
    assert "people, 500 rows, seed 4" in ran.out
    assert done.note.startswith("where: true of 0.0") and done.note in ran.err
    found = everything(tmp_path / "a.duckdb")
    assert found == everything(tmp_path / "b.duckdb")
    assert [r[0] for r in found] == list(range(1, 501))
    assert rows(tmp_path / "a.duckdb", f"select count(*) from people where not ({ASKED})") == [(0,)]
    other = duckpaste.sample(model, tmp_path / "c.duckdb", n=500, seed=5, where=ASKED)
    assert other.rows == {"people": 500}
    assert everything(tmp_path / "c.duckdb") != found


def test_many_threads_and_several_chunks_change_nothing(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picker, "CHUNK", 700)
    loaded = duckpaste.load(model)
    for threads in (1, 3):
        path = tmp_path / f"{threads}.duckdb"
        sample(loaded, path, n=2_000, seed=1, where="note < 'c' and age > 50", settings={"threads": threads})
    assert everything(tmp_path / "1.duckdb") == everything(tmp_path / "3.duckdb")
    told = rows(tmp_path / "1.duckdb", "select count(*), min(age) > 50, max(note) < 'c' from people")
    assert told == [(2_000, True, True)]


def test_the_file_says_which_rows_it_holds(model: Path, tmp_path: Path) -> None:
    text = "note <> 'it''s' -- a remark\n and age = 3"
    duckpaste.sample(model, tmp_path / "a.duckdb", n=5, seed=4, where=text)
    assert rows(tmp_path / "a.duckdb", "select value from duckpaste.provenance where key = 'where'") == [
        (text,)
    ]
    comment = rows(tmp_path / "a.duckdb", "select comment from duckdb_tables() where table_name = 'people'")[
        0
    ][0]
    assert f"only rows where {text}" in comment
    duckpaste.sample(model, tmp_path / "a.duckdb", n=5, seed=4, overwrite=True)
    assert rows(tmp_path / "a.duckdb", "select count(*) from duckpaste.provenance where key = 'where'") == [
        (0,)
    ]


def test_keys_and_checks_of_the_table_hold(model: Path, tmp_path: Path) -> None:
    duckpaste.sample(model, tmp_path / "a.duckdb", n=50, seed=4, where="age > 80")
    found = rows(
        tmp_path / "a.duckdb", "select constraint_type from duckdb_constraints() where table_name = 'people'"
    )
    assert {"PRIMARY KEY", "CHECK", "NOT NULL"} <= {r[0] for r in found}


def test_without_a_number_as_many_rows_as_were_fitted(model: Path, tmp_path: Path) -> None:
    plain = duckpaste.sample(model, tmp_path / "a.duckdb", seed=4)
    assert duckpaste.sample(model, tmp_path / "b.duckdb", seed=4, where="sex = 'f'").rows == plain.rows


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("aeg > 30", "where: no column 'aeg' in 'people'; did you mean 'age'?"),
        ("age >", "where: syntax error near 'age >'"),
        ("age > 150", "where: can't be true of any row of the model"),
        ("age::varchar::date = '2020-01-01'", "could not be converted"),
    ],
)
def test_faults_are_a_line_and_leave_no_file(model: Path, tmp_path: Path, text: str, said: str) -> None:
    told = refused("sample", model, "--where", text, "-n", 10, "-o", tmp_path / "s.duckdb")
    assert said in told and told.count("\n") == 0
    assert list(tmp_path.iterdir()) == []


def test_a_fault_leaves_the_file_that_was_there(model: Path, tmp_path: Path) -> None:
    duckpaste.sample(model, tmp_path / "s.duckdb", n=5, seed=4)
    before = everything(tmp_path / "s.duckdb")
    with pytest.raises(UserError, match="^where:"):
        duckpaste.sample(model, tmp_path / "s.duckdb", n=5, seed=4, where="sex = 'x'", overwrite=True)
    assert everything(tmp_path / "s.duckdb") == before


def test_help_has_an_example() -> None:
    assert "--where \"sex = 'Female' and age between 30 and 40\"" in fine("sample", "--help")


def test_no_noise_is_needed_to_see_the_share(tmp_path: Path) -> None:
    """The note's share is the model's: at epsilon inf, of a column that depends on nothing, the data's own."""
    with Db.open() as db:
        db.script_sql("people", SCRIPT)
        model = fitted(db, Table("people", FIELDS), "independent", epsilon=INF)
    done = sample(model, tmp_path / "s.duckdb", n=10, seed=1, where="sex = 'm'")
    assert done.note == "where: true of 0.333 of the model's rows"
    assert rows(tmp_path / "s.duckdb", "select count(*) from people") == [(10,)]
