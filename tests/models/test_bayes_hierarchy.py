"""Hierarchies against slow ones made by the definition; names, sizes and codes of heights; merging of rare codes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duckpaste.domain import Domain
from duckpaste.models.bayes.border import Border
from duckpaste.models.bayes.heights import Heights
from duckpaste.models.coding.hierarchy import Hierarchy, hierarchy, level_sizes
from duckpaste.models.coding.recode import alone, merged_neighbours, recode
from duckpaste.models.pgm import Observation

WEIGHTS = st.lists(st.integers(-5, 1000), min_size=1, max_size=14).map(
    lambda w: [x + i * 1e-3 for i, x in enumerate(w)]
)


@pytest.mark.parametrize(
    ("size", "fixed", "growth", "expected"),
    [
        (100, [4, 9, 18, 32], 7, [4, 9, 18, 32, 100]),  # both as the reference gives them
        (100, [2, 4, 5, 8, 12], 1.3, [2, 4, 5, 8, 12, 16, 21, 27, 35, 46, 60, 78, 100]),
        (100, [10, 20, 40], 2, [10, 20, 40, 80, 100]),
        (9, [10, 20, 40], 2, [9]),
        (40, [10, 20, 40], 2, [10, 20, 40]),
        (1, [2], 2, [1]),
        (5, [2], 1, [2, 3, 4, 5]),  # grows by one at least
    ],
)
def test_level_sizes(size: int, fixed: list[int], growth: float, expected: list[int]) -> None:
    assert level_sizes(size, fixed, growth) == expected


def slow(weights: list[float], ordered: bool, apart: int | None, groups: int) -> list[frozenset[int]]:
    """Merge the lightest two (neighbours where ordered) until so many groups are left."""
    weight = [max(w, 0.0) for w in weights]
    parts = [frozenset([i]) for i in range(len(weights)) if i != apart]

    def total(part: frozenset[int]) -> float:
        return sum(weight[i] for i in part)

    while len(parts) + (apart is not None) > groups and len(parts) > 1:
        if ordered:
            parts.sort(key=min)
            at = min(range(len(parts) - 1), key=lambda i: total(parts[i]) + total(parts[i + 1]))
        else:
            parts.sort(key=lambda p: (total(p), min(p)))
            at = 0
        parts[at : at + 2] = [parts[at] | parts[at + 1]]
    return sorted([*parts, *([frozenset([apart])] if apart is not None else [])], key=min)


@given(WEIGHTS, st.booleans(), st.data())
@settings(max_examples=200, deadline=None)
def test_hierarchy(weights: list[float], ordered: bool, data: st.DataObject) -> None:
    size = len(weights)
    apart = data.draw(st.one_of(st.none(), st.integers(0, size - 1))) if size > 1 else None
    fixed = data.draw(st.lists(st.integers(2, 16), max_size=3))
    found = hierarchy(np.array(weights), ordered, apart, fixed, 1.5)
    assert list(found.sizes) == level_sizes(size, fixed, 1.5)[::-1]
    assert np.array_equal(found.levels[0], np.arange(size))
    for below, level in zip(found.levels, found.levels[1:], strict=False):
        assert len({*zip(below.tolist(), level.tolist(), strict=True)}) == below.max() + 1, "groups of groups"
    for level, groups in zip(found.levels, found.sizes, strict=True):
        parts = [frozenset(np.flatnonzero(level == g).tolist()) for g in range(groups)]
        assert parts == slow(weights, ordered, apart, groups), "numbered by their lowest code"


def test_equal_weights_give_even_groups() -> None:
    """What `rebalance=false` uses: hierarchies that no data has a part in."""
    found = hierarchy(np.ones(64), True, None, [4, 16], 4)
    for level, groups in zip(found.levels, found.sizes, strict=True):
        assert set(np.bincount(level)) == {64 // groups}


def some_heights() -> Heights:
    sizes = {"a": 12, "b": 5, "a@1": 3}
    rng = np.random.default_rng(5)
    trees = {n: hierarchy(rng.random(s), n == "a", None, [2, 6], 2) for n, s in sizes.items()}
    return Heights(Domain(sizes), trees)


def test_heights_have_names_of_their_own() -> None:
    heights = some_heights()
    assert heights.names("a") == ("a", "a@1@", "a@2") and heights.names("b") == ("b", "b@1")
    assert [heights.domain[n] for n in heights.names("a")] == [12, 6, 2]
    assert heights.column("a@1") == "a@1" and heights.column("a@1@") == "a" and heights.height("a@2") == 2
    assert set(heights.made) == set(heights.domain) - {"a", "b", "a@1"}
    for name in heights.names("a"):
        fine = heights.codes(name)
        for coarse in heights.names("a")[heights.height(name) :]:
            assert np.array_equal(heights.between(name, coarse)[fine], heights.codes(coarse))


@pytest.mark.parametrize(
    ("home", "border"),
    [
        (("a", "b"), ("a",)), (("a", "b"), ("b", "a")), (("b", "a"), ("a@2", "b")), (("a@1@", "b"), ("a@2",)),
        (("a@1", "b", "a"), ("a@1@", "a@1", "b@1")), (("a", "b"), ()),
    ],
)  # fmt: skip
def test_borders(home: tuple[str, ...], border: tuple[str, ...]) -> None:
    """Sums by brute force; widening is the adjoint of narrowing."""
    heights = some_heights()
    way = Border(heights, home, border)
    rng = np.random.default_rng(1)
    table = rng.random(heights.domain.shape(home))
    expected = np.zeros(heights.domain.shape(border))
    for cell in np.ndindex(table.shape):
        codes = {heights.column(n): heights.between(n, n2)[c] for n, c in zip(home, cell, strict=True)
                 for n2 in border if heights.column(n2) == heights.column(n)}  # fmt: skip
        at = tuple(int(codes[heights.column(n)]) for n in border)
        assert way.cell(cell) == at
        expected[at] += table[cell]
    np.testing.assert_allclose(way.narrow(table), expected)
    values = rng.random(expected.shape)
    wide = np.broadcast_to(way.widen(values), table.shape)
    assert float((wide * table).sum()) == pytest.approx(float((values * expected).sum()))


# -- rare codes


@given(
    st.lists(st.integers(-20, 60), min_size=2, max_size=20),
    st.floats(0.5, 30),
    st.booleans(),
    st.integers(0, 19),
)
@settings(max_examples=200, deadline=None)
def test_neighbours_merge_until_they_count_enough(
    counts: list[int], least: float, null: bool, place: int
) -> None:
    apart = place % len(counts) if null else None
    values, bounds = np.array(counts, dtype=float), np.full(len(counts), least)
    groups = merged_neighbours(values, bounds, apart)
    assert sorted(set(groups.tolist())) == list(range(groups.max() + 1)) and groups.max() >= 1
    assert apart is None or np.count_nonzero(groups == groups[apart]) == 1
    line = np.delete(groups, apart) if apart is not None else groups
    assert np.count_nonzero(np.diff(line)) == len(set(line.tolist())) - 1, "only neighbours"
    if groups.max() > 1 and len(set(line.tolist())) > 1:
        sums = np.bincount(groups, values)
        sd = np.sqrt(np.bincount(groups, bounds**2))
        lacking = (sums < sd) & (np.arange(len(sums)) != (groups[apart] if apart is not None else -1))
        assert not lacking.any(), "all that are left count enough, or there are two"


def test_nothing_is_merged_where_all_count_enough() -> None:
    assert merged_neighbours(np.full(9, 50.0), np.full(9, 10.0), None).tolist() == list(range(9))


def test_recoding_merges_what_is_rare_and_what_is_too_fine() -> None:
    sizes = {"rare": 10, "many": 40, "line": 50, "fine": 3}
    domain = Domain(sizes, ordered=("line",), nulls={"line": 49})
    counts = {
        "rare": [900, 80] + [0] * 8,
        "many": [25.0] * 40,
        "line": [20.0] * 49 + [1.0],
        "fine": [400, 300, 300],
    }
    singles = [
        Observation((n,), np.array(c, dtype=float), np.full(len(c), 4.0)) for n, c in counts.items()
    ]  # fmt: skip
    found = recode(domain, singles, 1000.0, threshold=3.0, most=12)
    assert found.domain.sizes["fine"] == 3 and "fine" not in found.maps
    assert found.domain.sizes["rare"] == 3, "two that count and one for the rest"
    assert found.domain.sizes["many"] == found.domain.sizes["line"] == 12
    line = found.maps["line"]
    assert alone(line, 49) == line[49] == 11, "NULL stays by itself"
    assert np.all(np.diff(line) >= 0)
    expanded = found.expansions["rare"]
    assert np.array_equal(expanded.coarse, found.maps["rare"]) and len(expanded.weights) == 10


def test_heights_without_a_hierarchy() -> None:
    heights = Heights(Domain({"a": 3}), {"a": Hierarchy((np.arange(3),))})
    assert heights.names("a") == ("a",) and heights.made == {}
