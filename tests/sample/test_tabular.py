"""Rows of one table: what a seed means, chunks, columns in order."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest
from testkit import INF, WIDE, category, fitted, wide

from duckpaste.codec import make
from duckpaste.db import Db
from duckpaste.domain import Domain
from duckpaste.model import Column, Model, TableModel
from duckpaste.models.network import Network, Step
from duckpaste.sample import tabular
from duckpaste.sample.tabular import CHUNK, batches
from duckpaste.schema.view import Field


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    with Db.open() as db:
        wide(db)
        yield fitted(db, WIDE, epsilon=INF)


def small() -> TableModel:
    """A key and two columns that depend on each other."""
    steps = [
        Step("a", (), np.array([1.0, 2.0, 3.0])),
        Step("b", ("a",), np.array([[1.0, 0], [1, 1], [0, 1]])),
    ]
    codecs = [
        make(Field("id", "id", sql_type="BIGINT")),
        make(category("a", "xyz")),
        make(category("b", "uv")),
    ]
    columns = [Column("b", "VARCHAR"), Column("id", "BIGINT"), Column("a", "VARCHAR")]
    return TableModel("t", columns, codecs, Network(Domain({"a": 3, "b": 2}), (), steps, total=10.0))


def table(made: TableModel, rows: int, seed: int, position: int = 0) -> pa.Table:
    return pa.Table.from_batches(list(batches(made, rows, seed, position)))


def test_same_seed_same_rows(model: Model) -> None:
    wide_table = model["wide"]
    first, again, other = (table(wide_table, 400, seed) for seed in (5, 5, 6))
    assert first.equals(again)
    for name in first.column_names:
        if name not in ("id", "note"):
            assert not first[name].equals(other[name]), name
    assert not table(wide_table, 400, 5, 1)["account"].equals(first["account"]), (
        "tables draw from streams of their own"
    )


def test_chunks() -> None:
    """Keys go on across chunks, and whole chunks don't depend on what follows."""
    made = small()
    rows = CHUNK + 1000
    found = list(batches(made, rows, 3))
    assert [b.num_rows for b in found] == [CHUNK, 1000]
    everything = pa.Table.from_batches(found)
    assert everything["id"].to_numpy().tolist() == list(range(1, rows + 1))
    assert everything.slice(0, CHUNK).equals(table(made, CHUNK, 3))
    assert [b.num_rows for b in batches(made, CHUNK, 3)] == [CHUNK]
    assert list(batches(made, 0, 3)) == []


def test_every_chunk_has_streams_of_its_own(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tabular, "CHUNK", 200)
    first, second = batches(model["wide"], 400, 3)
    for name in ("kind", "cost", "seen", "token", "account", "ratio"):
        assert not first[name].equals(second[name]), name


def test_columns_come_in_the_tables_order_and_depend_on_each_other() -> None:
    found = table(small(), 6000, 1)
    assert found.column_names == ["b", "id", "a"]
    pairs = set(zip(found["a"].to_pylist(), found["b"].to_pylist(), strict=True))
    assert pairs == {("x", "u"), ("y", "u"), ("y", "v"), ("z", "v")}
    counts = np.unique(found["a"].to_pylist(), return_counts=True)[1]
    assert counts.tolist() == [1000, 2000, 3000], "counts are rounded, not drawn"


def test_a_row_more_or_less_keeps_the_distribution(model: Model) -> None:
    for rows in (1, 2, 17):
        found = table(model["wide"], rows, 1)
        assert found.num_rows == rows and found["id"].to_pylist() == list(range(1, rows + 1))


def test_columns_that_nobody_fills_are_null(model: Model) -> None:
    assert table(model["wide"], 50, 1)["note"].null_count == 50
