"""Fine histograms: what coarser levels add, and what is kept."""

from __future__ import annotations

import math

import numpy as np
import pytest

from duckpaste.codec.base import LEVEL, Level, WantHistogram
from duckpaste.codec.smooth import blocks_of, denoise, equal_mass
from duckpaste.domain import FloatArray

CELLS = 4096


def skewed() -> FloatArray:
    """Values of several kinds in the first tenth of a wide range, a thin tail, and nothing beyond a quarter."""
    rng = np.random.default_rng(3)
    parts = [
        rng.normal(m, s, n)
        for m, s, n in ((9, 1, 9_000), (60, 20, 8_000), (280, 8, 9_000), (500, 130, 6_000))
    ]
    inside = np.concatenate(parts).clip(0, 1000).astype(np.int64)
    return np.bincount(inside, minlength=CELLS).astype(np.float64)


def released(true: FloatArray, sigma: float, blocks: tuple[int, ...], seed: int) -> FloatArray:
    """Denoised, as at one loss that gives noise `sigma` when there is one level."""
    rng, want = np.random.default_rng(seed), WantHistogram("x", "x", true.size, blocks, true.size)
    fine, coarse = sigma / math.sqrt(want.fine), sigma / math.sqrt(LEVEL)
    levels = [
        Level(b, s + rng.normal(0, coarse, s.size), coarse)
        for b in blocks
        for s in [np.add.reduceat(true, np.arange(0, true.size, b))]
    ]
    return denoise(true + rng.normal(0, fine, true.size), fine, levels)


def off(found: FloatArray, true: FloatArray, bins: int = 20) -> float:
    """Total variation over bins of equal mass."""
    starts = equal_mass(true, bins)
    shares = [np.add.reduceat(m / m.sum(), starts) for m in (found, true)]
    return 0.5 * float(np.abs(shares[0] - shares[1]).sum())


def test_levels_halve_the_error_of_a_skewed_column_under_much_noise() -> None:
    """Means over 12 draws, of which each differs by less than a third from the others: apart by more than 6 sd."""
    true, sigma = skewed(), 120.0
    one = [off(released(true, sigma, (), s), true) for s in range(12)]
    more = [off(released(true, sigma, blocks_of(CELLS), s), true) for s in range(12)]
    assert np.mean(more) < 0.6 * np.mean(one)
    assert max(more) < max(one)


@pytest.mark.parametrize("cells", [1, 2, 3, 255, 300, 2048, 4095])
def test_any_number_of_cells(cells: int) -> None:
    """Non-negative, as long as it was, and of the sum that the levels tell together."""
    true = np.random.default_rng(cells).poisson(50, cells).astype(np.float64)
    found = released(true, 3.0, blocks_of(cells), 1)
    assert found.shape == (cells,) and (found >= 0).all()
    assert found.sum() == pytest.approx(true.sum(), abs=8 * 3.0 * math.sqrt(cells) * 2)
    np.testing.assert_array_equal(denoise(true, 0.0, [Level(16, true, 0.0)]), true)


def test_without_levels_nothing_changes() -> None:
    """The sum of one level is kept as it is."""
    counts = skewed() + np.random.default_rng(0).normal(0, 10, CELLS)
    assert denoise(counts, 10.0).sum() == pytest.approx(counts.sum())
    assert blocks_of(100) == () and blocks_of(256) == (16,) and blocks_of(CELLS) == (256, 16)


def test_losses_of_levels_sum_to_one() -> None:
    for blocks in ((), (16,), (256, 16)):
        want = WantHistogram("x", "x", CELLS, blocks, CELLS)
        assert want.fine + LEVEL * len(blocks) == pytest.approx(1.0) and want.fine > 0.3
