"""Relations: keys that lead nowhere, numbers of children, order in time, rules; of related tables."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from duckpaste.errors import UserError
from duckpaste.evaluate import broken, distances, gaps
from duckpaste.evaluate.counts import Three
from duckpaste.evaluate.sides import Subject
from duckpaste.evaluate.work import Work
from duckpaste.schema.view import ForeignKey

MOST_CHILDREN = 200  # numbers of children that are told apart one by one


def measure(work: Work, subject: Subject) -> None:
    """Score a table's keys, its rows per parent row, its dates and its rules."""
    if work.asked("orphans"):
        for key in subject.table.foreign_keys:
            orphans(work, subject, key)
    owner = subject.node.owner if subject.node else None
    if owner is not None and work.asked("children_tv", "childless_diff", "children_mean_diff"):
        children(work, subject, owner)
    gaps.order(work, subject)
    if work.asked("rules"):
        broken.measure(work, subject)


def orphans(work: Work, subject: Subject, key: ForeignKey) -> None:
    """Share of synthetic rows whose key leads to no row; beside it the real share."""
    found = []
    on = [list(pair) for pair in zip(key.columns, key.referenced, strict=True)]
    for where in (work.sides.fake, work.sides.real):
        try:
            n = work.db.rows("orphans", child=where(subject.name), parent=where(key.table), on=on)[0][0]
        except UserError:  # a public table that was not copied
            work.note(f"{subject.name}: the table {key.table} of its key is missing")
            return
        rows = work.db.rows_sql("rows", f"select count(*) from {where(subject.name)}")[0][0]
        found.append(n / max(rows, 1))
    work.add("orphans", subject.name, key.columns, found[0], found[1])


def children(work: Work, subject: Subject, key: ForeignKey) -> None:
    """Numbers of rows per parent row, from 0."""
    parent = next(s for s in subject.above if s.name == key.table)
    on = [list(pair) for pair in zip(key.referenced, key.columns, strict=True)]
    sides = work.sides
    real = work.db.rows(
        "child_counts", parent=f"({sides.rows(parent)})", child=sides.real(subject.name), on=on
    )
    fake = work.db.rows(
        "child_counts",
        parent=f"({sides.rows(parent, synthetic=True)})",
        child=sides.fake(subject.name),
        on=on,
    )
    parts = [_dense([r for r in real if r[0] == part]) for part in (0, 1)]
    three = Three(parts[0], parts[1], _dense(fake), sides.held_out)
    if min(three.sizes) == 0:
        return
    tv, honest = distances.total_variation(three.real, three.fake), three.yardstick
    n, m, a, b = three.sizes
    factor = distances.by_size((a, b), (n, m))
    work.add("children_tv", subject.name, key.columns, tv, honest)
    none = [distances.shares(x)[0] for x in (three.real, three.fake, three.first, three.second)]
    honest = max(abs(none[2] - none[3]) * factor, math.sqrt(none[0] * (1 - none[0])) * distances.spread(n, m))
    work.add("childless_diff", subject.name, key.columns, abs(none[0] - none[1]), honest)
    mean = [_mean(rows) for rows in (_side(real, sides.held_out), fake, [r for r in real if r[0] == 0],
                                     [r for r in real if r[0] == 1])]  # fmt: skip
    if mean[0] and mean[2]:
        numbers = np.arange(len(three.real))
        sd = math.sqrt(float((distances.shares(three.real) * (numbers - mean[0]) ** 2).sum()))
        honest = max(abs(mean[3] / mean[2] - 1) * factor, sd / mean[0] * distances.spread(n, m))
        work.add("children_mean_diff", subject.name, key.columns, abs(mean[1] / mean[0] - 1), honest)
    last = max(int(np.flatnonzero(three.first + three.second + three.fake)[-1]), 1)
    shown: dict[str, list[Any]] = {
        "labels": [str(i) if i < MOST_CHILDREN else f"{i} or more" for i in range(last + 1)],
        "wrk": [int(x) for x in three.real[: last + 1]],
        "syn": [int(x) for x in three.fake[: last + 1]],
    }
    if three.held_out:
        shown["ref"] = [int(x) for x in three.second[: last + 1]]
    work.facts.setdefault("children", {})[f"{subject.name} per {key.table}"] = shown


def _side(rows: Sequence[Any], held_out: bool) -> list[Any]:
    return [r for r in rows if r[0] == 0 or not held_out]


def _dense(rows: Sequence[Any]) -> Any:
    found = np.zeros(MOST_CHILDREN + 1, dtype=np.int64)
    for _, number, n in rows:
        found[min(int(number), MOST_CHILDREN)] += n
    return found


def _mean(rows: Sequence[Any]) -> float:
    children = sum(int(number) * int(n) for _, number, n in rows)
    return children / max(sum(int(n) for _, _, n in rows), 1)
