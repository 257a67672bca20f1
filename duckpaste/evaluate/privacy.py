"""Privacy, empirical: what synthetic rows give away of the rows that the model saw, with a control for each measure.

With held-out rows the control is the same measure against them: what a model that learned nothing of a single row
would reach. Without, synthetic rows are measured against one half of the real rows, and the control is the other half
in their place. Names are those of SynthEval where it has the measure. None of this proves anything: the guarantee is
the model's epsilon.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from duckpaste.evaluate.attacks import disclosed, singled_out
from duckpaste.evaluate.records import Floats, Records, Sampled, nearest, sampled
from duckpaste.evaluate.sides import Subject
from duckpaste.evaluate.work import Work

TARGETS = 500  # rows that are attacked
POOL = 4000  # rows among which the closest is looked for
NEAR = 1 / 30  # of a number's range: within it a row is a near copy (SynthEval's hit rate)
CLEAR = 4.0  # standard errors between a score and its control from which it counts as a leak
LEAST = 0.02  # and it must be this much, too
Near = tuple[Floats, Floats]  # distances to the closest and the second closest row
_DISTANCES = ("hit_rate", "dcr", "nndr", "closer", "eps_risk")
_ATTACKS = ("singling_out", "att_discl")


@dataclass(frozen=True)
class Measured:
    """A share or a mean of the synthetic rows and of the control, with their standard errors; `sign` is -1 where low
    values are the leak."""

    value: float
    ref: float
    error: float
    sign: int = 1

    @property
    def leaks(self) -> bool:
        """Whether the score is beyond the control by more than chance."""
        beyond = self.sign * (self.value - self.ref)
        return beyond > max(CLEAR * self.error, LEAST * (1 if self.sign > 0 else abs(self.ref)))


def measure(work: Work, subject: Subject) -> None:
    """Score a table; facts["privacy"] tells which measures found a leak."""
    if work.asked("copies") and subject.compared:
        _tell(work, subject, "copies", copies(work, subject))
    if not work.asked(*_DISTANCES, *_ATTACKS):
        return
    rows = sampled(work, subject, POOL)
    if rows is None:
        return
    work.note(
        f"{subject.name}: closest rows are looked for among {len(rows.fitted):,} rows a side, "
        f"for {min(TARGETS, len(rows.fitted)):,} of them"
    )
    held_out = work.sides.held_out
    if work.asked("hit_rate"):
        _tell(work, subject, "hit_rate", hit_rate(rows, held_out))
    if work.asked("dcr", "nndr", "closer"):
        neighbours(work, subject, rows, held_out)
    if work.asked("eps_risk"):
        _tell(work, subject, "eps_risk", eps_risk(rows, held_out))
    if work.asked("singling_out"):
        hits = singled_out(rows, held_out, work.seed)
        _tell(work, subject, "singling_out", of_shares(*hits))
    if work.asked("att_discl"):
        for column, right in disclosed(rows, held_out, work.targets_of(subject), TARGETS).items():
            _tell(work, subject, "att_discl", of_shares(*right), (column,))


def _tell(work: Work, subject: Subject, metric: str, found: Measured, columns: tuple[str, ...] = ()) -> None:
    work.add(metric, subject.name, columns, found.value, found.ref)
    work.facts.setdefault("privacy", []).append({
        "metric": metric, "table": subject.name, "columns": list(columns), "value": found.value, "ref": found.ref,
        "error": found.error, "leak": found.leaks,
    })  # fmt: skip


def of_shares(hits: np.ndarray, control: np.ndarray) -> Measured:
    """Two shares of yes (arrays of 0 and 1); each is one of a row more with half a yes, so that no error is 0."""
    variances = []
    for x in (hits, control):
        n = len(x)
        p = (float(x.sum()) + 0.5) / (n + 1)
        variances.append(p * (1 - p) / max(n, 1))
    return Measured(float(hits.mean()), float(control.mean()), math.sqrt(sum(variances)))


def copies(work: Work, subject: Subject) -> Measured:
    """Share of synthetic rows that equal a real one in every compared column, over all rows."""
    _, fake, a, b = work.relations(subject)
    n, m = work.rows[subject.name][:2]
    if work.sides.held_out:
        # Equal numbers of fitted and of held-out rows.
        share = int(min(1.0, m / max(n, 1)) * (1 << 20))
        pairs = [(fake, f"(select * from {a} where (_row >> 20) % {1 << 20} < {share})"), (fake, b)]
    else:
        pairs = [(fake, a), (b, a)]
    columns = list(subject.compared)
    found = [work.db.rows("copied_rows", rows=r, other=o, columns=columns)[0] for r, o in pairs]
    p, q = (copied / max(rows, 1) for rows, copied in found)
    error = math.sqrt(
        sum((x * (1 - x) + 1 / max(r[0], 1)) / max(r[0], 1) for x, r in zip((p, q), found, strict=True))
    )
    return Measured(p, q, error)


def pairs_of(rows: Sampled, held_out: bool) -> list[tuple[Records, Records]]:
    """(rows, pool) of the measure and of its control, for measures of synthetic rows."""
    some = np.arange(min(TARGETS, len(rows.fake)))
    fake = rows.fake.some(some)
    if held_out:
        return [(fake, rows.fitted), (fake, rows.control)]
    other = rows.control.some(np.arange(min(TARGETS, len(rows.control))))
    return [(fake, rows.fitted), (other, rows.fitted)]


def hit_rate(rows: Sampled, held_out: bool) -> Measured:
    """Share of rows with a near copy: equal categories, and every number within a thirtieth of its range."""
    return of_shares(*(_hits(targets, pool) for targets, pool in pairs_of(rows, held_out)))


def _hits(targets: Records, pool: Records) -> np.ndarray:
    found = np.zeros(len(targets), dtype=np.float64)
    numbers = np.array(targets.numeric)
    # NULL is a value of its own.
    x, y = (np.nan_to_num(r.values, nan=-9.0) for r in (targets, pool))
    by_category: dict[bytes, list[int]] = {}
    for i, key in enumerate(np.ascontiguousarray(y[:, ~numbers])):
        by_category.setdefault(key.tobytes(), []).append(i)
    for i, key in enumerate(np.ascontiguousarray(x[:, ~numbers])):
        same = by_category.get(key.tobytes())
        if same:
            near = np.abs(y[same][:, numbers] - x[i, numbers]) <= NEAR
            found[i] = float(near.all(axis=1).any())
    return found


def neighbours(work: Work, subject: Subject, rows: Sampled, held_out: bool) -> None:
    """dcr, nndr and closer, which all look for the closest record."""
    near = [nearest(targets, pool) for targets, pool in pairs_of(rows, held_out)]
    for name, way in (("dcr", dcr), ("nndr", nndr), ("closer", closer)):
        if work.asked(name):
            _tell(work, subject, name, way(*near))


def dcr(found: Near, control: Near) -> Measured:
    """Median distance to the closest record."""
    x, y = (near[0].astype(np.float64) for near in (found, control))
    # The standard error of a median, from the spread of the middle of the values.
    errors = [1.25 * _spread(v) / math.sqrt(len(v)) for v in (x, y)]
    return Measured(float(np.median(x)), float(np.median(y)), math.hypot(*errors), -1)


def _spread(x: np.ndarray) -> float:
    return float(np.subtract(*np.percentile(x, [75, 25]))) / 1.349


def nndr(found: Near, control: Near) -> Measured:
    """Mean ratio of the distances to the closest and the second closest record; 1 where both are 0."""
    ratios = []
    for near in (found, control):
        first, second = (x.astype(np.float64) for x in near)
        ratios.append(np.divide(first, second, out=np.ones_like(first), where=second > 0))
    errors = [float(x.std()) / math.sqrt(len(x)) for x in ratios]
    return Measured(float(ratios[0].mean()), float(ratios[1].mean()), math.hypot(*errors), -1)


def closer(found: Near, control: Near) -> Measured:
    """Share of synthetic rows that are closer to a row that was fitted than to one that was not; ties count half.

    Without held-out rows: closer to the half of the real rows than rows of the other half are. The control is 0.5."""
    n = min(len(found[0]), len(control[0]))
    x, y = found[0][:n], control[0][:n]
    wins = (x < y) + 0.5 * (x == y)
    return Measured(float(wins.mean()), 0.5, float(wins.std() + 1 / n) / math.sqrt(n))


def eps_risk(rows: Sampled, held_out: bool) -> Measured:
    """Share of real rows that a synthetic row is closer to than any other real row is, ties counting half (epsilon
    identifiability). Of two honest samples of equal size each is as likely to hold the closer row: without held-out
    rows the control is 0.5."""
    if held_out:
        return of_shares(_risk(rows.fitted, rows.fake), _risk(rows.control, rows.fake))
    both = np.empty((len(rows.fitted) + len(rows.control), len(rows.fitted.columns)), dtype=np.float32)
    both[0::2], both[1::2] = rows.fitted.values[: len(both[0::2])], rows.control.values[: len(both[1::2])]
    pool = Records(both, rows.fitted.numeric, rows.fitted.columns, np.zeros(len(both), dtype=bool))
    found = _risk(pool, rows.fake)
    n = len(found)
    return Measured(float(found.mean()), 0.5, float(found.std() + 1 / n) / math.sqrt(n))


def _risk(real: Records, fake: Records) -> np.ndarray:
    size = min(len(real), len(fake))
    pool = real.some(np.arange(size))
    targets = pool.some(np.arange(min(TARGETS, size)))
    among, _ = nearest(targets, pool, itself=True)
    to, _ = nearest(targets, fake.some(np.arange(size)))
    found: np.ndarray = (to < among) + 0.5 * (to == among)
    return found
