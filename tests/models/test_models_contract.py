"""What every algorithm promises: it stays inside its loss, does what it planned, and samples what was asked."""

from __future__ import annotations

import json
import math
import time

import numpy as np
import pytest
from fake_doors import ArrayDoors, count

from duckpaste.domain import Domain, IntArray
from duckpaste.models import registry
from duckpaste.models.base import Release
from duckpaste.simplex import project

ROWS = 3000
SIZES = {
    "mixed": {"a": 5, "b": 2, "c": 1, "d": 40, "e": 3, "f": 7},
    "one column": {"a": 6},
    "one constant": {"a": 1},
    "constants": {"a": 1, "b": 1},
    "two columns": {"a": 4, "b": 3},
    "one beside constants": {"a": 1, "b": 5, "c": 1},
}
EVIDENCE = [(), ("a",), ("d", "b"), ("a", "b"), ("a", "b", "c", "d", "e", "f")]
CASES = [
    (name, case, evidence)
    for name in registry.names()
    for case, sizes in SIZES.items()
    for evidence in EVIDENCE
    if set(evidence) <= set(sizes)
]


def table(sizes: dict[str, int], seed: int = 0) -> tuple[dict[str, IntArray], Domain]:
    """Codes that depend on one another, with rare ones."""
    rng = np.random.default_rng(seed)
    hidden = rng.random(ROWS)
    codes: dict[str, IntArray] = {}
    for name, size in sizes.items():
        share = np.clip(np.where(rng.random(ROWS) < 0.6, hidden, rng.random(ROWS)), 0, 0.999999) ** 2
        codes[name] = (share * size).astype(np.int64)
    return codes, Domain(sizes)


def doors_of(sizes: dict[str, int], loss: float, seed: int = 0) -> ArrayDoors:
    codes, domain = table(sizes)
    return ArrayDoors(codes, domain, loss, np.random.default_rng(seed))


@pytest.mark.parametrize(("name", "case", "evidence"), CASES)
@pytest.mark.parametrize("loss", [1e-6, 0.01, 1.0, math.inf])
def test_contract(name: str, case: str, evidence: tuple[str, ...], loss: float) -> None:
    sizes = SIZES[case]
    doors = doors_of(sizes, loss)  # raises when more than `loss` is spent
    model = registry.make(name, {})
    plan = model.plan(doors.domain, doors.sigma, loss, evidence)
    fitted = model.fit(doors, evidence)
    check_plan(plan, doors, loss)
    assert fitted.network.total >= 1 and math.isfinite(fitted.network.total)
    assert len(fitted.measurements) == sum(s.kind == "measure" for s in doors.spends)
    json.dumps(fitted.facts)
    given = {n: doors.codes[n][:500] for n in evidence}
    rows = fitted.network.sample(500, np.random.default_rng(1), given)
    assert set(rows) == set(sizes) - set(evidence)
    for column, codes in rows.items():
        assert codes.shape == (500,) and np.issubdtype(codes.dtype, np.integer)
        assert codes.min() >= 0 and codes.max() < sizes[column]
    again = fitted.network.sample(500, np.random.default_rng(1), given)
    assert all(np.array_equal(rows[n], again[n]) for n in rows)


def check_plan(plan: list[Release], doors: ArrayDoors, loss: float) -> None:
    """The plan's sum is within the loss, and every stage that was paid for was planned, with enough cells."""
    assert sum(r.loss for r in plan) <= loss * (1 + 1e-12)
    for release in plan:
        assert release.loss > 0 and release.count > 0 and release.what
        assert release.sigma == 0 if math.isinf(loss) else release.sigma > 0
    planned = {r.stage: r for r in plan}
    for stage in {s.stage for s in doors.spends}:
        spends = [s for s in doors.spends if s.stage == stage]
        assert len(spends) <= planned[stage].count
        if spends[0].kind == "measure":
            assert sum(doors.domain.cells(s.clique) for s in spends) <= planned[stage].cells
    if plan and not math.isinf(loss):
        assert doors.spent >= 0.99 * loss  # what was granted is used


@pytest.mark.parametrize("name", registry.names())
def test_exact_one_ways_without_noise(name: str) -> None:
    doors = doors_of(SIZES["mixed"], math.inf)
    network = registry.make(name, {}).fit(doors).network
    assert network.total == ROWS
    rows = network.sample(ROWS, np.random.default_rng(0))
    for column in rows:
        exact = count(doors.codes, doors.domain, (column,))
        found = np.bincount(rows[column], minlength=doors.domain[column])
        # One row a code and parents' group at most.
        assert np.abs(found - exact).max() <= max(doors.domain.sizes.values())


@pytest.mark.parametrize("name", registry.names())
def test_little_noise_means_little_error(name: str) -> None:
    doors = doors_of(SIZES["mixed"], 10.0)
    network = registry.make(name, {}).fit(doors).network
    assert abs(network.total - ROWS) < 20  # sd below 3
    rows = network.sample(ROWS, np.random.default_rng(0))
    for column in rows:
        exact = count(doors.codes, doors.domain, (column,))
        found = np.bincount(rows[column], minlength=doors.domain[column])
        assert np.abs(found - exact).sum() / ROWS < 0.05


@pytest.mark.parametrize("name", registry.names())
def test_nothing_but_noise_still_makes_a_model(name: str) -> None:
    sizes = {f"x{i}": 4 for i in range(5)}
    empty = {n: np.zeros(0, dtype=np.int64) for n in sizes}
    doors = ArrayDoors(empty, Domain(sizes), 0.01, np.random.default_rng(0))
    network = registry.make(name, {}).fit(doors).network
    assert network.total >= 1
    assert all(len(codes) == 10 for codes in network.sample(10, np.random.default_rng(0)).values())


def test_independent_is_the_projected_histogram() -> None:
    doors = doors_of({"a": 6, "b": 9}, 1.0)
    fitted = registry.make("independent", {}).fit(doors)
    for step, measured in zip(fitted.network.steps, fitted.measurements, strict=True):
        assert step.parents == () and measured.clique == (step.column,)
        np.testing.assert_allclose(step.counts, project(measured.values, fitted.network.total))


def test_independent_ignores_evidence() -> None:
    doors = doors_of({"a": 6, "b": 9}, 1.0)
    fitted = registry.make("independent", {}).fit(doors, ("a",))
    assert [s.clique for s in doors.spends] == [("b",)] and fitted.network.evidence == ("a",)


@pytest.mark.parametrize("name", registry.names())
def test_a_column_of_ten_thousand_codes(name: str) -> None:
    sizes = {"code": 10_000, "b": 5, "c": 3}
    for loss in (0.001, 0.1, math.inf):
        doors = doors_of(sizes, loss)
        rows = registry.make(name, {}).fit(doors).network.sample(ROWS, np.random.default_rng(0))
        assert rows["code"].min() >= 0 and rows["code"].max() < 10_000
        assert len(np.unique(rows["code"])) > 50, "rare codes are merged, not lost"


@pytest.mark.parametrize("name", registry.names())
def test_a_hundred_columns(name: str) -> None:
    """In seconds: .02 to 1.5 were measured."""
    doors = doors_of({f"c{i}": 2 + i % 3 for i in range(100)}, 0.001)
    model = registry.make(name, {})
    plan = model.plan(doors.domain, doors.sigma, doors.loss, ())
    start = time.process_time()
    fitted = model.fit(doors)
    rows = fitted.network.sample(ROWS, np.random.default_rng(0))
    assert time.process_time() - start < 15
    check_plan(plan, doors, doors.loss)
    assert set(rows) == set(doors.domain)
