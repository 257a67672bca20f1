"""evaluate: scores and yardsticks printed, saved, as JSON; released ones through the ledger; faults in one line."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from cli_help import fine, refused, view

from duckpaste.evaluate.score import INTERNAL

SCRIPT = """
create table people (person integer primary key, sex varchar, age integer);
create table visits (visit integer primary key, person integer references people (person), ward varchar, cost double);
insert into people select i, case when i % 3 = 0 then 'f' else 'm' end, 20 + i % 60 from range(300) t(i);
insert into visits select i, i % 250, 'w' || (i % 4), (i % 50) * 1.5 from range(600) t(i);
"""
FIELDS = """
budget: {epsilon: 5, delta: 1e-9}
tables:
  people:
    fields: {person: id, sex: {type: categorical?, values: [f, m]}, age: {type: "numerical?", min: 0, max: 120}}
  visits:
    contributions: 3
    max_children: 5
    fields:
      visit: id
      person: id?:people.person
      ward: {type: categorical?, values: [w0, w1, w2, w3]}
      cost: {type: "numerical?", min: 0, max: 100}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("it's a folder")
    before = Path.cwd()
    os.chdir(folder)
    try:
        view(folder / "mine" / "v", SCRIPT, FIELDS)
        fine(
            "pipe",
            "v.mare",
            "--views",
            "mine",
            "--seed",
            5,
            "--hold-out",
            0.3,
            "alg.model=independent",
            "alg.epsilon=3",
        )
        yield folder
    finally:
        os.chdir(before)


def test_scores_stand_beside_their_yardstick(made: Path) -> None:
    told = fine(
        "evaluate", "v", "out/synthetic.duckdb", "--views", "mine", "--metrics", "tv1,tv2,children_tv,privacy"
    )
    assert INTERNAL in told and "yardstick" in told and "weakest:" in told
    line = next(x for x in told.splitlines() if x.startswith("people") and " tv1 " in x).split()
    assert 0 < float(line[2]) < 1 and 0 < float(line[3]) < 1 and line[-1] == "low"
    assert (
        "privacy: no leak found by" in told or "privacy: LEAK found by" in told
    )  # the noise is never seeded
    assert "fit with --hold-out" not in told, "units were held out, and the file says so"


def test_json_and_a_file_of_scores(made: Path) -> None:
    out = made / "scores.duckdb"
    for _ in range(2):
        told = fine(
            "evaluate",
            "v",
            "out/synthetic.duckdb",
            "--views",
            "mine",
            "--metrics",
            "tv1",
            "--json",
            "-o",
            out,
        )
    found = json.loads(told[told.index("{") :])
    assert found["stamp"] == INTERNAL and found["yardstick"] == "held-out" and found["held_out"] == 0.3
    assert {s["metric"] for s in found["scores"]} == {"tv1"}
    with duckdb.connect(str(out), read_only=True) as con:
        rows = con.sql("select count(*), count(distinct run) from scores").fetchall()[0]
    assert rows == (2 * len(found["scores"]), 1), "appended, under the run of the model"


def test_queries_and_targets(made: Path) -> None:
    (made / "q.sql").write_text("-- wards\nselect ward, count(*) from visits group by ward")
    told = fine("evaluate", "v", "out/synthetic.duckdb", "--views", "mine", "--metrics", "workload,att_discl",
                "--queries", "q.sql", "--target", "people.sex")  # fmt: skip
    assert "query_error" in told and "wards" in told
    assert "att_discl" in told and " sex " in told


def test_released_scores_spend_the_budget_and_may_be_published(made: Path) -> None:
    page = made / "released.html"
    before = fine("ledger")
    told = fine(
        "evaluate", "v", "out/synthetic.duckdb", "--views", "mine", "--release", "alg.epsilon=1", "-o", page
    )
    assert "may be published" in told and INTERNAL not in told and "epsilon 1" in told
    assert fine("ledger").count("evaluate") > before.count("evaluate")
    text = page.read_text()
    assert (
        INTERNAL not in text and "may be published" in text and "<script" not in text and "http:" not in text
    )
    told = refused("evaluate", "v", "out/synthetic.duckdb", "--views", "mine", "--release", "alg.epsilon=9")
    assert "would pass the budget" in told


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (["out/none.duckdb"], "no such file"),
        (["out/synthetic.duckdb", "--metrics", "tv9"], "unknown metric 'tv9'"),
        (["out/synthetic.duckdb", "-o", "scores.csv"], "no kind of file that evaluate writes"),
        (["out/synthetic.duckdb", "-o", "duckpaste.duckdb"], "is the private data"),
        (["out/synthetic.duckdb", "alg.epsilon=1"], "only --release takes it"),
        (["out/synthetic.duckdb", "--release", "alg.theta=1"], "unknown option of --release"),
        (["out/synthetic.duckdb", "--queries", "none.sql", "--metrics", "workload"], "no such file"),
    ],
)
def test_faults_are_one_line(made: Path, words: list[str], match: str) -> None:
    assert match in refused("evaluate", "v", *words, "--views", "mine")


def test_pipe_all_evaluates(made: Path) -> None:
    fine(
        "pipe",
        "v.mare",
        "--views",
        "mine",
        "--all",
        "--out",
        "every",
        "alg.model=independent",
        "alg.epsilon=0.5",
    )
    with duckdb.connect(str(made / "every" / "scores.duckdb"), read_only=True) as con:
        (metrics,) = con.sql("select count(distinct metric) from scores").fetchall()[0]
    assert metrics > 25
