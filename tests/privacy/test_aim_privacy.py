"""AIM through the real doors: what a choice tells of neighbouring tables, and what whole runs spend."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from test_noise import chances
from testkit import INF, begin, category, fitted, put

from duckpaste.codec import make
from duckpaste.db import Db
from duckpaste.models.aim import AIM
from duckpaste.models.candidates import Candidates, Estimates
from duckpaste.models.pgm import Observation, fit
from duckpaste.models.workload import all_ways
from duckpaste.privacy import noise
from duckpaste.privacy.ledger import Ledger
from duckpaste.privacy.source import Encoded, Source, protect
from duckpaste.schema.view import Table

NAMES = ("a", "b", "c")
FIELDS = tuple(category(n, range(2)) for n in NAMES)
ROWS = [(0, 0, 0), (0, 0, 1), (0, 1, 1), (1, 1, 1), (1, 1, 1)]
CELLS = list(itertools.product((0, 1), repeat=3))
DB = Db.open(settings={"threads": 1})


def encoded(rows: list[tuple[int, ...]], loss: float, pure: bool) -> Encoded:
    """Doors over a table of three binary columns."""
    columns = {n: [row[i] for row in rows] for i, n in enumerate(NAMES)}
    table = put(DB, "tiny", columns, dict.fromkeys(NAMES, "utinyint"))
    codecs = [make(f) for f in FIELDS]
    run = begin(loss if pure else 1.0, 0.0 if pure else 1e-9, ledger=LEDGER, loss=loss)
    return Source(DB, protect(DB, table, "v.tiny"), run).encode(codecs)


LEDGER = Ledger(None)


class Choice:
    """The exact scores of a choice, the noise's scale, and what the ledger says that it cost."""

    def __init__(self, rows: list[tuple[int, ...]], loss: float, pure: bool) -> None:
        doors = encoded(rows, loss, pure)
        domain = doors.domain
        # A public model: something noisy that lies between neighbouring tables in some cells.
        seen = [Observation(("a",), np.array([2.4, 2.6]), np.ones(2)),
                Observation(("b", "c"), np.array([[1.5, 0.7], [0.5, 2.6]]), np.ones((2, 2)))]  # fmt: skip
        model = fit(domain, seen, total=5.0)
        everything = Candidates.of(domain, all_ways(domain, 2), (), 100, 100)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(noise, "noisy_max", self._seen)
            doors.select(everything.cliques, Estimates(model, everything.cliques), loss, "select",
                         weights=everything.weights, penalties=[0.3 * domain.cells(c) for c in everything.cliques])  # fmt: skip
        self.pure = pure
        self.loss = doors.run.releases[-1].loss
        self.weights = np.array(everything.weights)

    def _seen(self, scores: np.ndarray, scale: float, *, pure: bool) -> int:
        self.scores, self.scale = scores, scale
        return 0

    def chances(self, factor: float = 1.0) -> np.ndarray:
        return chances(self.scores, self.scale * factor, self.pure)


def neighbours() -> list[list[tuple[int, ...]]]:
    """The table with one row more, of every kind, and with one row less."""
    return [[*ROWS, row] for row in CELLS] + [ROWS[:i] + ROWS[i + 1 :] for i in range(len(ROWS))]


@pytest.mark.parametrize("pure", [False, True])
@pytest.mark.parametrize("loss", [0.05, 1.0])
def test_choices_on_all_neighbouring_tables_stay_within_the_ledgers_loss(loss: float, pure: bool) -> None:
    here = Choice(ROWS, loss, pure)
    assert 0 < here.loss <= loss
    both_ways = False
    for rows in neighbours():
        there = Choice(rows, loss, pure)
        moved = (there.scores - here.scores) / here.weights
        assert np.abs(moved).max() <= 1 + 1e-9
        both_ways = both_ways or (moved.max() > 0.1 and moved.min() < -0.1)
        p, q = np.log(here.chances()), np.log(there.chances())
        limit = here.loss if pure else math.sqrt(8 * here.loss)
        assert np.abs(p - q).max() <= limit * (1 + 1e-3)
        if not pure:
            for alpha in (1.01, 2.0, 8.0, 50.0):
                for one, other in ((p, q), (q, p)):
                    divergence = math.log(np.exp(alpha * one + (1 - alpha) * other).sum()) / (alpha - 1)
                    assert divergence <= here.loss * alpha * (1 + 1e-9)
    assert both_ways  # scores are not monotone: the shortcut for those would be wrong (bug B1)


@pytest.mark.parametrize("fault", ["taken for monotone", "weights left out"])
def test_too_little_noise_would_be_seen(fault: str) -> None:
    """The enumeration finds half the noise (scores taken for monotone), and a sensitivity of 1 beside weights."""
    here = Choice(ROWS, 0.05, False)
    factor = 0.5 if fault == "taken for monotone" else 1 / float(here.weights.max())
    worst = 0.0
    for rows in neighbours():
        ratio = np.log(here.chances(factor) / Choice(rows, 0.05, False).chances(factor))
        worst = max(worst, float(np.abs(ratio).max()))
    assert worst > math.sqrt(8 * here.loss)


@pytest.mark.parametrize(("epsilon", "delta"), [(1.0, 1e-9), (3.0, 0.0), (INF, 1e-9), (1e-3, 1e-9)])
def test_a_whole_run_spends_what_it_may_and_no_more(epsilon: float, delta: float) -> None:
    rng = np.random.default_rng(0)
    a = rng.integers(0, 4, 500)
    columns = {"a": a, "b": (a + (rng.random(500) < 0.2)) % 4, "c": rng.integers(0, 3, 500)}
    with Db.open(settings={"threads": 1}) as db:
        put(db, "t", columns, dict.fromkeys(columns, "utinyint"))
        table = Table("t", (category("a", range(4)), category("b", range(4)), category("c", range(3))))
        book = Ledger(None)
        model = fitted(db, table, "aim", ledger=book, epsilon=epsilon, delta=delta)
    spent = sum(r.loss for r in model.releases)
    kinds = {r.mechanism for r in model.releases}
    if math.isinf(epsilon):
        assert kinds == {"none"} and spent == 0
        return
    limit = epsilon if delta == 0 else begin(epsilon, delta).loss
    assert 0.999 * limit <= spent <= limit * (1 + 1e-9)
    assert kinds == {"noisy max", "discrete laplace" if delta == 0 else "discrete gaussian"}
    assert {r.stage for r in model.releases} == {"one-way", "select", "rounds"}
    selects = [r for r in model.releases if r.stage == "select"]
    assert all(r.sensitivity >= 1 for r in selects) and AIM().share_select == 0.1
