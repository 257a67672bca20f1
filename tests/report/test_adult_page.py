"""The page of Adult in a real browser: guarantee, score and worst column without scrolling; under 500 kB."""

from __future__ import annotations

import os
from pathlib import Path

import chromium
import pytest
from chromium import Chromium
from looking import looked_at, run, worst_column

pytestmark = chromium.needed


def test_adult(browser: Chromium, tmp_path: Path) -> None:
    data = os.environ.get("DUCKPASTE_TEST_DATA")
    if not data:
        pytest.skip("needs UCI's Adult: set DUCKPASTE_TEST_DATA")
    database = ("--database", str(tmp_path / "adult.duckdb"))
    model, synthetic = str(tmp_path / "model.duckdb"), str(tmp_path / "synthetic.duckdb")
    run("fit", "tab_adult.mst", "alg.epsilon=1", "--raw", f"{data}/adult", *database, "-o", model)
    run("sample", model, "-o", synthetic, "--seed", "1")
    page, scores = tmp_path / "report.html", tmp_path / "scores.duckdb"
    run(
        "evaluate",
        "tab_adult",
        synthetic,
        *database,
        "--metrics",
        "tv1,tv2,copies",
        "-o",
        str(page),
        "-o",
        str(scores),
    )
    looked_at(browser, page, "ε = 1", "δ = 1e-09", "each row", worst_column(scores), "Worst pair")
    assert page.stat().st_size < 500_000
    assert browser.ask("document.querySelectorAll('article.column').length") == 15
