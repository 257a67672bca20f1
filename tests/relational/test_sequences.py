"""Sequences: a Markov chain, effects of position, and time order are kept; units stay bounded; ablations ablate.

The data are drawn once with a fixed seed. Shares are compared at 6 standard deviations of sampling: a false alarm has
a chance below 1e-8 each."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from family_tools import drawn, fitted
from testkit import Seen, begin, category, put

from duckpaste import route
from duckpaste.db import Db
from duckpaste.errors import UserError
from duckpaste.fit import request
from duckpaste.model_file import load
from duckpaste.output.writer import sample
from duckpaste.privacy.source import Source, protect
from duckpaste.relational.family import Family
from duckpaste.relational.mare import given, jobs
from duckpaste.schema.view import Field, ForeignKey, Table, View
from duckpaste.workspace import Workspace

INF = float("inf")
START = dt.datetime(2020, 1, 1)
STAY = 0.8  # P(x stays as it was); else it goes to the next of four
LETTERS = ["a", "b", "c", "d"]
UP = ForeignKey(("p",), "u", ("id",))
DAYS = {"type": "datetime", "nullable": False, "refs": (), "span": "day.hour", "bins": 32}
SEQ = {"seq": {**DAYS, "max_len": 100}, "ctx": {**DAYS, "max_len": 30}}
SPREAD = {**SEQ, "seq": {**DAYS, "max": dt.datetime(2022, 12, 1)}}  # some rows lie later


def stored(db: Db, units: int, most: int = 6, only: list[int] | None = None) -> None:
    """u (start) <- v (t, x, w, y): x is a Markov chain, w tells the position, y is the parent's g; one in seven is
    childless. `only`: these units alone, with the same rows."""
    people: list[tuple[Any, ...]] = []
    rows: list[tuple[Any, ...]] = []
    for u in range(units):
        rng = np.random.default_rng(u)
        begin_ = START + dt.timedelta(days=int(rng.integers(0, 1000)))
        g = int(rng.integers(0, 4))
        n = u % 7 % (most + 1)
        x, t = int(rng.integers(0, 4)), begin_
        if only is not None and u not in only:
            continue
        people.append((u, begin_, LETTERS[g]))
        for i in range(n):
            days = rng.integers(0, 30) if i == 0 else 40 + rng.integers(0, 5)
            t += dt.timedelta(days=int(days), hours=int(rng.integers(0, 5)))
            # keys do not follow time: only the sequencer orders
            rows.append((u * 10 + most - i, u, t, LETTERS[x], LETTERS[min(i, 3)], LETTERS[g]))
            x = x if rng.random() < STAY else (x + 1) % 4
    put(db, "u", dict(zip(("id", "start", "g"), zip(*people, strict=True), strict=True)), {"id": "bigint"})
    columns = ("id", "p", "t", "x", "w", "y")
    values: Any = list(zip(*rows, strict=True)) or [()] * 6
    put(db, "v", dict(zip(columns, values, strict=True)), {"id": "bigint", "p": "bigint", "t": "timestamp"})


def tables(kind: str = "datetime", **options: Any) -> tuple[Table, ...]:
    """The view's tables; `kind` is how the time is told: "datetime" from the parent's start, "seq", or "spread"."""
    key = Field("id", "id")
    if kind != "datetime":
        time = Field("t", "seq", refs=("u.start",), options=SEQ if kind == "seq" else SPREAD)
    else:
        time = Field(
            "t", "datetime", refs=("u.start",), options={"span": "day.hour", "max_len": 400, "bins": 64}
        )
        options.setdefault("sequencer", "t")
    start = Field(
        "start", "datetime", options={"span": "day.hour", "min": START, "max": dt.datetime(2023, 1, 1)}
    )
    letters = [category(n, LETTERS) for n in ("x", "w", "y")]
    more = {"contributions": 6, "max_children": 6, **options}
    return (
        Table("u", (key, start, category("g", LETTERS)), ("id",)),
        Table(
            "v",
            (key, Field("p", "id"), time, *letters),
            ("id",),
            contributions=6,
            foreign_keys=(UP,),
            options=more,
        ),
    )


def ready(db: Db, made: tuple[Table, ...]) -> Family:
    found = route.ready(Workspace(db), View("f", Path("f"), made), request("mare", {}))
    assert isinstance(found, Family)
    return found


ROWS = """(select v.*, u.start, u.g, row_number() over w - 1 as i, lag(x) over w as x1, lag(t) over w as t1,
  lag(v.id) over (order by v.rowid) as id1 from v join u on u.id = v.p window w as (partition by p order by v.id))"""
FACTS = f"""select
  avg((x = x1)::int) filter (where x1 < 'd') as stays,
  avg((x = chr(ascii(x1) + 1))::int) filter (where x1 < 'd') as turns,
  count(*) filter (where x1 < 'd') as pairs,
  avg((w = chr(97 + least(i, 3)::int))::int) as position,
  avg((y = g)::int) as parent,
  count(*) filter (where t1 > t or id1 > id) as disorder,
  avg(date_diff('day', t1, t)) as gap,
  avg(date_diff('day', start, t)) filter (where i = 0) as first,
  count(*) as n from {ROWS}"""
CHILDLESS = "select avg((n = 0)::int) from (select (select count(*) from v where p = u.id) n from u)"


@pytest.mark.parametrize(("kind", "epsilon"), [("datetime", INF), ("seq", INF), ("seq", 100.0)])
def test_chain_position_and_order(tmp_path: Path, kind: str, epsilon: float) -> None:
    """x stays with 0.8, w tells the position, y is the parent's, and every parent's rows are in order of time."""
    db = Db.open()
    stored(db, 1500)
    model, _ = fitted(db, tables(kind), {"epsilon": epsilon})
    real = db.rows_sql("r", "select count(*) from v")[0][0]
    with drawn(model, tmp_path / "s.duckdb") as made:
        ((stays, turns, pairs, position, parent, disorder, gap, first, n),) = made.rows_sql("facts", FACTS)
        childless = made.rows_sql("childless", CHILDLESS)[0][0]
    slack = 6 * np.sqrt(STAY * (1 - STAY) / pairs) + (0.0 if np.isinf(epsilon) else 0.02)
    assert abs(stays - STAY) < slack and abs(turns - (1 - STAY)) < slack
    assert position > 0.99 and parent > 0.98 and abs(n / real - 1) < 0.05
    assert disorder == 0, "in time order, and so are keys and rows"
    assert abs(childless - 1 / 7) < 0.02
    assert abs(first - 14.6) < 2
    if kind == "seq":  # told from the row before: gaps are of 40 to 45 days
        assert abs(gap - 42.2) < 1


def test_ablations(tmp_path: Path) -> None:
    """Without lags pairs with the row before are worse, without ancestors pairs with the parent."""
    db = Db.open()
    stored(db, 1000)
    scores = {}
    for name in ("", "no_seq", "no_hist"):
        wanted = {"epsilon": INF, **({name: True} if name else {})}
        model, _ = fitted(db, tables(), wanted)
        path = tmp_path / f"s{name}.duckdb"
        sample(model, path, seed=1)
        _, (counts,) = route.fidelity(db, ready(db, tables()), model, path)
        scores[name] = counts
        seen = set(model["v"].network.evidence)
        lags = {e for e in seen if e.startswith("v@")}
        assert (name == "no_seq") == (not lags) and (name == "no_hist") == (seen == lags)
    assert scores[""]["lag tv"] < 0.6 * scores["no_seq"]["lag tv"]
    assert scores[""]["parent tv"] < 0.75 * scores["no_hist"]["parent tv"]
    with pytest.raises(UserError, match="neither true nor false"):
        request("mare", {"no_seq": "maybe"})
    with pytest.raises(UserError, match="no_seq"):
        request("mst", {"no_seq": True})


@pytest.mark.parametrize("kind", ["datetime", "seq", "spread"])
def test_model_file_and_seeds(tmp_path: Path, kind: str) -> None:
    """A stored model draws the same rows in the same order; so does the same seed, and another seed does not."""
    db = Db.open()
    stored(db, 150)
    model, _ = fitted(db, tables(kind, order=2), {"epsilon": 50.0})
    model.save(tmp_path / "m.duckdb")
    found = []
    for i, (m, seed) in enumerate([(model, 1), (load(tmp_path / "m.duckdb"), 1), (model, 2)]):
        with drawn(m, tmp_path / f"{i}.duckdb", seed=seed) as made:
            found.append(made.rows_sql("v", "select * from v order by rowid"))
    assert found[0] == found[1] != found[2]
    assert len(found[0]) > 100


@pytest.mark.parametrize("bound", ["weights", "rows"])
@pytest.mark.parametrize("kind", ["datetime", "seq", "spread"])
def test_one_unit_moves_no_count_by_more_than_k(kind: str, bound: str, seen: Seen) -> None:
    """Positions and lags included: each marginal of a row with what it sees moves by at most k when a unit goes."""
    k, found = 2, []
    db = Db.open()
    stored(db, 40)
    kin = ready(db, tables(kind, order=2))
    job = next(j for j in jobs(kin) if j.name == "v")
    for only in (None, [u for u in range(40) if u != 5], [u for u in range(40) if u != 8]):
        stored(db, 40, only=only)
        table = protect(db, f"({kin.rows_sql('v')})", "f.v", unit="_unit", k=k, bound=bound, order_by=["id"])
        source = Source(db, table, begin(10.0, k=k))
        for codec in job.codecs:  # bins come from the first of the three: they are public by then
            while wants := codec.wants():
                answers = source.discover(wants, [0.01] * len(wants), [0.0] * len(wants), "d")
                for want, answer in zip(wants, answers, strict=True):
                    codec.learn(want, answer)
        evidence = given(kin, job, request("mare", {}))
        encoded = source.encode(job.codecs, [(e.column, e.expression) for e in evidence])
        names = encoded.domain.names
        assert {"v@position", "v@1.x", "v@2.w", "u.g"} <= set(names)
        assert kind != "spread" or {"t.seq.rank", "v@2.t.seq.rank"} <= set(names)
        seen.vectors.clear()
        cliques = [(n, "x") for n in names if n != "x"]
        for clique in cliques:
            encoded.measure([clique], [0.001], "test")
        found.append([v / table.one for v in seen.vectors])
    moved = [
        max(float(np.abs(a - b).sum()) for a, b in zip(found[0], other, strict=True)) for other in found[1:]
    ]
    assert 1.99 < moved[0] <= k and 0 < moved[1] <= k


def test_positions_are_coded_in_logarithmic_steps() -> None:
    from duckpaste.model import Siblings
    from duckpaste.relational.siblings import position_sql, starts
    from duckpaste.sample.siblings import coded, positions

    assert starts(10) == (0, 1, 2, 3, 5, 9) and starts(1) == (0,) and starts(3) == (0, 1, 2)
    assert starts(None)[-1] == 2049
    order = Siblings(("t",), 1, starts(40))
    text = position_sql(order, "i")
    there = [r[0] for r in Db.open().rows_sql("p", f"select {text} from range(60) r(i) order by i")]
    assert there == coded(order, np.arange(60)).tolist()
    assert there[:10] == [0, 1, 2, 3, 3, 4, 4, 4, 4, 5]
    assert positions(np.array([0, 0, 3, 4, 4, 4])).tolist() == [0, 1, 0, 0, 1, 2]


def test_sequences_of_one_row_and_of_none(tmp_path: Path) -> None:
    """Every parent has at most one row: lags hold the placeholder alone."""
    db = Db.open()
    stored(db, 500, most=1)
    model, _ = fitted(db, tables("seq"), {"epsilon": INF})
    with drawn(model, tmp_path / "s.duckdb") as made:
        most, rows = made.rows_sql("n", "select max(n), sum(n) from (select count(*) n from v group by p)")[0]
    assert most == 1 and rows > 100


def test_children_of_a_sequence_see_the_number_of_the_sibling_before(tmp_path: Path) -> None:
    """Every row of a unit has as many children as the one before it, which no column of row or parent tells."""
    db = Db.open()
    stored(db, 700)
    db.run_sql("z", "create or replace table z as select row_number() over () as id, v.id as q, 'a' as c "
               "from v, range(3) r(i) where i < (p * 7 + p // 5) % 4")  # fmt: skip
    key = ForeignKey(("q",), "v", ("id",))
    fields = (Field("id", "id"), Field("q", "id"), category("c", ["a", "b"]))
    below = Table("z", fields, ("id",), foreign_keys=(key,), options={"contributions": 20, "max_children": 3})
    text = """select avg((n = before)::int), count(*) from (
      select n, lag(n) over (partition by p order by id) as before from (
        select v.id, p, count(z.id) as n from v left join z on z.q = v.id group by all)) where before is not null"""
    agree = {}
    for name in ("", "no_seq"):
        model, _ = fitted(db, (*tables(), below), {"epsilon": INF, **({name: True} if name else {})})
        with drawn(model, tmp_path / f"s{name}.duckdb") as made:
            agree[name], rows = made.rows_sql("n", text)[0]
        assert rows > 1000
    assert agree[""] > 0.99 and agree["no_seq"] < 0.5


def test_the_plan_counts_what_a_row_sees() -> None:
    db = Db.open()
    stored(db, 20)
    cells = {}
    for name in ("", "no_seq", "no_hist"):
        wanted = request("mare", {name: True} if name else {})
        made = route.plan(ready(db, tables()), wanted)
        cells[name] = next(r.cells for r in made.releases if r.stage == "v: one-way")
    assert any("v: rows in the order of t" in fact for fact in made.public)
    assert cells[""] - cells["no_seq"] == 5 + (65 + 25) + 3 * 5, "position and lags, each with a placeholder"
    assert cells[""] - cells["no_hist"] > 4


def test_what_cannot_be_a_sequence(tmp_path: Path) -> None:
    db = Db.open()
    stored(db, 20)
    u, v = tables()
    wrong = {
        "several fields": (Field("t", "seq"), Field("x", "seq")),
        "no seq": (Field("t", "seq", options={"ctx": DAYS}),),
    }
    for message, fields in wrong.items():
        table = Table("v", (*v.fields[:2], *fields), ("id",), foreign_keys=(UP,))
        with pytest.raises(UserError, match=message):
            ready(db, (u, table))
    top = Table("u", u.fields, ("id",), options={"sequencer": "start"})
    with pytest.raises(UserError, match="belongs to no parent row"):
        ready(db, (top, v))


def test_a_number_of_its_own(tmp_path: Path) -> None:
    """A seq field without types counts the rows below a parent, from 1."""
    db = Db.open()
    stored(db, 200)
    db.run_sql("n", "alter table v add column nth integer")
    u, v = tables()
    fields = (*v.fields[:2], *v.fields[3:], Field("t", "ignore"), Field("nth", "seq"))
    numbered = Table("v", fields, ("id",), foreign_keys=(UP,), options={"contributions": 6})
    model, _ = fitted(db, (u, numbered), {"epsilon": INF})
    text = "select nth, row_number() over (partition by p order by id) as i from v"
    with drawn(model, tmp_path / "s.duckdb") as made:
        wrong = made.rows_sql("n", f"select count(*) from ({text}) where nth <> i")
    assert wrong == [(0,)]


def test_a_first_row_told_from_a_year(tmp_path: Path) -> None:
    """A reference of whole years, and one that may be NULL, as for a date that is no sequence."""
    db = Db.open()
    stored(db, 300)
    db.run_sql("y", "alter table u add column born integer")
    db.run_sql("y", "update u set born = 1950 + id % 50")
    u, v = tables()
    first = {**DAYS, "span": "year.hour", "max_len": 80, "bins": 81}
    time = Field("t", "seq", refs=("u.born",), options={"seq": SEQ["seq"], "ctx": first})
    below = Table("v", (*v.fields[:2], time), ("id",), foreign_keys=(UP,), options={"contributions": 6})
    born = Field("born", "numerical", options={"min": 1950, "max": 1999, "bins": 50})
    model, _ = fitted(db, (Table("u", (u.fields[0], born), ("id",)), below), {"epsilon": INF})
    ages = "select avg(year(t) - born), min(year(t) - born), max(year(t) - born) from u join v on v.p = u.id"
    real = db.rows_sql("a", ages)[0]
    with drawn(model, tmp_path / "s.duckdb") as made:
        found = made.rows_sql("a", ages)[0]
    assert abs(found[0] - real[0]) < 3 and found[1] >= real[1] - 1 and found[2] <= real[2] + 1
