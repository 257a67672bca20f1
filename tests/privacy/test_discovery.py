"""The third door's computations: buckets, bounds, and a threshold that one unit's values pass with at most delta.

Each check rejects by chance with a probability below 1e-7."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from testkit import INF, begin, put

from duckpaste.codec.base import WantBounds, WantHistogram, WantValues
from duckpaste.db import Db
from duckpaste.errors import UserError
from duckpaste.privacy import discovery
from duckpaste.privacy.ledger import Ledger
from duckpaste.privacy.source import Source, protect

DB = Db.open()


def bucket(x: float, integer: bool) -> int:
    """The bucket by its definition."""
    low, high = (0, 63) if integer else (-40, 200)
    if x == 0:
        return high - low
    size = min(max(math.frexp(abs(x))[1] - 1 - low, 0), high - low - 1) + 1
    return high - low + (size if x > 0 else -size)


@given(st.lists(st.one_of(st.integers(-(2**45), 2**45), st.integers(-9, 9)), min_size=1, max_size=30))
@settings(max_examples=40, deadline=None)
def test_buckets_of_whole_numbers(numbers: list[int]) -> None:
    text = discovery.bucket_sql("x", True)
    put(DB, "numbers", {"i": range(len(numbers)), "x": numbers}, {"x": "bigint"})
    found = [r[0] for r in DB.rows_sql("t", f"select ({text})::integer from numbers order by i")]
    assert found == [bucket(x, True) for x in numbers]
    assert all(0 <= b < discovery.bucket_count(True) for b in found)


def test_buckets_at_the_ends() -> None:
    """Nothing falls outside: the least BIGINT, the greatest, infinities, the smallest reals; NULL is ignored."""
    for integer, literals in (
        (True, ["-9223372036854775808", "9223372036854775807", "1", "-1"]),
        (False, ["'inf'::double", "'-inf'::double", "5e-324::double", "-1.7e308::double", "0.3::double"]),
    ):
        for text in literals:
            sql = discovery.bucket_sql(f"({text})", integer)
            (found,) = DB.rows_sql("t", f"select ({sql})::integer")[0]
            assert 0 <= found < discovery.bucket_count(integer)
        assert DB.rows_sql("t", f"select {discovery.bucket_sql('null::bigint', integer)}") == [(None,)]


@given(st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=50), st.booleans())
@settings(max_examples=60, deadline=None)
def test_bounds_hold_all_values_when_there_is_no_noise(numbers: list[int], integer: bool) -> None:
    counts = np.zeros(discovery.bucket_count(integer))
    for x in numbers:
        counts[bucket(x, integer)] += 1
    low, high = discovery.bounds(counts, 0.0, integer)
    assert low <= min(numbers) and max(numbers) <= high
    assert high <= 2 * max(abs(max(numbers)), 0) or max(numbers) < 0
    assert low >= 2 * min(min(numbers), 0) or min(numbers) > 0


@pytest.mark.parametrize("pure", [False, True])
def test_noise_alone_makes_no_bounds(pure: bool) -> None:
    """At most one run in 100 has any bucket above the threshold; here all of 300 values lie in two buckets."""
    rng = np.random.default_rng(0)
    wrong = 0
    for _ in range(1000):
        size = discovery.bucket_count(True)
        noisy = rng.laplace(scale=8 / np.sqrt(2), size=size) if pure else rng.normal(scale=8.0, size=size)
        noisy[63 + 4] += 150  # 8 to 15
        noisy[63 + 6] += 150  # 32 to 63
        wrong += discovery.bounds(noisy, 8.0, True, pure=pure) != (8, 63)
    assert stats.binomtest(wrong, 1000, 0.01, alternative="greater").pvalue > 1e-7


@pytest.mark.parametrize("integer", [True, False])
def test_a_table_of_nothing_has_bounds_of_modest_numbers(integer: bool) -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        low, high = discovery.bounds(rng.normal(size=discovery.bucket_count(integer)) - 1000, 8.0, integer)
        assert -(2**20) <= low <= high <= 2**20


# -- values


def passing(scale: float, threshold: float, count: int) -> float:
    """P[count + noise > threshold] for the discrete Gaussian, by its definition."""
    x = np.arange(-int(14 * scale) - 5, int(14 * scale) + 6)
    p = np.exp(-(x.astype(float) ** 2) / (2 * scale**2))
    return float(p[count + x > threshold].sum() / p.sum())


@pytest.mark.parametrize("k", [1, 3, 50])
@pytest.mark.parametrize("delta", [1e-2, 1e-6, 1e-10])
@pytest.mark.parametrize("scale", [0.3, 1.0, 2.5, 8.0, 40.0])
def test_what_one_unit_has_passes_with_at_most_delta(scale: float, delta: float, k: int) -> None:
    """All of a unit's k values together; and the threshold is not far above what that needs."""
    threshold = discovery.value_threshold(scale, delta, k)
    assert k * passing(scale, threshold, 1) <= delta
    assert k * passing(scale, threshold - 3 - scale, 1) > delta


def test_pure_epsilon_discovers_nothing() -> None:
    with pytest.raises(UserError, match="can't be discovered at delta 0"):
        discovery.value_threshold(1.0, 0.0, 1)


def test_frequent_values_are_told_rare_ones_are_not() -> None:
    """300 units have each of two values, one unit each of 40 others, which are told with 1e-10 at most."""
    names = ["often"] * 300 + ["it's"] * 300 + [f"rare {i}" for i in range(40)] + [None] * 500
    relation = put(DB, "t", {"name": names})
    for _ in range(10):
        run = begin(2.0)
        source = Source(DB, protect(DB, relation, "v.t"), run)
        want = WantValues("v", '"name"')
        (found,) = source.discover([want], [run.loss], [1e-10], "discover")
        assert found == ["it's", "often"]
        (entry,) = run.releases
        assert entry.delta == 1e-10 and entry.cells == 0, "how many values there are is not told"
        assert "often" not in entry.query and "it's" not in entry.query


def test_a_table_without_any_value_takes_the_same_path() -> None:
    relation = put(DB, "t", {"name": [None, None], "x": [None, None]}, {"name": "varchar", "x": "bigint"})
    ledger = Ledger(None)
    run = begin(1.0, ledger=ledger)
    source = Source(DB, protect(DB, relation, "v.t"), run)
    wants = [WantBounds("b", '"x"', True), WantValues("v", '"name"'), WantHistogram("h", '"x"::integer', 4)]
    bounds, values, histogram = source.discover(wants, [run.loss / 4] * 3, [0.0, 1e-10, 0.0], "discover")
    assert values == [] and bounds[0] <= bounds[1] and histogram.counts.shape == (4,)
    assert histogram.sigma > 0 and np.any(histogram.counts != 0)
    assert ledger.db.rows_sql("t", "select count(*) from releases") == [(3,)]


def test_answers_come_in_the_order_of_the_wants() -> None:
    """More than one statement's worth, kinds mixed."""
    n = 40
    relation = put(DB, "t", {"x": [i % 7 for i in range(700)]}, {"x": "integer"})
    wants = [
        WantHistogram(f"h{i}", f'("x" + {i}) % 7', 7)
        if i % 3
        else WantBounds(f"b{i}", f'("x"::bigint * {2**i})', True)
        for i in range(n)
    ]
    wants[5] = WantValues("v", '"x"::varchar')
    source = Source(DB, protect(DB, relation, "v.t"), begin(INF))
    answers = source.discover(wants, [INF] * n, [0.0] * n, "discover")
    for i, answer in enumerate(answers):
        if i == 5:
            assert answer == [str(v) for v in range(7)]
        elif i % 3:
            assert answer.counts.tolist() == [100] * 7
        else:
            assert answer == (0, 2 ** (i + 3) - 1)
