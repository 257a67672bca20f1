"""Scores that may be published: right without noise, through the ledger with it, and moved by a unit by no more than
the ledger says."""

from __future__ import annotations

import contextlib
import itertools
from pathlib import Path

import numpy as np
import planted
import pytest
from planted import Planted, bootstrap, independent
from testkit import INF, Seen

from duckpaste.db import Db
from duckpaste.errors import BudgetError, UserError
from duckpaste.evaluate import release as room
from duckpaste.evaluate.evaluation import Evaluation
from duckpaste.evaluate.release import guarantee_of, release
from duckpaste.evaluate.score import INTERNAL, REF
from duckpaste.privacy.accountant import Guarantee
from duckpaste.privacy.ledger import Ledger
from duckpaste.privacy.release import ONE
from duckpaste.schema.view import View


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    return Planted(tmp_path_factory.mktemp("planted"), 800)


def synthetic(tmp_path: Path, top: planted.Table, below: planted.Table) -> Path:
    path = tmp_path / "synthetic.duckdb"
    path.unlink(missing_ok=True)
    with Db.open(path) as db:
        planted.write(db, {"people": top, "visits": below})
    return path


def published(
    world: Planted, path: Path, epsilon: float, ledger: Ledger | None = None, delta: float = 1e-9
) -> Evaluation:
    book = Ledger(None) if ledger is None else ledger
    return release(world.db, world.view, world.schema, path, book, Guarantee(epsilon, delta))


def test_without_noise_the_scores_are_the_distances(world: Planted, tmp_path: Path) -> None:
    """Of people, whose rows are the units: the same bins on both sides, so the same total variation."""
    path = synthetic(tmp_path, *independent(world.top, world.below, 1))
    found = published(world, path, INF)
    assert "NOT PRIVATE" in found.facts["stamp"]
    sex = [np.mean(world.top["sex"] == "f"), np.mean(independent(world.top, world.below, 1)[0]["sex"] == "f")]
    assert found.value("tv1", "people", ["sex"]) == pytest.approx(abs(sex[0] - sex[1]), abs=1e-6)
    bound, free = (found.value("tv2", "people", ["city", c]) for c in ("age", "height"))
    assert bound > 1.3 * free, "age depends on the city, height does not"
    counts = [np.bincount(np.unique(below["person"], return_counts=True)[1], minlength=21)[1:]
              for below in (world.below, independent(world.top, world.below, 1)[1])]  # fmt: skip
    shares = [np.r_[800 - c.sum(), c] / 800 for c in counts]
    assert found.value("children_tv", "visits", ["person"]) == pytest.approx(
        np.abs(shares[0] - shares[1]).sum() / 2, abs=1e-6
    )
    assert found.facts["tables"]["people"] == {"wrk": 800, "syn": 800}


def test_with_noise_they_are_near_and_the_ledger_knows(world: Planted, tmp_path: Path) -> None:
    """Within six standard deviations of the noise, for some 100 scores: fails less than once in a million runs."""
    path = synthetic(tmp_path, *bootstrap(world.top, world.below, 1))
    exact = published(world, path, INF)
    book = Ledger(None)
    found = published(world, path, 8.0, book)
    assert INTERNAL not in found.facts["stamp"] and "may be published" in found.facts["stamp"]
    assert "epsilon 8, delta 1e-09 for each row of " in found.facts["stamp"]  # rows of the topmost table
    for s in found.scores:
        if s.split == "syn" and s.columns:
            truth = exact.value(s.metric, s.table, s.columns)
            sd = found.facts["noise"][s.metric][s.table]
            # The noisy number of rows, too, moves the estimates.
            assert abs(s.value - truth) < 6 * sd + 0.05, s
        if s.split == REF:
            assert 0 < s.value < 1
    totals = book.totals()
    assert totals.noiseless == 0 and totals.epsilon(1e-9) == pytest.approx(8.0, rel=0.01)
    stages = {r[0] for r in book.db.rows_sql("t", "select distinct stage from releases")}
    assert stages == {"evaluate"}
    assert {m for (m,) in book.db.rows_sql("t", "select distinct mechanism from releases")} == {
        "discrete gaussian"
    }
    assert published(world, path, 1.0, delta=0.0).facts["stamp"].count("(pure)") == 1


def test_a_budget_is_kept_and_nothing_is_counted(world: Planted, tmp_path: Path) -> None:
    path = synthetic(tmp_path, world.top, world.below)
    view = View(**{**world.view.__dict__, "budget": {"epsilon": 0.5, "delta": 1e-9}})
    book = Ledger(None)
    with pytest.raises(BudgetError, match="would pass the budget"):
        release(world.db, view, world.schema, path, book, Guarantee(1.0, 1e-9))
    assert book.db.rows_sql("t", "select count(*) from releases") == [(0,)]


def test_options_of_a_release() -> None:
    assert guarantee_of({"epsilon": 0.5}) == Guarantee(0.5, 1e-9) == guarantee_of({"etotal": "0.5"})
    for given, match in (
        ({"theta": 3}, "unknown option of --release"),
        ({"epsilon": "x"}, "is not a number"),
    ):
        with pytest.raises(UserError, match=match):
            guarantee_of(given)


@pytest.mark.parametrize("pure", [False, True])
def test_a_unit_moves_what_is_released_by_no_more_than_the_ledger_says(
    tmp_path: Path, seen: Seen, pure: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Take a person away, with all visits: every vector that reaches the noise, against the same synthetic file."""
    whole = Planted(tmp_path, 60)
    path = synthetic(tmp_path, *independent(whole.top, whole.below, 4))
    # Estimates are made from a noisy total, which is public: here it stays as it is, and the exact errors move.
    shown: list[list[np.ndarray]] = []
    sensitivities: list[list[float]] = []
    busiest = int(np.bincount((whole.below["person"] - 1) // 7).argmax()) * 7 + 1
    idle = next(int(p) for p in whole.top["person"] if p not in set(whole.below["person"].tolist()))
    with contextlib.ExitStack() as stack:
        book = stack.enter_context(contextlib.closing(Ledger(None)))
        public: list[float] = []
        measure = room.Encoded.measure

        def fixed(self: room.Encoded, *args: object) -> object:
            found = measure(self, *args)  # type: ignore[arg-type]
            if len(public) <= len(order):
                public.append(float(found[0].values.sum()))
            order.append(1)
            found[0].values[:] = public[len(order) - 1]
            return found

        monkeypatch.setattr(room.Encoded, "measure", fixed)
        for gone in (None, busiest, idle):
            order: list[int] = []
            if gone is not None:
                whole.db.run_sql("t", f"delete from visits where person = {gone}")
                whole.db.run_sql("t", f"delete from people where person = {gone}")
            seen.vectors.clear()
            release(whole.db, whole.view, whole.schema, path, book, Guarantee(1.0, 0.0 if pure else 1e-9))
            shown.append(list(seen.vectors))
            run = book.db.rows_sql("t", "select run from runs order by rowid desc limit 1")[0][0]
            rows = book.db.rows_sql(
                "t", f"select sensitivity from releases where run = '{run}' order by release"
            )
            sensitivities.append([float(s) for (s,) in rows])
    reached = 0.0
    for before, after in itertools.pairwise(shown):
        assert len(before) == len(after) == len(sensitivities[0])
        for a, b, limit in zip(before, after, sensitivities[0], strict=True):
            one = ONE if max(a.max(), b.max()) > 10_000 else 1
            d = np.abs(a.astype(float) - b) / one
            moved = d.sum() if pure else np.sqrt((d**2).sum())
            assert moved <= limit * (1 + 1e-6)
            reached = max(reached, moved / limit)
    assert reached > 0.3, "the bound says something"
