"""Names and values as SQL text: DuckDB reads back what was written."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duckpaste import sql
from duckpaste.db import Db
from duckpaste.errors import UserError

DB = Db.open()
NAMES = st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), min_size=1, max_size=40
)


@given(NAMES)
@settings(max_examples=200, deadline=None)
def test_a_name_comes_back(name: str) -> None:
    quoted = sql.ident(name)
    assert DB.con.sql(f"select 7 as {quoted}").columns == [name]
    assert DB.rows_sql("t", f"select {quoted} from (select 7 as {quoted}) as {quoted}") == [(7,)]


def test_paths_of_names_and_names_that_duckdb_cannot_hold() -> None:
    assert sql.ident('a "b', "c.d") == '"a ""b"."c.d"'
    for bad in ("", "a\0b"):
        with pytest.raises(UserError, match="NUL"):
            sql.ident("good", bad)


@given(st.lists(NAMES, max_size=6))
def test_a_free_name_is_taken_by_no_column(taken: list[str]) -> None:
    name = sql.free("_weight", [*taken, "_WEIGHT", "__weight"])
    assert name.casefold() not in {t.casefold() for t in taken} | {"_weight", "__weight"}
    assert name.strip("_") == "weight"


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**127) + 1, 2**127 - 1),
    st.floats(),
    st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**20), max_value=10**20),
    st.dates(),
    st.times(),
    st.datetimes(),
    st.datetimes(
        min_value=dt.datetime(1, 1, 3), max_value=dt.datetime(9999, 12, 29), timezones=st.just(dt.UTC)
    ),
    st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0")),
)


@given(VALUES)
@settings(max_examples=400, deadline=None)
def test_a_value_comes_back(value: Any) -> None:
    text = sql.literal(value)
    if isinstance(value, dt.datetime) and value.tzinfo:
        # Fetching a TIMESTAMPTZ needs a module for zones; the instant is what counts.
        text = f"epoch_us({text})"
        value = (value - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)
    found = DB.rows_sql("t", f"select {text}")[0][0]
    if isinstance(value, float) and math.isnan(value):
        assert math.isnan(found)
    else:
        assert found == value
        assert isinstance(found, type(value)) or isinstance(value, Decimal | int)


def test_lists_paths_and_unknown_types() -> None:
    assert DB.rows_sql("t", f"select {sql.literal([1, 2])}, {sql.literal(('a', 'b'))}") == [
        ([1, 2], ["a", "b"])
    ]
    assert sql.literal(Path("/a/it's")) == "'/a/it''s'"
    with pytest.raises(TypeError, match="no SQL literal for object"):
        sql.literal(object())


def test_a_template_needs_all_of_its_inputs() -> None:
    with pytest.raises(Exception, match="'relation' is undefined"):
        sql.render("null_shares", columns=[])


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"select {{ dataset }", "v.sql:1: template syntax"),
        (b"select\n{% if %}", "v.sql:2: template syntax"),
        (b"select {{ dataste }}", "'dataste' is undefined; a view's SQL may use dataset, other"),
        (b"select '\xff'", "not UTF-8"),
    ],
)
def test_faults_of_a_views_template(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "v.sql"
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        sql.render_file(path, {"dataset": "d", "other": 1})
    assert told in str(caught.value)


def test_a_views_template_is_rendered_and_quotes(tmp_path: Path) -> None:
    path = tmp_path / "v.sql"
    path.write_text("from {{ dataset | ident }} where x = {{ dataset | literal }}\n", encoding="utf-8")
    assert (
        sql.render_file(path, {"dataset": 'it\'s "名"'}) == 'from "it\'s ""名""" where x = \'it\'\'s "名"\''
    )
