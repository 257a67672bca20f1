"""What the plan says of models: errors that noise makes, and sizes that no fit passes."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from fake_doors import ArrayDoors, count

from duckpaste.domain import Domain, IntArray, Zeros
from duckpaste.models import registry
from duckpaste.models.network import Network, Step
from duckpaste.models.outlook import Shape, bounded, shape_of
from duckpaste.models.pgm import Observation, fit

SIZES = {"a": 6, "b": 4, "c": 1, "d": 12, "e": 5, "f": 3}
ROWS = 4000


def table(seed: int = 0) -> tuple[dict[str, IntArray], Domain]:
    """Columns that share a hidden one, none with rare codes."""
    rng = np.random.default_rng(seed)
    hidden = rng.random(ROWS)
    return {
        n: (np.where(rng.random(ROWS) < 0.7, hidden, rng.random(ROWS)) * size).astype(np.int64)
        for n, size in SIZES.items()
    }, Domain(SIZES)


@pytest.mark.parametrize("name", registry.names())
@pytest.mark.parametrize("evidence", [(), ("a", "d"), tuple(SIZES)])
@pytest.mark.parametrize("loss", [0.02, math.inf])
def test_no_model_is_larger_than_planned(name: str, evidence: tuple[str, ...], loss: float) -> None:
    codes, domain = table()
    model = registry.make(name, {})
    doors = ArrayDoors(codes, domain, loss, np.random.default_rng(0))
    planned = model.shape(domain, doors.sigma, loss, evidence)
    fitted = model.fit(doors, evidence)
    made = shape_of(fitted.network)
    assert made.cliques <= planned.cliques and made.treewidth <= planned.treewidth
    assert made.megabytes <= planned.megabytes * (1 + 1e-9)
    if planned.exact:
        assert made == planned
    for key in ("cliques", "treewidth", "megabytes"):
        assert fitted.facts.get(key, 0) <= getattr(planned, key) * (1 + 1e-9)


@pytest.mark.parametrize("name", registry.names())
@pytest.mark.parametrize("evidence", [(), ("a", "d")])
def test_errors_are_those_of_the_measurements(name: str, evidence: tuple[str, ...]) -> None:
    """Each measured set is told, and its noise is off by no more than told; 1-ways by as much: the mean of many runs
    has a relative sd of about 1 / sqrt(20 x cells)."""
    codes, domain = table()
    model = registry.make(name, {})
    loss = 0.02
    off: dict[tuple[str, ...], list[float]] = {}
    for seed in range(20):
        doors = ArrayDoors(codes, domain, loss, np.random.default_rng(seed))
        told = model.expected(domain, doors.sigma, loss, evidence)
        first: set[tuple[str, ...]] = set()
        for m in model.fit(doors, evidence).measurements:
            if (
                set(m.clique) <= set(domain)
                and m.values.shape == domain.shape(m.clique)
                and m.clique not in first
            ):
                first.add(m.clique)
                error = float(np.abs(m.values - count(codes, domain, m.clique)).sum())
                off.setdefault(m.clique, []).append(error)
    assert all(0 < rows < math.inf for rows in told.values())
    singles = [c for c in off if len(c) == 1]
    assert len(singles) >= 3
    for clique in singles:
        assert np.mean(off[clique]) == pytest.approx(told[clique], rel=0.5)
    targets = [n for n in domain if n not in evidence and domain[n] > 1]
    assert {(n,) for n in targets} <= set(told)
    if name != "independent":
        pairs = {p for p in itertools.combinations(domain, 2) if not set(p) <= {*evidence, "c"}}
        assert {c for c in told if len(c) == 2} == {p for p in pairs if "c" not in p}


def test_errors_vanish_without_noise() -> None:
    _, domain = table()
    for name in registry.names():
        found = registry.make(name, {}).expected(domain, lambda _: 0.0, math.inf, ())
        assert found and set(found.values()) == {0.0}


def test_the_shape_of_a_graphical_model_is_that_of_its_junction_tree() -> None:
    domain = Domain(SIZES)
    rng = np.random.default_rng(0)
    cliques: list[tuple[str, ...]] = [("a", "b"), ("b", "d"), ("a", "d"), ("e", "f")]
    seen = [Observation(c, 100 * rng.random(domain.shape(c)), np.ones(domain.shape(c))) for c in cliques]
    model = fit(domain, seen)
    shape = shape_of(Network(domain, (), model.generation(()), total=1.0))
    assert shape == Shape(3, 2, (6 * 4 * 12 + 5 * 3 + 1) / 2**17)
    assert {k: model.facts()[k] for k in ("cliques", "treewidth", "megabytes")} == {
        "cliques": 3, "treewidth": 2, "megabytes": shape.megabytes}  # fmt: skip


def test_shapes_in_words() -> None:
    assert str(Shape(3, 2, 0.123)) == "3 cliques, treewidth 2, 0.12 MB"
    assert str(Shape(1200, 2, 4321.0, exact=False)) == "at most 1,200 cliques, treewidth 2, 4,321 MB"
    assert shape_of(Network(Domain({"a": 2}), ("a",), [], total=1.0)) == Shape(0, 0, 0.0)
    assert shape_of(Network(Domain({"a": 2}), (), [Step("a", (), np.ones(2))])) == Shape(1, 0, 2 / 2**17)


def test_bounds_know_small_domains() -> None:
    assert bounded(Domain({"a": 2, "b": 3}), 1.0) == Shape(2, 1, 6 / 2**17, exact=False)
    assert bounded(Domain({f"x{i}": 2 for i in range(30)}), 1.0).treewidth == 16


def test_rules_count_for_the_size() -> None:
    """A rule's columns share a clique even where nothing measures them together."""
    domain = Domain({"a": 6, "b": 4}, zeros=[Zeros(("a", "b"), np.triu(np.ones((6, 4), dtype=bool)))])
    model = registry.make("independent", {})
    rng = np.random.default_rng(0)
    doors = ArrayDoors({"a": np.zeros(9, int), "b": np.zeros(9, int)}, domain, 1.0, rng)
    assert shape_of(model.fit(doors).network) == model.shape(domain, doors.sigma, 1.0)
