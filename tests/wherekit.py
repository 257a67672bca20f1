"""Codecs and networks at random, and tables sampled from them, for tests of conditional sampling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from duckpaste import sql
from duckpaste.codec import make
from duckpaste.codec.base import Codec, Histogram, WantHistogram, WantValues
from duckpaste.db import Db
from duckpaste.domain import Domain
from duckpaste.model import Column, TableModel
from duckpaste.models.network import Expansion, Network, Step
from duckpaste.schema.view import Field


def random_codec(
    name: str,
    kind: str,
    sql_type: str = "",
    nullable: bool = False,
    *,
    refs: tuple[str, ...] = (),
    **options: Any,
) -> Codec:
    """A codec whose wants are answered at random: many empty cells, a few heavy ones."""
    made = make(Field(name, kind, nullable, refs, options, sql_type))
    rng = np.random.default_rng(len(name))
    while wants := made.wants():
        for want in wants:
            if isinstance(want, WantHistogram):
                counts = rng.random(want.cells) ** 4 * (rng.random(want.cells) < 0.7) * 1000
                made.learn(want, Histogram(counts, 0.0))
            elif isinstance(want, WantValues):
                made.learn(want, ["b", "a", "c"])
            else:
                made.learn(want, (-3, 250))
    return made


def random_table(
    codecs: Sequence[Codec], seed: int, *, expansions: Mapping[str, Expansion] | None = None, name: str = "T",
    parents: int = 2, near: int = 4, **more: Any,
) -> TableModel:  # fmt: skip
    """A table over a random network: each code column has up to `parents` of the `near` columns before it."""
    rng = np.random.default_rng(seed)
    sizes = {c.name: c.size for codec in codecs for c in codec.columns()}
    sizes |= {n: int(e.coarse.max()) + 1 for n, e in (expansions or {}).items()}
    names = list(sizes)
    steps = []
    for i, column in enumerate(names):
        mine = tuple(
            str(p) for p in rng.permutation(names[max(0, i - near) : i])[: rng.integers(0, parents + 1)]
        )
        steps.append(Step(column, mine, rng.gamma(0.7, size=[sizes[n] for n in (*mine, column)])))
    network = Network(Domain(sizes), (), steps, dict(expansions or {}), 1000.0)
    columns = [Column(c, codec.field.sql_type) for codec in codecs for c in codec.field.columns]
    return TableModel(name, columns, codecs, network, **more)


def put_batches(db: Db, table: TableModel, name: str, made: Sequence[pa.RecordBatch]) -> None:
    """A table of `db` with the batches under the types of `table`."""
    listed = ", ".join(f"{sql.ident(c.name)}::{c.sql_type} as {sql.ident(c.name)}" for c in table.columns)
    target = sql.ident(name)
    text = f"create or replace table {target} as select {listed} from made_"
    db.insert_arrow("put", text, "made_", pa.Table.from_batches(list(made)))
