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
    """A share, mean or median of the synthetic rows and of the control. `gap` is how far the former is beyond the
    latter on the scale of shares, and `error` its standard error: by the rows that are asked for, and by the pools in
    which they are looked up, which are samples too."""

    value: float
    ref: float
    gap: float
    error: float

    @property
    def leaks(self) -> bool:
        """Whether the score is beyond the control by more than chance."""
        return self.gap > max(CLEAR * self.error, LEAST)


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
        _tell(work, subject, "singling_out", of_shares(*hits, len(rows.fitted)))
    if work.asked("att_discl"):
        for column, right in disclosed(rows, held_out, work.targets_of(subject), TARGETS).items():
            _tell(work, subject, "att_discl", of_shares(*right), (column,))


def _tell(work: Work, subject: Subject, metric: str, found: Measured, columns: tuple[str, ...] = ()) -> None:
    work.add(metric, subject.name, columns, found.value, found.ref)
    work.facts.setdefault("privacy", []).append({
        "metric": metric, "table": subject.name, "columns": list(columns), "value": found.value, "ref": found.ref,
        "error": found.error, "leak": found.leaks,
    })  # fmt: skip


def of_shares(hits: np.ndarray, control: np.ndarray, pool: float = math.inf) -> Measured:
    """Two shares of yes (arrays of 0 and 1), looked up in two pools of so many rows each."""
    p, q = float(hits.mean()), float(control.mean())
    error = math.sqrt(_variance(p, len(hits)) + _variance(q, len(control)) + _by_pools(pool))
    return Measured(p, q, p - q, error)


def _variance(p: float, n: int) -> float:
    """Of a share of n rows; of one row more with half a yes, so that none is 0."""
    share = (p * n + 0.5) / (n + 1)
    return share * (1 - share) / max(n, 1)


def _by_pools(pool: float) -> float:
    """The variance that two pools of so many rows bring: which of the possible rows they hold is chance. Of K equally
    likely rows a pool of m holds a share whose variance is at most 1/(4 K), and small unless K is about m."""
    return 0.5 / pool


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
    error = math.sqrt(_variance(p, found[0][0]) + _variance(q, found[1][0]) + _by_pools(max(min(n, m), 1)))
    return Measured(p, q, p - q, error)


def pairs_of(rows: Sampled, held_out: bool) -> list[tuple[Records, Records]]:
    """(rows, pool) of the measure and of its control, for measures of synthetic rows."""
    fake = rows.fake.targets(TARGETS)
    if held_out:
        return [(fake, rows.fitted), (fake, rows.control)]
    return [(fake, rows.fitted), (rows.control.targets(TARGETS), rows.fitted)]


def hit_rate(rows: Sampled, held_out: bool) -> Measured:
    """Share of rows with a near copy: equal categories, and every number within a thirtieth of its range."""
    first, second = (_hits(targets, pool) for targets, pool in pairs_of(rows, held_out))
    return of_shares(first, second, len(rows.fitted))


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
            _tell(work, subject, name, way(near[0], near[1], len(rows.fitted)))


def dcr(found: Near, control: Near, pool: int) -> Measured:
    """Median distance to the closest record; the gap is by ranks: how much likelier than even it is that a synthetic
    row is closer than one of the control (Mann and Whitney), for medians jump where distances are few."""
    x, y = (near[0].astype(np.float64) for near in (found, control))
    return Measured(float(np.median(x)), float(np.median(y)), *_by_ranks(x, y, pool))


def nndr(found: Near, control: Near, pool: int) -> Measured:
    """Mean ratio of the distances to the closest and the second closest record, 1 where both are 0; gap as of dcr."""
    ratios = []
    for near in (found, control):
        first, second = (x.astype(np.float64) for x in near)
        ratios.append(np.divide(first, second, out=np.ones_like(first), where=second > 0))
    return Measured(float(ratios[0].mean()), float(ratios[1].mean()), *_by_ranks(ratios[0], ratios[1], pool))


def _by_ranks(x: np.ndarray, y: np.ndarray, pool: int) -> tuple[float, float]:
    """By how much P(x < y) + P(x = y) / 2 is above one half, and its standard error."""
    ordered = np.sort(y)
    below = np.searchsorted(ordered, x, side="left")
    up_to = np.searchsorted(ordered, x, side="right")
    wins = 1 - (below + up_to) / 2 / len(y)
    n, m = len(x), len(y)
    return float(wins.mean()) - 0.5, math.sqrt((n + m + 1) / (12 * n * m) + _by_pools(pool))


def closer(found: Near, control: Near, pool: int) -> Measured:
    """Share of synthetic rows that are closer to a row that was fitted than to one that was not; ties count half.

    Without held-out rows: closer to the half of the real rows than rows of the other half are. The control is 0.5."""
    n = min(len(found[0]), len(control[0]))
    x, y = found[0][:n], control[0][:n]
    wins = (x < y) + 0.5 * (x == y)
    share = float(wins.mean())
    return Measured(share, 0.5, share - 0.5, math.sqrt(float(wins.var() + 1 / n) / n + _by_pools(pool)))


def eps_risk(rows: Sampled, held_out: bool) -> Measured:
    """Share of real rows that a synthetic row is closer to than any other real row is, ties counting half (epsilon
    identifiability). Of two honest samples of equal size each is as likely to hold the closer row: without held-out
    rows the control is 0.5."""
    if held_out:
        return of_shares(_risk(rows.fitted, rows.fake), _risk(rows.control, rows.fake))
    real = [rows.fitted, rows.control]
    values, unit = np.concatenate([r.values for r in real]), np.concatenate([r.unit for r in real])
    pool = Records(values, rows.fitted.numeric, rows.fitted.columns, unit, rows.fitted.heads)
    found = _risk(pool, rows.fake)
    n, share = len(found), float(found.mean())
    return Measured(share, 0.5, share - 0.5, math.sqrt(float(found.var() + 1 / n) / n))


def _risk(real: Records, fake: Records) -> np.ndarray:
    size = min(len(real), len(fake))
    pool = real.some(np.arange(size))
    targets = pool.targets(TARGETS)
    among, _ = nearest(targets, pool, itself=True)
    to, _ = nearest(targets, fake.some(np.arange(size)))
    found: np.ndarray = (to < among) + 0.5 * (to == among)
    return found
