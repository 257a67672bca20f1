"""Every command does what it says, under all its names, in any folder; its help has an example; JSON is JSON."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from cli_help import fine, refused, rows, run, untouched, view

from duckpaste import __version__
from duckpaste.cli import ALIASES, COMMANDS

SCRIPT = """
create table visits (visit integer primary key, person integer not null, age integer, ward varchar, cost decimal(9, 2));
insert into visits select i, i // 2, 20 + i % 60, 'w' || (i % 4), i % 50 from range(400) t(i);
"""
FIELDS = """
alg: {epsilon: 3}
algs: {mst: {max_cells: 5000}}
tables:
  visits:
    unit: person
    contributions: 2
    fields:
      person: id
      age: {type: numerical?, min: 0, max: 120}
      ward: categorical?
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in which a view was piped once; tests of this file work in it."""
    folder = tmp_path_factory.mktemp("it's a folder")
    before = Path.cwd()
    os.chdir(folder)
    try:
        view(folder / "mine" / "v", SCRIPT, FIELDS)
        fine("pipe", "v.independent", "--views", "mine", "--seed", 5, "-n", 100)
        yield folder
    finally:
        os.chdir(before)


# -- help, names ----------------------------------------------------------------------------------------------------


def test_help_lists_every_command_in_one_line() -> None:
    told = fine("-h")
    assert fine() == told == fine("--help")
    for name in COMMANDS:
        line = next(line for line in told.splitlines() if line.startswith(f"  {name} "))
        assert line.endswith(".") and not line.endswith("...") and len(line) < 80
    assert fine("--version").strip() == f"duckpaste, version {__version__}"


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command(name: str) -> None:
    told = fine(name, "-h")
    assert f"Usage: duckpaste {name} " in told and f"\n      duckpaste {name}" in told
    assert "INTEGER RANGE" not in told
    # Lines break between words, and every option says something.
    assert all(len(line) <= 110 for line in told.splitlines())


@pytest.mark.parametrize("name", ["plan", "fit", "pipe"])
def test_help_lists_algorithms_and_their_options(name: str) -> None:
    told = fine(name, "-h")
    for words in (
        "alg.epsilon=1 ",
        "alg.delta=1e-09",
        "no noise, NOT",
        "\nmst:",
        "\nindependent:",
        "alg.max_cells=",
    ):
        assert words in told


@pytest.mark.parametrize(("alias", "name"), ALIASES.items())
def test_aliases(alias: str, name: str) -> None:
    assert fine(alias, "-h").split("Options:")[1] == fine(name, "-h").split("Options:")[1]


def test_a_fault_says_where_help_is() -> None:
    assert refused("pipe") == "Missing argument 'VIEW.ALG'. (help: duckpaste pipe -h)"
    assert refused("chek").endswith("did you mean 'check'? (help: duckpaste -h)")


def test_as_a_module(tmp_path: Path) -> None:
    root = str(Path(__file__).resolve().parents[2])
    done = subprocess.run(
        [sys.executable, "-m", "duckpaste", "check", "nothing"], capture_output=True, text=True, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": root},
    )  # fmt: skip
    assert done.returncode == 2 and done.stderr.startswith("Error: unknown view 'nothing'; known: ")
    assert not list(tmp_path.iterdir())


# -- the path from a view to files ----------------------------------------------------------------------------------


def test_check(made: Path) -> None:
    told = fine("check", "v", "--views", "mine")
    assert (
        told
        == "v.visits: 5 columns, no fault; the privacy unit is each value of person (at most 2 rows weigh)\n"
    )
    assert fine("check", "mine/v/fields.yml") == told  # a path will do


def test_plan(made: Path) -> None:
    told = fine("plan", "mine/v.mst", "alg.epsilon=1")
    lines = told.splitlines()
    assert lines[0].split() == ["stage", "what", "releases", "cells", "rho", "noise", "sd"]
    assert len({len(line.rstrip()) for line in lines[:3]}) == 1
    assert (
        "guarantee: epsilon 1, delta 1e-09 for each value of person (at most 2 rows weigh); in all rho 0.0"
        in told
    )
    assert "memory: about 1 MB for the largest counts; 3 code columns" in told
    assert "public by declaration:\n  age: min 0, max 120\n" in told
    assert "  ward: values of categories\n" in told and "  cost: ranges of numbers\n" in told
    # What the view says holds where the command says nothing.
    assert "epsilon 3, delta 1e-09" in fine("plan", "mine/v.mst")
    told = fine("plan", "mine/v.independent", "alg.epsilon=inf")
    assert "NOT PRIVATE (epsilon inf) for each value of person" in told and "in all rho none" in told


def test_plan_as_json(made: Path) -> None:
    found = json.loads(fine("plan", "mine/v.mst", "alg.epsilon=1", "--json"))
    assert {tuple(release) for release in found["releases"]} == {
        ("stage", "what", "releases", "cells", "rho", "noise sd")
    }
    assert sum(release["rho"] for release in found["releases"]) == pytest.approx(0.01497, rel=0.01)
    (model,) = found["models"]
    assert model["treewidth"] == 1 and not model["exact"] and model["megabytes"] > 0
    widths = {len(one["columns"]) for one in found["expected"]}
    assert widths == {1, 2} and all(one["rows"] > 0 for one in found["expected"])
    found = json.loads(fine("plan", "mine/v.mst", "alg.epsilon=inf", "--json"))
    assert all(release["rho"] is None and release["noise sd"] == 0 for release in found["releases"])
    assert all(one["rows"] == 0 for one in found["expected"])


def test_the_unit_of_related_tables_is_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    script = """
    create table people (id integer primary key, age integer check (age between 0 and 99));
    create table visits (visit integer primary key, person integer not null references people (id), n integer);
    insert into people select i, i from range(50) t(i);
    insert into visits select i, i // 2, i % 3 from range(90) t(i);
    """
    n = "{type: numerical, min: 0, max: 2}"
    fields = f"""
    tables:
      people: {{fields: {{id: id, age: "numerical?"}}}}
      visits: {{contributions: 2, fields: {{visit: id, person: id:people.id, n: {n}}}}}
    """
    view(tmp_path / "v", script, fields)
    assert fine("check", "./v").endswith(
        "\nthe privacy unit is each row of people with all that hangs on it\n"
    )
    told = "for each row of people and all that hangs on it (at most 2 rows of a table weigh); in all rho"
    assert f"guarantee: epsilon 1, delta 1e-09 {told}" in fine("plan", "./v.mare")
    assert f" {told.split('; ')[0]}; run " in fine("fit", "./v.mare")
    assert "v.visits: 3 columns, no fault, below people; a unit's rows weigh at most 2\n" in fine(
        "check", "./v"
    )
    # Where k is left to the fit, nobody is told that it is 1.
    view(tmp_path / "v", script, fields.replace("contributions: 2, ", ""))
    assert "below people; a unit's rows weigh as much as the fit chooses\n" in fine("check", "./v")
    assert "hangs on it (how many rows of a table weigh is chosen by the fit); in all" in fine(
        "plan", "./v.mare"
    )


def test_pipe(made: Path) -> None:
    ran = run("pipe", "v.mst", "--views", "mine", "--out", "a/b", "-n", 50, "--seed", 1)
    assert ran.code == 0
    assert {line.split()[0] for line in ran.err.splitlines()} >= {
        "ingest",
        "fit",
        "save",
        "sample",
        "compare",
    }
    lines = ran.out.strip().splitlines()
    assert lines[0] == "internal: contains exact statistics of the private data"
    assert lines[-3] == f"{Path('a/b/synthetic.duckdb')}: visits 50 rows, seed 1"
    assert lines[-2].startswith(
        "synthetic; epsilon 3, delta 1e-09 for each value of person (at most 2 rows weigh); run "
    )
    assert lines[-2].endswith("; mst")
    # Reruns spend: every one says what all of them spent together.
    assert re.fullmatch(
        r"spent: epsilon \d+(\.\d+)? at delta 1e-09 by all \d runs in duckpaste.ledger.duckdb; no budget is declared, "
        "so each run adds to it", lines[-1])  # fmt: skip
    columns = [
        line.split()[0] for line in lines[3:] if line and line.split()[1] in ("numerical", "categorical")
    ]
    assert sorted(columns) == ["age", "cost", "ward"]
    path = made / "a" / "b" / "synthetic.duckdb"
    assert rows(path, "select count(*), count(distinct visit), min(typeof(cost)) from visits") == [
        (50, 50, "DECIMAL(9,2)")
    ]
    assert "NOT NULL" in str(
        rows(path, "select constraint_text from duckdb_constraints() where table_name = 'visits'")
    )
    facts = dict(rows(path, "select key, value from duckpaste.provenance"))
    assert (
        facts["seed"] == "1"
        and facts["algorithm"] == "mst"
        and facts["guarantee"] == "epsilon 3, delta 1e-09"
    )


def test_pipe_as_json(made: Path) -> None:
    found = json.loads(
        fine("p", "v.independent", "alg.epsilon=inf", "--views", "mine", "--json", "--out", "j")
    )
    assert found["guarantee"] == "NOT PRIVATE (epsilon inf)" and found["stamp"].startswith("internal: ")
    assert [c["name"] for c in found["tables"][0]["columns"]] == ["age", "ward", "cost"]
    comment = "select comment from duckdb_tables() where table_name = 'visits'"
    assert "NOT PRIVATE" in rows(Path("j/synthetic.duckdb"), comment)[0][0]


def test_fit_and_sample(made: Path) -> None:
    told = fine("fit", "v.mst", "--views", "mine", "alg.epsilon=2", "-o", "m.duckdb")
    assert told.startswith("m.duckdb: synthetic; epsilon 2, delta 1e-09 for each value of person")
    found = []
    for out in ("s1.duckdb", "s2.duckdb"):
        assert fine("sample", "m.duckdb", "-o", out, "-n", 1234, "--seed", 7, "--threads", 1) == (
            f"{out}: visits, 1,234 rows, seed 7\n"
        )
        found.append(rows(Path(out), "from visits"))
    assert found[0] == found[1] and len(found[0]) == 1234
    # Without a seed one is drawn, and told; a file of our own is replaced.
    told = fine("sample", "m.duckdb", "-o", "s1.duckdb", "--overwrite")
    seed = told.split("seed ")[1].strip()
    assert rows(Path("s1.duckdb"), "select value from duckpaste.provenance where key = 'seed'") == [(seed,)]


def test_export(made: Path) -> None:
    assert fine("export", "out/synthetic.duckdb", "x") == f"wrote {Path('x/visits.parquet')}\n"
    fine("export", "out/synthetic.duckdb", "x", "--format", "csv")
    whole = rows(Path("out/synthetic.duckdb"), "from visits order by visit")
    assert duckdb.sql("from 'x/visits.parquet' order by visit").fetchall() == whole
    assert len(duckdb.sql("from 'x/visits.csv'").fetchall()) == len(whole) == 100
    assert sorted(p.name for p in Path("x").iterdir()) == ["visits.csv", "visits.parquet"]


def test_ledger(made: Path) -> None:
    told = fine("ledger")
    assert told.splitlines()[0].split()[:4] == ["run", "view", "algorithm", "stage"]
    assert "\nspent in all: rho " in told and " at delta 1e-09" in told
    every = json.loads(fine("ledger", "--all", "--json"))
    stages = json.loads(fine("ledger", "--json"))
    assert sum(s["releases"] for s in stages) == len(every) > len(stages)
    assert sum(s["rho"] for s in stages) == pytest.approx(sum(r["rho"] for r in every))
    assert {r["state"] for r in every} == {"released"} and every[0]["release"] == 1
    assert "written" in fine("ledger", "--all").splitlines()[0]


def test_to_look_at_a_ledger_changes_nothing(made: Path) -> None:
    """Whoever may only read it can: not a byte is written, not even the time."""
    path = made / "duckpaste.ledger.duckdb"
    before = path.read_bytes(), path.stat().st_mtime_ns
    fine("ledger")
    fine("ledger", "--all", "--json")
    fine("plan", "mine/v.mst")
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert not path.with_name(f"{path.name}.wal").exists()


def test_a_view_whose_sql_changed_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    view(tmp_path / "v", "create table t as select 1 as a", "tables: {t: {}}")
    fine("check", "./v")
    view(tmp_path / "v", "create table t as select 1 as a, 2 as b", "tables: {t: {}}")
    assert "2 columns" in fine("check", "./v")
    view(tmp_path / "other" / "v", "create table t as select 1 as a, 2 as b, 3 as c", "tables: {t: {}}")
    assert "3 columns" in fine("check", "other/v")  # another view of the same name is another view


# -- the shipped clinic, names of files -----------------------------------------------------------------------------


def test_ingest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert fine("id", "clinic_data", "data.patients=150") == (
        "5 tables: admissions, lab_events, lab_items, patients, transfers\n"
    )
    assert fine("iv", "tab_clinic") == "1 table: tab_clinic.admissions\n"
    assert fine("ingest_view", "clinic", "data.patients=200").startswith(
        "10 tables: clinic_data.admissions, "
    )
    assert rows(Path("duckpaste.duckdb"), "select count(*) from clinic_data.patients") == [(200,)]


TINY = "create table t as select i % 7 as a from range(50) r(i)"


@pytest.mark.parametrize("stem", ["duckpaste", "v", "data", "main", "a.b", "c l'i"])
def test_a_database_named_like_a_schema(stem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DuckDB names a database after its file: `v.t` may then mean two things."""
    monkeypatch.chdir(tmp_path)
    data = view(tmp_path / "data", TINY, "")
    (data / "fields.yml").unlink()
    (data / "dataset.yml").write_text("licence: none\nsource: made up\nparameters: {n: 1}\n")
    view(tmp_path / "v", "create table t as select * from {{ dataset }}.t", "dataset: data\ntables: {t: {}}")
    name = f"{stem}.duckdb"
    fine("id", "./data", "--database", name)
    fine("iv", "./v", "--database", name)
    fine("fit", "./v.independent", "data.n=2", "--database", name)  # makes both anew
    assert "50 rows" in fine("pipe", "./v.independent", "--database", name, "-n", 50)
    assert "rho" in fine("ledger", "--database", name)


def test_an_output_named_like_a_schema_or_table(made: Path, tmp_path: Path) -> None:
    for name in ("duckpaste.duckdb", "visits.duckdb", "main.duckdb"):
        out = tmp_path / name
        fine("sample", "out/model.duckdb", "-o", out, "-n", 5)
        assert rows(out, "select count(*) from duckdb_tables() where comment like '%epsilon 3%'") == [(1,)]
        fine("export", out, tmp_path / "x", "--overwrite")


def test_demo_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "it's 名前"
    folder.mkdir()
    monkeypatch.chdir(folder)
    told = fine("demo", "--rows", 120, "--epsilon", 5)
    assert "ward" in told and "What was made in duckpaste-demo" in told
    names = {p.name for p in Path("duckpaste-demo").iterdir()}
    assert names == {"private.duckdb", "private.ledger.duckdb", "model.duckdb", "synthetic.duckdb"}
    assert rows(Path("duckpaste-demo/synthetic.duckdb"), "select count(*) > 0 from admissions") == [(True,)]
    # A laboratory value reads 89.2 on both sides, not 89.22646053664465.
    longest = "select max(length(split_part(value::varchar, '.', 2))) from lab_events"
    for path, schema in (("private", "clinic."), ("synthetic", "")):
        query = longest.replace("lab_events", f"{schema}lab_events")
        assert rows(Path(f"duckpaste-demo/{path}.duckdb"), query) == [(2,)], path
    with untouched(Path.cwd()):  # it does not spend twice unasked
        assert refused("demo", "--rows", 120) == (
            "duckpaste-demo: holds a demo already (synthetic.duckdb); name another folder with --out, or make it "
            "anew with --overwrite, which spends again"
        )
    assert "by all 2 runs" in fine("demo", "--rows", 120, "--overwrite")
    assert "spent in all" in fine("ledger", "--database", "duckpaste-demo/private.duckdb")
