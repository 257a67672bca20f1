"""A number of children keeps its own distribution, and how parents tell it apart."""

from __future__ import annotations

import numpy as np
import pytest

from duckpaste.domain import Domain
from duckpaste.models.network import Expansion, Network, Step
from duckpaste.relational.counts import raked

SHARES = np.array([0.4, 0.3, 0.2, 0.1])


def network(counts: np.ndarray, expansions: dict[str, Expansion] | None = None) -> Network:
    domain = Domain({"p": counts.shape[0], "n": counts.shape[1]})
    return Network(domain, ("p",), [Step("n", ("p",), counts)], expansions or {}, float(counts.sum()))


def test_shares_and_parents_hold() -> None:
    counts = np.random.default_rng(1).random((5, 4)) * 100
    step = raked(network(counts), "n", SHARES).steps[0]
    np.testing.assert_allclose(step.counts.sum(axis=0) / counts.sum(), SHARES, atol=1e-5)
    np.testing.assert_allclose(step.counts.sum(axis=1), counts.sum(axis=1), rtol=1e-9)

    # Odds ratios, which are what a parent says of the number, stay.
    def odds(c: np.ndarray) -> np.ndarray:
        return c[1:, 1:] * c[0, 0] / (c[1:, :1] * c[:1, 1:])

    np.testing.assert_allclose(odds(step.counts), odds(counts), rtol=1e-3)


def test_what_holds_already_stays() -> None:
    counts = np.outer([10.0, 30.0], SHARES)
    np.testing.assert_allclose(raked(network(counts), "n", SHARES).steps[0].counts, counts, rtol=1e-5)


def test_a_lost_number_comes_back_and_an_empty_parent_draws_from_the_whole() -> None:
    counts = np.array([[5.0, 5.0, 0.0, 5.0], [0.0, 0.0, 0.0, 0.0]])
    found = raked(network(counts), "n", SHARES).steps[0].counts
    np.testing.assert_allclose(found[0] / found[0].sum(), SHARES, atol=1e-4)
    np.testing.assert_allclose(found[1], SHARES)


@pytest.mark.parametrize("total", [0.0, 1e9])
def test_merged_codes(total: float) -> None:
    """Codes 2 and 3 share one place; the expansion takes their shares."""
    expansion = Expansion(np.array([0, 1, 2, 2]), np.ones(4))
    made = raked(network(np.full((2, 3), total), {"n": expansion}), "n", SHARES)
    rng = np.random.default_rng(2)
    drawn = made.sample(20_000, rng, {"p": np.zeros(20_000, dtype=np.int64)})["n"]
    np.testing.assert_allclose(np.bincount(drawn) / 20_000, SHARES, atol=0.02)
