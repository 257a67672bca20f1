"""Models trained on synthetic rows, classifiers between synthetic and real; SynthEval; skipped without their extras."""

from __future__ import annotations

import numpy as np
import pytest
from planted import SHARE, Planted, bootstrap, independent

from duckpaste.errors import UserError
from duckpaste.evaluate import extra, foreign
from duckpaste.evaluate.evaluation import Evaluation
from duckpaste.evaluate.score import REF

ml = pytest.mark.skipif(not extra.there("ml"), reason="scikit-learn is not installed (the extra ml)")
syntheval = pytest.mark.skipif(
    not extra.there("syntheval"), reason="syntheval is not installed (the extra syntheval)"
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    return Planted(tmp_path_factory.mktemp("planted"), 1500)


@pytest.fixture(scope="module")
def both(world: Planted) -> tuple[Evaluation, Evaluation]:
    """Copies, and independent columns."""
    rows = world.fitted(SHARE)
    found = [
        world.score(*make(*rows, seed=2), SHARE, metrics=["utility"], targets=["visits.ward", "people.age"])
        for make in (bootstrap, independent)
    ]
    return found[0], found[1]


@ml
def test_what_copies_teach_is_worth_as_much_as_real_rows(both: tuple[Evaluation, Evaluation]) -> None:
    copies, loose = both
    for table, column in (("visits", "ward"), ("people", "age")):
        good, honest = (copies.value("tstr", table, [column], s) for s in ("syn", REF))
        assert good > honest - 0.08 and honest > 0.4, column
        assert loose.value("tstr", table, [column]) < honest - 0.1, column


@ml
def test_independent_columns_are_told_from_real_rows_and_copies_are_not(
    both: tuple[Evaluation, Evaluation],
) -> None:
    copies, loose = both
    for table in ("people", "visits"):
        assert copies.value("auc", table) < 0.65
        assert copies.value("auc", table, split=REF) < 0.65
        assert loose.value("auc", table) > 0.65
    assert copies.value("auc_children", "people", ["visits"]) < 0.65
    assert loose.value("auc_children", "people", ["visits"]) > 0.75


@ml
def test_a_key_that_is_mixed_up_is_told_only_with_the_children(world: Planted) -> None:
    top, below = bootstrap(world.top, world.below, 3)
    mixed = below | {"person": np.random.default_rng(0).permutation(below["person"])}
    found = world.score(top, mixed, metrics=["auc", "auc_children"])
    assert found.value("auc", "people") < 0.65 < 0.7 < found.value("auc_children", "people", ["visits"])


@syntheval
def test_syntheval_flags_copies_too(world: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign, "MOST_ROWS", 1000)
    found = world.score(*bootstrap(*world.fitted(SHARE), seed=2), SHARE, metrics=["syntheval"])
    for name in ("hit_rate", "eps_risk"):
        assert (
            found.value(f"syntheval.{name}", "people")
            > found.value(f"syntheval.{name}", "people", split=REF) + 0.1
        )
    assert found.value("syntheval.dcr", "people") < found.value("syntheval.dcr", "people", split=REF)


def test_a_missing_package_is_told_with_the_remedy(world: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(extra.importlib, "import_module", missing)
    monkeypatch.setattr(extra, "there", lambda _: False)
    for metric, package in (("auc", "ml"), ("syntheval", "syntheval")):
        with pytest.raises(UserError, match=rf"pip install 'duckpaste\[{package}\]'"):
            world.score(world.top, world.below, metrics=[metric])
