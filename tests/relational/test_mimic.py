"""The views of MIMIC-IV on its open demo: schema, types, keys, order of time and rules hold.

100 patients allow no claim of accuracy; none is made here.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from demo_tools import DATA, broken, columns, keys, made

from duckpaste.db import Db
from duckpaste.privacy.release import ONE
from duckpaste.privacy.source import protect

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


def test_the_patient_with_10263_lab_events() -> None:
    """Taking the heaviest patient of the demo away changes weighted counts by k in L1, of single columns and pairs, and
    what other patients weigh not at all."""
    k, counts = 16, []
    file = Path(str(DATA)) / "mimic-iv-demo" / "hosp" / "labevents.csv.gz"
    db = Db.open()
    db.run_sql(
        "labs", f"create table labs as select subject_id, itemid, flag, priority from read_csv('{file}')"
    )
    heavy, n = db.rows_sql(
        "h", "select subject_id, count(*) as n from labs group by all order by n desc limit 1"
    )[0]
    assert n == 10_263
    for where in ("true", f"subject_id <> {heavy}"):
        table = protect(db, f"(select * from labs where {where})", "labs", unit="subject_id", k=k)
        for columns_ in ("itemid", "flag", "itemid, flag", "itemid, flag, priority"):
            text = f"select ({columns_})::varchar, sum({table.weight}) from {table.relation} group by all"
            counts.append({c: int(w) for c, w in db.rows_sql("counts", text)})
    for one, other in zip(counts[:4], counts[4:], strict=True):
        l1 = sum(abs(one.get(c, 0) - other.get(c, 0)) for c in one.keys() | other.keys())
        assert 0.999 * k * ONE < l1 <= k * ONE
        assert np.sqrt(sum((one[c] - other.get(c, 0)) ** 2 for c in one)) <= k * ONE
