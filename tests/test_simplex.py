"""Projections onto the simplex: non-negative, the right sum, and closest."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from duckpaste import simplex

VALUES = hnp.arrays(np.float64, st.integers(1, 12), elements=st.floats(-100, 100))


@given(VALUES, st.floats(0.01, 1000), st.integers(0, 2**32 - 1))
def test_projection_is_the_closest_point(values: np.ndarray, total: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    variance = rng.uniform(0.1, 5, len(values))
    for weight, found in (
        (np.ones(len(values)), simplex.project(values, total)),
        (1 / variance, simplex.project_weighted(values, variance, total)),
    ):
        assert found.min() >= 0 and found.sum() == pytest.approx(total, rel=1e-9, abs=1e-7)
        others = rng.dirichlet(np.ones(len(values)), 50) * total
        nearest_other = (weight * (others - values) ** 2).sum(axis=1).min()
        assert (weight * (found - values) ** 2).sum() <= nearest_other * (1 + 1e-9) + 1e-6


def test_projection_by_hand() -> None:
    assert simplex.project(np.array([[3.0, -1.0], [1.0, 0.0]]), 2.0).tolist() == [[2.0, 0.0], [0.0, 0.0]]
    assert simplex.project(np.array([3.0, 1.0]), 0.0).tolist() == [0.0, 0.0]
    assert simplex.project(np.zeros(0), 1.0).size == 0
    # The value with three times the variance takes three quarters of the correction.
    assert simplex.project_weighted(np.array([5.0, 5.0]), np.array([1.0, 3.0]), 6.0).tolist() == [4.0, 2.0]
    assert simplex.project_weighted(np.array([5.0, 5.0]), np.ones(2), -1.0).tolist() == [0.0, 0.0]
