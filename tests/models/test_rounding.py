"""Dealing codes: as close to the expected counts as whole rows allow, right on average, and shuffled."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duckpaste.models.rounding import deal, deal_members


@given(st.integers(0, 2**32 - 1))
def test_counts_are_rounded(seed: int) -> None:
    rng = np.random.default_rng(seed)
    groups, size, n = int(rng.integers(1, 6)), int(rng.integers(1, 7)), int(rng.integers(1, 200))
    counts = rng.random((groups, size)) * (rng.random((groups, size)) < 0.7)
    group = rng.integers(0, groups, n)
    codes = deal(counts, group, rng)
    overall = counts.sum(axis=0) if counts.sum() > 0 else np.ones(size)
    for g in range(groups):
        mine = codes[group == g]
        p = counts[g] if counts[g].sum() > 0 else overall
        expected = np.cumsum(p / p.sum()) * len(mine)
        found = np.cumsum(np.bincount(mine, minlength=size))
        assert np.all(np.abs(found - expected) < 1 + 1e-9)
        assert np.all(p[mine] > 0)


def test_counts_are_right_on_average() -> None:
    counts = np.array([[0.2, 1.3, 0.0, 2.5]])
    rng = np.random.default_rng(0)
    runs, n = 4000, 7
    total = sum(np.bincount(deal(counts, np.zeros(n, dtype=int), rng), minlength=4) for _ in range(runs))
    # A run's count differs by less than 2 from its mean, so its sd is below 1: 6 sd of the sum, false alarm 1e-8.
    assert np.all(np.abs(total - runs * n * counts[0] / 4) < 6 * np.sqrt(runs))


def test_rows_of_a_group_are_shuffled() -> None:
    # Unshuffled ranks would give the first half of the rows code 0 in both columns: a joint count of 5000.
    rng = np.random.default_rng(0)
    zeros = np.zeros(10_000, dtype=int)
    half = np.array([[1.0, 1.0]])
    both = np.count_nonzero(deal(half, zeros, rng) + deal(half, zeros, rng) == 0)
    assert abs(both - 2500) < 6 * 25  # hypergeometric, sd 25: false alarm 2e-9


def test_many_groups_and_few_rows() -> None:
    rng = np.random.default_rng(0)
    counts = np.zeros((70_000, 3))
    counts[::2, 1] = 1.0
    group = np.array([4, 69_998, 4, 5])
    assert deal(counts, group, rng).tolist() == [1, 1, 1, 1]  # 5 has no mass and falls back
    assert deal(counts, group[:0], rng).size == 0
    assert deal(np.zeros((2, 3)), np.array([1]), rng)[0] in (0, 1, 2)


@pytest.mark.parametrize("groups", [3, 70_000])
def test_each_row_gets_its_own_groups_code(groups: int) -> None:
    rng = np.random.default_rng(0)
    group = rng.integers(0, groups, 100_000)
    counts = np.zeros((groups, 5))
    counts[np.arange(groups), np.arange(groups) % 5] = 1.0
    np.testing.assert_array_equal(deal(counts, group, rng), group % 5)
    np.testing.assert_array_equal(
        deal_members(np.arange(groups)[::-1], np.ones(groups), group, rng), groups - 1 - group
    )


def test_members_by_weight() -> None:
    rng = np.random.default_rng(0)
    coarse = np.array([0, 2, 1, 2, 2, 3, 3])
    weights = np.array([0.0, 1.0, 5.0, 3.0, 0.0, 0.0, 0.0])
    group = np.repeat([0, 1, 2, 3], 400)
    fine = deal_members(coarse, weights, group, rng)
    assert np.all(coarse[fine] == group)
    found = np.bincount(fine, minlength=7)
    assert found.tolist() == [400, 100, 400, 300, 0, 200, 200]
    assert deal_members(coarse, weights, group[:0], rng).size == 0


@pytest.mark.parametrize("heavy", [1.0, 1e16, 1e300])
def test_a_light_group_after_a_heavy_one_keeps_its_weights(heavy: float) -> None:
    coarse = np.array([0, 0, 1, 1, 1, 2])
    weights = np.array([heavy, heavy, 3e-3, 1e-3, 0.0, 0.0])
    codes = deal_members(coarse, weights, np.array([1] * 400 + [0] * 10 + [2]), np.random.default_rng(0))
    assert abs(np.count_nonzero(codes[:400] == 2) - 300) <= 1
    assert not np.any(codes[:400] == 4)
    assert sorted(codes[400:410]) == [0] * 5 + [1] * 5
    assert codes[410] == 5
