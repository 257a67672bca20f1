"""No command replaces a file unless told: it says so before anything is spent, and leaves all as it is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from cli_help import fine, refused, rows, spent, untouched, view

SCRIPT = "create table t as select i % 5 as a, i % 3 as b from range(300) r(i)"
FIELDS = """
tables:
  t:
    fields: {a: {type: numerical, min: 0, max: 4}, b: {type: numerical, min: 0, max: 2}}
"""
EXISTS = "exists already; name another with --out, or replace it with --overwrite"
# A command, and the file that stands in its way.
AGAIN = {
    "fit ./v.independent": "model.duckdb",
    "pipe ./v.independent --out out": "out/model.duckdb",
    "pipe ./v.independent --out half": "half/synthetic.duckdb",
    "pipe ./v.independent --out page --all": "page/report.html",
    "sample model.duckdb -n 7": "synthetic.duckdb",
    "evaluate ./v synthetic.duckdb --metrics tv1 -o report.html": "report.html",
    "evaluate ./v synthetic.duckdb --release -o public.html": "public.html",
    "litmus ./v synthetic.duckdb": "litmus.html",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in which each command ran once."""
    folder = tmp_path_factory.mktemp("overwrite")
    before = Path.cwd()
    os.chdir(folder)
    try:
        view(folder / "v", SCRIPT, FIELDS)
        for words in AGAIN:
            if "--out page" not in words:
                fine(*words.split())
        Path("half/model.duckdb").unlink()
        Path("page").mkdir()
        Path("page/report.html").write_bytes(Path("report.html").read_bytes())
        yield folder
    finally:
        os.chdir(before)


@pytest.mark.parametrize(("words", "there"), AGAIN.items())
def test_a_second_run_is_refused_and_spends_nothing(made: Path, words: str, there: str) -> None:
    with untouched(made):
        assert refused(*words.split()) == f"{Path(there)}: {EXISTS}"


def test_what_duckpaste_made_is_replaced_when_told(made: Path) -> None:
    before = spent(made / "duckpaste.ledger.duckdb")
    for words, there in AGAIN.items():
        if "--all" in words:
            continue  # all metrics take their time; its page is written as that of evaluate
        old = (made / there).stat().st_ino
        fine(*words.split(), "--overwrite")
        assert (made / there).stat().st_ino != old, words
    assert spent(made / "duckpaste.ledger.duckdb") > before
    assert rows(made / "synthetic.duckdb", "select count(*) from t") == [(7,)]


@pytest.mark.parametrize("words", ["fit ./v.independent -o", "sample model.duckdb -o"])
def test_what_duckpaste_did_not_make_is_never_replaced(made: Path, words: str) -> None:
    con = duckdb.connect("mine.duckdb")
    con.execute("create or replace table patients as select 1 as id")
    con.close()
    Path("patients.csv").write_text("id\n1\n")
    for target in ("mine.duckdb", "patients.csv", "v/tables.sql", "report.html"):
        with untouched(made):
            told = refused(*words.split(), target, "--overwrite")
            assert f"{Path(target)}: exists and is not a" in told and "choose another with --out" in told


def test_a_page_replaces_only_a_page_of_ours(made: Path) -> None:
    Path("thesis.html").write_text("<!doctype html><title>mine</title>")
    for words in ("evaluate ./v synthetic.duckdb --metrics tv1", "litmus ./v synthetic.duckdb"):
        with untouched(made):
            told = refused(*words.split(), "-o", "thesis.html", "--overwrite")
            assert (
                told == "thesis.html: exists and is not a page that duckpaste made; choose another with --out"
            )


def test_scores_are_added_and_a_file_of_something_else_is_told_before_anything_is_counted(made: Path) -> None:
    words = ("evaluate", "./v", "synthetic.duckdb", "--metrics", "tv1", "-o", "scores.duckdb")
    fine(*words)
    before = rows(made / "scores.duckdb", "select count(*) from scores")[0][0]
    fine(*words)
    assert rows(made / "scores.duckdb", "select count(*) from scores") == [(2 * before,)]
    with untouched(made):
        told = refused("evaluate", "./v", "synthetic.duckdb", "--release", "-o", "model.duckdb")
        assert told == "model.duckdb: exists and is not a file of scores; choose another with --out"


@pytest.mark.parametrize("name", ["private.duckdb", "model.duckdb", "synthetic.duckdb"])
def test_a_demo_leaves_alone_what_is_not_its_own(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    con = duckdb.connect(name)
    con.execute("create table patients as select 1 as id")
    con.close()
    with untouched(tmp_path):
        assert f"{name}: exists and is not" in refused("demo", "--out", ".", "--overwrite")
