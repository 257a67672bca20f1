"""AIM as a whole: what it recovers, what it spends on, and odd tables."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from fake_doors import ArrayDoors, count

from duckpaste.domain import Domain, IntArray
from duckpaste.errors import UserError
from duckpaste.models import registry
from duckpaste.models.aim import AIM

ROWS = 4000


def chained(sizes: dict[str, int], rows: int = ROWS, seed: int = 3) -> dict[str, IntArray]:
    """Each column is a noisy copy of the one before."""
    rng = np.random.default_rng(seed)
    codes: dict[str, IntArray] = {}
    before = rng.integers(0, 10**6, rows)
    for name, size in sizes.items():
        codes[name] = np.where(rng.random(rows) < 0.7, (before * 5 + 1) % size, rng.integers(0, size, rows))
        before = codes[name]
    return codes


def doors_of(sizes: dict[str, int], loss: float, seed: int = 0, rows: int = ROWS) -> ArrayDoors:
    return ArrayDoors(chained(sizes, rows), Domain(sizes), loss, np.random.default_rng(seed))


SIZES = {"a": 4, "b": 3, "c": 5, "d": 2, "e": 6}


def test_all_triples_come_back_without_noise() -> None:
    doors = doors_of(SIZES, math.inf)
    fitted = registry.make("aim", {"rounds": 6, "max_mb": 40}).fit(doors)
    rows = fitted.network.sample(20 * ROWS, np.random.default_rng(0))
    assert fitted.network.total == ROWS
    for clique in itertools.combinations(SIZES, 3):
        found = count(rows, doors.domain, clique) / 20
        assert np.abs(found - count(doors.codes, doors.domain, clique)).sum() / 2 / ROWS < 0.02, clique


def test_better_than_a_tree_where_three_columns_matter() -> None:
    """c = a xor b: no pair tells anything, a triple tells all."""
    rng = np.random.default_rng(0)
    codes = {"a": rng.integers(0, 2, ROWS), "b": rng.integers(0, 2, ROWS)}
    codes |= {"c": codes["a"] ^ codes["b"], "d": rng.integers(0, 3, ROWS)}
    domain = Domain({"a": 2, "b": 2, "c": 2, "d": 3})
    rows = registry.make("aim", {}).fit(ArrayDoors(codes, domain, 0.05, rng)).network.sample(ROWS, rng)
    assert np.mean(rows["a"] ^ rows["b"] == rows["c"]) > 0.95


def test_the_same_doors_and_seed_give_the_same_model() -> None:
    one, two = (registry.make("aim", {}).fit(doors_of(SIZES, 0.02)) for _ in range(2))
    assert one.facts == two.facts
    a, b = (f.network.sample(500, np.random.default_rng(1)) for f in (one, two))
    assert all(np.array_equal(a[n], b[n]) for n in a)


def test_a_workload_is_served_and_nothing_else_is_measured_together() -> None:
    doors = doors_of(SIZES, 0.05)
    registry.make("aim", {"workload": [["a", "b"], ["d", "e"]], "bins": 0}).fit(doors)
    chosen = {s.clique for s in doors.spends if len(s.clique) > 1}
    assert chosen and chosen <= {("a", "b"), ("d", "e")}
    free = doors_of(SIZES, 0.05)
    registry.make("aim", {"bins": 0}).fit(free)
    assert max(len(s.clique) for s in free.spends) == 3 or len({s.clique for s in free.spends}) > 7


def test_a_workload_about_other_tables_is_as_none() -> None:
    one, two = doors_of(SIZES, 0.02), doors_of(SIZES, 0.02)
    registry.make("aim", {"workload": [["elsewhere", "zip"]]}).fit(one)
    registry.make("aim", {}).fit(two)
    assert one.spends == two.spends


def test_weights_decide_what_is_chosen() -> None:
    for heavy in (("a", "b"), ("d", "e")):
        workload = [
            {"columns": list(c), "weight": 1000 if c == heavy else 1} for c in (("a", "b"), ("d", "e"))
        ]
        doors = doors_of(SIZES, math.inf)
        fitted = registry.make("aim", {"workload": workload, "batch": 1}).fit(doors)
        assert tuple(fitted.facts["rounds"][0]["clique"]) == heavy


def test_preset() -> None:
    made: Any = registry.make("aim", {"preset": "paper", "rounds": 4, "steps": 100})
    assert isinstance(made, AIM)
    assert (made.max_mb, made.threshold, made.bins, made.batch, made.rounds) == (80.0, 0.0, 0.0, 1, 4.0)
    doors = doors_of(SIZES, 0.05)
    fitted = made.fit(doors)
    assert not fitted.facts["merged"] and fitted.network.domain == doors.domain
    singles = sum(s.loss for s in doors.spends if s.stage == "one-way")
    assert singles == pytest.approx(0.05625 * 0.05)  # alpha / 16 of the loss
    rounds = [s.loss for s in doors.spends if s.kind == "select"]
    assert rounds[0] == pytest.approx(0.1 * 0.94375 * 0.05 / math.ceil(4 * 5 * 0.94375))
    with pytest.raises(UserError, match=r"alg.preset: .* is not known"):
        registry.make("aim", {"preset": "papers"})


def test_rounds_without_news_make_the_next_ones_larger() -> None:
    """Independent columns tell nothing: the loss of a round grows fourfold, and few rounds are left."""
    rng = np.random.default_rng(0)
    codes = {n: rng.integers(0, 8, 300) for n in "abcd"}
    doors = ArrayDoors(codes, Domain(dict.fromkeys(codes, 8)), 0.01, rng)
    fitted = registry.make("aim", {"batch": 1, "bins": 0, "threshold": 0, "rounds": 12}).fit(doors)
    sigmas = [r["sigma"] for r in fitted.facts["rounds"]]
    quiet = [r["moved"] <= r["noise"] for r in fitted.facts["rounds"]]
    assert any(quiet[:-2])
    for before, after, still in zip(sigmas[:-2], sigmas[1:-1], quiet, strict=False):
        assert after == pytest.approx(before / 2 if still else before)


def test_evidence_alone_is_never_measured_together() -> None:
    for seed in range(3):
        doors = doors_of(SIZES, 0.05, seed)
        fitted = registry.make("aim", {}).fit(doors, ("a", "b", "c"))
        together = [s.clique for s in doors.spends if len(s.clique) > 1]
        assert together and all(set(c) - {"a", "b", "c"} for c in together)
        assert {s.column for s in fitted.network.steps} == {"d", "e"}


def test_a_column_of_ten_thousand_codes() -> None:
    sizes = {"zip": 10_000, "sex": 2, "age": 60}
    doors = doors_of(sizes, 0.05, rows=20_000)
    plan = registry.make("aim", {}).plan(doors.domain, doors.sigma, doors.loss)
    fitted = registry.make("aim", {}).fit(doors)
    assert sum(r.loss for r in plan) <= 0.05 * (1 + 1e-12)
    rows = fitted.network.sample(1000, np.random.default_rng(0))
    assert rows["zip"].max() < 10_000 and len(np.unique(rows["zip"])) > 100
    wide = registry.make("aim", {"threshold": 0, "bins": 0}).fit(doors_of(sizes, 0.05))
    assert wide.network.domain["zip"] == 10_000


def test_a_hundred_columns() -> None:
    sizes = {f"c{i}": 2 + i % 4 for i in range(100)}
    doors = doors_of(sizes, 0.2, rows=2000)
    fitted = registry.make("aim", {"rounds": 0.4, "max_mb": 0.2}).fit(doors)
    assert fitted.facts["megabytes"] <= 0.2 * (1 + 1e-9)
    rows = fitted.network.sample(200, np.random.default_rng(0))
    assert set(rows) == set(sizes)


def test_no_model_is_larger_than_its_limit() -> None:
    for limit in (0.001, 0.003, 0.01):
        fitted = registry.make("aim", {"max_mb": limit}).fit(doors_of(SIZES, 1.0))
        assert fitted.facts["megabytes"] <= max(limit, 8 * 6 * 5 / 2**20) * (1 + 1e-9)


def test_expected_errors_are_those_of_the_noise() -> None:
    doors = doors_of(SIZES, 0.05)
    model: Any = registry.make("aim", {})
    expected = model.expected(doors.domain, doors.sigma, 0.05)
    sigma = {r.stage: r.sigma for r in model.plan(doors.domain, doors.sigma, 0.05)}["rounds"]
    assert set(expected) == {c for k in (1, 2, 3) for c in itertools.combinations(SIZES, k)}
    assert expected["a", "b"] == pytest.approx(math.sqrt(2 / math.pi) * sigma * 12)


def test_few_rows_give_the_single_columns_more() -> None:
    """The 1-ways are measured once more when their total is small for the noise, never beyond half of the loss."""
    for rows, most in ((300, 0.5), (40_000, 0.3)):
        doors = doors_of(SIZES, 0.05, rows=rows)
        fitted = registry.make("aim", {}).fit(doors)
        names = [s for s in doors.spends if s.kind == "measure" and len(s.clique) == 1]
        first = sum(s.loss for s in names if s.stage == "one-way")
        again = [s for s in names if s.stage == "rounds"][: len(SIZES)] if rows == 300 else []
        assert (first + sum(s.loss for s in again)) / 0.05 == pytest.approx(most, abs=0.06)
        assert doors.spent == pytest.approx(0.05)
        assert len(fitted.measurements) == sum(s.kind == "measure" for s in doors.spends)


def test_a_batch_fits_together() -> None:
    for limit in (0.001, 0.003):
        fitted = registry.make("aim", {"max_mb": limit, "batch": 4, "bins": 0}).fit(doors_of(SIZES, 1.0))
        assert fitted.facts["megabytes"] <= limit * (1 + 1e-9)
