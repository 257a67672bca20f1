"""Gaps: the time between a date and the date that it refers to, and rows in which it comes before it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from duckpaste import sql
from duckpaste.evaluate.bins import NULL, SAMPLE, Bin, bounded, edges_of, family_of, labels_of, tree
from duckpaste.evaluate.sides import Subject
from duckpaste.evaluate.work import Work
from duckpaste.schema.names import split

_DAY = 86_400_000_000.0


def references(subject: Subject) -> Iterator[tuple[str, str]]:
    """Pairs (date column, the column that it follows) of the table's rows; ancestors' columns as "table.column"."""
    there = {
        **dict.fromkeys(subject.compared),
        **{f"{s.name}.{c}": None for s in subject.above for c in s.compared},
    }
    times = ("date", "moment")
    kinds = {c: family_of(t) for c, t in subject.types.items()}
    kinds |= {f"{s.name}.{c}": family_of(t) for s in subject.above for c, t in s.types.items()}
    tables = [subject.name, *(s.name for s in subject.above)]
    for field in subject.table.fields:
        for reference in field.refs:
            owner, column = split(reference, tables)
            name = column if owner in (None, subject.name) else f"{owner}.{column}"
            mine = field.columns[0]
            if (
                mine in there
                and name in there
                and mine != name
                and kinds[mine] in times
                and kinds.get(name) in times
            ):
                yield mine, name


def days_sql(column: str, reference: str) -> str:
    """SQL of the days from `reference` to `column`."""
    a, b = (f"epoch_us({sql.ident(c)}::timestamp)" for c in (column, reference))
    return f"(({a} - {b}) / {_DAY})"


def gaps(work: Work, subject: Subject) -> list[Bin]:
    """A bin for each date with a reference: the days between."""
    pairs = list(references(subject))
    if not pairs:
        return []
    rows = f"({work.sides.rows(subject)})"
    sample = work.sampled(rows, subject, sum(work.rows[subject.name][:2]), SAMPLE)
    listed = ", ".join(f"{days_sql(*p)}::double as c{i}" for i, p in enumerate(pairs))
    found = work.db.numpy_sql("gaps", f"select {listed} from {sample}")
    made = []
    for i, pair in enumerate(pairs):
        values = np.sort(np.asarray(np.ma.masked_invalid(found[f"c{i}"]).compressed(), dtype=np.float64))
        edges = bounded(edges_of(values), values)
        low, high = (float(values[0]), float(values[-1])) if len(values) else (0.0, 0.0)
        days = [f"{label} days" for label in labels_of(edges, low, high, "number", False)]
        x = days_sql(*pair)
        code = tree(x, edges, "number", len(days))
        made.append(Bin(f"{pair[0]} - {pair[1]}", "gap", (*days, NULL), code, code, True, "gap", pair))
    return made


def order(work: Work, subject: Subject) -> None:
    """Score rows whose date comes before the one that it refers to."""
    pairs = list(references(subject))
    if not pairs or not work.asked("time_order"):
        return
    real, fake, *_ = work.relations(subject)
    times = [[f"{sql.ident(c)}::timestamp" for c in pair] for pair in pairs]
    tests = [t for a, b in times for t in (f"{a} < {b}", f"{b} < {a}")]
    listed = ", ".join(f"avg(({t})::utinyint)" for t in tests)
    made, honest = (work.db.rows_sql("time_order", f"select {listed} from {r}")[0] for r in (fake, real))
    for i, (a, b) in enumerate(pairs):
        if honest[2 * i] is None or made[2 * i] is None:
            continue
        # A referral comes before the admission that it refers to: the real rows say which order is the right one.
        way = 0 if honest[2 * i] <= honest[2 * i + 1] else 1
        work.add(
            "time_order",
            subject.name,
            (a, b) if way == 0 else (b, a),
            made[2 * i + way],
            honest[2 * i + way],
        )
