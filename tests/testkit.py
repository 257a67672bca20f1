"""Small private databases, runs and doors for tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from duckpaste import sql
from duckpaste.db import Db
from duckpaste.fit import fit_table, request
from duckpaste.model import Model
from duckpaste.prepare import Prepared, prepare, resolve
from duckpaste.privacy import noise, source
from duckpaste.privacy.accountant import Guarantee
from duckpaste.privacy.ledger import Ledger, Run
from duckpaste.privacy.release import release as true_release
from duckpaste.schema.view import Field, Table, View

INF = float("inf")


def put(
    db: Db, name: str, columns: Mapping[str, Sequence[Any]], types: Mapping[str, str] | None = None
) -> str:
    """A table of `columns` (SQL types where given); its quoted name."""
    data = pa.table(
        [pa.array(list(v)) for v in columns.values()], names=[f"c{i}" for i in range(len(columns))]
    )
    kinds = types or {}
    cast = ", ".join(
        f"c{i}" + (f"::{kinds[n]}" if n in kinds else "") + f" as {sql.ident(n)}"
        for i, n in enumerate(columns)
    )
    quoted = sql.ident(name)
    db.insert_arrow("put", f"create or replace table {quoted} as select {cast} from made_", "made_", data)
    return quoted


def ready(db: Db, table: Table, budget: Mapping[str, Any] | None = None) -> Prepared:
    """The table of the schema main under the view `v`, with what its catalogue declares."""
    view = View("v", Path("."), (table,), budget=budget or {})
    return prepare(db, resolve(db, view, "main"), "main")


def category(name: str, values: Sequence[Any] | None = None, **options: Any) -> Field:
    """A categorical field; without `values` they are discovered."""
    return Field(name, "categorical", options=options | ({} if values is None else {"values": list(values)}))


def number(name: str, low: Any = None, high: Any = None, sql_type: str = "", **options: Any) -> Field:
    """A numerical field; `sql_type` is needed where no catalogue gives it."""
    bounds = {k: v for k, v in (("min", low), ("max", high)) if v is not None}
    return Field(name, "numerical", options=options | bounds, sql_type=sql_type)


def begin(
    epsilon: float = 1.0, delta: float = 1e-9, *, k: int = 1, ledger: Ledger | None = None, **more: Any
) -> Run:
    """A run of a ledger (in memory unless given) that may spend all that the guarantee allows."""
    guarantee = Guarantee(epsilon, delta)
    book = Ledger(None) if ledger is None else ledger
    return book.begin(view="v", unit="row", contributions=k, algorithm="test", guarantee=guarantee,
                      loss=more.pop("loss", guarantee.loss()), **more)  # fmt: skip


def fitted(
    db: Db, table: Table, algorithm: str = "independent", *, ledger: Ledger | None = None,
    budget: Mapping[str, Any] | None = None, **options: Any,
) -> Model:  # fmt: skip
    """Fit one table of the schema main."""
    book = Ledger(None) if ledger is None else ledger
    return fit_table(db, ready(db, table, budget), request(algorithm, options), book)


class Seen:
    """What reached the noise: exact vectors (in units of 1/one) and exact scores, in order."""

    def __init__(self) -> None:
        self.vectors: list[np.ndarray] = []
        self.scores: list[np.ndarray] = []


def patched(patch: pytest.MonkeyPatch) -> Seen:
    """Replaces noise by nothing and selection by 0, and keeps what they were given."""
    kept = Seen()

    def add(counts: np.ndarray, scale: float, *, pure: bool) -> np.ndarray:
        kept.vectors.append(np.array(counts))
        return counts

    def noisy_max(scores: np.ndarray, scale: float, *, pure: bool) -> int:
        kept.scores.append(np.array(scores))
        return 0

    patch.setattr(noise, "add", add)
    patch.setattr(noise, "noisy_max", noisy_max)
    return kept


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    """`patched`, for one test."""
    return patched(monkeypatch)


Told = list[tuple[str, str, float, np.ndarray]]
"""Table, columns, sensitivity and exact counts in rows of each release."""


@contextmanager
def noiseless() -> Iterator[Told]:
    """Vectors that are released within the block meet no noise; what they were before it."""
    found: Told = []

    def release(run: Any, table: Any, vectors: Any, stage: str, **more: Any) -> Any:
        before = len(run.releases)
        out = true_release(run, table, vectors, stage, **more)
        for entry, vector in zip(run.releases[before:], vectors, strict=True):
            found.append((entry.table, entry.columns, entry.sensitivity, vector.counts / table.one))
        return out

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "release", release)
        patch.setattr(noise, "add", lambda counts, scale, *, pure: counts)
        yield found


# A table of many types, and what is declared of it.
WIDE = Table(
    "wide",
    (
        Field("id", "id"),
        Field("kind", "categorical"),
        Field("cost", "numerical", nullable=True, options={"min": 0, "max": 99_999}),
        Field("seen", "datetime", options={"min": "2020-01-01", "max": "2020-12-31"}),
        Field("alive", "boolean", nullable=True),
        Field("token", "uuid"),
        Field("account", "numerical", options={"min": 9_007_199_254_740_993, "max": 9_007_199_254_743_000}),
        Field("born", "date", nullable=True, options={"min": "1950-01-01", "max": "2010-12-31"}),
        Field("name", "categorical", options={"values": ["Anna", "Bob", "名前"]}),
        Field("ratio", "numerical", options={"min": -1.5, "max": 1.5}),
        Field("note", "ignore"),
    ),
    ("id",),
    comment="it's wide",
)


def wide(db: Db, rows: int = 600) -> None:
    """Make the table `wide`."""
    db.run_sql(
        "wide",
        f"""create or replace table wide (
            id bigint primary key, kind enum ('a', 'b', 'it''s') not null, cost decimal(9, 2) check (cost >= 0),
            seen timestamptz not null, alive boolean, token uuid not null, account bigint not null, born date,
            name varchar not null, ratio double not null, note varchar, check (ratio < 2)
        );
        comment on column wide.cost is 'in euros';
        insert into wide select i, ['a', 'b', 'it''s'][1 + i % 3]::enum ('a', 'b', 'it''s'),
            case when i % 7 > 0 then (i * 37 % 5000) / 100 end,
            timestamptz '2020-01-02 00:00:00+00' + interval (i * 7) hour,
            case when i % 5 > 0 then i % 2 = 0 end, uuid(), 9007199254740993 + i,
            case when i % 4 > 0 then date '1960-01-01' + (i * 13)::integer end,
            ['Anna', 'Bob', '名前'][1 + i % 3], sin(i), 'secret ' || i
        from range({rows}) r(i)""",
    )
