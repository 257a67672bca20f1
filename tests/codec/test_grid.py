"""Codes of numbers in SQL."""

from __future__ import annotations

import numpy as np
import pytest

from duckpaste.codec.base import Histogram
from duckpaste.codec.grid import Binned, Grid
from duckpaste.db import Db


@pytest.mark.parametrize("nullable", [False, True])
@pytest.mark.parametrize("low", [-7, 0, 300])
def test_a_number_that_is_dear_to_work_out_is_worked_out_once(nullable: bool, low: int) -> None:
    """Codes are the same by a list as by comparisons, outside of the range and for NULL as well; the SQL is no longer
    than the number, its clamping and the list."""
    binned = Binned("x", Grid.over(low, low + 999, integer=True), 20, nullable=nullable)
    binned.learn(Histogram(np.linspace(3, 1, 1000), 0.0), equal_width=False)
    dear = f"({'+'.join(['0'] * 200)} + x)"
    cheap, once = binned.code_sql("x"), binned.code_sql(dear)
    assert "[" in once and "[" not in cheap and len(once) < 4 * len(dear) + 8_000
    db = Db.open()
    rows = db.rows_sql(
        "codes", f"select {cheap}, {once} from (select i::bigint as x from range({low - 20}, {low + 1100}) r(i) union all select null)"
    )  # fmt: skip
    assert all(a == b for a, b in rows) and len({a for a, _ in rows if a is not None}) == 20 + nullable


def test_no_cell_draws_a_point() -> None:
    """Points have cells of their own, and a number that one cell gives is found in that cell again."""
    grid = Grid.over(0, 39_999, integer=True, points=(0, 1, 20_005, 39_999), limit=4_000)
    cells = np.repeat(np.arange(grid.cells), 30)
    drawn = grid.draw(cells, np.random.default_rng(1))
    assert not np.isin(drawn, grid.points).any()
    np.testing.assert_array_equal(drawn // 10, cells)
    whole = Grid.over(0, 3, integer=True, points=(0, 1), limit=2)  # a cell of points alone
    assert set(whole.draw(np.zeros(50, dtype=np.int64), np.random.default_rng(1)).tolist()) == {0, 1}
