"""A small table of people with odd rows, its neighbours, and a whole fit of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from testkit import fitted, put

from duckpaste.db import Db
from duckpaste.privacy.ledger import Ledger
from duckpaste.schema.view import Field, Table

DB = Db.open(settings={"threads": 1})
BOOK = Ledger(None)  # one for all: opening is a tenth of a fit
Row = tuple[int, str | None, int | None, float | None, int]  # whose, and four values
ROWS: list[Row] = [(u, "xyx"[u % 3], u % 3, float(u % 7), 0) for u in range(24) for _ in range(1 + u % 3)]
ODD: dict[str, list[Row]] = {
    "has the only z": [(100, "z", 1, 3.0, 0)],
    "has a value outside of the domain": [(101, "elsewhere", 1, 3.0, 0)],
    "has the only NULLs": [(102, None, None, None, 0)],
    "has the largest number, and the only 1": [(103, "x", 2, 1e9, 1)],
    "has three equal rows": [(105, "y", 0, 2.0, 0)] * 3,
    "has forty rows": [(104, "x", i % 3, float(i), 0) for i in range(40)],
}
WORLD: list[Row] = ROWS + [row for rows in ODD.values() for row in rows]
FIELDS = (
    Field("p", "id", sql_type="BIGINT"),
    Field("a", "categorical", nullable=True, options={"values": ["x", "y", "z"], "unknown": "?"}),
    Field("b", "categorical", nullable=True, options={"values": [0, 1, 2]}),
    Field("c", "numerical", nullable=True, sql_type="DOUBLE"),  # its bounds are discovered
    Field("e", "categorical", options={"values": [0, 1]}),
)
PEOPLE = Table("t", FIELDS, unit="p", contributions=2)


def without(unit: int, rows: Sequence[Row] = WORLD) -> list[Row]:
    """The neighbour in which one person never was."""
    return [r for r in rows if r[0] != unit]


NEIGHBOURS = [without(rows[0][0]) for rows in ODD.values()]


def stored(rows: Sequence[Row]) -> None:
    """The table `t` of `DB`."""
    columns: Any = list(zip(*rows, strict=True)) if rows else [()] * 5
    types = {"p": "bigint", "a": "varchar", "b": "integer", "c": "double", "e": "integer"}
    put(DB, "t", dict(zip("pabce", columns, strict=True)), types)


def fit(rows: Sequence[Row], algorithm: str = "mst", table: Table = PEOPLE, **options: Any) -> Any:
    """All that leaves a fit: the model, how many rows it would draw, and some of them."""
    stored(rows)
    small = {"theta": 0.02} if algorithm == "privbayes" else {}  # choices among parents on so few rows too
    model = fitted(DB, table, algorithm, ledger=BOOK, **{"epsilon": 4.0, **small, **options})
    drawn = [t.network.sample(40, np.random.default_rng(0)) for t in model.tables]
    return model, [t.rows for t in model.tables], drawn
