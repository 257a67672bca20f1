"""Planted cases: a small private database of people and their visits, and synthetic ones whose faults are known."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from duckpaste import holdout, sql
from duckpaste.db import Db
from duckpaste.evaluate.evaluation import Evaluation
from duckpaste.evaluate.run import measure
from duckpaste.schema import fields
from duckpaste.workspace import Workspace

Table = dict[str, np.ndarray]
FIELDS = """
tables:
  people:
    primary_key: person
    fields:
      person: id
      sex: categorical
      city: categorical?
      age: {type: numerical, min: 0, max: 100}
      height: {type: numerical, min: 0, max: 250}
      income: {type: numerical, min: 0, max: 10000}
      joined: {type: date, min: 2010-01-01, max: 2024-12-31}
  visits:
    primary_key: visit
    contributions: 8
    sequencer: came
    fields:
      visit: id
      person: id:people.person
      ward: categorical
      came: {type: datetime, min: 2015-01-01, max: 2024-12-31}
      left: {type: "datetime|day.hour:came", max_len: 30}
      cost: {type: numerical, min: 0, max: 100000}
"""
DDL = {
    "people": "person bigint primary key, sex varchar not null, city varchar, age integer, height double, income double, "
    "joined date",
    "visits": "visit bigint primary key, person bigint references people (person), ward varchar, came timestamp, "
    '"left" timestamp check ("left" >= came), cost double',
}
SHARE = 0.4


def people(n: int, seed: int) -> tuple[Table, Table]:
    """People and visits: everything depends on something, and rows are nearly unique."""
    rng = np.random.default_rng(seed)
    sex = rng.integers(0, 2, n)
    city = (rng.random(n) ** 2 * 12).astype(int)
    age = np.clip(rng.normal(30 + 3 * city, 12), 0, 99).astype(int)
    income = np.where(rng.random(n) < 0.3, 0.0, rng.gamma(4, 40, n) * (20 + age))
    top: Table = {
        "person": np.arange(n) * 7 + 1, "sex": np.array(["f", "m"])[sex],
        "city": np.array([None if c == 11 else f"city {c}" for c in city], dtype=object),
        "age": age, "height": np.round(rng.normal(160 + 14 * sex, 6), 2), "income": np.round(np.minimum(income, 60_000), 2),
        "joined": (np.datetime64("2014-01-01") + (age * 20 + rng.integers(0, 600, n))),
    }  # fmt: skip
    counts = np.minimum(rng.poisson(np.where(age > 45, 3.0, 1.0)), 9)
    who = np.repeat(np.arange(n), counts)
    ward = np.array(["day", "heart", "bone", "eye"])[(age[who] // 20 + (rng.random(len(who)) < 0.2)) % 4]
    came = np.datetime64("2016-01-01T00:00") + (
        (age[who] * 25 + rng.integers(0, 900, len(who))) * 1440 + rng.integers(480, 1080, len(who))
    )
    below: Table = {
        "visit": np.arange(len(who)), "person": top["person"][who], "ward": ward, "came": came,
        "left": came + (60 + rng.exponential(3000, len(who))).astype(int), "cost": np.round(rng.gamma(3, 50, len(who)) * (1 + age[who]), 2),
    }  # fmt: skip
    return top, below


def _arrow(values: np.ndarray) -> np.ndarray:
    return values.astype("datetime64[s]") if values.dtype == np.dtype("datetime64[m]") else values


def write(db: Db, tables: Mapping[str, Table], schema: str = "main") -> None:
    """Tables with their keys."""
    for name, columns in tables.items():
        quoted = sql.ident(schema, name)
        db.run_sql("make", f"create table {quoted} ({DDL[name]})")
        data = pa.table([pa.array(_arrow(v)) for v in columns.values()], names=list(columns))
        db.insert_arrow("fill", f"insert into {quoted} select * from rows_", "rows_", data)


class Planted:
    """The private database, and a way to score synthetic tables against it."""

    def __init__(self, folder: Path, n: int = 3000) -> None:
        self.folder = folder
        (folder / "planted").mkdir()
        (folder / "planted" / "fields.yml").write_text(FIELDS)
        self.top, self.below = people(n, 1)
        self.db = Db.open(folder / "private.duckdb")
        write(self.db, {"people": self.top, "visits": self.below})
        self.view, self.schema = Workspace(self.db).resolved(fields.load(folder / "planted"))

    def fitted(self, share: float) -> tuple[Table, Table]:
        """The units that a model would see."""
        text = f"select person from people where not {holdout.predicate(['person'], share)} order by 1"
        keys = np.array([k for (k,) in self.db.rows_sql("keys", text)])
        return tuple({c: v[np.isin(t["person"], keys)] for c, v in t.items()} for t in (self.top, self.below))  # type: ignore[return-value]

    def score(self, top: Table, below: Table, share: float = 0.0, **options: Any) -> Evaluation:
        """The evaluation of a synthetic database of these tables."""
        path = self.folder / "synthetic.duckdb"
        path.unlink(missing_ok=True)
        with Db.open(path) as db:
            write(db, {"people": top, "visits": below})
        return measure(self.db, self.view, self.schema, path, held_out=share, **options)


def bootstrap(top: Table, below: Table, seed: int) -> tuple[Table, Table]:
    """As many units drawn with replacement, each with all its visits, under new keys: a model that copies."""
    rng = np.random.default_rng(seed)
    n = len(top["person"])
    drawn = rng.integers(0, n, n)
    made = {c: v[drawn] for c, v in top.items()} | {"person": np.arange(n)}
    starts = np.searchsorted(below["person"], top["person"][drawn], "left")
    ends = np.searchsorted(below["person"], top["person"][drawn], "right")
    rows = np.concatenate([np.arange(a, b) for a, b in zip(starts, ends, strict=True)])
    visits = {c: v[rows] for c, v in below.items()}
    visits |= {"visit": np.arange(len(rows)), "person": np.repeat(np.arange(n), ends - starts)}
    return made, visits


def independent(top: Table, below: Table, seed: int) -> tuple[Table, Table]:
    """Every column by itself: a model without relations. Nights stay as long as they were."""
    rng = np.random.default_rng(seed)
    n, m = len(top["person"]), len(below["visit"])
    made = {c: v[rng.permutation(n)] for c, v in top.items()} | {"person": np.arange(n)}
    visits = {c: v[rng.permutation(m)] for c, v in below.items()} | {"visit": np.arange(m)}
    stay = below["left"] - below["came"]
    visits |= {"person": rng.integers(0, n, m), "left": visits["came"] + stay[rng.permutation(m)]}
    return made, visits
