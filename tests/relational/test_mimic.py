"""The views of MIMIC-IV on its open demo: schema, types, keys, order of time and rules hold.

100 patients allow no claim of accuracy; none is made here.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from demo_tools import DATA, broken, columns, keys, made

pytestmark = pytest.mark.skipif(not DATA, reason="DUCKPASTE_TEST_DATA is not set: no demo of MIMIC-IV")


def test_mimic_core(tmp_path: Path) -> None:
    db, synthetic = made("mimic_core", "mare", tmp_path)
    assert columns(synthetic, "main") == columns(db.con, "mimic_core")
    assert keys(synthetic, "main") == keys(db.con, "mimic_core"), "DuckDB itself proves them"
    rows = {
        t: broken(synthetic, f"select count(*) from {t}") for t in ("patients", "admissions", "transfers")
    }
    assert all(n > 50 for n in rows.values())
    # A transfer is of its admission's patient.
    wrong = "select count(*) from transfers t join admissions a using (hadm_id) where t.subject_id <> a.subject_id"
    assert broken(synthetic, wrong) == 0
    for text in (
        "admissions where dischtime < admittime or deathtime < admittime",
        "transfers where outtime < intime",
        "admissions a join patients p using (subject_id) where year(a.admittime) < p.birth_year",
        "transfers t join admissions a using (hadm_id) where t.intime < a.admittime - interval 4 day",
        "(select admittime < lag(admittime) over (partition by subject_id order by hadm_id) as back from admissions) where back",
        "(select intime < lag(intime) over (partition by hadm_id order by transfer_id) as back from transfers) where back",
    ):  # fmt: skip
        assert broken(synthetic, f"select count(*) from {text}") == 0, text


def test_mimic_core_over_another_model(tmp_path: Path) -> None:
    db, synthetic = made("mimic_core", "mare", tmp_path, model="independent")
    assert columns(synthetic, "main") == columns(db.con, "mimic_core")
    assert broken(synthetic, "select count(*) from admissions where dischtime < admittime") == 0


def test_mimic_tab_admissions(tmp_path: Path) -> None:
    db, synthetic = made("mimic_tab_admissions", "mst", tmp_path)
    assert columns(synthetic, "main") == columns(db.con, "mimic_tab_admissions")
    late = "select count(*) from admissions where dischtime < admittime or year(admittime) < birth_year"
    assert broken(synthetic, late) == 0
