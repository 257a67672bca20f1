"""Fidelity of related tables: each table's own scores, and how many children rows have. Exact, so internal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from duckpaste import sql
from duckpaste.db import Db
from duckpaste.evaluate.fidelity import Fidelity, compare_rows, opened
from duckpaste.model import Model
from duckpaste.relational.family import Family, owner_of


def compare_family(db: Db, family: Family, model: Model, synthetic: Path) -> tuple[list[Fidelity], list[dict[str, Any]]]:
    """A `Fidelity` a table, and for each key to a parent the childless share, the mean and the total variation of
    the number of children, real and synthetic."""
    scores, counts = [], []
    with opened(db, synthetic) as alias:
        members = {n: replace(m, relation=f"{alias}.main.{sql.ident(n)}") for n, m in family.members.items()}
        other = replace(family, members=members)
        for table in model.tables:
            real, fake = (f"({f.rows_sql(table.name)})" for f in (family, other))
            scores.append(compare_rows(db, real, fake, table))
            if table.lineage is not None:
                counts.append(_children(db, family, other, table.name))
    return scores, counts


def _children(db: Db, family: Family, other: Family, name: str) -> dict[str, Any]:
    key = owner_of(family.members[name])
    on = [list(pair) for pair in zip(key.referenced, key.columns, strict=True)]
    found = []
    for f in (family, other):
        relation = f"(select * from {f.members[key.table].relation})"
        text = sql.render("children_counts", parent=relation, child=f.members[name].relation, on=on,
                          siblings=None)  # fmt: skip
        rows = db.rows_sql("children_counts", f"select _children, count(*) from ({text}) group by 1 order by 1")
        found.append({int(n): int(c) for n, c in rows})
    shares = []
    for counts in found:
        total = max(sum(counts.values()), 1)
        shares.append({n: c / total for n, c in counts.items()})
    every = sorted(set(shares[0]) | set(shares[1]))
    distance = 0.5 * sum(abs(shares[0].get(n, 0.0) - shares[1].get(n, 0.0)) for n in every)
    mean = [float(np.sum([n * s for n, s in share.items()])) for share in shares]
    return {
        "key": f"{name} per {key.table}", "childless real": shares[0].get(0, 0.0), "childless synthetic": shares[1].get(0, 0.0),
        "mean real": mean[0], "mean synthetic": mean[1], "tv": distance,
    }  # fmt: skip
