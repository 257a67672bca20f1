"""The clinic, four tables deep, and a copy of it: no distance anywhere; rules are counted on both sides."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import duckpaste
from duckpaste.db import Db
from duckpaste.evaluate.catalogue import METRICS
from duckpaste.evaluate.evaluation import Evaluation
from duckpaste.evaluate.release import release
from duckpaste.evaluate.score import REF
from duckpaste.privacy.accountant import Guarantee
from duckpaste.privacy.ledger import Ledger
from duckpaste.resources import folder
from duckpaste.workspace import Workspace, open_workspace

LAST = "    rules:\n"
RULES = """    rules:
      - discharged >= admitted
      - count(transfers) > 1
"""
FLAG = "(flag = 'high') = (value > lab_items.high)"
LABS = "    max_children: 360\n"


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A clinic of 250 patients, under a view with rules."""
    path = tmp_path_factory.mktemp("clinic")
    views = path / "views"
    for name in ("clinic", "clinic_data"):
        shutil.copytree(folder("views") / name, views / name)
    fields = views / "clinic" / "fields.yml"
    text = fields.read_text()
    assert LAST in text
    assert LABS in text
    fields.write_text(text.replace(LAST, RULES).replace(LABS, f'{LABS}    rules: ["{FLAG}"]\n'))
    with open_workspace(path / "private.duckdb", [views]) as made:
        made.ingest(made.load("clinic"), parameters={"patients": 250})
        yield made


def copy(space: Workspace, path: Path, *spoil: str) -> Path:
    space.db.run_sql("attach", f"attach '{path}' as copied")
    for table in ("patients", "admissions", "transfers", "lab_items", "lab_events"):
        space.db.run_sql("copy", f"create table copied.{table} as from clinic.{table}")
    space.db.run_sql("detach", "detach copied")
    with Db.open(path) as db:
        for text in spoil:
            db.run_sql("spoil", text)
    return path


def score(space: Workspace, path: Path, **options: object) -> Evaluation:
    # A cursor of the same process: the file is open already.
    return duckpaste.evaluate(space.db.con, space.load("clinic").path, path, **options)  # type: ignore[arg-type]


FAR = [n for n, m in METRICS.items() if m.family in ("fidelity", "relations") and m.good == "low"]


def test_a_copy_is_at_no_distance_by_any_metric(space: Workspace, tmp_path: Path) -> None:
    found = score(space, copy(space, tmp_path / "s.duckdb"), metrics=["fidelity", "relations"])
    for s in found.scores:
        if s.split == "syn" and s.metric in FAR:
            assert s.value == pytest.approx(0, abs=1e-9), s
    assert {s.metric for s in found.scores} >= set(FAR) - {"hop_tv2"}
    tables = {s.table for s in found.scores if s.metric == "grandparent_tv2"}
    assert tables == {"transfers", "lab_events"}
    assert found.facts["children"].keys() == {
        "admissions per patients", "transfers per admissions", "lab_events per admissions"}  # fmt: skip


def test_released_it_is_at_no_distance_too(space: Workspace, tmp_path: Path) -> None:
    """Units weigh alike on both sides, also where they have more rows than they may contribute."""
    view, schema = space.resolved(space.load("clinic"))
    path = copy(space, tmp_path / "s.duckdb")
    found = release(space.db, view, schema, path, Ledger(None), Guarantee(float("inf")))
    assert {s.metric for s in found.scores} == {"tv1", "tv2", "parent_tv2", "children_tv"}
    assert max(s.value for s in found.scores if s.split == "syn") < 1e-6


def test_rules_over_a_row_those_above_and_totals_below(space: Workspace, tmp_path: Path) -> None:
    path = copy(
        space, tmp_path / "s.duckdb",
        "update admissions set discharged = admitted - interval 1 day where admission_id % 32 = 0 and discharged is not null",
        "update admissions set admitted = timestamp '2000-01-01' where admission_id % 32 = 1",
        "delete from transfers where transfer_id % 8 > 0",
    )  # fmt: skip
    found = score(space, path, metrics=["rules"])
    texts = ["discharged >= admitted", "admitted >= patients.registered", "count(transfers) > 1"]
    made, real = ([found.value("rules", "admissions", [t], s) for t in texts] for s in ("syn", REF))
    assert None not in made and None not in real
    rows = space.db.rows_sql("t", "select count(*) from clinic.admissions")[0][0]
    first = space.db.rows_sql(
        "t", "select count(*) from clinic.admissions where admission_id % 32 = 0 and discharged is not null")[0][0]  # fmt: skip
    assert made[0] == pytest.approx(first / rows) and real[0] == 0
    assert made[1] > real[1] and made[2] == 1 > real[2] > 0


def test_rules_over_a_public_table(space: Workspace, tmp_path: Path) -> None:
    """What is high stands in the table of items. All real rows hold; of the copy every first value of a stay is spoilt."""
    first = "event_id % 512 = 0 and flag = 'normal'"
    path = copy(space, tmp_path / "s.duckdb", f"update lab_events set flag = 'high' where {first}")
    found = score(space, path, metrics=["rules"])
    wrong = space.db.rows_sql("t", f"select count(*) filter ({first}) / count(*) from clinic.lab_events")[0][
        0
    ]
    assert found.value("rules", "lab_events", [FLAG], "syn") == pytest.approx(wrong) and wrong > 0.01
    assert found.value("rules", "lab_events", [FLAG], REF) == 0
