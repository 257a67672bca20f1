"""Metrics of other packages: found by their entry point, asked of columns, tables and views, with a yardstick."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from planted import Planted

from duckpaste.db import Db
from duckpaste.errors import UserError
from duckpaste.evaluate import plugins
from duckpaste.evaluate.score import REF


class Longest:
    """Of a column: difference of the longest texts."""

    name, level, family, good = "longest", "column", "fidelity", "low"
    text = "difference of the longest texts"

    def measure(self, db: Db, real: str, other: str, columns: tuple[str, ...]) -> float:
        a, b = (
            db.rows_sql(self.name, f"select max(length({columns[0]}::varchar)) from {r}")[0][0]
            for r in (real, other)
        )
        return abs(a - b)


class Width:
    """Of a table: how many columns it is given."""

    name, level, family, good, text = "width", "table", "fidelity", "low", "columns"

    def measure(self, db: Db, real: str, other: str, columns: tuple[str, ...]) -> float:
        return float(len(columns))


class Ratio:
    """Of a view: synthetic visits per real one."""

    name, level, family, good, text = "ratio", "view", "relations", "ref", "visits"

    def measure(
        self, db: Db, real: Mapping[str, str], other: Mapping[str, str], columns: tuple[str, ...]
    ) -> float:
        a, b = (db.rows_sql(self.name, f"select count(*) from {r['visits']}")[0][0] for r in (real, other))
        return b / a


class Point:
    """An entry point without a package."""

    def __init__(self, what: Any) -> None:
        self.load = lambda: what


def install(monkeypatch: pytest.MonkeyPatch, *metrics: Any) -> None:
    def entry_points(*, group: str) -> list[Point]:
        assert group == "duckpaste.metrics"
        return [Point(m) for m in metrics]

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    return Planted(tmp_path_factory.mktemp("planted"), 300)


def test_every_level(world: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, Longest, Width(), Ratio)
    visits = {c: v[::2] for c, v in world.below.items()}
    found = world.score(world.top, visits, 0.3, metrics=["longest", "width", "ratio"])
    assert (
        found.value("longest", "people", ["city"]) == 0
        and found.value("longest", "visits", ["ward"]) is not None
    )
    assert found.value("width", "people") == 6 and found.value("width", "visits") == 4
    kept = found.facts["tables"]["visits"]
    assert found.value("ratio", "") == pytest.approx(kept["syn"] / kept["wrk"])
    assert found.value("ratio", "", split=REF) == pytest.approx(kept["ref"] / kept["wrk"])
    assert found.facts["metrics"]["ratio"] == {"family": "relations", "good": "ref", "text": "visits"}
    assert {s.metric for s in found.scores} == {"longest", "width", "ratio"}


def test_one_that_is_no_metric_or_takes_a_name(world: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    class Empty:
        name = "empty"

    class Odd(Width):
        name, level = "odd", "row"

    class Taken(Width):
        name = "tv1"

    for wrong, match in (
        (Empty, "the metric has no level"),
        (Odd, "level 'row' is unknown"),
        (Taken, "called 'tv1'"),
    ):
        install(monkeypatch, wrong)
        with pytest.raises(UserError, match=match):
            world.score(world.top, world.below, metrics=["tv1"])


def test_the_group_is_the_one_that_is_documented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a real entry point, as an installed package has it."""
    (tmp_path / "mine-1.0.dist-info").mkdir()
    (tmp_path / "mine-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n"
    )
    (tmp_path / "mine-1.0.dist-info" / "entry_points.txt").write_text(
        "[duckpaste.metrics]\nwidth = mine_metrics:Width\n"
    )
    (tmp_path / "mine_metrics.py").write_text(
        "class Width:\n    name, level, family, good, text = 'mine', 'table', 'fidelity', 'low', 'x'\n"
        "    def measure(self, db, real, other, columns):\n        return 1.0\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert [m.name for m in plugins.load()] == ["mine"]
