"""Noise has the distribution that the ledger says, sits on every cell, and is never the same twice.

Each check rejects by chance with a probability of at most 2e-8, so a test of at most 40 checks with less than 1e-6."""

from __future__ import annotations

import ast
import math
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replay import chances
from scipy import stats
from scipy.special import logsumexp
from testkit import INF, begin, put

import duckpaste
from duckpaste.codec import make
from duckpaste.db import Db
from duckpaste.privacy import noise
from duckpaste.privacy.accountant import Accountant
from duckpaste.privacy.ledger import Ledger
from duckpaste.privacy.release import ONE, Protected, Vector, release, release_scores
from duckpaste.privacy.source import Source, protect
from duckpaste.schema.view import Field

ALARM = 1e-8


def masses(scale: float, pure: bool) -> tuple[np.ndarray, np.ndarray]:
    """The discrete distributions by their definition: values, and their probabilities."""
    far = int((40 if pure else 12) * scale + 20)
    x = np.arange(-far, far + 1)
    p = np.exp(-np.abs(x) / scale) if pure else np.exp(-(x.astype(float) ** 2) / (2 * scale**2))
    return x, p / p.sum()


def check(drawn: np.ndarray, scale: float, pure: bool) -> None:
    """Frequencies of values near 0, both tails, and the variance."""
    assert drawn.dtype == np.int64
    if scale > 1e4:  # so fine a lattice that it can't be told from the continuous distribution
        assert (drawn % 1000 != 0).any()
        law = stats.laplace(scale=scale) if pure else stats.norm(scale=scale)
        assert stats.kstest(drawn, law.cdf).pvalue > ALARM
        return
    x, p = masses(scale, pure)
    near = [v for v in range(-3, 4) if p[x == v] > 0]
    far = int(3 * scale)
    for found, expected in [
        *(((drawn == v).sum(), p[x == v].sum()) for v in near),
        ((drawn > far).sum(), p[x > far].sum()),
        ((drawn < -far).sum(), p[x < -far].sum()),
        ((drawn % 2 == 0).sum(), p[x % 2 == 0].sum()),
    ]:
        assert stats.binomtest(int(found), drawn.size, min(1.0, float(expected))).pvalue > ALARM
    variance, fourth = (p * x**2).sum(), (p * x.astype(float) ** 4).sum()
    z = (np.mean(drawn.astype(float) ** 2) - variance) / math.sqrt((fourth - variance**2) / drawn.size)
    assert abs(z) < 5.6  # 2e-8 for a normal; the mean of thousands of squares is near one


@pytest.mark.parametrize("pure", [False, True])
@pytest.mark.parametrize("scale", [0.6, 3.0, 40.0])
def test_distribution(scale: float, pure: bool) -> None:
    counts = np.arange(8000)
    check(noise.add(counts, scale, pure=pure) - counts, scale, pure)


def test_shape_and_large_counts() -> None:
    counts = np.full((3, 4, 5), 2**60, dtype=np.int64)
    noisy = noise.add(counts, 10.0, pure=False)
    assert noisy.shape == counts.shape and noisy.dtype == np.int64
    assert 0 < np.abs(noisy - counts).max() < 200  # exact far beyond 2^53: whole counts go in


@given(st.floats(1e-6, 100), st.integers(1, 50), st.booleans(), st.booleans())
@settings(max_examples=100, deadline=None)
def test_proved_losses_are_those_asked_and_no_more(loss: float, k: int, pure: bool, weighted: bool) -> None:
    one = ONE if weighted else 1
    scale = Accountant(pure, float(k)).noise_scale(loss) * (1 + 1e-9)
    proved = noise.proved_loss(scale * one, k * one, pure=pure)
    assert loss * (1 - 1e-8) <= proved <= loss
    exact = k / scale if pure else k**2 / (2 * scale**2)
    assert proved == pytest.approx(exact, rel=1e-12)


# -- releases


@pytest.mark.parametrize("pure", [False, True])
@pytest.mark.parametrize(("k", "unit"), [(1, None), (4, "p")])
def test_a_releases_noise_is_what_the_ledger_says(pure: bool, k: int, unit: str | None) -> None:
    ledger = Ledger(None)
    run = begin(1.0, 0.0 if pure else 1e-9, k=k, ledger=ledger)
    table = Protected("t", "v.t", unit, k, None if unit is None else "_weight")
    exact = np.zeros((80, 100), dtype=np.int64)
    exact[7, 9] = 1000 * table.one
    (values, sigma), (again, _) = release(run, table, [Vector(exact, run.loss / 4, "a, b", "q")] * 2, "test")
    drawn = np.rint((values - exact / table.one) * table.one).astype(np.int64)
    assert np.array_equal(values * table.one, np.rint(values * table.one)), "a lattice of whole units"
    for scale, mechanism, cells, sensitivity, rho, epsilon in ledger.db.rows_sql(
        "t", "select scale, mechanism, cells, sensitivity, rho, epsilon from releases"
    ):
        check(drawn.ravel(), scale * table.one, pure)
        assert (mechanism, cells, sensitivity) == (
            "discrete laplace" if pure else "discrete gaussian",
            8000,
            k,
        )
        assert epsilon == (pytest.approx(run.loss / 4) if pure else None)
        assert rho == pytest.approx(run.loss**2 / 32 if pure else run.loss / 4)
        assert sigma == pytest.approx(scale * (math.sqrt(2) if pure else 1))
    assert not np.array_equal(values, again)


@pytest.mark.parametrize("delta", [1e-9, 0.0])
def test_every_cell_of_the_declared_domain_gets_noise(delta: float) -> None:
    """All 10,000 cells but one are empty; they come out non-zero with the probability of the mechanism."""
    run = begin(1.0, delta)
    with Db.open() as db:
        relation = put(db, "t", {"a": [3] * 50, "b": [5] * 50})
        codecs = [make(Field(n, "categorical", options={"values": list(range(100))})) for n in "ab"]
        encoded = Source(db, protect(db, relation, "v.t"), run).encode(codecs)
        loss = run.loss * (0.9 if delta == 0 else 0.99)
        (found,) = encoded.measure([("a", "b")], [loss], "pairs")
    scale = Accountant(delta == 0, 1.0).noise_scale(loss)
    x, p = masses(scale, delta == 0)
    empty = np.delete(found.values.ravel(), 305)
    assert found.values.shape == (100, 100)
    assert stats.binomtest(int((empty != 0).sum()), empty.size, 1 - float(p[x == 0][0])).pvalue > ALARM
    check(empty.astype(np.int64), scale, delta == 0)


def test_two_runs_differ_whatever_is_seeded() -> None:
    """The chance of two equal vectors of 400 cells at sigma 40 is below 1e-600."""

    def drawn() -> list[int]:
        random.seed(1)
        np.random.seed(1)
        return noise.add(np.zeros(400, dtype=np.int64), 40.0, pure=False).tolist()

    code = (
        "import numpy as np; np.random.seed(1); from duckpaste.privacy import noise;"
        "print(noise.add(np.zeros(400, dtype=np.int64), 40.0, pure=False).tolist())"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert drawn() != drawn() and drawn() != ast.literal_eval(other.stdout)


def test_nothing_of_the_privacy_line_can_draw_by_itself() -> None:
    """Only OpenDP draws: no module here names another source of randomness (a run's id is a random UUID)."""
    for path in (Path(duckpaste.__file__).parent / "privacy").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.attr] if isinstance(node, ast.Attribute) else []
            if isinstance(node, ast.Import | ast.ImportFrom):
                names += [a.name for a in node.names]
            assert not {"random", "secrets", "default_rng", "SeedSequence", "seed"} & set(names), path.name


def test_no_noise_at_epsilon_inf_and_only_there() -> None:
    vector = Vector(np.arange(5), INF, "a", "q")
    ((values, sigma),) = release(begin(INF), Protected("t", "v.t"), [vector], "test")
    assert values.tolist() == [0, 1, 2, 3, 4] and sigma == 0.0
    with pytest.raises(duckpaste.BudgetError, match="can't release without noise"):
        release(begin(1.0), Protected("t", "v.t"), [vector], "test")


# -- noisy max


@pytest.mark.parametrize("pure", [False, True])
def test_choices_come_as_often_as_proved(pure: bool) -> None:
    scores, scale, draws = np.array([0.0, 2.5, 1.0, 6.0]), 2.0, 3000
    picked = np.bincount([noise.noisy_max(scores, scale, pure=pure) for _ in range(draws)], minlength=4)
    for found, p in zip(picked, chances(scores, scale, pure), strict=True):
        assert stats.binomtest(int(found), draws, float(p)).pvalue > ALARM


@given(
    st.lists(st.floats(-20, 20), min_size=2, max_size=5),
    st.integers(0, 2**32 - 1),
    st.floats(0.05, 3),
    st.booleans(),
)
@settings(max_examples=25, deadline=None)
def test_choices_on_neighbouring_scores_stay_within_the_proved_loss(
    scores: list[float], seed: int, loss: float, pure: bool
) -> None:
    """Scores move by up to the sensitivity, each in either direction; the whole table of log ratios is known."""
    sensitivity = 4.0
    scale = noise.select_scale_for(Accountant(pure, sensitivity).select_scale(loss, sensitivity))
    proved = noise.proved_select_loss(scale, sensitivity, pure=pure)
    assert proved <= loss
    here = np.array(scores)
    moves = np.random.default_rng(seed).uniform(-sensitivity, sensitivity, (4, len(here)))
    worst = np.sign(moves) * sensitivity
    epsilon = loss if pure else math.sqrt(8 * loss)
    for there in (*(here + moves), *(here + worst)):
        ratio = np.abs(np.log(chances(here, scale, pure) / chances(there, scale, pure)))
        assert ratio.max() <= epsilon * (1 + 1e-3)
        if not pure:  # rho-zCDP itself: the Renyi divergence at several orders
            p, q = (np.log(chances(s, scale, pure)) for s in (here, there))
            for alpha in (1.01, 2.0, 8.0, 50.0):
                divergence = float(logsumexp(alpha * p + (1 - alpha) * q)) / (alpha - 1)
                assert divergence <= loss * alpha * (1 + 1e-9) + 1e-12


def test_a_bound_too_small_by_two_would_be_seen() -> None:
    """The enumeration finds the fault of taking scores that move both ways for monotone ones."""
    scale = Accountant(False, 1.0).select_scale(0.125, 1.0) / 2
    p, q = (chances(np.array(s), scale, False) for s in ([0.0, 0.0], [1.0, -1.0]))
    assert np.abs(np.log(p / q)).max() > math.sqrt(8 * 0.125)


@pytest.mark.parametrize("pure", [False, True])
def test_errors_have_the_noise_and_the_loss_that_the_ledger_says(pure: bool) -> None:
    """Many errors at once: their empirical sd is the one that is told, and the proved loss is within what was asked."""
    run = begin(1.0, 0.0 if pure else 1e-9)
    many, loss = 2000, run.loss / 4
    exact = np.full(many, 1000 * ONE, dtype=np.int64)
    noisy, sigma = release_scores(run, Protected("t", "v.t"), exact, loss, "select", "query")
    (entry,) = run.releases
    assert loss * (1 - 1e-6) < entry.loss <= loss * (1 + 1e-7)
    assert entry.sensitivity == pytest.approx(many if pure else math.sqrt(many), rel=1e-8)
    assert sigma == pytest.approx(entry.scale * (math.sqrt(2) if pure else 1), rel=1e-8)
    assert sigma == pytest.approx(
        Accountant(pure).sigma(loss) * (many if pure else math.sqrt(many)), rel=1e-8
    )
    off = (noisy - 1000) / sigma
    # The sd of an empirical sd: 1 / sqrt(2 n) for normal noise, sqrt(5 / 4n) for Laplace; 6 of them pass 1e-8 at times.
    assert abs(off.std() - 1) < 6 * math.sqrt((1.25 if pure else 0.5) / many)
    assert abs(off.mean()) < 6 / math.sqrt(many)
    assert (np.abs(noisy * ONE - np.rint(noisy * ONE)) == 0).all(), "noise is on integers"


def test_errors_without_noise_are_told_as_such() -> None:
    run = begin(INF)
    noisy, sigma = release_scores(run, Protected("t", "v.t"), np.array([3 * ONE]), INF, "select", "query")
    assert noisy.tolist() == [3.0] and sigma == 0.0 and run.releases[0].mechanism == "none"
