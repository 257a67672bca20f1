"""Sequences with an end: no row passes it; rows that spread over their years still do, for parents of many rows too."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from family_tools import drawn, fitted
from testkit import category, put

from duckpaste import route
from duckpaste.db import Db
from duckpaste.fit import request
from duckpaste.relational.family import Family
from duckpaste.schema.view import Field, ForeignKey, Table, View
from duckpaste.workspace import Workspace

START, END = dt.datetime(2015, 1, 1), dt.datetime(2024, 12, 31)
DAYS = 3653
FIRST = {"type": "datetime", "nullable": False, "refs": (), "span": "year.hour", "min": START, "max": END}
LATER = {"type": "datetime", "nullable": False, "refs": (), "span": "week.hour", "bins": 16}
ROWS = "(select v.*, row_number() over w - 1 as i, lag(t) over w as t1, count(*) over (partition by p) as n from v window w as (partition by p order by t))"


def stored(db: Db, units: int) -> None:
    """u <- v (t, x): as many rows as the parent's g says (1, 2, 4 or 16), spread evenly over ten years; v <- w."""
    rng = np.random.default_rng(5)
    g = rng.integers(0, 4, units)
    put(db, "u", {"id": range(units), "g": [str(1 << int(i) if i < 3 else 16) for i in g]}, {"id": "bigint"})
    rows: list[tuple[Any, ...]] = []
    for u in range(units):
        n = [1, 2, 4, 16][g[u]]
        for day in np.sort(rng.random(n) * DAYS):
            rows.append((len(rows), u, START + dt.timedelta(days=float(day)), "ab"[int(day) % 2]))
    columns: Any = zip(*rows, strict=True)
    put(db, "v", dict(zip(("id", "p", "t", "x"), columns, strict=True)),
        {"id": "bigint", "p": "bigint", "t": "timestamp"})  # fmt: skip
    put(db, "w", {"id": range(len(rows)), "q": range(len(rows)), "y": ["a"] * len(rows)},
        {"id": "bigint", "q": "bigint"})  # fmt: skip


def tables(order: int = 1, **later: Any) -> tuple[Table, ...]:
    time = Field("t", "seq", options={"ctx": FIRST, "seq": {**LATER, **later}}, sql_type="TIMESTAMP")
    key = Field("id", "id")
    more = {"contributions": 16, "max_children": 16, "order": order}
    return (
        Table("u", (key, category("g", ["1", "2", "4", "16"])), ("id",)),
        Table("v", (key, Field("p", "id"), time, category("x", ["a", "b"])), ("id",), contributions=16,
              foreign_keys=(ForeignKey(("p",), "u", ("id",)),), options=more),
        Table("w", (key, Field("q", "id"), category("y", ["a", "b"])), ("id",), contributions=16,
              foreign_keys=(ForeignKey(("q",), "v", ("id",)),), options={"contributions": 16, "max_children": 1}),
    )  # fmt: skip


@pytest.mark.parametrize("later", [{}, {"spread": False, "max_len": 520}])
def test_rows_end_where_the_column_does(tmp_path: Path, later: dict[str, Any]) -> None:
    """None lies later; the years are as full as they were and gaps as long, whatever the number of rows, unless the view
    says that gaps are to be told by themselves."""
    db = Db.open()
    stored(db, 800)
    db.run_sql("drop", "drop table w")
    model, _ = fitted(db, tables(**later)[:2], {"epsilon": float("inf")})
    gaps = f"select n, avg(date_diff('day', t1, t)) from {ROWS} where i > 0 group by n order by n"
    with drawn(model, tmp_path / "s.duckdb") as made:
        last, order = made.rows_sql("last", f"select max(t), count(*) filter (where t1 > t) from {ROWS}")[0]
        years = dict(
            made.rows_sql("years", "select year(t), count(*) / sum(count(*)) over () from v group by 1")
        )
        found = dict(made.rows_sql("gaps", gaps))
    assert last < END + dt.timedelta(days=1) and order == 0
    distance = 0.5 * sum(abs(years.get(y, 0.0) - 0.1) for y in range(2015, 2025))
    real = dict(db.rows_sql("gaps", gaps))
    assert distance < (0.15 if later else 0.05)
    assert later or all(abs(found[n] / real[n] - 1) < 0.15 for n in (2, 4, 16)), (found, real)


def test_lags_and_descendants_have_the_codes_of_their_rows() -> None:
    """A row two back, and the row above, are coded as they are in their own place."""
    db = Db.open()
    stored(db, 60)
    view = View("f", Path("f"), tables(order=2))
    family = route.ready(Workspace(db), view, request("mare", {}))
    assert isinstance(family, Family)
    from duckpaste.codec.base import Histogram

    (codec,) = (c for c in family.members["v"].codecs if c.field.name == "t")
    while wants := codec.wants():
        for want in wants:
            codec.learn(want, Histogram(np.ones(want.cells), 0.0))  # type: ignore[attr-defined]
    reader = family._reader(family.members["v"], "")
    own = codec.encode(reader)["t.seq.rank"]
    lags = {e.column.name: e.expression for e in family.before("v")}
    back = {n: lags[f"v@{n}.t.seq.rank"] for n in (1, 2)}
    text = f"select *, {own} as k, {back[1]} as k1, {back[2]} as k2 from ({family.rows_sql('v')})"
    wrong = f"""select count(*) from (select *, lag(k) over w as r1, lag(k, 2) over w as r2 from ({text})
      window w as (partition by p order by t)) where k1 <> coalesce(r1, k1) or k2 <> coalesce(r2, k2)"""
    assert db.rows_sql("wrong", wrong) == [(0,)]
    above = next(e.expression for e in family.evidence("w") if e.column.name == "v.t.seq.rank")
    both = f"""select count(*), count(*) filter (where a.k = b.k), count(distinct a.k) from (select q, {above} as k
      from ({family.rows_sql("w")})) a join ({text}) b on a.q = b.id"""
    ((n, same, codes),) = db.rows_sql("both", both)
    assert n == same > 0 and codes > 10
