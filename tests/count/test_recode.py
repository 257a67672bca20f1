"""Coarser codes: the CASE in SQL, the sums in numpy and a loop in Python agree."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from duckpaste.count.recode import recode_sql
from duckpaste.count.rollup import coarsen
from duckpaste.db import Db

DB = Db.open()
MAPS = st.lists(st.integers(0, 9), min_size=1, max_size=60).map(np.array)


@given(MAPS)
@settings(max_examples=100, deadline=None)
def test_every_code_in_sql(to: np.ndarray) -> None:
    found = DB.rows_sql("t", f"select {recode_sql('x', to)} from range({len(to)}) r(x) order by x")
    assert [r[0] for r in found] == to.tolist()


def test_the_case_is_balanced() -> None:
    text = recode_sql("x", np.arange(1024))
    depth = deepest = 0
    for word in text.split():
        depth += (word == "CASE") - (word == "END")
        deepest = max(deepest, depth)
    assert deepest == 10
    assert recode_sql("x", np.zeros(5000, dtype=np.int64)) == "0"


@given(MAPS, MAPS, st.integers(0, 2**32 - 1))
@settings(max_examples=100, deadline=None)
def test_coarsen(first: np.ndarray, second: np.ndarray, seed: int) -> None:
    counts = np.random.default_rng(seed).integers(0, 50, (len(first), 3, len(second)))
    found = coarsen(counts, ("a", "b", "c"), {"a": first, "c": second, "z": np.zeros(9)})
    expected = np.zeros((first.max() + 1, 3, second.max() + 1), dtype=np.int64)
    for i, j, k in itertools.product(*map(range, counts.shape)):
        expected[first[i], j, second[k]] += counts[i, j, k]
    assert found.dtype == np.int64 and np.array_equal(found, expected)
    assert np.array_equal(coarsen(counts, ("a", "b", "c"), {}), counts)
