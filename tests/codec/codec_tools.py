"""Runs one codec through a real DuckDB: encode in SQL, decode to Arrow, insert under the column's type."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from duckpaste.codec import load, make
from duckpaste.codec.base import Codec, Histogram, WantHistogram
from duckpaste.db import Db
from duckpaste.schema.view import Field


def learned(codec: Codec, db: Db, table: str = "t", bounds: tuple[float, float] | None = None) -> Codec:
    """Answer all wants exactly (epsilon inf), or the bounds with `bounds`."""
    promised = list(codec.promises())
    while wants := codec.wants():
        for want in wants:
            promised.remove(type(want))
            x = want.expression  # type: ignore[attr-defined]
            if isinstance(want, WantHistogram):
                counts = np.zeros(want.cells)
                for cell, n in db.rows_sql(
                    "histogram", f"select {x} as c, count(*) from {table} group by all"
                ):
                    if cell is not None:
                        counts[cell] = n
                codec.learn(want, Histogram(counts, 0.0))
            else:
                exact = db.rows_sql("bounds", f"select min({x}), max({x}) from {table}")[0]
                codec.learn(want, bounds or exact)
    return codec


def encoded(codec: Codec, db: Db, table: str = "t", order: str = "i") -> dict[str, np.ndarray]:
    """All codes, checked to lie in their domain."""
    expressions = codec.encode()
    sizes = {c.name: c.size for c in codec.columns()}
    assert list(expressions) == list(sizes)
    if not expressions:
        return {}
    listed = ", ".join(f'{x} as "{name}"' for name, x in expressions.items())
    found = db.numpy_sql("encoded", f"select {listed} from {table} order by {order}")
    for name, codes in found.items():
        assert not np.ma.isMaskedArray(codes), f"{name} holds NULL"
        assert codes.min(initial=0) >= 0 and codes.max(initial=0) < sizes[name]
    return {name: codes.astype(np.int64) for name, codes in found.items()}


def decoded(
    codec: Codec,
    codes: Mapping[str, np.ndarray],
    n: int,
    given: Mapping[str, pa.Array] | None = None,
    seed: int = 1,
) -> pa.Array:
    """The field's only column; the same from a codec that went through JSON."""
    fresh = load(
        codec.field, json.loads(json.dumps(codec.spec())), dict(codec.arrays()), list(codec.labels())
    )
    assert list(fresh.columns()) == list(codec.columns())
    assert dict(fresh.encode()) == dict(codec.encode())
    found, again = (
        c.decode(codes, range(n), np.random.default_rng(seed), given or {})[codec.field.columns[0]]
        for c in (codec, fresh)
    )
    assert len(found) == n
    assert found.equals(again)
    return found


def as_text(array: pa.Array, sql_type: str, db: Db) -> list[str | None]:
    """The values as DuckDB prints them after a cast to the column's type."""
    numbered = pa.table({"i": pa.array(np.arange(len(array))), "x": array})
    db.run_sql("made", f"create or replace table made (i bigint, x {sql_type})")
    db.insert_arrow("made", "insert into made select * from batch", "batch", numbered)
    return [r[0] for r in db.rows_sql("made", "select x::varchar from made order by i")]


def field(
    kind: str, sql_type: str = "", refs: tuple[str, ...] = (), nullable: bool = False, **options: Any
) -> Field:
    """A field called "x"."""
    return Field("x", kind, nullable, refs, options, sql_type)


def fresh(*args: Any, **options: Any) -> Codec:
    """A codec for `field(...)`."""
    return make(field(*args, **options))
