"""Checks that see a leak. Each passes on the code as it is and fails when a bug is planted (test_planted_bugs.py).

Exact checks (two worlds with one transcript, see replay.py; scores on all small tables) raise no false alarm. Those that
draw noise reject by chance with a probability of at most 2e-8 for each comparison, in all below 1e-6."""

from __future__ import annotations

import ast
import inspect
import itertools
import math
import random
import textwrap
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pytest
from replay import audit, chances
from scipy import stats
from test_noise import check
from testkit import begin, category, put
from worlds import NEIGHBOURS, PEOPLE, WORLD, Row, fit

from duckpaste.codec import make
from duckpaste.db import Db
from duckpaste.privacy import discovery, noise, release, source
from duckpaste.privacy.ledger import Ledger, Release, Run
from duckpaste.privacy.source import Encoded, Source, protect
from duckpaste.schema.view import Table

ALARM = 1e-8
DB = Db.open(settings={"threads": 1})
BOOK = Ledger(None)


def whole_fit(algorithm: str = "mst", table: Callable[[Sequence[Row]], Table] = lambda _: PEOPLE) -> None:
    """A whole fit on neighbours: same releases, same model, exact losses within the ledger's."""
    audit(lambda rows: fit(rows, algorithm, table(rows)), WORLD, NEIGHBOURS)


PAIRS = [(0, 0)] * 3 + [(0, 1)] * 2 + [(1, 0), (1, 1), (1, 2)]
FAR = {("a",): np.array([9.0, 0.0]), ("b",): np.array([0.0, 0.0, 9.0]), ("a", "b"): np.full((2, 3), 0.3)}


def encoded(rows: Sequence[tuple[int, int]], run: Run) -> Encoded:
    """The doors of a table of two columns."""
    columns = list(zip(*rows, strict=True)) if rows else [(), ()]
    relation = put(DB, "pairs", dict(zip("ab", columns, strict=True)), {"a": "utinyint", "b": "utinyint"})
    return Source(DB, protect(DB, relation, "v.t"), run).encode([make(category(n, range(s))) for n, s in
                                                                 (("a", 2), ("b", 3))])  # fmt: skip


def neighbouring_pairs() -> list[list[tuple[int, int]]]:
    """One row less, or one more, wherever it may be."""
    less = [PAIRS[:i] + PAIRS[i + 1 :] for i in range(len(PAIRS))]
    return less + [[*PAIRS, row] for row in itertools.product(range(2), range(3))]


def choices(delta: float) -> None:
    """Probabilities of choices, enumerated on neighbouring tables, stay within the loss that was paid.

    Estimates are too high for some candidates and too low for others, so that one row moves scores both ways, and all
    of the paid loss is reached."""

    def choose(rows: Sequence[tuple[int, int]]) -> list[int]:
        run = begin(2.0, delta, ledger=BOOK)
        doors = encoded(rows, run)
        sets = [("a",), ("b",), ("a", "b")]
        errors = doors.select(sets, FAR, run.loss / 2, "select")
        targets = ["b", "a"], [1.0, 2.0]
        dependent = doors.select(
            [("a", "b")] * 2, FAR, run.loss / 2, "select", targets[1], targets=targets[0]
        )
        return [errors, dependent]

    found = audit(choose, PAIRS, neighbouring_pairs())
    assert found.share > 0.6


def dependence_on_small_tables() -> None:
    """All 2 x 3 tables of at most two rows a cell: one row more moves the score by at most 1, and by nearly that."""
    estimate, most = np.array([5.0, 1.0]), 0.0
    for cells in itertools.product(range(3), repeat=6):
        counts = np.array(cells, dtype=float).reshape(2, 3)
        here = source.dependence(counts, 0, estimate)
        for cell in np.ndindex(2, 3):
            more = counts.copy()
            more[cell] += 1
            moved = abs(source.dependence(more, 0, estimate) - here)
            assert moved <= 1 + 1e-9, f"the score moved by {moved:.3g} in {cells}"
            most = max(most, moved)
    assert most > 0.8


def dependence_of_rare_values() -> None:
    """A value that one person has, beside one that all others have: the worst case of scores by entropies."""
    for n in (10, 1000, 10**6):
        here, there = (source.dependence(np.diag([n, x]), 0, np.array([n, 1.0])) for x in (1.0, 0.0))
        assert abs(here - there) <= 1 + 1e-9, f"the score moved by {abs(here - there):.3g} of {n} rows"


def spread(delta: float) -> None:
    """What was released differs from the exact counts by noise of the ledger's scale: mean square, or mean size."""
    run = begin(1.0, delta, k=3, ledger=BOOK)
    table = release.Protected("t", "v.t", "p", 3, "_weight")
    exact = np.arange(4000) * table.one
    losses = (run.loss / 2, run.loss / 8)
    found = release.release(run, table, [release.Vector(exact, x, "a", "q") for x in losses], "test")
    for (values, sigma), entry in zip(found, run.releases, strict=True):
        drawn = (values - np.arange(4000)) / entry.scale
        law = stats.gamma(4000) if delta == 0 else stats.chi2(4000)
        size = np.abs(drawn).sum() if delta == 0 else (drawn**2).sum()
        assert ALARM < law.cdf(size) < 1 - ALARM, f"{size / 4000:.3g} of what the ledger says"
        assert sigma == pytest.approx(entry.scale * (math.sqrt(2) if delta == 0 else 1))


def frequencies(delta: float) -> None:
    """Choices come as often as the ledger's scale says."""
    run = begin(2.0, delta, ledger=BOOK)
    doors = encoded(PAIRS, run)
    entries: list[Release] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "spend", lambda _, releases: entries.extend(releases))
        loss = 0.5 if delta == 0 else 0.02
        picked = [doors.select([("a",), ("b",), ("a", "b")], FAR, loss, "s") for _ in range(2000)]
    counts = {
        ("a",): np.array([5.0, 3]),
        ("b",): np.array([4.0, 3, 1]),
        ("a", "b"): np.array([[3.0, 2, 0], [1, 1, 1]]),
    }
    exact = np.array([np.abs(counts[c] - FAR[c]).sum() for c in (("a",), ("b",), ("a", "b"))])
    for i, p in enumerate(chances(exact, entries[0].scale, delta == 0)):
        assert stats.binomtest(picked.count(i), len(picked), float(p)).pvalue > ALARM


def lattice(delta: float) -> None:
    """Noise sits on whole numbers, and counts of any size keep their last digit."""
    pure = delta == 0
    counts = np.full(3000, 2**60 + 1, dtype=np.int64)
    noisy = noise.add(counts, 2.5, pure=pure)
    assert noisy.dtype == np.int64, "not on the lattice of counts"
    odd = int(((noisy - counts) % 2).sum())
    assert stats.binomtest(odd, 3000, 0.5).pvalue > ALARM, "half of such noise is odd"


def sampler(delta: float) -> None:
    """No seed has a part in it, it is the discrete distribution, and nothing that draws is named."""

    def drawn() -> list[int]:
        random.seed(1)
        np.random.seed(1)
        return list(noise.add(np.zeros(100, dtype=np.int64), 40.0, pure=delta == 0))

    assert drawn() != drawn(), "the same twice"
    counts = np.arange(8000)
    check(noise.add(counts, 0.6, pure=delta == 0) - counts, 0.6, delta == 0)
    tree = ast.parse(textwrap.dedent(inspect.getsource(noise.add)))
    named = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    assert not named & {"random", "default_rng", "normal", "laplace", "seed"}


def values_of_one() -> None:
    """Values that one person has are told with a probability of at most delta, summed up from the distribution."""
    for scale, delta, k in itertools.product((0.7, 5.0, 40.0), (1e-2, 1e-9), (1, 20)):
        threshold = discovery.value_threshold(scale, delta, k)
        x = np.arange(-int(14 * scale) - 9, int(14 * scale) + 10)
        p = np.exp(-(x.astype(float) ** 2) / (2 * scale**2))
        assert k * p[1 + x > threshold].sum() / p.sum() <= delta


CHECKS: dict[str, Callable[[], None]] = {
    **{f"{f.__name__} {n}": partial(f, d) for f in (choices, spread, frequencies, lattice, sampler)
       for n, d in (("zCDP", 1e-9), ("pure", 0.0))},
    "whole mst": whole_fit, "whole privbayes": partial(whole_fit, "privbayes"),
    "dependence": dependence_on_small_tables, "rare values": dependence_of_rare_values, "values": values_of_one,
}  # fmt: skip
