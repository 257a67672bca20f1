"""The page of the clinic in a real browser: five related tables, their keys and numbers of children."""

from __future__ import annotations

from pathlib import Path

import chromium
import duckdb
from chromium import Chromium
from looking import looked_at, run, worst_column
from reportkit import TOLD

pytestmark = chromium.needed
TABLES = ("lab_items", "patients", "admissions", "transfers", "lab_events")


def test_the_clinic(browser: Chromium, tmp_path: Path) -> None:
    """A copy of the private tables stands in for a sample, for speed."""
    private, synthetic = tmp_path / "private.duckdb", tmp_path / "synthetic.duckdb"
    run("ingest-view", "clinic", "data.patients=150", "--database", str(private))
    with duckdb.connect(str(synthetic)) as con:
        con.execute(f"attach '{private}' as private (read_only)")
        for table in TABLES:
            con.execute(f"create table {table} as from private.clinic.{table}")
        con.execute("create schema duckpaste; create table duckpaste.provenance (key varchar, value varchar)")
        con.executemany("insert into duckpaste.provenance values (?, ?)", list(TOLD.items()))
    page, scores = tmp_path / "report.html", tmp_path / "scores.duckdb"
    words = ("--metrics", "tv1,tv2,children_tv", "-o", str(page), "-o", str(scores))
    run("evaluate", "clinic", str(synthetic), "--database", str(private), *words)
    looked_at(browser, page, "ε = 2", "each row of patients", worst_column(scores))
    assert page.stat().st_size < 1_000_000
    boxes = browser.ask("[...document.querySelectorAll('svg .box-name')].map(e => e.textContent)")
    assert sorted(boxes) == sorted(TABLES)
    assert browser.ask("document.querySelectorAll('#relations figure').length") == 3
