"""Views of intensive care on open demos (MIMIC-IV, eICU): schema, types, keys, order of time and rules hold.

100 patients allow no claim of accuracy; none is made here.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from demo_tools import DATA, broken, columns, keys, made

pytestmark = pytest.mark.skipif(
    not DATA, reason="DUCKPASTE_TEST_DATA is not set: no demo of MIMIC-IV and eICU"
)


def test_mimic_icu(tmp_path: Path) -> None:
    """Which output it was is a key of MIMIC's public list, and keeps its values."""
    db, synthetic = made("mimic_icu", "mare", tmp_path)
    assert columns(synthetic, "main") == columns(db.con, "mimic_icu")
    assert keys(synthetic, "main") == keys(db.con, "mimic_icu")
    items = "from items order by itemid"
    assert synthetic.execute(items).fetchall() == db.rows_sql(
        "i", items.replace("items", "mimic_icu.items", 1)
    )
    assert broken(synthetic, "select count(*) from events e join stays s using (stay_id) "
                  "where e.charttime < s.intime - interval 2 day") == 0  # fmt: skip


def test_eicu_r1(tmp_path: Path) -> None:
    """The unit's table holds nothing but its key; hospitals are public."""
    db, synthetic = made("eicu_r1", "mare", tmp_path)
    assert columns(synthetic, "main") == columns(db.con, "eicu_r1")
    assert keys(synthetic, "main") == keys(db.con, "eicu_r1")
    # The noise of one count at epsilon 20 is below 20; six standard deviations and more.
    assert abs(broken(synthetic, "select count(*) from patients") - 100) < 60
