"""Plug-ins: metrics of other packages, found by the entry point group "duckpaste.metrics".

A metric has a name, a level, a family and a text, says which values are good, and compares two relations of decoded
rows. It is asked twice: real with synthetic, and, for the yardstick, the two real parts.

    [project.entry-points."duckpaste.metrics"]
    longest = "my_package:Longest"

    class Longest:
        name, level, family, good = "longest", "column", "fidelity", "low"
        text = "difference of the longest texts"

        def measure(self, db, real, other, columns):
            text = f"select max(length({columns[0]}::varchar)) from"
            a, b = (db.rows_sql(self.name, f"{text} {r}")[0][0] for r in (real, other))
            return abs(a - b)
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable, Mapping
from typing import Any, Protocol, runtime_checkable

from duckpaste import sql
from duckpaste.db import Db
from duckpaste.errors import UserError
from duckpaste.evaluate.score import About
from duckpaste.evaluate.work import Work

GROUP = "duckpaste.metrics"
LEVELS = ("column", "table", "view")


@runtime_checkable
class Metric(Protocol):
    """A metric of one's own. `level` is "column", "table" or "view"; `good` is "low", "high" or "ref" (see About)."""

    name: str
    level: str
    family: str
    good: str
    text: str

    def measure(self, db: Db, real: Any, other: Any, columns: tuple[str, ...]) -> float | None:
        """How far `other` is from `real`: relations (SQL to select from), or for the level "view" a dict of them by
        table. `columns` are quoted names: one for a column, all that are compared for a table, none for a view.
        None where there is nothing to say."""


def load() -> list[Metric]:
    """All metrics of installed packages. Raises UserError for one that is none."""
    return [checked(point.load()) for point in importlib.metadata.entry_points(group=GROUP)]


def checked(found: Any) -> Metric:
    """A metric, made when it is a class. Raises UserError when it lacks something."""
    made = found() if isinstance(found, type) else found
    name = str(getattr(made, "name", type(made).__name__))
    if not isinstance(made, Metric):
        missing = [a for a in ("name", "level", "family", "good", "text", "measure") if not hasattr(made, a)]
        raise UserError(f"the metric has no {missing[0]}", name, f"see {GROUP} in duckpaste.evaluate.plugins")
    if made.level not in LEVELS:
        raise UserError(f"the metric's level {made.level!r} is unknown", name, f"known: {', '.join(LEVELS)}")
    return made


def register(work: Work, metrics: Iterable[Metric]) -> None:
    """Make their names known. Raises UserError for a name that is taken."""
    for metric in metrics:
        if metric.name in work.known:
            raise UserError(f"two metrics are called {metric.name!r}", GROUP, "uninstall one of them")
        work.known[metric.name] = About(metric.family, metric.good, metric.text)


def measure(work: Work, metrics: Iterable[Metric]) -> None:
    """Score everything by them."""
    wanted = [m for m in metrics if work.asked(m.name)]
    if not wanted:
        return
    sides = {s.name: work.relations(s) for s in work.sides.subjects}
    for metric in wanted:
        if metric.level == "view":
            whole: list[Mapping[str, str]] = [{n: r[i] for n, r in sides.items()} for i in range(4)]
            _ask(work, metric, "", (), whole)
            continue
        for subject in work.sides.subjects:
            names = (
                [(c,) for c in subject.compared] if metric.level == "column" else [tuple(subject.compared)]
            )
            for columns in names:
                _ask(work, metric, subject.name, columns, sides[subject.name])


def _ask(work: Work, metric: Metric, table: str, columns: tuple[str, ...], sides: Any) -> None:
    real, fake, first, second = sides
    quoted = tuple(sql.ident(c) for c in columns)
    value = metric.measure(work.db, real, fake, quoted)
    honest = metric.measure(work.db, first, second, quoted)
    work.add(metric.name, table, columns if metric.level == "column" else (), value, honest)
