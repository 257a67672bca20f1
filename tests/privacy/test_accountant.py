"""Accounting against closed forms, published numbers and a fine grid: exact enough, and never optimistic."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duckpaste.errors import UserError
from duckpaste.privacy.accountant import Accountant, Guarantee, delta_of, epsilon_of, rho_of

RHOS = st.floats(1e-6, 50)
DELTAS = st.floats(1e-12, 1e-3)


@pytest.mark.parametrize(
    ("epsilon", "delta", "rho"),
    [(1, 1e-9, 0.0149730577), (1, 1e-5, 0.030557), (10, 1e-9, 1.090786), (10, 1e-5, 1.782696)],
)
def test_published_values(epsilon: float, delta: float, rho: float) -> None:
    """dp-accounting 0.6 (RDP), cdp2adp of Canonne, Kamath and Steinke, and OpenDP agree on these."""
    digits = 10 if rho < 0.02 else 6
    assert round(rho_of(epsilon, delta), digits) == rho
    assert epsilon_of(rho_of(epsilon, delta), delta) == pytest.approx(epsilon, rel=1e-9)


@pytest.mark.parametrize("epsilon", [0.01, 1, 10])
@pytest.mark.parametrize("delta", [1e-12, 1e-9, 1e-3])
def test_opendp_proves_the_same(epsilon: float, delta: float) -> None:
    import opendp.prelude as dp

    dp.enable_features("contrib")
    rho = rho_of(epsilon, delta)
    scale = math.sqrt(1 / (2 * rho))
    noise = dp.m.make_gaussian(
        dp.vector_domain(dp.atom_domain(T="i64")), dp.l2_distance(T=float), scale=scale
    )
    proved = dp.c.make_zCDP_to_approxDP(noise).map(1.0).epsilon(delta)
    assert proved == pytest.approx(epsilon, rel=1e-6)


def by_grid(rho: float, epsilon: float) -> float:
    """The least delta over a fine grid of alpha: what no sound bound of this family can be below."""

    def log_delta(alpha: np.ndarray) -> np.ndarray:
        return (alpha - 1) * (alpha * rho - epsilon) + alpha * np.log1p(-1 / alpha) - np.log(alpha - 1)

    alpha = 1 + np.geomspace(1e-6, 1e7, 20_001)
    for _ in range(3):  # again, between the neighbours of the least
        least = int(np.clip(log_delta(alpha).argmin(), 1, len(alpha) - 2))
        alpha = np.linspace(alpha[least - 1], alpha[least + 1], 1001)
    return float(np.exp(log_delta(alpha).min()))


@given(RHOS, st.floats(1e-3, 200))
@settings(max_examples=150, deadline=None)
def test_never_optimistic(rho: float, epsilon: float) -> None:
    found, least = delta_of(rho, epsilon), min(1.0, by_grid(rho, epsilon))
    assert found >= least * (1 - 1e-9) - 1e-300
    # Nor wasteful, where delta is of any use.
    if 1e-300 < least < 0.1:
        assert found <= least * (1 + 1e-4)


@given(RHOS, DELTAS)
@settings(max_examples=30, deadline=None)
def test_there_and_back(rho: float, delta: float) -> None:
    epsilon = epsilon_of(rho, delta)
    assert delta_of(rho, epsilon) <= delta
    if epsilon < 1e-6:
        return  # so little is spent that delta alone pays for it
    assert rho_of(epsilon, delta) == pytest.approx(rho, rel=1e-6)
    assert epsilon <= rho + 2 * math.sqrt(rho * math.log(1 / delta)) + 1e-12, "the textbook's bound is looser"


@given(RHOS, RHOS, DELTAS, DELTAS)
@settings(max_examples=20, deadline=None)
def test_monotone(rho: float, more: float, delta: float, other: float) -> None:
    assert epsilon_of(rho + more, delta) >= epsilon_of(rho, delta)
    low, high = sorted((delta, other))
    assert epsilon_of(rho, high) <= epsilon_of(rho, low)
    assert rho_of(rho + more, delta) >= rho_of(rho, delta)
    assert delta_of(rho, 1.0) <= delta_of(rho + more, 1.0)


def test_the_gaussian_itself_is_never_worse_than_its_bound() -> None:
    """A Gaussian of scale sigma has a known exact curve (Balle and Wang 2018); the bound lies above it."""
    from scipy.special import ndtr

    for rho in (1e-4, 0.015, 0.5, 3.0):
        sigma = math.sqrt(1 / (2 * rho))
        for epsilon in (0.1, 1.0, 5.0):
            a, b = 0.5 / sigma - epsilon * sigma, -0.5 / sigma - epsilon * sigma
            exact = float(ndtr(a) - math.exp(epsilon) * ndtr(b))
            assert delta_of(rho, epsilon) >= exact


def test_ends() -> None:
    assert delta_of(0.0, 1.0) == 0.0 and epsilon_of(0.0, 1e-9) == 0.0
    assert epsilon_of(math.inf, 1e-9) == math.inf and epsilon_of(0.1, 0.0) == math.inf
    assert rho_of(math.inf, 1e-9) == math.inf
    assert delta_of(1e6, 1.0) == 1.0


def test_guarantees() -> None:
    assert Guarantee(1.0).loss() == rho_of(1.0, 1e-9) > Guarantee(1.0).loss(1e-10)
    assert Guarantee(1.0).loss(1e-10) == pytest.approx(rho_of(1.0, 9e-10), rel=1e-12)
    pure = Guarantee(2.0, 0.0)
    assert pure.pure and pure.loss() == 2.0 and str(pure) == "epsilon 2 (pure)"
    none = Guarantee(math.inf)
    assert not none.private and not none.pure and none.loss() == math.inf
    assert not Guarantee(math.inf, 0.0).pure and "NOT PRIVATE" in str(none)
    for epsilon, delta in ((0, 1e-9), (-1, 1e-9), (math.nan, 1e-9), (1, -1e-9), (1, 1), (1, math.nan)):
        with pytest.raises(UserError):
            Guarantee(epsilon, delta)


def test_scales_of_mechanisms() -> None:
    gauss, laplace = Accountant(False, 4.0), Accountant(True, 4.0)
    assert gauss.noise_scale(0.125) == gauss.sigma(0.125) == 8.0  # rho = k^2 / (2 sigma^2)
    assert laplace.noise_scale(0.5) == 8.0 and laplace.sigma(0.5) == pytest.approx(8 * math.sqrt(2))
    assert gauss.noise_scale(math.inf) == 0.0
    assert gauss.select_scale(0.005, 1.0) == pytest.approx(
        10.0
    )  # rho = epsilon^2 / 8 with epsilon = 2 / scale
    assert laplace.select_scale(0.2, 1.0) == pytest.approx(10.0)  # epsilon = 2 / scale
    for loss in (0.0, -1.0, math.nan):
        with pytest.raises(ValueError, match="above 0"):
            gauss.noise_scale(loss)
