"""Adult: the raw files of UCI become 15 typed columns, every row inside its public domain."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from ingest_help import one

from duckpaste.db import Db
from duckpaste.ingest import ingest_dataset, ingest_view
from duckpaste.resources import folder
from duckpaste.schema import fields

DATA = os.environ.get("DUCKPASTE_TEST_DATA")
pytestmark = pytest.mark.skipif(DATA is None, reason="DUCKPASTE_TEST_DATA is not set")

COLUMNS = [
    "age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation",
    "relationship", "race", "sex", "capital-gain", "capital-loss", "hours-per-week", "native-country",
    "income",
]  # fmt: skip


@pytest.fixture(scope="module")
def db() -> Iterator[Db]:
    with Db.open() as opened:
        assert ingest_dataset(opened, folder("views") / "adult", Path(str(DATA)) / "adult") == ["adult"]
        assert ingest_view(opened, fields.load(folder("views") / "tab_adult")) == ["adult"]
        yield opened


def test_rows_and_columns(db: Db) -> None:
    assert one(db, "select count(*) from tab_adult.adult") == 48_842
    columns = db.rows_sql("t", 'select column_name, "null" from (describe tab_adult.adult)')
    assert columns == [(name, "NO") for name in COLUMNS]
    assert [f.name for f in fields.load(folder("views") / "tab_adult").tables[0].fields] == COLUMNS


def test_counts_of_the_documentation(db: Db) -> None:
    """adult.names: 48,842 instances, 45,222 without unknown values, 23.93 % above 50K."""
    known = "workclass <> '?' and occupation <> '?' and \"native-country\" <> '?'"
    assert one(db, f"select count(*) from tab_adult.adult where {known}") == 45_222
    assert one(db, "select count(*) from tab_adult.adult where income = '>50K'") == 11_687
    assert one(db, "select count(distinct income) from adult.adult") == 2


def test_first_and_last_row_of_the_files(db: Db) -> None:
    first = (39, "State-gov", 77516, "Bachelors", 13, "Never-married", "Adm-clerical", "Not-in-family",
             "White", "Male", 2174, 0, 40, "United-States", "<=50K")  # fmt: skip
    assert db.rows_sql("t", "from tab_adult.adult limit 1") == [first]
    lines = (Path(str(DATA)) / "adult" / "adult.test").read_text().strip().splitlines()
    last = db.rows_sql("t", "from tab_adult.adult offset 48841")[0]
    assert ", ".join(map(str, last)) + "." == lines[-1]


def test_categories_are_those_of_adult_names(db: Db) -> None:
    text = (Path(str(DATA)) / "adult" / "adult.names").read_text()
    for line in text.splitlines():
        name, colon, values = line.partition(": ")
        if name in COLUMNS and colon and not values.startswith("continuous"):
            listed = [v.strip() for v in values.rstrip(".").split(",")]
            declared = one(db, f'select enum_range(any_value("{name}")) from tab_adult.adult')
            assert [v for v in declared if v != "?"] == listed  # type: ignore[attr-defined]
