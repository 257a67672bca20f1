"""Release: headline scores that may be published, computed through the ledger with noise.

A distance between real and synthetic counts is an L1 error of public estimates: the synthetic counts, scaled to a
noisy number of real rows. One unit's rows weigh at most k, so it moves such an error by at most k
(`Encoded.errors`); the noise on a total variation is that of one number, not of every cell. Bins are made from the
synthetic rows, which are public. Nothing exact of the private data is in what comes out.
"""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from duckpaste import sql
from duckpaste.codec.base import CodeColumn
from duckpaste.count.engines.duckdb import DuckDbEngine
from duckpaste.count.marginals import Marginals
from duckpaste.db import Db
from duckpaste.domain import Clique, Domain, FloatArray
from duckpaste.errors import UserError, nearest
from duckpaste.evaluate import distances
from duckpaste.evaluate.bins import SAMPLE, Bin, bins_of
from duckpaste.evaluate.catalogue import METRICS
from duckpaste.evaluate.evaluation import Evaluation
from duckpaste.evaluate.marginals import MOST_CELLS, evenly
from duckpaste.evaluate.provenance import provenance
from duckpaste.evaluate.score import REF, SYN, Score
from duckpaste.evaluate.sides import Sides, Subject, has_unit, opened
from duckpaste.fit import number
from duckpaste.privacy.accountant import DEFAULT_DELTA, Guarantee
from duckpaste.privacy.ledger import Ledger, Run
from duckpaste.privacy.release import Protected
from duckpaste.privacy.source import Encoded, Source, protect
from duckpaste.privacy.unit import ROW, Unit
from duckpaste.schema.view import View

MOST_PAIRS = 120  # of a kind: each one more makes the noise on all larger
TOTAL_SHARE = 0.05  # of a table's loss, for its number of rows
WHOLE, CHILDREN = "_all", "_children"  # code columns: a constant, and the number of children
_CHILDREN = 20  # numbers of children that are told apart
_STAGE = "evaluate"


@dataclass(frozen=True)
class Asked:
    """Sets of columns whose distance is released: the metric, the columns as people know them, the code columns."""

    metric: str
    table: str
    columns: tuple[str, ...]
    clique: Clique


@dataclass(frozen=True)
class Part:
    """One relation of a release: rows of a table, or of a parent with its numbers of children."""

    subject: Subject
    real: str
    fake: str
    codes: Sequence[Bin]
    asked: Sequence[Asked]


def release(
    db: Db, view: View, schema: tuple[str, ...], synthetic: Path, ledger: Ledger, guarantee: Guarantee
) -> Evaluation:
    """Noisy headline scores of a synthetic file. Raises UserError, and BudgetError before anything is spent."""
    told = provenance(synthetic)
    with opened(db, view, schema, synthetic, 0.0, 0) as sides:
        parts = [p for s in sides.subjects for p in _parts(sides, s) if p.asked]
        unit = _unit(sides)
        run = ledger.begin(
            view=view.name, unit=unit.name, algorithm="evaluate", contributions=unit.k, guarantee=guarantee,
            loss=guarantee.loss(), budget=view.budget,
        )  # fmt: skip
        facts = _facts(view, synthetic, told, guarantee, unit, run)
        scores: list[Score] = []
        for part in parts:
            scores += _measured(sides, part, run, guarantee.loss() / len(parts), facts)
        run.finish()
    scores += _means(scores)
    known = {s.metric for s in scores}
    facts["metrics"] = {
        n: {"family": m.family, "good": m.good, "text": m.text} for n, m in METRICS.items() if n in known
    }
    return Evaluation(told.get("run") or run.run, scores, facts)


def guarantee_of(given: Mapping[str, Any]) -> Guarantee:
    """The guarantee that options name: epsilon (or etotal, default 1) and delta. Raises UserError for any other."""
    known = ("epsilon", "etotal", "delta")
    for name in given:
        if name not in known:
            raise UserError("unknown option of --release", f"alg.{name}", nearest(name, known))
    epsilon = number(given.get("epsilon", given.get("etotal", 1.0)), "alg.epsilon")
    return Guarantee(epsilon, number(given.get("delta", DEFAULT_DELTA), "alg.delta"))


def _unit(sides: Sides) -> Unit:
    """Rows of the topmost table where there are several, else values of a column, else each row."""
    top, k = sides.subjects[0], max(s.table.contributions for s in sides.subjects)
    if len(sides.subjects) > 1:
        return Unit(top.name, k, table=True)
    return Unit(top.table.unit or ROW, k)


def _facts(
    view: View, synthetic: Path, told: Mapping[str, str], guarantee: Guarantee, unit: Unit, run: Run
) -> dict[str, Any]:
    who = "NOT PRIVATE" if not guarantee.private else f"{guarantee} for {unit.each}"
    return {
        "stamp": f"may be published: every score was released with noise; {who}; run {run.run} of the ledger",
        "released": True, "view": view.name, "synthetic": synthetic.name, "provenance": dict(told),
        "created": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"), "yardstick": "chance", "tables": {},
        "noise": {}, "epsilon": guarantee.epsilon, "delta": guarantee.delta, "run": run.run,
        "notes": ["the yardstick is what chance alone makes of two samples of these sizes",
                  "bins are made from the synthetic rows; numbers of real rows are noisy"],
    }  # fmt: skip


def _parts(sides: Sides, subject: Subject) -> list[Part]:
    """The relations and sets of columns of a table."""
    own = _bins(sides, subject)
    names = [b.name for b in own]
    asked = [Asked("tv1", subject.name, (n,), (n,)) for n in names]
    sizes = {b.name: b.size for b in own}
    pairs = [p for p in itertools.combinations(names, 2) if sizes[p[0]] * sizes[p[1]] <= MOST_CELLS]
    asked += [Asked("tv2", subject.name, p, p) for p in evenly(pairs, MOST_PAIRS)]
    above: list[Bin] = []
    if subject.above:
        above = _bins(sides, subject.above[0], f"{subject.above[0].name}.")
        across: list[Clique] = [(b.name, n) for b in above for n in names]
        asked += [Asked("parent_tv2", subject.name, p, p) for p in evenly(across, MOST_PAIRS)]
    found = [Part(subject, *_both(sides, subject), [*above, *own], asked)]
    for child in sides.subjects:
        if child.node is not None and child.node.owner is not None and child.node.parent == subject.name:
            found.append(_counted(sides, subject, child))
    return found


def _both(sides: Sides, subject: Subject) -> tuple[str, str]:
    real, fake = (f"({sides.rows(subject, synthetic=s, unit=True)})" for s in (False, True))
    return real, fake


def _bins(sides: Sides, subject: Subject, prefix: str = "") -> list[Bin]:
    """Bins from the synthetic rows: real and synthetic change places."""
    fake = sides.fake(subject.name)
    rows = int(sides.db.rows_sql("rows", f"select count(*) from {fake}")[0][0])
    sample = f"{fake} where hash(rowid) % {-(-rows // SAMPLE)} = 0" if rows > SAMPLE else fake
    return bins_of(sides.db, fake, subject.compared, subject.fake_types, subject.types, sample, prefix)


def _counted(sides: Sides, subject: Subject, child: Subject) -> Part:
    """A table's rows with their numbers of children in one table."""
    key = child.node.owner if child.node else None
    relations = []
    for rows, where in zip(_both(sides, subject), (sides.real, sides.fake), strict=True):
        on = [list(pair) for pair in zip(key.referenced, key.columns, strict=True)] if key else []
        text = sql.render("children_counts", parent=rows, child=where(child.name), on=on, siblings=None)
        relations.append(f"({text})")
    code = f"least({sql.ident(CHILDREN)}, {_CHILDREN})"
    labels = tuple(str(i) for i in range(_CHILDREN + 1))
    asked = Asked("children_tv", child.name, key.columns if key else (), (CHILDREN,))
    return Part(
        subject, relations[0], relations[1], [Bin(CHILDREN, "number", labels, code, code, True)], [asked]
    )


def _measured(sides: Sides, part: Part, run: Run, loss: float, facts: dict[str, Any]) -> list[Score]:
    """The scores of one relation, for `loss` in all."""
    doors = _encoded(sides, part, run)
    total = doors.measure([(WHOLE,)], [loss * TOTAL_SHARE], _STAGE)[0]
    rows = max(1.0, float(total.values.sum()))
    fake, made = _public(sides, part)
    cliques = [a.clique for a in part.asked]
    shares = {c: distances.shares(fake[doors.domain.clique(c)]) for c in cliques}
    estimates = {c: s * rows for c, s in shares.items()}
    errors, sigma = doors.errors(cliques, estimates, loss * (1 - TOTAL_SHARE), _STAGE)
    name = part.subject.name
    facts["tables"].setdefault(name, {"wrk": round(rows), "syn": made})
    found = []
    for asked, error in zip(part.asked, errors, strict=True):
        noise = facts["noise"].setdefault(asked.metric, {})
        noise[asked.table] = sigma / (2 * rows)
        value = min(1.0, max(0.0, float(error) / (2 * rows)))
        honest = distances.chance(shares[asked.clique].ravel(), rows, made)
        found.append(Score(asked.metric, asked.table, asked.columns, SYN, value))
        found.append(Score(asked.metric, asked.table, asked.columns, REF, honest))
    return found


def _protected(sides: Sides, part: Part, relation: str) -> Protected:
    table, name = part.subject.table, f"{sides.view.name}.{part.subject.name}"
    if not has_unit(part.subject):
        return Protected(relation, name)
    order = list(table.primary_key) or list(part.subject.types)
    return protect(sides.db, relation, name, unit="_unit", k=table.contributions, bound=table.bound,
                   order_by=order)  # fmt: skip


def _encoded(sides: Sides, part: Part, run: Run) -> Encoded:
    """The private rows in public bins, behind the doors."""
    columns = [(CodeColumn(b.name, b.size), b.fakes) for b in part.codes]
    return Source(sides.db, _protected(sides, part, part.real), run).encode(
        [], [(CodeColumn(WHOLE, 1), "0"), *columns]
    )


def _public(sides: Sides, part: Part) -> tuple[dict[Clique, FloatArray], int]:
    """Counts of the synthetic rows, each unit weighing as much as a real one; and how many rows there are."""
    db, table = sides.db, _protected(sides, part, part.fake)
    domain = Domain({WHOLE: 1} | {b.name: b.size for b in part.codes})
    target = sql.ident("_released")
    weight = "_weight" if table.weight else None
    columns = [{"name": b.name, "size": b.size, "expression": b.codes} for b in part.codes]
    whole: dict[str, object] = {"name": WHOLE, "size": 1, "expression": "0"}
    db.run("encoded", relation=table.relation, target=target, columns=[whole, *columns], weight=table.weight,
           weight_name=weight)  # fmt: skip
    try:
        counter = Marginals(DuckDbEngine(db), target, domain, weight=weight)
        counts = counter.counts([a.clique for a in part.asked])
        return {c: n.astype(np.float64) for c, n in counts.items()}, counter.rows
    finally:
        db.run_sql("drop", f"drop table {target}")


def _means(scores: Sequence[Score]) -> list[Score]:
    """The mean of each metric over a table's sets of columns: of released values, so free."""
    groups: dict[tuple[str, str, str], list[float]] = {}
    for s in scores:
        if s.metric != "children_tv":
            groups.setdefault((s.metric, s.table, s.split), []).append(s.value)
    return [Score(m, t, (), split, math.fsum(v) / len(v)) for (m, t, split), v in groups.items()]
