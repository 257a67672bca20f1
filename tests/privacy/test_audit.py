"""A two-world smoke audit, white box: it finds broken code (no noise, a leaking domain, an exact n), and certifies
no epsilon.

World A is a table, world B the same and one canary of rare values. The observables are the strongest that are
really released: the noisy count of the canary's cell, the sum of all cells, whether a value only the canary has was
told. A threshold is fixed on the first half of the runs; on the second half errors have Clopper-Pearson bounds at
1e-8, so that an honest mechanism fails in fewer than one run in a million."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy import stats
from testkit import begin, category, put

from duckpaste.codec import make
from duckpaste.codec.base import WantValues
from duckpaste.db import Db
from duckpaste.privacy import discovery, noise, release
from duckpaste.privacy.accountant import Guarantee
from duckpaste.privacy.ledger import Release, Run
from duckpaste.privacy.source import Encoded, Source, protect

EPSILON, DELTA = 1.0, 1e-9
RUNS = 160  # a world; the ceiling for a perfect attack is ln(0.79 / 0.21) = 1.3
ALARM = 1e-8


@cache
def world(canary: bool) -> tuple[Db, Source]:
    """300 people of two towns, each once; the canary has a rare town and a job of its own."""
    db = Db.open(settings={"threads": 1})
    people: list[tuple[Any, ...]] = [(i, "ab"[i % 2], i % 3, "clerk") for i in range(300)]
    if canary:
        people.append((999, "z", 9, "lion tamer"))
    relation = put(db, "t", dict(zip(("p", "town", "floor", "job"), zip(*people, strict=True), strict=True)))
    table = protect(db, relation, "v.t", unit="p", k=1)
    db.rows_sql = cache(db.rows_sql)  # type: ignore[method-assign] # exact counts are the same in every run
    return db, Source(db, table, begin(EPSILON, DELTA))


@cache
def encoded(canary: bool) -> Encoded:
    _, source = world(canary)
    return source.encode([make(category("town", list("abz"))), make(category("floor", range(10)))])


class QuickRun(Run):
    """Spends without writing: the ledger has tests of its own."""

    def spend(self, releases: Sequence[Release]) -> None:
        self.spent += sum(r.loss for r in releases)
        assert self.spent <= self.loss * (1 + 1e-9)


@cache
def loss() -> float:
    return Guarantee(EPSILON, DELTA).loss(1e-10)


def observe(canary: bool, observable: int) -> float:
    """One run that spends all of epsilon 1: half on values, half on a marginal; one of the three observables."""
    db, source = world(canary)
    run = QuickRun(source.run.ledger, "r", "p", 1, Guarantee(EPSILON, DELTA), loss())
    if observable == 2:
        mine = Source(db, source.table, run)
        (values,) = mine.discover([WantValues("job", '"job"')], [run.loss / 2], [1e-10], "discover")
        return float("lion tamer" in values)
    door = encoded(canary)
    here = Encoded(db, door.table, run, door.domain, door._counter, run.loss / 2)
    (found,) = here.measure([("town", "floor")], [run.loss / 2], "pairs")
    return float(found.values[2, 9] if observable == 0 else found.values.sum())


def epsilon_bound(a: np.ndarray, b: np.ndarray) -> float:
    """Largest epsilon that the attack `score > threshold` (or <) proves."""
    best = 0.0
    for sign in (1, -1):
        x, y = sign * a, sign * b
        half = len(x) // 2
        options = np.unique(np.concatenate([x[:half], y[:half]]))
        cuts = (options[1:] + options[:-1]) / 2 if len(options) > 1 else options
        cut = max(cuts, key=lambda c: (y[:half] > c).mean() - (x[:half] > c).mean())
        fpr, fnr = (_upper(int(errors.sum()), errors.size) for errors in (x[half:] > cut, y[half:] <= cut))
        for first, second in ((fpr, fnr), (fnr, fpr)):
            if 1 - DELTA - second > 0:
                best = max(best, math.log((1 - DELTA - second) / first))
    return best


def _upper(errors: int, runs: int) -> float:
    return 1.0 if errors == runs else float(stats.beta.ppf(1 - ALARM, errors + 1, runs - errors))


def audited(observable: int) -> float:
    """The epsilon that the attack on one observable proves."""
    return epsilon_bound(
        *(np.array([observe(canary, observable) for _ in range(RUNS)]) for canary in (False, True))
    )


@pytest.mark.parametrize("observable", [0, 1, 2], ids=["cell", "sum", "value"])
def test_nothing_is_found(observable: int) -> None:
    assert audited(observable) <= EPSILON


def identity(counts: np.ndarray, scale: float, *, pure: bool) -> np.ndarray:
    return counts


def faint(
    counts: np.ndarray, scale: float, *, pure: bool, _add: Callable[..., Any] = noise.add
) -> np.ndarray:
    """A loss passed as the standard deviation (B2)."""
    return _add(counts, 0.0150 * release.ONE, pure=pure)


def exact_sum(
    counts: np.ndarray, scale: float, *, pure: bool, _add: Callable[..., Any] = noise.add
) -> np.ndarray:
    """Noise on the cells, but the exact number of rows kept (B8)."""
    noisy = _add(counts, scale, pure=pure)
    noisy[0] += counts.sum() - noisy.sum()
    return noisy


@pytest.mark.parametrize(
    ("target", "name", "fault", "observable"),
    [
        (noise, "add", identity, 0),
        (noise, "add", faint, 0),
        (noise, "add", exact_sum, 1),
        (discovery, "value_threshold", lambda sigma, delta, k: -1e9, 2),  # every value present is told (B7)
    ],
    ids=["no noise", "a loss for a scale", "exact n", "domain leak"],
)
def test_planted_faults_are_found(
    target: object, name: str, fault: object, observable: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(target, name, fault)
    assert audited(observable) > EPSILON
