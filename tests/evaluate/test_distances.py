"""Distances against their formulas, scipy, and chance itself."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.special import ive
from scipy.stats import chi2_contingency, entropy

from duckpaste.evaluate import distances


def test_the_bessel_functions_of_chance() -> None:
    z = np.concatenate([[0.0], np.geomspace(1e-6, 1e8, 2000), [3.75]])
    assert np.allclose(distances._bessel(z), ive(0, z) + ive(1, z), rtol=1e-7, atol=0)


def test_equal_and_disjoint() -> None:
    a, b = np.array([5, 0, 5]), np.array([0, 3, 0])
    assert distances.total_variation(a, 3 * a) == 0 and distances.jensen_shannon(a, 2 * a) == 0
    assert distances.total_variation(a, b) == 1 and distances.jensen_shannon(a, b) == pytest.approx(1)
    assert distances.divergence(a, 1000 * a) < 1e-3


@pytest.mark.parametrize("seed", range(5))
def test_as_scipy_has_them(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.integers(1, 50, (4, 3)), rng.integers(0, 50, (4, 3))
    p, q = a / a.sum(), b / b.sum()
    assert distances.total_variation(a, b) == pytest.approx(np.abs(p - q).sum() / 2)
    assert distances.jensen_shannon(a, b) == pytest.approx(jensenshannon(p.ravel(), q.ravel(), 2) ** 2)
    smooth = (b + 0.5) / (b + 0.5).sum()
    assert distances.divergence(a, b) == pytest.approx(entropy(p.ravel(), smooth.ravel()))
    n = a.sum()
    phi2 = chi2_contingency(a, correction=False).statistic / n
    free = 3 * 2 / (n - 1)
    expected = math.sqrt(max(0, phi2 - free) / (min(4 - 9 / (n - 1), 3 - 4 / (n - 1)) - 1))
    assert distances.cramers_v(a) == pytest.approx(expected)


def test_cramers_v_of_a_copy_of_a_constant_and_of_nothing() -> None:
    assert distances.cramers_v(np.diag([100, 200, 300])) == pytest.approx(1, abs=0.01)
    assert distances.cramers_v(np.array([[3, 4], [0, 0]])) == 0.0
    assert distances.cramers_v(np.zeros((2, 2), dtype=int)) == 0.0


@pytest.mark.parametrize(
    ("n", "m", "cells"), [(1000, 1000, 5), (4000, 500, 20), (300, 300, 2000), (100, 5000, 50)]
)
def test_chance_is_what_two_honest_samples_score(n: int, m: int, cells: int) -> None:
    """Also where most cells are empty. The mean of 60 draws is within a tenth of it, far beyond their spread."""
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.full(cells, 0.5))
    drawn = [distances.total_variation(rng.multinomial(n, p), rng.multinomial(m, p)) for _ in range(60)]
    assert distances.chance(p, n, m) == pytest.approx(np.mean(drawn), rel=0.12)


def test_a_score_of_small_parts_is_taken_to_the_size_of_big_ones() -> None:
    """Halves of 500 rows, corrected, score as samples of 4000 do."""
    rng = np.random.default_rng(1)
    p = rng.dirichlet(np.full(30, 1.0))
    small = np.mean([
        distances.total_variation(rng.multinomial(500, p), rng.multinomial(500, p)) for _ in range(60)
    ])  # fmt: skip
    big = np.mean([
        distances.total_variation(rng.multinomial(4000, p), rng.multinomial(2000, p)) for _ in range(60)
    ])  # fmt: skip
    assert small * distances.chance(p, 4000, 2000) / distances.chance(p, 500, 500) == pytest.approx(
        big, rel=0.1
    )
    assert distances.by_size((500, 500), (4000, 2000)) == pytest.approx(
        math.sqrt((1 / 4000 + 1 / 2000) / (2 / 500))
    )
