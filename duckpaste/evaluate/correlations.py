"""Correlations: Pearson's coefficient of every pair of numbers, real against synthetic."""

from __future__ import annotations

import itertools

from duckpaste import sql
from duckpaste.evaluate.bins import family_of, finite_sql
from duckpaste.evaluate.distances import by_size, spread
from duckpaste.evaluate.sides import Subject
from duckpaste.evaluate.work import SAMPLE, Work

MOST_PAIRS = 400
_NUMBERS = ("number", "date", "moment", "time")


def measure(work: Work, subject: Subject) -> None:
    """Score `correlation_diff` of every pair of numbers and dates of a table."""
    if not work.asked("correlation_diff"):
        return
    columns = [
        c for c, kind in subject.compared.items()
        if family_of(subject.types[c], kind) in _NUMBERS and family_of(subject.fake_types[c], kind) in _NUMBERS
    ]  # fmt: skip
    pairs = list(itertools.combinations(columns, 2))[:MOST_PAIRS]
    if not pairs:
        return
    a, b, fake = work.rows[subject.name]
    (now, wanted) = work.sizes(subject.name)
    found = []
    for relation, types, n in zip(
        work.relations(subject), (subject.types, subject.fake_types, subject.types, subject.types),
        (wanted[0], fake, a, b), strict=True,
    ):  # fmt: skip
        x = {c: finite_sql(sql.ident(c), family_of(types[c], subject.compared[c]), types[c]) for c in columns}
        listed = ", ".join(f"corr({x[p]}, {x[q]})" for p, q in pairs)
        rows = work.sampled(relation, subject, n, SAMPLE)
        found.append(work.db.rows_sql("correlations", f"select {listed} from {rows}")[0])
    factor = by_size(now, wanted)
    for pair, w, s, p, q in zip(pairs, *found, strict=True):
        if None in (w, s, p, q) or any(v != v for v in (w, s, p, q)):
            continue
        honest = max(abs(p - q) * factor, (1 - w * w) * spread(*wanted))
        work.add("correlation_diff", subject.name, pair, abs(w - s), honest)
