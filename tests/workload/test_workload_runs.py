"""A workload reaches the model: by Python, by the command line, and in related tables."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

import duckpaste
from duckpaste import route
from duckpaste.cli import cli
from duckpaste.db import Db
from duckpaste.errors import Faults, UserError
from duckpaste.fit import request
from duckpaste.models.aim import AIM
from duckpaste.schema.view import View
from duckpaste.workload import served
from duckpaste.workspace import Workspace

QUERIES = "-- weight: 2\nselect sex, ward, count(*) from visits group by all;\nselect avg(cost) from visits where age > 40;\n"
TABLE = """create table visits (sex enum ('f', 'm') not null, ward enum ('a', 'b', 'c') not null,
    age utinyint not null check (age between 0 and 99), cost utinyint not null check (cost between 0 and 9),
    night boolean not null)"""
ROWS = """insert into visits select if(i % 2 = 0, 'f', 'm'), ['a', 'b', 'c'][1 + i % 3], i % 100,
    (i % 2 * 5 + i % 3) % 10, i % 7 = 0 from range(3000) t(i)"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working database and a view without SQL, in the current folder."""
    monkeypatch.chdir(tmp_path)
    with duckdb.connect("visits.duckdb") as con:
        con.execute(TABLE)
        con.execute(ROWS)
    (tmp_path / "visits").mkdir()
    (tmp_path / "visits" / "fields.yml").write_text("tables: {visits: {}}\n")
    (tmp_path / "queries.sql").write_text(QUERIES)
    return tmp_path


def ready(home: Path) -> tuple[Workspace, route.Ready]:
    space = Workspace(Db.open(home / "visits.duckdb"))
    return space, route.ready(space, space.load("visits"), request("aim"))


def measured(model: duckpaste.Model) -> set[frozenset[str]]:
    return {frozenset(m.clique) for m in model.tables[0].measurements if len(m.clique) > 1}


def test_python(home: Path) -> None:
    model = duckpaste.fit("visits.duckdb", "visits", "aim", epsilon=5, workload="queries.sql", bins=0)
    parts = [{"sex", "ward"}, {"age", "cost"}]
    assert measured(model) and all(any(c <= p for p in parts) for c in measured(model))
    assert model.info["alg.workload"] == "queries.sql"
    listed = duckpaste.fit("visits.duckdb", "visits", "aim", epsilon=5, workload=[["sex", "cost"]])
    assert measured(listed) == {frozenset({"sex", "cost"})}


def test_names_are_checked_before_anything_is_spent(home: Path) -> None:
    with pytest.raises(Faults, match="alg.workload: no column 'sexx'; did you mean 'sex'"):
        duckpaste.fit("visits.duckdb", "visits", "aim", workload=[["sexx", "ward"]])
    assert not (home / "visits.ledger.duckdb").is_file() or not duckdb_runs(home)


def duckdb_runs(home: Path) -> int:
    with duckdb.connect(str(home / "visits.ledger.duckdb"), read_only=True) as con:
        return int(con.execute("select count(*) from runs").fetchall()[0][0])


def test_command_line(home: Path) -> None:
    def told(*more: str) -> tuple[int, str]:
        args = ["plan", "visits.aim", "--database", "visits.duckdb", "--views", ".", *more]
        found = CliRunner().invoke(cli, args, catch_exceptions=True)
        return found.exit_code, found.output + str(found.exception or "")

    code, text = told("alg.workload=queries.sql")
    assert code == 0 and "among 6 column sets" in text  # parts of {sex, ward} and {age, cost}
    (home / "bad.sql").write_text("select sexx from visits group by 1;\nselect ward from visit group by 1")
    code, text = told("alg.workload=bad.sql")
    assert code and "bad.sql:1: no column 'sexx'" in text and "bad.sql:2: no table 'visit'" in text
    (home / "visits" / "asked").mkdir()  # beside fields.yml it would be SQL that makes the view's tables
    (home / "visits" / "asked" / "mine.sql").write_text("select sex, night, ward from visits group by all")
    (home / "visits" / "fields.yml").write_text(
        "tables: {visits: {}}\nalgs: {aim: {workload: asked/mine.sql}}\n"
    )
    code, text = told()
    assert code == 0 and "among 7 column sets" in text
    assert told("alg.workload=[[sex, ward]]")[0] == 0


def test_weights_reach_the_scores(home: Path) -> None:
    space, what = ready(home)
    with space:
        wanted = request("aim", {"workload": "queries.sql"})
        model = served(wanted.model, what.view)
    assert isinstance(model, AIM)
    assert dict(model.workload) == {("sex", "ward"): 2.0, ("age", "cost"): 1.0}  # type: ignore[arg-type]
    assert dataclasses.replace(model, workload=()) == AIM()


def test_a_file_needs_a_view(home: Path) -> None:
    model = request("aim", {"workload": "queries.sql"}).model
    with pytest.raises(UserError, match="queries need a view"):
        model._workload(None, ())  # type: ignore[attr-defined]


def test_models_without_a_workload_are_left_alone() -> None:
    model = request("mst").model
    assert served(model, View("v", Path("v"), ())) is model
    with pytest.raises(Faults, match=r"alg.workload: unknown option of mst"):
        request("mst", {"workload": "queries.sql"})


def test_related_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each table serves the part of a query that is about it and its ancestors."""
    monkeypatch.chdir(tmp_path)
    with duckdb.connect("r.duckdb") as con:
        con.execute("create table people (id integer primary key, sex utinyint not null check (sex between 0 and 1), "
                    "age utinyint not null check (age between 0 and 9), tall boolean not null)")  # fmt: skip
        con.execute("create table stays (id integer references people(id), ward utinyint not null "
                    "check (ward between 0 and 3), cost utinyint not null check (cost between 0 and 9))")  # fmt: skip
        con.execute("insert into people select i, i % 2, i % 10, i % 3 = 0 from range(500) t(i)")
        con.execute("insert into stays select i % 500, i % 4, i % 10 from range(900) t(i)")
    (tmp_path / "kin").mkdir()
    (tmp_path / "kin" / "fields.yml").write_text(
        "unit: people\ntables: {people: {}, stays: {max_children: 4, contributions: 4}}\n"
    )
    (tmp_path / "q.sql").write_text(
        "select sex, ward, count(*) from people p join stays s using (id) where p.age > 3 group by all"
    )
    model = duckpaste.fit("r.duckdb", "kin", "mare", model="aim", epsilon=50, workload="q.sql")
    rounds = [r for r in model.releases if r.stage == "rounds"]  # links with ancestors are found besides
    sets = {name: {frozenset(r.columns.split(", ")) for r in rounds if r.table == f"kin.{name}"}
            for name in ("people", "stays")}  # fmt: skip
    assert all(c <= {"sex", "age"} for c in sets["people"] if len(c) > 1)
    whole = {"people.sex", "people.age", "ward"}
    assert sets["stays"] and all("ward" in c and c <= whole for c in sets["stays"] if len(c) > 1)
