"""Sequences: the first row told from the parent, later ones from the row before, and back, exactly."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from codec_tools import encoded, learned
from hypothesis import given, settings
from hypothesis import strategies as st
from testkit import put

from duckpaste.codec import load, make
from duckpaste.codec.sequence import Sequel
from duckpaste.db import Db
from duckpaste.domain import Domain
from duckpaste.errors import UserError
from duckpaste.model import Siblings, TableModel
from duckpaste.models.network import Network
from duckpaste.sample.siblings import decode, positions, settle
from duckpaste.schema.grammar import read
from duckpaste.schema.view import Field

DB = Db.open()
START = dt.datetime(2001, 12, 30)
LATER = {"type": "datetime|day.hour", "max_len": 60, "bins": 61}
FIRST = {"type": "datetime|week.hour", "max_len": 20, "min_len": -20, "bins": 41}


def field(*, nullable: bool = False, **options: Any) -> Field:
    spec = {"type": "seq?" if nullable else "seq", "ref": "start", **options}
    return read("t", spec)


def codec_of(declared: Field) -> Sequel:
    made = make(declared)
    assert isinstance(made, Sequel)
    return made


def stored(parents: list[list[int]]) -> tuple[np.ndarray, list[dt.datetime], list[dt.datetime]]:
    """Parent of each row, its time (hours after the one before, or after the start) and its parent's start."""
    parent, times, starts, before = [], [], [], []
    for p, gaps in enumerate(parents):
        start = t = START + dt.timedelta(days=37 * p)
        for i, gap in enumerate(gaps):
            before.append(None if i == 0 else t)
            t = t + dt.timedelta(hours=gap)
            parent.append(p)
            times.append(t)
            starts.append(start)
    at = np.array(parent, dtype=np.int64)
    columns = {
        "i": range(len(at)),
        "t": times,
        "start": starts,
        "@1.t": before,
        "@position": positions(at).tolist(),
    }
    put(
        DB, "t", columns, {"t": "timestamp", "start": "timestamp", "@1.t": "timestamp", "@position": "bigint"}
    )
    return at, times, starts


@given(st.lists(st.lists(st.integers(0, 1400), max_size=6), min_size=1, max_size=5).filter(any))
@settings(max_examples=25, deadline=None)
def test_round_trip(parents: list[list[int]]) -> None:
    """Both kinds of row come back to the hour, also from what a model file keeps."""
    at, times, starts = stored(parents)
    for declared in (field(seq=LATER, ctx=FIRST), field(seq=LATER)):
        made = codec_of(declared)
        learned(made, DB)
        assert not made.faults() or all(
            DB.rows_sql("faults", f"select count(*) from t where {p}") == [(0,)] for _, p in made.faults()
        )
        codes = encoded(made, DB)
        again = load(declared, made.spec(), made.arrays(), made.labels())
        assert isinstance(again, Sequel)
        for codec in (made, again):
            back = decode(codec, codes, positions(at), np.random.default_rng(1), {"start": pa.array(starts)})
            assert back.to_pylist() == times


def test_a_part_speaks_at_its_own_positions_only() -> None:
    stored([[3, 4, 5], [6]])
    made = codec_of(field(seq=LATER, ctx=FIRST))
    learned(made, DB)
    codes = encoded(made, DB)
    assert list(codes) == ["t.ctx.weeks", "t.ctx.weekday", "t.ctx.time", "t.seq.days", "t.seq.time"]
    for name, found in codes.items():
        assert (found > 0).tolist() == (
            [True, False, False, True] if ".ctx." in name else [False, True, True, False]
        )


@pytest.mark.parametrize("nullable", [False, True])
def test_rows_whose_part_has_no_code(nullable: bool) -> None:
    """NULL for a nullable field; else a value of another row, or any when no row has one."""
    made = codec_of(field(nullable=nullable, seq=LATER, ctx=FIRST))
    stored([[3], [6], [9]])
    learned(made, DB)
    codes = {n: c.copy() for n, c in encoded(made, DB).items()}
    for lost in ([0], [0, 1, 2]):
        for c in codes.values():
            c[lost] = 0
        known = {"start": pa.array([START] * 3)}
        back = decode(made, codes, np.zeros(3, dtype=np.int64), np.random.default_rng(1), known).to_pylist()
        assert [v is None for v in back] == [nullable and i in lost for i in range(3)]


def test_settling_moves_the_sequencer_and_what_it_is_told_from() -> None:
    """Below each parent values ascend, NULL last; other columns stay where they are."""
    fields = [
        Field("a", "date"),
        Field("t", "date", refs=("a",)),
        Field("x", "categorical", options={"values": ["p"]}),
    ]
    nothing = Network(Domain({}), (), [])
    table = TableModel("v", [], [make(f) for f in fields], nothing, siblings=Siblings(("t",), 1, (0,)))
    values = {
        "t": pa.array([3, 1, None, 2, 9, 8]), "a": pa.array([13, 11, 10, 12, 19, 18]), "x": pa.array(list("abcdef")),
    }  # fmt: skip
    settle(table, values, np.array([0, 0, 0, 0, 1, 1]))
    assert values["t"].to_pylist() == [1, 2, 3, None, 8, 9]
    assert values["a"].to_pylist() == [11, 12, 13, 10, 18, 19]
    assert values["x"].to_pylist() == list("abcdef")


def test_settling_orders_categories_by_their_code() -> None:
    table = TableModel("v", [], [make(Field("t", "ordinal", options={"values": ["low", "high"]}))],
                       Network(Domain({}), (), []), siblings=Siblings(("t",), 1, (0,)))  # fmt: skip
    values = {"t": pa.DictionaryArray.from_arrays(pa.array([1, 0, 1]), pa.array(["low", "high"]))}
    settle(table, values, np.array([0, 0, 0]))
    assert values["t"].to_pylist() == ["low", "high", "high"]


def test_what_is_wrong_is_said() -> None:
    with pytest.raises(UserError, match="has ctx but no seq"):
        make(field(ctx=FIRST))
    with pytest.raises(UserError, match="one column"):
        make(Field("a,b", "seq"))
    with pytest.raises(RuntimeError, match="position by position"):
        make(field(seq=LATER)).decode({}, range(0), np.random.default_rng(1), {})
    stored([[3, 4], [5]])
    DB.run_sql("null", "update t set t = null where i = 2")
    faults = make(field(seq=LATER)).faults()
    found = [what for what, p in faults if DB.rows_sql("f", f"select count(*) from t where {p}")[0][0]]
    assert found == ["holds NULL (or infinity) but is declared without '?'"]


def test_a_reference_of_ctx_is_the_fields_own() -> None:
    """Declared inside `ctx` or beside it: the view's other rooms see one reference."""
    inside = read("t", {"type": "seq", "seq": LATER, "ctx": {**FIRST, "ref": "patients.birth"}})
    assert inside.refs == ("patients.birth",)
