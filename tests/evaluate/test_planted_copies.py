"""Copies of real rows score at the yardstick and leak; independent columns score far from it and do not.

All data is drawn from fixed seeds: nothing here fails by chance from one run to the next.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from planted import SHARE, Planted, bootstrap, independent, people

from duckpaste.evaluate.catalogue import METRICS
from duckpaste.evaluate.evaluation import Evaluation
from duckpaste.evaluate.score import REF, SYN

PRIVACY = [name for name, m in METRICS.items() if m.family == "privacy"]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    return Planted(tmp_path_factory.mktemp("planted"), 2000)


@pytest.fixture(scope="module", params=[SHARE, 0.0], ids=["held out", "halves"])
def share(request: pytest.FixtureRequest) -> float:
    return float(request.param)


@pytest.fixture(scope="module")
def copied(world: Planted, share: float) -> Evaluation:
    return world.score(*bootstrap(*world.fitted(share), seed=5), share)


@pytest.fixture(scope="module")
def loose(world: Planted, share: float) -> Evaluation:
    return world.score(*independent(*world.fitted(share), seed=5), share)


def mean(found: Evaluation, metric: str, split: str = SYN) -> float:
    return float(np.mean([s.value for s in found.scores if (s.metric, s.split) == (metric, split)]))


def leaks(found: Evaluation, table: str = "people") -> dict[str, bool]:
    """Whether each measure of a table found a leak (in any column)."""
    told: dict[str, bool] = {}
    for x in found.facts["privacy"]:
        if x["table"] == table:
            told[x["metric"]] = told.get(x["metric"], False) or x["leak"]
    return told


def test_copies_score_at_the_yardstick_on_every_metric_of_fidelity(copied: Evaluation) -> None:
    seen = set()
    for metric, about in METRICS.items():
        if about.family not in ("fidelity", "relations") or metric == "distinct_ratio":
            continue
        mine = [s for s in copied.scores if s.metric == metric]
        if {s.split for s in mine} != {SYN, REF}:
            continue
        syn, ref = mean(copied, metric), mean(copied, metric, REF)
        seen.add(metric)
        if about.good == "high":
            assert syn > ref - 0.02, metric
        else:
            # Repeated rows look like association to Cramer's V, whose correction for chance expects different ones.
            assert syn < (4 if metric == "cramers_v_diff" else 1.3) * ref + 0.004, (metric, syn, ref)
    assert {"tv1", "tv2", "tv3", "kl_norm2", "js2", "cramers_v_diff", "correlation_diff", "parent_tv2", "lag_tv2",
            "children_tv", "mean_diff", "sd_diff", "quantile_diff", "null_diff", "year_tv", "hour_tv", "gap_tv"} <= seen  # fmt: skip


def test_copies_are_flagged_by_every_privacy_metric(copied: Evaluation) -> None:
    assert leaks(copied) == dict.fromkeys(PRIVACY, True)


def test_independent_columns_are_flagged_by_none(loose: Evaluation) -> None:
    assert leaks(loose) == dict.fromkeys(PRIVACY, False)


def test_independent_columns_are_good_alone_and_far_off_together(loose: Evaluation) -> None:
    for metric in ("tv1", "js1", "mean_diff", "year_tv"):
        assert mean(loose, metric) < 1.3 * mean(loose, metric, REF) + 0.01, metric
    for metric in (
        "tv3",
        "cramers_v_diff",
        "correlation_diff",
        "parent_tv2",
        "lag_tv2",
        "children_tv",
    ):
        assert mean(loose, metric) > 1.5 * mean(loose, metric, REF), metric
    refs = {s.columns: s.value for s in loose.scores if (s.metric, s.split) == ("tv2", REF)}
    assert max(s.value / refs[s.columns] for s in loose.scores if (s.metric, s.split) == ("tv2", SYN)) > 3


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_honest_rows_are_flagged_by_none(tmp_path: Path, share: float, seed: int) -> None:
    """Other people of the same kind: each measure lies near its control, counted in its own standard errors."""
    world = Planted(tmp_path, 400)
    found = world.score(*people(400, seed), share, metrics=["privacy"], seed=seed)
    tests = found.facts["privacy"]
    assert not [x for x in tests if x["leak"]] and {x["table"] for x in tests} == {"people", "visits"}
