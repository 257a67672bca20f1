"""A model is put in line with what was released: over imagined rows, by no more than noise allows."""

from __future__ import annotations

import numpy as np
import pytest

from duckpaste.domain import Domain, FloatArray
from duckpaste.models.base import Fitted, Measurement
from duckpaste.models.network import Network, Step
from duckpaste.relational.calibrated import Imagine, calibrated
from duckpaste.relational.imagined import Drawn

ROWS = 40_000.0
EVIDENCE = np.array([0.7, 0.3])


def model(told: FloatArray) -> Network:
    """y given the evidence e."""
    return Network(Domain({"e": 2, "y": 3}), ("e",), [Step("y", ("e",), told)], {}, ROWS)


def imagining(units: int = 20_000) -> Imagine:
    """Rows whose evidence has the shares EVIDENCE exactly, each a unit of its own."""
    e = np.repeat([0, 1], np.rint(EVIDENCE * units).astype(int))

    def imagine(network: Network) -> Drawn:
        own = network.sample(units, np.random.default_rng(5), {"e": e})
        return Drawn(own, {"e": e}, {}, {}, np.ones(units), float(units))

    return imagine


def shares(network: Network) -> FloatArray:
    """The shares of e and y that a network has where e has EVIDENCE."""
    told = network.steps[0].counts / network.steps[0].counts.sum(axis=-1, keepdims=True)
    return EVIDENCE[:, None] * told


def measured(joint: FloatArray, sigma: float) -> list[Measurement]:
    """A release of y and of e with y."""
    return [
        Measurement(("y",), joint.sum(axis=0) * ROWS, sigma),
        Measurement(("e", "y"), joint * ROWS, sigma),
    ]


TRUE = np.array([[0.42, 0.21, 0.07], [0.03, 0.12, 0.15]])  # sums to EVIDENCE over y


def test_columns_and_pairs_get_their_released_shares() -> None:
    wrong = Fitted(model(np.array([[0.5, 0.35, 0.15], [0.14, 0.36, 0.5]])))
    found = calibrated(wrong, measured(TRUE, 1.0), imagining())
    assert np.abs(shares(wrong.network) - TRUE).sum() > 0.15
    assert np.abs(shares(found.network) - TRUE).sum() < 0.02


def test_what_noise_may_have_made_is_not_followed() -> None:
    """A release whose noise is as large as the distance leaves the model as it is."""
    right = Fitted(model(TRUE.copy()))
    rng = np.random.default_rng(1)
    for _ in range(5):
        noisy = [
            Measurement(m.clique, m.values + rng.normal(0, 2_000, m.values.shape), 4_000.0)
            for m in measured(TRUE, 1.0)
        ]
        found = calibrated(right, noisy, imagining())
        np.testing.assert_allclose(shares(found.network), TRUE)


def test_evidence_that_errs_does_not_move_the_column() -> None:
    """The released pair has other shares of the evidence than imagined rows: y keeps its own, and how y goes with e."""
    other = TRUE / TRUE.sum(axis=1, keepdims=True) * np.array([[0.55], [0.45]])
    made = Fitted(model(other.copy()))
    alone = Measurement(("y",), other.sum(axis=0) * ROWS, 1.0)
    found = calibrated(made, [alone, Measurement(("e", "y"), other * ROWS, 1.0)], imagining())
    before, after = shares(made.network).sum(axis=0), shares(found.network).sum(axis=0)
    assert np.abs(before - other.sum(axis=0)).sum() > 0.1
    np.testing.assert_allclose(after, other.sum(axis=0), atol=0.01)


def test_what_evidence_decides_stays_decided() -> None:
    """y is e but for one row in 500; imagined rows have other shares of e than the release, and y would have to break
    with e to have its own."""
    decided = np.array([[0.998, 0.002, 0.0], [0.0, 0.002, 0.998]])
    made = Fitted(model(decided.copy()))
    other = decided * np.array([[0.6], [0.4]])
    found = calibrated(made, measured(other, 1.0), imagining())
    told = shares(found.network) / EVIDENCE[:, None]
    np.testing.assert_allclose(told, decided, atol=0.002)


@pytest.mark.parametrize("length", [8, 40])
def test_errors_that_add_up_along_a_sequence_are_taken_back(length: int) -> None:
    """x stays what it was with .9 (code 0) or .8: two thirds are 0. A model that stays at 0 with .93 only has three
    quarters of them, and the longer the sequence, the more."""
    parents = 2_000

    def imagine(network: Network) -> Drawn:
        rng = np.random.default_rng(3)
        x, lag = np.zeros((parents, length), dtype=np.int64), np.full((parents, length), 2)
        for p in range(length):
            if p:
                lag[:, p] = x[:, p - 1]
            x[:, p] = network.sample(parents, rng, {"t@1.x": lag[:, p]})["x"]
        return Drawn(
            {"x": x.ravel()}, {}, {"t@1.x": lag.ravel()}, {"t@1.x": "x"}, np.ones(x.size), float(parents)
        )

    steps = [Step("x", ("t@1.x",), np.array([[0.93, 0.07], [0.2, 0.8], [2 / 3, 1 / 3]]))]
    made = Fitted(Network(Domain({"t@1.x": 3, "x": 2}), ("t@1.x",), steps, {}, ROWS))
    released = [Measurement(("x",), np.array([2 / 3, 1 / 3]) * ROWS, 1.0)]
    off = [
        abs(float((imagine(f.network).own["x"] == 0).mean()) - 2 / 3)
        for f in (made, calibrated(made, released, imagine))
    ]
    assert off[0] > 0.03 and off[1] < off[0] / 2


def test_nothing_is_done_without_rows_or_without_a_release() -> None:
    made = Fitted(model(TRUE.copy()))
    none = Drawn({}, {}, {}, {}, np.zeros(0), 0.0)
    assert calibrated(made, measured(TRUE, 1.0), lambda _: none) is made
    kept = calibrated(made, [], imagining()).network.steps[0].counts
    np.testing.assert_array_equal(kept, TRUE)
