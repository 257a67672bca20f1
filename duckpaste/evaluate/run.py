"""Run: one evaluation from first to last metric. Exact, so internal."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Collection, Sequence
from pathlib import Path

from duckpaste import holdout
from duckpaste.db import Db
from duckpaste.errors import UserError, nearest
from duckpaste.evaluate import (
    columns,
    correlations,
    foreign,
    marginals,
    plugins,
    privacy,
    queries,
    relations,
    utility,
)
from duckpaste.evaluate.evaluation import Evaluation
from duckpaste.evaluate.provenance import provenance as read_provenance
from duckpaste.evaluate.score import INTERNAL
from duckpaste.evaluate.sides import Subject, opened
from duckpaste.evaluate.work import Work
from duckpaste.schema.view import View


def measure(
    db: Db, view: View, schema: tuple[str, ...], synthetic: Path, *, held_out: float | None = None,
    metrics: Collection[str] | None = None, seed: int = 0, workload: Path | None = None,
    targets: Sequence[str] = (),
) -> Evaluation:  # fmt: skip
    """Score a synthetic file against the tables of a resolved view. See `duckpaste.evaluate`."""
    provenance = read_provenance(synthetic)
    share = float(provenance.get("held_out", 0)) if held_out is None else holdout.check(held_out)
    with opened(db, view, schema, synthetic, share, seed) as sides:
        work = Work(sides, None if metrics is None else frozenset(metrics), targets=tuple(targets))
        more = plugins.load()
        plugins.register(work, more)
        check(work)
        _facts(work, synthetic, provenance)
        for subject in sides.subjects:
            _rows(work, subject)
        for subject in sides.subjects:
            marginals.measure(work, subject)
            columns.measure(work, subject)
            correlations.measure(work, subject)
            relations.measure(work, subject)
            privacy.measure(work, subject)
            utility.measure(work, subject)
            foreign.measure(work, subject)
        plugins.measure(work, more)
        if workload is not None and work.asked("query_error"):
            queries.measure(work, workload)
    work.facts["metrics"] = {
        name: {"family": m.family, "good": m.good, "text": m.text}
        for name, m in work.known.items() if name in {s.metric for s in work.scores}
    }  # fmt: skip
    return Evaluation(provenance.get("run") or secrets.token_hex(6), work.scores, work.facts)


def check(work: Work) -> None:
    """Raise UserError for a metric or a target that is wanted but not known."""
    known = sorted({*work.known, *(m.family for m in work.known.values())})
    for name in work.wanted or ():
        if name not in known:
            raise UserError(f"unknown metric {name!r}", "", nearest(name, known))
    columns = [(s.name, c) for s in work.sides.subjects for c in s.compared]
    for target in work.targets:
        if not any(target in (column, f"{table}.{column}") for table, column in columns):
            remedy = nearest(target, [f"{table}.{column}" for table, column in columns])
            raise UserError("is no column that is compared", f"--target {target}", remedy)


def _rows(work: Work, subject: Subject) -> None:
    """Numbers of rows of a table, of which none may be 0."""
    sides, table = work.sides, subject.name
    text = f"select count(*) filter (where _part = 0), count(*) from ({sides.rows(subject)})"
    a, both = work.db.rows_sql("rows", text)[0]
    fake = work.db.rows_sql("rows", f"select count(*) from {sides.fake(table)}")[0][0]
    work.rows[table] = (a, both - a, fake)
    shown = {"wrk": a if sides.held_out else both, "syn": fake}
    work.facts["tables"][table] = shown | ({"ref": both - a} if sides.held_out else {})
    for side, n in (("real", both), ("synthetic", fake)):
        if not n:
            raise UserError(f"the {side} table {table} has no rows", "", "there is nothing to compare")


def _facts(work: Work, synthetic: Path, provenance: dict[str, str]) -> None:
    sides = work.sides
    work.facts |= {
        "stamp": INTERNAL, "view": sides.view.name, "synthetic": synthetic.name,
        "created": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"), "provenance": provenance,
        "yardstick": "held-out" if sides.held_out else "halves", "held_out": sides.share, "tables": {}, "notes": [],
    }  # fmt: skip
    if not sides.held_out:
        work.note(
            "the yardstick is two random halves of the real units, for none were held out (fit with --hold-out 0.2)"
        )
