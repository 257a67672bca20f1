"""Planted faults are found by the metric that should find them, and by no other.

All data is drawn from fixed seeds: nothing here fails by chance from one run to the next.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import planted
import pytest
from planted import Planted, bootstrap

from duckpaste.evaluate.score import REF, SYN


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    return Planted(tmp_path_factory.mktemp("planted"))


FAULTS = ("tv1", "tv2", "parent_tv2", "year_tv", "hour_tv", "quantile_diff", "children_tv")


def found(
    world: Planted, top: planted.Table, below: planted.Table
) -> dict[tuple[str, tuple[str, ...]], float]:
    """Scores as multiples of the yardstick."""
    scored = world.score(top, below, metrics=FAULTS)
    refs = {(s.metric, s.table, s.columns): s.value for s in scored.scores if s.split == REF}
    return {
        (s.metric, s.columns): s.value / max(refs[s.metric, s.table, s.columns], 1e-9)
        for s in scored.scores if s.split == SYN and s.columns
    }  # fmt: skip


def test_a_date_a_year_late_is_found_by_years_and_by_its_own_distance(world: Planted) -> None:
    top, below = bootstrap(world.top, world.below, 3)
    late = top | {"joined": top["joined"] + np.timedelta64(365, "D")}
    ratios = found(world, late, below)
    assert ratios["year_tv", ("joined",)] > 5 and ratios["tv1", ("joined",)] > 5
    assert max(v for (m, c), v in ratios.items() if m == "tv1" and "joined" not in c) < 3
    assert ratios["hour_tv", ("came",)] < 3


def test_a_swapped_key_is_found_between_tables_and_nowhere_else(world: Planted) -> None:
    top, below = bootstrap(world.top, world.below, 3)
    mixed = below | {"person": np.random.default_rng(0).permutation(below["person"])}
    ratios = found(world, top, mixed)
    assert np.mean([v for (m, _), v in ratios.items() if m == "parent_tv2"]) > 2
    assert ratios["parent_tv2", ("people.age", "came")] > 4
    for metric in ("tv1", "tv2", "children_tv"):
        assert max(v for (m, _), v in ratios.items() if m == metric) < 2.5, metric


def test_a_lost_spike_is_found_by_the_distance_of_its_column(world: Planted) -> None:
    top, below = bootstrap(world.top, world.below, 3)
    rng = np.random.default_rng(1)
    filled = top | {
        "income": np.where(top["income"] == 0, rng.uniform(0, 900, len(top["income"])), top["income"])
    }
    ratios = found(world, filled, below)
    assert ratios["tv1", ("income",)] > 5
    assert max(v for (m, c), v in ratios.items() if m == "tv1" and c != ("income",)) < 3


def test_orphans_and_broken_rules_are_counted(world: Planted, tmp_path: Path) -> None:
    top, below = bootstrap(world.top, world.below, 3)
    path = tmp_path / "s.duckdb"
    with planted.Db.open(path) as db:
        planted.write(db, {"people": top, "visits": below})
        db.run_sql("copy", "create table loose as from visits")
        db.run_sql("drop", "drop table visits")
        db.run_sql("spoil", "update loose set person = -1 where visit < 10")
        db.run_sql("spoil", 'update loose set "left" = came - interval 1 hour where visit between 20 and 39')
        db.run_sql("name", "alter table loose rename to visits")
    scored = planted.measure(
        world.db, world.view, world.schema, path, metrics=["orphans", "rules", "time_order"]
    )
    rows = len(below["visit"])
    assert scored.value("orphans", "visits", ["person"]) == pytest.approx(10 / rows)
    assert scored.value("orphans", "visits", ["person"], REF) == 0
    assert scored.value("time_order", "visits", ["left", "came"]) == pytest.approx(20 / rows)
    assert max(s.value for s in scored.scores if s.metric == "rules" and s.split == SYN) == pytest.approx(
        20 / rows
    )
