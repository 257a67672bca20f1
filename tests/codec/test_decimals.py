"""decimals: a DOUBLE's values look like those of the data, within their range, and keep their codes."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from codec_tools import as_text, decoded, encoded, field, learned
from hypothesis import given, settings
from hypothesis import strategies as st

from duckpaste.codec import make
from duckpaste.codec.base import Codec
from duckpaste.codec.numeric import MOST_DECIMALS
from duckpaste.db import Db
from duckpaste.errors import UserError

NUMBERS = st.one_of(
    st.floats(-50, 250),
    st.floats(-50, 250).map(lambda x: round(x, 1)),
    st.sampled_from([0.0, -0.0, 0.04, 0.05, 1e30, -1e30, math.inf, -math.inf, math.nan, None, 1e-30, 249.99]),
)
DB = Db.open()


def stored(db: Db, values: list[float | None], sql_type: str = "DOUBLE") -> None:
    """A table t(i, x)."""
    data = pa.table({"i": pa.array(range(len(values)), pa.int64()), "x": pa.array(values, pa.float64())})
    db.run_sql("t", f"create or replace table t (i bigint, x {sql_type})")
    db.insert_arrow("t", "insert into t select * from batch", "batch", data)


def codec(decimals: int, sql_type: str = "DOUBLE", **options: Any) -> Codec:
    return make(field("numerical", sql_type, (), True, decimals=decimals, **options))


@settings(max_examples=40, deadline=None)
@given(
    values=st.lists(NUMBERS, min_size=1, max_size=60), decimals=st.integers(0, 6),
    low=st.sampled_from([0, -12.5, 0.123456789]), high=st.sampled_from([200, 37.55, 99.999999999]),
    bins=st.integers(1, 30), sql_type=st.sampled_from(["DOUBLE", "FLOAT"]),
)  # fmt: skip
def test_values_have_the_decimals_lie_in_the_range_and_keep_their_codes(
    values: list[float | None], decimals: int, low: float, high: float, bins: int, sql_type: str
) -> None:
    stored(DB, values, sql_type)
    made = learned(codec(decimals, sql_type, min=low, max=high, bins=bins), DB)
    codes = encoded(made, DB)
    found = as_text(decoded(made, codes, len(values)), sql_type, DB)
    # Float32 holds some seven digits: what it prints beyond them is not ours.
    precise = sql_type == "DOUBLE" or decimals <= 3
    for value, text in zip(values, found, strict=True):
        assert (text is None) == (value is None or math.isnan(value))
        if text is not None:
            assert not precise or Decimal(text) == round(Decimal(text), decimals), text
            slack = 0.0 if sql_type == "DOUBLE" else 1e-4
            assert low - slack <= float(text) <= high + slack
    stored(DB, [None if t is None else float(t) for t in found])
    assert encoded(made, DB)["x"].tolist() == codes["x"].tolist()


def test_a_number_of_bins_that_holds_every_value_gives_the_values_back() -> None:
    with Db.open() as db:
        values = [i / 10 for i in range(0, 400, 3)]
        stored(db, [*values, 40.0])
        made = learned(codec(1, min=0, max=40, bins=1000), db)
        found = as_text(decoded(made, encoded(made, db), len(values) + 1), "DOUBLE", db)
    assert [float(t or "nan") for t in found] == [*values, 40.0] and found[1] == "0.3"


def test_a_spike_stays_and_nothing_drawn_beside_it_becomes_it_wrongly() -> None:
    with Db.open() as db:
        rng = np.random.default_rng(5)
        values = [0.0] * 300 + [round(x, 2) for x in rng.uniform(100, 2000, 300).tolist()]
        stored(db, values)
        made = learned(codec(2, min=0, max=2000), db)
        drawn = [float(t or "nan") for t in as_text(decoded(made, encoded(made, db), 600), "DOUBLE", db)]
    assert drawn[:300] == [0.0] * 300 and min(drawn[300:]) > 90


def test_bounds_that_are_not_declared_are_found_in_its_units() -> None:
    with Db.open() as db:
        stored(db, [36.61, 37.44, 41.0])
        made = learned(codec(1), db, bounds=(0, 511))  # tenths
        found = as_text(decoded(made, encoded(made, db), 3), "DOUBLE", db)
    assert all(t is not None and Decimal(t) == round(Decimal(t), 1) and 0 <= float(t) <= 51.1 for t in found)


def test_what_is_no_number_of_decimals_is_told() -> None:
    for decimals in (-1, MOST_DECIMALS + 1, 1.5, True, "2"):
        with pytest.raises(UserError, match="'decimals' is not a whole number from 0 to 15"):
            codec(decimals)  # type: ignore[arg-type]
    for sql_type in ("INTEGER", "DECIMAL(10,2)", "BIGINT"):
        with pytest.raises(UserError, match="is for real numbers, and .* tells its own"):
            codec(1, sql_type)
    with pytest.raises(UserError, match="no number of 0 decimals lies between min and max"):
        codec(0, min=0.1, max=0.4)
    assert codec(0).promises()  # 0 is an answer, not none


def test_a_minimum_with_more_decimals_than_the_type_is_never_undercut() -> None:
    made = make(field("numerical", "DECIMAL(6,1)", min="0.55", max="0.95", bins=10))
    values = decoded(made, {"x": np.arange(made.columns()[0].size)}, made.columns()[0].size).to_pylist()
    assert [str(v) for v in values] == ["0.6", "0.7", "0.8", "0.9"]
