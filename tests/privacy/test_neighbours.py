"""Whatever a unit is and has, taking it away moves no released vector by more than the ledger's sensitivity.

Noise is replaced by nothing: what is compared are the exact vectors and scores that reached it, which no other test
and no user may see. Sensitivities must be reached somewhere, or they would be vacuous."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from testkit import Seen, begin, category, number, patched, put

from duckpaste import sql
from duckpaste.codec import make
from duckpaste.codec.base import WantBounds, WantHistogram, WantValues
from duckpaste.db import Db
from duckpaste.domain import Clique
from duckpaste.privacy.ledger import Ledger
from duckpaste.privacy.release import ONE
from duckpaste.privacy.source import Encoded, Source, protect

DB = Db.open(settings={"threads": 1})
LEDGER = Ledger(None)
Row = tuple[Any, int, int, str]  # unit, a, b, name


@dataclass(frozen=True)
class Setting:
    """How units are bounded; `unit` None means that each row is one."""

    unit: str | None = None
    k: int = 1
    bound: str = "weights"

    @property
    def one(self) -> int:
        return 1 if self.unit is None else ONE


def opened(rows: list[Row], setting: Setting, pure: bool = False) -> Source:
    columns = list(zip(*rows, strict=True)) if rows else [(), (), (), ()]
    names = dict(zip(("p", "a", "b", "name"), columns, strict=True))
    types = {"p": "bigint", "a": "utinyint", "b": "integer", "name": "varchar"}
    relation = put(DB, "t", names, types)
    table = protect(
        DB, relation, "v.t", unit=setting.unit, k=setting.k, bound=setting.bound, order_by=["a", "b", "name"]
    )
    return Source(DB, table, begin(1.0, 0.0 if pure else 1e-9, k=table.k, ledger=LEDGER))


def neighbours(rows: list[Row], unit: str | None) -> list[list[Row]]:
    """The table without each of its units in turn; without up to four of its rows where each row is a unit."""
    if unit is None:
        return [rows[:i] + rows[i + 1 :] for i in range(0, len(rows), max(1, len(rows) // 4))]
    return [[r for r in rows if r[0] != u] for u in {r[0] for r in rows} if u is not None]


def distance(a: np.ndarray, b: np.ndarray, one: int) -> tuple[float, float]:
    """L1 and L2, in rows."""
    d = (a.astype(float) - b) / one
    return float(np.abs(d).sum()), float(np.sqrt((d**2).sum()))


CLIQUES = [("a",), ("b",), ("name",), ("a", "b"), ("a", "b", "name")]
CODECS = [
    category("a", range(3)),
    number("b", -20, 20, "INTEGER", bins=41),
    category("name", ["x", "y"], unknown="?"),
]


def measured(
    rows: list[Row], setting: Setting, pure: bool, seen: Seen
) -> tuple[list[np.ndarray], list[float]]:
    source = opened(rows, setting, pure)
    encoded = source.encode([make(f) for f in CODECS])
    seen.vectors.clear()
    for clique in CLIQUES:
        encoded.measure([clique], [source.run.loss / 20], "test")
    halves = np.arange(encoded.domain["b"]) // 2
    encoded.recoded({"b": halves}, CLIQUES[:2]).measure([("a", "b")], [source.run.loss / 20], "test")
    encoded.derived({"half": ("b", halves)}).measure([("a", "half")], [source.run.loss / 20], "test")
    return list(seen.vectors), [r.sensitivity for r in source.run.releases]


def histograms(
    rows: list[Row], setting: Setting, pure: bool, seen: Seen
) -> tuple[list[np.ndarray], list[float]]:
    source = opened(rows, setting, pure)
    seen.vectors.clear()
    wants = [
        WantHistogram("a", '"a"::INTEGER', 3), WantBounds("b", '"b"::BIGINT', True),
        WantBounds("c", '"b"::DOUBLE / 3', False), WantHistogram("d", 'case when "a" = 1 then 0 end', 2),
    ]  # fmt: skip
    for want in wants:
        source.discover([want], [source.run.loss / 10], [0.0], "discover")
    return list(seen.vectors), [r.sensitivity for r in source.run.releases]


def estimated(
    rows: list[Row], setting: Setting, pure: bool, far: float
) -> tuple[Source, Encoded, dict[Clique, np.ndarray]]:
    """Doors, and estimates of the cliques that are neither counts nor multiples of 1/ONE."""
    source = opened(rows, setting, pure)
    encoded = source.encode([make(f) for f in CODECS])
    rng = np.random.default_rng(7)
    return source, encoded, {c: rng.uniform(0, far, encoded.domain.shape(c)) for c in CLIQUES}


def scored(
    rows: list[Row], setting: Setting, pure: bool, seen: Seen, far: float = 3.0
) -> tuple[list[np.ndarray], list[float]]:
    """Scores of several selections, with weights and penalties."""
    source, encoded, estimates = estimated(rows, setting, pure, far)
    seen.scores.clear()
    for weights, penalties in ((None, None), ([0.5, 1.0, 0.2, 2.5, 0.1], [1.0, -3.0, 0.0, 2.0, 9.0])):
        encoded.select(CLIQUES, estimates, source.run.loss / 10, "select", weights, penalties)
    # The other score: how much a target depends on the rest of its clique, against a public share of it.
    triples, targets = [("a", "b"), ("a", "b", "name"), ("a", "b")], ["a", "name", "b"]
    encoded.select(triples, estimates, source.run.loss / 10, "select", [1.0, 0.5, 3.0], targets=targets)
    return list(seen.scores), [r.sensitivity for r in source.run.releases]


def appraised(
    rows: list[Row], setting: Setting, pure: bool, seen: Seen, far: float = 3.0
) -> tuple[list[np.ndarray], list[float]]:
    """The vectors of errors that met the noise, in units of 1/ONE."""
    source, encoded, estimates = estimated(rows, setting, pure, far)
    seen.vectors.clear()
    for cliques in (CLIQUES, CLIQUES[:1], CLIQUES[3:]):
        encoded.errors(cliques, estimates, source.run.loss / 10, "select")
    return list(seen.vectors), [r.sensitivity for r in source.run.releases]


Door = Callable[[list[Row], Setting, bool, Seen], tuple[list[np.ndarray], list[float]]]


@st.composite
def tables(draw: st.DrawFn) -> list[Row]:
    """Few units: some with one row, some with many, some rows of none."""
    units = st.one_of(st.none(), st.integers(0, 3))
    row = st.tuples(units, st.integers(0, 2), st.integers(-30, 30), st.sampled_from(["x", "y", "other"]))
    rows = draw(st.lists(row, max_size=8))
    heavy = draw(st.integers(0, 25))
    return rows + [(3, i % 3, i, "x") for i in range(heavy)]


SETTINGS = st.one_of(
    st.just(Setting()),
    st.builds(Setting, st.just("p"), st.integers(1, 5), st.sampled_from(["weights", "rows"])),
)


@pytest.mark.parametrize("door", [measured, histograms], ids=["measure", "histogram and bounds"])
@given(rows=tables(), setting=SETTINGS, pure=st.booleans())
@settings(max_examples=6, deadline=None)
def test_vectors(door: Door, rows: list[Row], setting: Setting, pure: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        seen = patched(patch)
        here, sensitivities = door(rows, setting, pure, seen)
        assert set(sensitivities) == {float(setting.k)}
        for other in neighbours(rows, setting.unit):
            there, same = door(other, setting, pure, seen)
            assert same == sensitivities, "a sensitivity is public: it depends on no row"
            for a, b, sensitivity in zip(here, there, sensitivities, strict=True):
                assert a.shape == b.shape, "so is the shape"
                l1, l2 = distance(a, b, setting.one)
                assert l1 <= sensitivity and l2 <= sensitivity


@given(rows=tables(), setting=SETTINGS, pure=st.booleans())
@settings(max_examples=6, deadline=None)
def test_scores(rows: list[Row], setting: Setting, pure: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        seen = patched(patch)
        here, sensitivities = scored(rows, setting, pure, seen)
        assert sensitivities == [setting.k, 2.5 * setting.k, 3.0 * setting.k]
        for other in neighbours(rows, setting.unit):
            there, _ = scored(other, setting, pure, seen)
            for a, b, sensitivity in zip(here, there, sensitivities, strict=True):
                assert np.abs(a - b).max() <= sensitivity * (1 + 1e-12)


@given(rows=tables(), setting=SETTINGS, pure=st.booleans())
@settings(max_examples=6, deadline=None)
def test_errors(rows: list[Row], setting: Setting, pure: bool) -> None:
    """Each error moves by at most k, exactly: they are integers; so m of them by m k, or sqrt(m) k in L2."""
    with pytest.MonkeyPatch.context() as patch:
        seen = patched(patch)
        here, sensitivities = appraised(rows, setting, pure, seen)
        for a, sensitivity in zip(here, sensitivities, strict=True):
            assert a.dtype == np.int64
            spread = a.size if pure else math.sqrt(a.size)
            assert setting.k * spread <= sensitivity <= setting.k * spread * (1 + 1e-8)
        for other in neighbours(rows, setting.unit):
            there, _ = appraised(other, setting, pure, seen)
            for a, b, sensitivity in zip(here, there, sensitivities, strict=True):
                l1, l2 = distance(a, b, ONE)
                assert np.abs(a - b).max() <= setting.k * ONE
                assert (l1 if pure else l2) <= sensitivity


@pytest.mark.parametrize("pure", [False, True])
def test_the_sensitivity_of_errors_is_reached(pure: bool, seen: Seen) -> None:
    """All errors move by k in the same direction where the estimates are far too low."""
    rows: list[Row] = [(1, 0, 5, "x")] * 3 + [(2, 1, 6, "y")]
    (here, sensitivities), (there, _) = (
        appraised(r, Setting("p", 3), pure, seen, far=0.0) for r in (rows, rows[3:])
    )
    for a, b, sensitivity in zip(here, there, sensitivities, strict=True):
        l1, l2 = distance(a, b, ONE)
        assert math.isclose(l1 if pure else l2, sensitivity, rel_tol=1e-8)


@pytest.mark.parametrize("bound", ["weights", "rows"])
@pytest.mark.parametrize("k", [1, 4])
def test_sensitivities_are_reached(k: int, bound: str, seen: Seen) -> None:
    """A unit of exactly k equal rows moves one cell by k, and the score of a clique that is far off by k."""
    rows: list[Row] = [(1, 0, 5, "x")] * k + [(2, 1, 6, "y")]
    setting = Setting("p", k, bound)
    for door in (measured, histograms):
        (here, _), (there, _) = (door(r, setting, False, seen) for r in (rows, rows[k:]))
        for a, b in zip(here[:3], there[:3], strict=True):
            assert distance(a, b, ONE) == (k, k)
    (here, sensitivities), (there, _) = (scored(r, setting, False, seen, far=0.0) for r in (rows, rows[k:]))
    for a, b, sensitivity in zip(here, there, sensitivities, strict=True):
        # The share of a target that is never certain keeps its score a little below.
        assert 0.5 * sensitivity < np.abs(a - b).max() <= sensitivity


@pytest.mark.parametrize("bound", ["weights", "rows"])
def test_one_unit_of_a_hundred_times_the_median_rows(bound: str, seen: Seen) -> None:
    """No measured count moves by more than k, nor all of them together; with weights no row is lost either."""
    rows: list[Row] = [(u, u % 3, u % 7, "x") for u in range(30) for _ in range(2)]
    giant: list[Row] = [(99, i % 3, i % 20, "y") for i in range(200)]
    setting = Setting("p", 2, bound)
    (here, _), (there, _) = (measured(r, setting, False, seen) for r in (rows + giant, rows))
    for a, b in zip(here, there, strict=True):
        l1, _ = distance(a, b, ONE)
        assert l1 <= 2 and np.abs(a - b).max() <= 2 * ONE
    touched = int((here[4] != there[4]).sum())
    assert touched == 60 if bound == "weights" else 1 <= touched <= 2
    unbounded, _ = measured(rows + giant, Setting("p", 500, bound), False, seen)
    assert distance(unbounded[0], there[0], ONE)[0] == 200, "the test sees an unbounded unit"


# -- values


def values_of(rows: list[Row], setting: Setting, seen: Seen) -> tuple[dict[str, int], float]:
    """The exact counts of distinct values that met the noise, and the ledger's sensitivity."""
    source = opened(rows, setting)
    seen.vectors.clear()
    DB.trace.clear()
    source.discover([WantValues("name", '"name"::VARCHAR')], [source.run.loss], [1e-10], "discover")
    text = next(s.sql for s in DB.trace if s.name == "value_counts")
    counts = dict(DB.rows_sql("again", text))
    assert [v.tolist() for v in seen.vectors] == ([list(counts.values())] if counts else [])
    (entry,) = source.run.releases
    return counts, entry.sensitivity


@st.composite
def named(draw: st.DrawFn) -> list[Row]:
    units = st.one_of(st.none(), st.integers(0, 3))
    names = st.sampled_from(["a", "b", "c", "d", "e", "f", "'", "名"])
    return draw(st.lists(st.tuples(units, st.just(0), st.just(0), names), max_size=25))


@given(rows=named(), setting=SETTINGS)
@settings(max_examples=8, deadline=None)
def test_values(rows: list[Row], setting: Setting) -> None:
    """A unit is counted for at most k values, once each: L2 at most sqrt(k), no value by more than 1."""
    with pytest.MonkeyPatch.context() as patch:
        seen = patched(patch)
        here, sensitivity = values_of(rows, setting, seen)
        assert sensitivity == math.sqrt(setting.k)
        for other in neighbours(rows, setting.unit):
            there, _ = values_of(other, setting, seen)
            moved = np.array([here.get(v, 0) - there.get(v, 0) for v in here.keys() | there.keys()])
            assert np.abs(moved).max(initial=0) <= 1
            assert np.abs(moved).sum() <= setting.k and np.sqrt((moved**2).sum()) <= sensitivity + 1e-12
            new = [v for v in here if v not in there]
            assert all(here[v] == 1 for v in new), "what only one unit has counts 1, below every threshold"


def test_a_unit_of_many_values_counts_for_k_of_them(seen: Seen) -> None:
    rows: list[Row] = [(1, 0, 0, f"v{i}") for i in range(50)] + [(2, 0, 0, "v1")] * 50
    for k in (1, 4, 50):
        counts, _ = values_of(rows, Setting("p", k), seen)
        assert sum(counts.values()) == k + 1
    counts, _ = values_of(rows, Setting(), seen)
    assert sum(counts.values()) == 100


# -- rows that belong to nobody


@pytest.mark.parametrize("bound", ["weights", "rows"])
def test_rows_without_a_unit_are_outside(bound: str, seen: Seen) -> None:
    rows: list[Row] = [(1, 0, 5, "x"), (2, 1, 6, "y")]
    nobody: list[Row] = [(None, 2, 7, "other")] * 40
    for door in (measured, histograms, scored):
        here, there = (door(r, Setting("p", 3, bound), False, seen)[0] for r in (rows + nobody, rows))
        assert all(np.array_equal(a, b) for a, b in zip(here, there, strict=True)), door.__name__
    assert values_of(rows + nobody, Setting("p", 3, bound), seen) == values_of(
        rows, Setting("p", 3, bound), seen
    )


def test_weights_depend_on_the_units_own_rows_alone() -> None:
    """So that a neighbour changes one unit's rows and nothing else: the other rows and weights stay to the bit."""
    rng = np.random.default_rng(3)
    rows: list[Row] = [
        (int(u), i % 3, int(rng.integers(50)), "x") for i, u in enumerate(rng.integers(0, 9, 80))
    ]
    for bound in ("weights", "rows"):

        def kept(given: list[Row], bound: str = bound) -> list[tuple[Any, ...]]:
            table = opened(given, Setting("p", 3, bound)).table
            return DB.rows_sql("t", f"select * from {table.relation} where p <> 4 order by all")

        assert kept(rows) == kept([r for r in rows if r[0] != 4])


def test_order_and_threads_of_the_rows_do_not_matter(seen: Seen) -> None:
    """Which rows of a unit stay is a function of the rows, not of how they lie in the file."""
    rows: list[Row] = [(u, i % 3, i, "x") for u in range(3) for i in range(20)]
    there = measured(rows[::-1], Setting("p", 4, "rows"), False, seen)[0]
    here = measured(rows, Setting("p", 4, "rows"), False, seen)[0]
    assert all(np.array_equal(a, b) for a, b in zip(here, there, strict=True))
    name = sql.ident("t")
    assert DB.rows_sql("t", f"select count(*) from {name}") == [(60,)]
