"""Ranks of rows in the time that is left: exact in SQL, even for rows that lie evenly, and never past the end."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duckpaste.codec import make
from duckpaste.codec.base import Histogram
from duckpaste.codec.grid import Binned, Grid
from duckpaste.codec.sequence import Sequel
from duckpaste.codec.spread import Spread
from duckpaste.db import Db
from duckpaste.errors import UserError
from duckpaste.sample.siblings import decode, positions, to_come
from duckpaste.schema.grammar import read

DB = Db.open()
START, END = dt.datetime(2015, 1, 1), dt.datetime(2024, 12, 31)
DAY = {"type": "date", "span": "day", "max": END}


@given(
    st.lists(st.tuples(st.integers(-5, 400), st.integers(0, 500), st.integers(1, 40)), min_size=1, max_size=30),
    st.integers(0, 3), st.none() | st.integers(3, 200), st.sampled_from([1, 16, 4096]),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_ranks_in_sql_and_back(
    rows: list[tuple[int, int, int]], least: int, most: int | None, ranks: int
) -> None:
    """The rank is that of the middle of the unit; what a rank draws lies in the range and where the rank says."""
    spread = Spread(300, least, most, ranks)
    made = DB.rows_sql(
        "ranks",
        f"select {spread.sql('d', 'b', 'n')} from (values {', '.join(f'({i}, {d}, {b}, {n})' for i, (d, b, n) in enumerate(rows))})"
        " as t (i, d, b, n) order by i",
    )
    distance, before, left = (np.array(c) for c in zip(*rows, strict=True))
    room = np.maximum(np.minimum(300 - before, 10**9 if most is None else most) - least, 0)
    inside = np.clip(distance - least, 0, room)

    def share(units: Any) -> Any:
        return 1 - (1 - np.minimum(units / (room + 1), 1.0)) ** left

    rank = np.array([r for (r,) in made])
    assert np.abs(rank - np.minimum(np.floor(share(inside + 0.5) * ranks), ranks - 1)).max() <= 1e-6 * ranks
    back = spread.distances(rank, before, left, np.random.default_rng(1)) - least
    assert (back >= 0).all() and (back <= room).all()
    slack = 1e-6
    assert (share(back) <= (rank + 1) / ranks + slack).all() and (
        share(back + 1) >= rank / ranks - slack
    ).all()


def test_null_stays_null() -> None:
    spread = Spread(300, 0, None, 16)
    for nulls in (("null::bigint", "3"), ("null::bigint", "null::bigint")):
        assert DB.rows_sql("rank", f"select {spread.sql(*nulls, '2')}") == [(None,)]


def test_rows_that_lie_evenly_have_even_ranks() -> None:
    """At every place of a sequence. By the inequality of Dvoretzky, Kiefer and Wolfowitz, false once in 10^7 each."""
    rng, units, n, many = np.random.default_rng(3), 10**6, 5, 40_000
    times = np.sort(rng.integers(0, units, (many, n)), axis=1)
    spread = Spread(units - 1, 0, None, 2**20)
    for place in range(n):
        before = times[:, place - 1] if place else np.zeros(many, dtype=np.int64)
        text = spread.sql("d", "b", str(n - place))
        data = pa.table({"d": times[:, place] - before, "b": before})
        DB.insert_arrow("put", "create or replace table gaps as select * from made_", "made_", data)
        ranks = np.sort(DB.numpy_sql("ranks", f"select {text} as r from gaps")["r"]) / 2**20
        assert np.abs(ranks - np.arange(many) / many).max() < np.sqrt(np.log(2e7) / (2 * many)) + 1e-3


def sequel(**later: Any) -> Sequel:
    first = {"type": "datetime", "span": "year.hour", "min": START, "max": END}
    made = make(
        read("t", {"type": "seq", "ctx": first, "seq": {"type": "datetime", "span": "week.hour", **later}})
    )
    assert isinstance(made, Sequel)
    return made


@pytest.mark.parametrize("later", [{"spread": False, "max_len": 520}, {}, {"max_len": 30, "min_len": 2}])
def test_no_row_passes_the_end(later: dict[str, Any]) -> None:
    """Whatever codes a model draws: all rows lie in the declared range of the column, in order."""
    codec, rng = sequel(**later), np.random.default_rng(1)
    assert codec.spread == ("spread" not in later)
    for want in codec.wants():
        codec.learn(want, Histogram(np.ones(want.cells), 0.0))  # type: ignore[attr-defined]
    parent = np.repeat(np.arange(300), rng.integers(1, 40, 300))
    codes = {c.name: rng.integers(0, c.size, len(parent)) for c in codec.columns()}
    made = decode(codec, codes, positions(parent), rng, {}, to_come(parent)).to_numpy(zero_copy_only=False)
    assert made.min() >= np.datetime64(START) and made.max() < np.datetime64(END + dt.timedelta(days=1))
    later_ = np.diff(parent) == 0
    assert (np.diff(made)[later_] >= np.timedelta64(0)).all()
    weeks = np.diff(made)[later_] / np.timedelta64(7, "D")
    if "max_len" in later:
        assert weeks.max() < later["max_len"] + 1


def test_what_rows_come_to() -> None:
    assert to_come(np.array([0, 0, 0, 3, 4, 4])).tolist() == [3, 2, 1, 1, 2, 1]
    assert to_come(np.zeros(0, dtype=np.int64)).tolist() == []


@pytest.mark.parametrize(
    ("spec", "what"),
    [
        ({"type": "date", "spread": True, "min": START, "max": END}, "is about rows of a sequence"),
        ({"type": "date", "ref": "a", "spread": False}, "is about rows of a sequence"),
        ({"type": "seq", "seq": {"type": "date", "span": "day", "spread": True}}, "between a row and an end"),
        ({"type": "seq", "seq": {**DAY, "spread": True, "min_len": -3}}, "between a row and an end"),
        (
            {"type": "seq", "ctx": {**DAY, "min": START, "spread": True}, "seq": DAY},
            "between a row and an end",
        ),
    ],
)
def test_a_spread_that_has_no_sense(spec: dict[str, Any], what: str) -> None:
    with pytest.raises(UserError, match=what):
        make(read("t", spec))


def test_what_would_pass_the_end_is_drawn_from_what_does_not() -> None:
    """By the histogram, and by nothing where it is empty. Shares are off by 6 standard deviations once in 10^9."""
    binned = Binned("x", Grid.over(0, 99, integer=True), 10, nullable=True)
    counts = np.where(np.arange(100) % 3 == 0, 3.0, 1.0) * (np.arange(100) >= 20)
    binned.learn(Histogram(counts, 0.0), equal_width=True)
    rng, n = np.random.default_rng(1), 40_000
    found = np.bincount(binned.within(np.full(n, 39), rng), minlength=100)
    share = np.where(np.arange(100) < 40, counts, 0)
    share /= share.sum()
    assert (np.abs(found - n * share) <= 6 * np.sqrt(n * share * (1 - share))).all()
    empty = np.bincount(binned.within(np.full(n, 9), rng), minlength=100)
    assert empty[:10].min() > 0.8 * n / 10 and not empty[10:].any()
    assert binned.within(np.array([-4, 0]), rng).tolist() == [0, 0]


def test_the_first_row_spreads_where_it_is_told_from_something() -> None:
    """And it is among those that are to come."""
    for ref, name in ((("ref", "start"), "rank"), (("min", START), "days")):
        made = make(read("t", {"type": "seq", "ctx": {**DAY, **dict([ref])}, "seq": DAY}))
        assert [c.name for c in made.columns()] == [f"t.ctx.{name}", "t.seq.rank"]
    made = make(read("t", {"type": "seq", "ref": "start", "seq": DAY}))
    assert isinstance(made, Sequel) and [c.name for c in made.columns()] == ["t.ctx.rank", "t.seq.rank"]
    for want in made.wants():
        made.learn(want, Histogram(np.ones(want.cells), 0.0))  # type: ignore[attr-defined]
    parent = np.repeat(np.arange(20_000), 4)
    rng = np.random.default_rng(1)
    codes = {c.name: rng.integers(1, c.size, len(parent)) for c in made.columns()}
    starts = pa.array([START] * len(parent))
    days = decode(made, codes, positions(parent), rng, {"start": starts}, to_come(parent)).cast(pa.int32())
    share = (days.to_numpy().reshape(-1, 4) - (START - dt.datetime(1970, 1, 1)).days) / (END - START).days
    # The mean of the i-th least of four uniform numbers is i / 5; 6 standard deviations.
    assert np.abs(share.mean(axis=0) - np.arange(1, 5) / 5).max() < 6 * 0.2 / np.sqrt(len(share)) + 1e-3
