"""Children: how many rows of a table stand below one row of its parent, on each side. Exact: internal."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from duckpaste import sql
from duckpaste.db import Db
from duckpaste.report.content import Children
from duckpaste.report.plot import REAL, Plot
from duckpaste.report.scale import number_bins
from duckpaste.report.words import number, share

MOST_BINS = 24


def counted(db: Db, parent: str, child: str, on: Sequence[Sequence[str]]) -> dict[int, int]:
    """Number of children -> number of parents that have so many. `on` are (parent column, child column)."""
    text = sql.render("children_counts", parent=parent, child=child, on=on, siblings=None)
    rows = db.rows_sql("children_counts", f"select _children, count(*) from ({text}) group by 1 order by 1")
    return {int(n): int(count) for n, count in rows}


def drawn(name: str, counts: Mapping[str, Mapping[int, int]], *, sequence: bool = False) -> Children:
    """The drawing of the counts of each side."""
    shares = {}
    for side, mine in counts.items():
        total = max(sum(mine.values()), 1)
        shares[side] = {n: count / total for n, count in mine.items()}
    edges, labels = _bins(shares[REAL], max([n for s in shares.values() for n in s], default=0))
    heights = {
        side: [sum(v for n, v in s.items() if low <= n < high) for low, high in itertools.pairwise(edges)]
        for side, s in shares.items()
    }
    every = max(1, -(-len(labels) // 8))
    ticks = [(i + 0.5, labels[i]) for i in range(0, len(labels), every)]
    facts = [
        ("none", {side: share(s.get(0, 0.0)) for side, s in shares.items()}),
        ("mean", {side: number(round(sum(n * v for n, v in s.items()), 2)) for side, s in shares.items()}),
        ("most", {side: number(max(s, default=0)) for side, s in shares.items()}),
    ]
    title = "length of the sequence" if sequence else "number of rows"
    return Children(name, Plot("steps", title, labels, heights, ticks), facts)


def _bins(real: Mapping[int, float], most: int) -> tuple[list[float], list[str]]:
    """Edges and labels: one bin a number where there are few, else equal ones up to what 99.5 % have, and one above."""
    if most < MOST_BINS:
        return [float(n) for n in range(most + 2)], [str(n) for n in range(most + 1)]
    end, mass = 0, 0.0
    for n in sorted(real):
        end, mass = n, mass + real[n]
        if mass >= 0.995:
            break
    bins = number_bins(0.0, float(max(end, 1)), MOST_BINS, integer=True)
    if most < bins.edges[-1]:
        return bins.edges, bins.intervals()
    return [*bins.edges, float("inf")], [*bins.intervals(), f"{bins.labels[-1]} and more"]
