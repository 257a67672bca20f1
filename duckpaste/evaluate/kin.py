"""Fidelity of related tables: each table's own scores, how many children rows have, and how rows go with the parent
row and with the row before. Exact, so internal."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from duckpaste import sql
from duckpaste.db import Db
from duckpaste.domain import Domain
from duckpaste.evaluate.distances import total_variation
from duckpaste.evaluate.fidelity import MAX_CELLS, Fidelity, compare_rows, count, opened
from duckpaste.model import Model
from duckpaste.relational.family import Family, owner_of


def compare_family(
    db: Db, family: Family, model: Model, synthetic: Path
) -> tuple[list[Fidelity], list[dict[str, Any]]]:
    """A `Fidelity` a table, and for each key to a parent: the childless share and the mean of the number of children,
    real and synthetic, its total variation ("tv"), the mean total variation of pairs of a parent's and a row's column
    ("parent tv"), and in sequences of a column of a row and of the row before ("lag tv", else None)."""
    scores, counts = [], []
    with opened(db, synthetic) as alias:
        mine = {n: replace(m, codecs=model[n].codecs) for n, m in family.members.items()}
        made = {n: replace(m, relation=f"{alias}.main.{sql.ident(n)}") for n, m in mine.items()}
        family, other = replace(family, members=mine), replace(family, members=made)
        for table in model.tables:
            real, fake = (f"({f.rows_sql(table.name)})" for f in (family, other))
            scores.append(compare_rows(db, real, fake, table))
            if table.lineage is not None:
                counts.append(
                    _children(db, family, other, table.name) | _pairs(db, family, other, table.name)
                )
    return scores, counts


def _pairs(db: Db, family: Family, other: Family, name: str) -> dict[str, float | None]:
    """Mean total variation of pairs with the parent's columns, and with the same column of the row before."""
    parent = owner_of(family.members[name]).table
    own = [c.name for codec in family.members[name].codecs for c in codec.columns()]
    real, sizes = _columns(family, name)
    fake, _ = _columns(other, name)
    domain = Domain(sizes)
    first = f"{parent}."
    above = [n for n in sizes if n not in own and n.startswith(first)]
    cliques = {
        "parent tv": [p for p in itertools.product(above, own) if domain.cells(p) <= MAX_CELLS],
        "lag tv": [
            p for c in own if (p := (f"{name}@1.{c}", c))[0] in sizes and domain.cells(p) <= MAX_CELLS
        ],
    }
    asked = [domain.clique(c) for found in cliques.values() for c in found]
    a = count(db, f"({family.rows_sql(name)})", real, domain, asked)
    b = count(db, f"({other.rows_sql(name)})", fake, domain, asked)
    tv = {c: total_variation(a[c], b[c]) for c in asked}
    return {
        k: float(np.mean([tv[domain.clique(c)] for c in found])) if found else None
        for k, found in cliques.items()
    }


def _columns(family: Family, name: str) -> tuple[list[dict[str, object]], dict[str, int]]:
    """What sql/encoded.sql needs for a row's own codes, its ancestors' and those of the row before; sizes."""
    found: list[dict[str, object]] = []
    for e in (*family.evidence(name), *family.before(name)):
        found.append({"name": e.column.name, "size": e.column.size, "expression": e.expression})
    for codec in family.members[name].codecs:
        expressions = codec.encode()
        found += [
            {"name": c.name, "size": c.size, "expression": expressions[c.name]} for c in codec.columns()
        ]
    return found, {str(c["name"]): int(str(c["size"])) for c in found}


def _children(db: Db, family: Family, other: Family, name: str) -> dict[str, Any]:
    key = owner_of(family.members[name])
    on = [list(pair) for pair in zip(key.referenced, key.columns, strict=True)]
    found = []
    for f in (family, other):
        relation = f"(select * from {f.members[key.table].relation})"
        text = sql.render("children_counts", parent=relation, child=f.members[name].relation, on=on,
                          siblings=None)  # fmt: skip
        rows = db.rows_sql(
            "children_counts", f"select _children, count(*) from ({text}) group by 1 order by 1"
        )
        found.append({int(n): int(c) for n, c in rows})
    shares = []
    for counts in found:
        total = max(sum(counts.values()), 1)
        shares.append({n: c / total for n, c in counts.items()})
    every = sorted(set(shares[0]) | set(shares[1]))
    tv = 0.5 * sum(abs(shares[0].get(n, 0.0) - shares[1].get(n, 0.0)) for n in every)
    mean = [float(np.sum([n * s for n, s in share.items()])) for share in shares]
    return {
        "key": f"{name} per {key.table}",
        "childless real": shares[0].get(0, 0.0), "childless synthetic": shares[1].get(0, 0.0),
        "mean real": mean[0], "mean synthetic": mean[1], "tv": tv,
    }  # fmt: skip
