"""Fixed and ignored columns."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest
from codec_tools import as_text, decoded, fresh

from duckpaste.codec import make
from duckpaste.db import Db
from duckpaste.errors import UserError
from duckpaste.schema.view import Field


@pytest.mark.parametrize(
    ("sql_type", "options", "text"),
    [
        ("DATE", {}, "2000-01-01"),
        ("DATE", {"dtype": "date", "value": "1999-05-05"}, "1999-05-05"),
        ("DATE", {"value": dt.date(1850, 5, 5)}, "1850-05-05"),
        ("DATE", {"dtype": "date", "value": 1980}, "1980-01-01"),
        ("TIMESTAMP", {}, "2000-01-01 00:00:00"),
        ("TIMESTAMP WITH TIME ZONE", {}, "2000-01-01 05:00:00+05"),
        ("INTEGER", {}, "0"),
        ("INTEGER", {"value": 7}, "7"),
        ("BIGINT", {"dtype": "int", "value": 2**53 + 1}, "9007199254740993"),
        ("DOUBLE", {"value": 2.5}, "2.5"),
        ("DECIMAL(6,2)", {"value": 2.5}, "2.50"),
        ("DOUBLE", {}, "0.0"),
        ("VARCHAR", {}, ""),
        ("VARCHAR", {"value": "x"}, "x"),
        ("VARCHAR", {"dtype": "text", "value": 5}, "5"),
        ("VARCHAR", {"dtype": "date"}, "2000-01-01"),
    ],
)
def test_everyone_has_the_same(sql_type, options, text):
    codec = fresh("fixed", sql_type, **options)
    assert codec.columns() == () and codec.encode() == {}
    with Db.open() as db:
        db.run_sql("zone", "set timezone = 'Asia/Karachi'")
        assert as_text(decoded(codec, {}, 3), sql_type, db) == [text] * 3


def test_a_fixed_date_serves_as_a_reference():
    birth = decoded(fresh("fixed", dtype="date"), {}, 2)
    age = fresh("date", "DATE", ("birth",), span="day", bins=64)
    assert decoded(age, {"x.days": pa.array([0, 31]).to_numpy()}, 2, {"birth": birth}).to_pylist() == [
        dt.date(2000, 1, 1), dt.date(2000, 2, 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "options", [{"dtype": "dat"}, {"dtype": "date", "value": "x"}, {"dtype": "int", "value": 1.5}]
)
def test_wrong_options_are_named(options):
    with pytest.raises(UserError, match=r"x: option '(dtype|value)'"):
        fresh("fixed", **options)


def test_ignored_columns_are_null():
    codec = make(Field("a, b", "ignore"))
    made = codec.decode({}, range(3), None, {})
    assert {name: array.to_pylist() for name, array in made.items()} == {"a": [None] * 3, "b": [None] * 3}
    with Db.open() as db:
        assert as_text(decoded(fresh("ignore", "UUID"), {}, 2), "UUID", db) == [None, None]
