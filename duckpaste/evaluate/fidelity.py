"""Fidelity of one table: how far synthetic marginals are from real ones, over all rows, on decoded values.

Results are exact statistics of private data: whoever shows them stamps them with INTERNAL.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from duckpaste import sql
from duckpaste.codec.base import Codec
from duckpaste.count.engines.duckdb import DuckDbEngine
from duckpaste.count.marginals import Marginals
from duckpaste.db import Db
from duckpaste.domain import Clique, Domain, IntArray
from duckpaste.evaluate.distances import total_variation
from duckpaste.evaluate.score import INTERNAL as INTERNAL
from duckpaste.model import TableModel
from duckpaste.prepare import Prepared

MAX_PAIRS = 2000  # beyond it a fixed selection of pairs is compared, and said so
MAX_CELLS = 1 << 20


@dataclass(frozen=True)
class ColumnScore:
    """One column: shares of NULL, total variation of its own marginal, and the mean over pairs with it."""

    name: str
    kind: str
    null_real: float
    null_synthetic: float
    tv1: float
    tv2: float


@dataclass(frozen=True)
class Fidelity:
    """Scores of one table. tv1 and tv2 are means of total variation distances (0 = equal, 1 = disjoint)."""

    table: str
    columns: Sequence[ColumnScore]
    tv1: float
    tv2: float
    pairs: int
    all_pairs: int


def compare(db: Db, ready: Prepared, model: TableModel, synthetic: Path) -> Fidelity:
    """Compare the private table with the synthetic file's table of the same name, in the model's own codes."""
    with opened(db, synthetic) as alias:
        return compare_rows(db, ready.relation, f"{alias}.main.{sql.ident(model.name)}", model)


@contextmanager
def opened(db: Db, synthetic: Path) -> Iterator[str]:
    """The quoted name under which the synthetic file is attached, read-only, for the length of the block."""
    alias = sql.ident("duckpaste_synthetic")
    db.run_sql("attach", f"attach {sql.literal(str(synthetic))} as {alias} (read_only)")
    try:
        yield alias
    finally:
        db.run_sql("detach", f"detach {alias}")


def compare_rows(db: Db, real_rows: str, fake_rows: str, model: TableModel) -> Fidelity:
    """Compare two relations (SQL) that have the columns which the model's codecs read."""
    codecs = [c for c in model.codecs if c.columns()]
    domain = Domain({k.name: k.size for c in codecs for k in c.columns()})
    pairs = [p for p in itertools.combinations(domain.names, 2) if domain.cells(p) <= MAX_CELLS]
    chosen = pairs
    if len(pairs) > MAX_PAIRS:
        keep = np.random.default_rng(0).choice(len(pairs), MAX_PAIRS, replace=False)
        chosen = [pairs[i] for i in sorted(keep)]
    cliques: list[Clique] = [*((n,) for n in domain), *chosen]
    if not cliques:
        return Fidelity(model.name, [], 0.0, 0.0, 0, 0)
    real, nulls_real = _counts(db, real_rows, codecs, domain, cliques)
    fake, nulls_fake = _counts(db, fake_rows, codecs, domain, cliques)
    tv = {c: total_variation(real[c], fake[c]) for c in cliques}
    scores = []
    for codec in codecs:
        mine = [k.name for k in codec.columns()]
        near = [v for c, v in tv.items() if len(c) == 2 and (c[0] in mine) != (c[1] in mine)]
        name = codec.field.name
        scores.append(ColumnScore(
            name, codec.field.kind, nulls_real.get(name, 0.0), nulls_fake.get(name, 0.0),
            float(np.mean([tv[(m,)] for m in mine])), float(np.mean(near)) if near else 0.0,
        ))  # fmt: skip
    one = [v for c, v in tv.items() if len(c) == 1]
    two = [v for c, v in tv.items() if len(c) == 2]
    return Fidelity(
        model.name, scores, float(np.mean(one)), float(np.mean(two)) if two else 0.0, len(chosen), len(pairs)
    )


def _counts(
    db: Db, relation: str, codecs: Sequence[Codec], domain: Domain, cliques: Sequence[Clique]
) -> tuple[Mapping[Clique, IntArray], dict[str, float]]:
    """Exact marginals, and the share of NULLs of each field's first column."""
    columns = []
    for codec in codecs:
        expressions = codec.encode()
        columns += [
            {"name": k.name, "size": k.size, "expression": expressions[k.name]} for k in codec.columns()
        ]
    counts = count(db, relation, columns, domain, cliques)
    names = [c.field.columns[0] for c in codecs]
    row = db.rows("null_shares", relation=relation, columns=names)[0]
    return counts, {c.field.name: n / max(row[0], 1) for c, n in zip(codecs, row[1:], strict=True)}


def count(
    db: Db, relation: str, columns: Sequence[Mapping[str, object]], domain: Domain, cliques: Sequence[Clique]
) -> Mapping[Clique, IntArray]:
    """Exact marginals of a relation's codes (`columns`: name, size and expression of each; see sql/encoded.sql)."""
    target = sql.ident("_compared")
    db.run("encoded", relation=relation, target=target, columns=columns, weight=None)
    try:
        return Marginals(DuckDbEngine(db), target, domain).counts(cliques)
    finally:
        db.run_sql("drop", f"drop table {target}")
