"""MST: the tree it finds, what it pays, evidence, compression, and tables that are wide or have many codes."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from fake_doors import ArrayDoors, count

from duckpaste.domain import Clique, Domain, FloatArray, IntArray
from duckpaste.models.mst import MST


def chain(
    columns: int, size: int, n: int, seed: int = 0, keep: float = 0.7
) -> tuple[dict[str, IntArray], Domain]:
    """A Markov chain of columns x0, x1, ..."""
    rng = np.random.default_rng(seed)
    codes = {"x0": rng.integers(0, size, n)}
    for i in range(1, columns):
        codes[f"x{i}"] = np.where(rng.random(n) < keep, codes[f"x{i - 1}"], rng.integers(0, size, n))
    return codes, Domain(dict.fromkeys(codes, size))


def doors_of(codes: Mapping[str, IntArray], domain: Domain, loss: float, seed: int = 0) -> ArrayDoors:
    return ArrayDoors(codes, domain, loss, np.random.default_rng(seed))


@pytest.mark.parametrize("loss", [0.5, math.inf])
def test_the_chain_is_found(loss: float) -> None:
    codes, domain = chain(7, 4, 20_000)
    doors = doors_of(codes, domain, loss)
    fitted = MST().fit(doors)
    assert sorted(fitted.facts["edges"]) == [[f"x{i}", f"x{i + 1}"] for i in range(6)]
    assert sum(s.kind == "select" for s in doors.spends) == 6
    assert doors.spent == pytest.approx(loss)


def test_measured_pairs_are_met_without_noise() -> None:
    codes, domain = chain(6, 5, 4000)
    fitted = MST().fit(doors_of(codes, domain, math.inf))
    assert [step.column for step in fitted.network.steps if step.parents == ()] != []
    for step in fitted.network.steps:
        exact = count(codes, domain, (*step.parents, step.column))
        np.testing.assert_allclose(step.counts, exact, atol=4000 * 1e-6)


def test_shares_of_the_loss() -> None:
    codes, domain = chain(5, 3, 1000)
    doors = doors_of(codes, domain, 0.7)
    MST(share_one_way=2, share_select=1, share_pairs=4).fit(doors)
    by_stage = {
        stage: sum(s.loss for s in doors.spends if s.stage == stage)
        for stage in ("one-way", "select", "pairs")
    }
    assert by_stage == pytest.approx({"one-way": 0.2, "select": 0.1, "pairs": 0.4})


def test_a_choice_without_alternatives_is_free() -> None:
    codes, domain = chain(2, 3, 1000)
    doors = doors_of(codes, domain, 0.6)
    plan = MST().plan(domain, doors.sigma, 0.6, ())
    assert [(r.stage, r.count) for r in plan] == [("one-way", 2), ("pairs", 1)]
    MST().fit(doors)
    assert {s.kind for s in doors.spends} == {"measure"} and doors.spent == pytest.approx(0.6)


def test_the_last_choice_without_alternatives_is_free() -> None:
    rng = np.random.default_rng(0)
    domain = Domain({"a": 50, "b": 2, "c": 50})
    codes = {name: rng.integers(0, size, 5000) for name, size in domain.sizes.items()}
    doors = doors_of(codes, domain, 7.0)
    MST(max_cells=100).fit(doors)  # a and c make too large a pair, so both go to b
    assert [s.loss for s in doors.spends if s.kind == "select"] == [pytest.approx(0.5)]
    assert sum(s.loss for s in doors.spends if s.stage == "pairs") == pytest.approx(3.5)


def test_evidence_is_one_component() -> None:
    codes, domain = chain(7, 3, 20_000)
    evidence = ("x2", "x3", "x6")
    for seed in range(5):
        doors = doors_of(codes, domain, 0.5, seed)
        fitted = MST().fit(doors, evidence)
        edges = [tuple(e) for e in fitted.facts["edges"]]
        assert len(edges) == 4  # one for each target
        assert not any(set(e) <= set(evidence) for e in edges)
        assert {("x0", "x1"), ("x1", "x2")} <= set(edges)
        assert set(edges) < {(f"x{i}", f"x{i + 1}") for i in range(6)}  # two of the three links from x3 to x6
        parents = {s.column: s.parents for s in fitted.network.steps}
        assert set(parents) == {"x0", "x1", "x4", "x5"}
        assert all(len(names) == 1 for names in parents.values())
        assert parents["x1"] == ("x2",) and parents["x0"] == ("x1",)


def test_evidence_moves_the_targets() -> None:
    codes, domain = chain(3, 4, 20_000, keep=0.9)
    network = MST().fit(doors_of(codes, domain, 1.0), ("x0",)).network
    rows = network.sample(1000, np.random.default_rng(0), {"x0": np.full(1000, 2)})
    assert np.mean(rows["x1"] == 2) > 0.85 and np.mean(rows["x2"] == 2) > 0.75


def test_rare_codes_are_merged_and_come_back() -> None:
    rng = np.random.default_rng(0)
    a = np.where(rng.random(20_000) < 0.97, rng.integers(0, 5, 20_000), rng.integers(5, 300, 20_000))
    b = np.where(rng.random(20_000) < 0.8, np.minimum(a, 5), rng.integers(0, 6, 20_000))
    domain = Domain({"a": 300, "b": 6})
    fitted = MST().fit(doors_of({"a": a, "b": b}, domain, 0.02))
    size = fitted.facts["merged"]["a"]
    assert 6 <= size < 50 and "b" not in fitted.facts["merged"]
    assert fitted.network.domain["a"] == size
    rows = fitted.network.sample(20_000, rng)
    assert np.mean(rows["a"] >= 5) == pytest.approx(0.03, abs=0.01)
    assert np.mean(rows["b"][rows["a"] >= 5] == 5) > 0.7


def test_ten_thousand_codes() -> None:
    rng = np.random.default_rng(0)
    codes, domain = chain(4, 5, 20_000)
    codes["wide"] = np.where(rng.random(20_000) < 0.6, codes["x3"], rng.integers(0, 10_000, 20_000))
    codes["flat"] = rng.integers(0, 10_000, 20_000)  # no code passes the threshold: it stays as it is
    domain = Domain({**domain.sizes, "wide": 10_000, "flat": 10_000})
    for loss in (0.05, math.inf):
        tracemalloc.start()
        fitted = MST().fit(doors_of(codes, domain, loss))
        rows = fitted.network.sample(20_000, rng)
        assert tracemalloc.get_traced_memory()[1] < 150e6
        tracemalloc.stop()
        assert ["wide", "flat"] not in fitted.facts["edges"]  # 100 million cells
        assert np.mean(rows["wide"] < 5) == pytest.approx(0.6, abs=0.05)


def test_pairs_of_given_columns_are_no_candidates() -> None:
    _, domain = chain(4, 3, 500)
    plan = {r.stage: r for r in MST().plan(domain, lambda loss: loss**-0.5, 1.0, tuple(domain)[:3])}
    assert plan["select"].what == "1 choices among 3 pairs" and plan["select"].cells == 3 * 9
    fixed = Domain({**domain.sizes, "one": 1})
    only = MST().plan(fixed, lambda loss: loss**-0.5, 1.0, domain.names)
    assert [(r.stage, r.loss) for r in only] == [("one-way", 1.0)], (
        "no pair is left, so 1-ways get everything"
    )


def test_columns_that_no_small_pair_reaches_stay_independent() -> None:
    codes, domain = chain(3, 4, 5000)
    doors = doors_of(codes, domain, 1.0)
    fitted = MST(max_cells=15).fit(doors)
    assert fitted.facts["edges"] == [] and all(s.parents == () for s in fitted.network.steps)


class WideDoors(ArrayDoors):
    """Counts how many estimates are asked for, and checks that the mapping stays the same object."""

    asked = 0
    mapping: object = None

    def select(
        self, candidates: Sequence[Clique], estimates: Mapping[Clique, FloatArray], *more: Any, **named: Any
    ) -> int:
        if self.mapping is None:
            self.mapping = estimates
        assert self.mapping is estimates
        self.asked += 1
        return super().select(candidates, estimates, *more, **named)


def test_a_hundred_columns_in_little_memory() -> None:
    codes, domain = chain(100, 6, 2000)
    doors = WideDoors(codes, domain, 5.0, np.random.default_rng(0))
    tracemalloc.start()
    fitted = MST().fit(doors)
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()
    assert doors.asked == len(fitted.facts["edges"]) == 99
