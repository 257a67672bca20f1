"""Marginals: 1-, 2- and 3-way distances of decoded rows, within a table, across keys, and from row to row."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

import numpy as np

from duckpaste import holdout, sql
from duckpaste.domain import Clique
from duckpaste.evaluate import distances
from duckpaste.evaluate.bins import SAMPLE, Bin, bins_of, calendar
from duckpaste.evaluate.bins import told as told_value
from duckpaste.evaluate.counts import COARSE, Tallies, Three, tallied
from duckpaste.evaluate.gaps import gaps
from duckpaste.evaluate.sides import LAG, Subject
from duckpaste.evaluate.work import Work

MOST_PAIRS = 3000  # beyond it a fixed selection of pairs is compared, and said so
MOST_TRIPLES = 600
MOST_CELLS = 1 << 20
_BLOCK = 65536
_ONE = ("tv1", "kl_norm1", "js1")
_TWO = ("tv2", "kl_norm2", "js2", "cramers_v_diff")
_PARTS = {"year": "year_tv", "month": "month_tv", "weekday": "weekday_tv", "hour": "hour_tv", "gap": "gap_tv"}
_ABOVE = ("parent_tv2", "grandparent_tv2", "hop_tv2")


def measure(work: Work, subject: Subject) -> None:
    """Score all marginals of a table; keeps the counts of single columns in facts["columns"]."""
    across = [m for m in _ABOVE if work.asked(m)] if subject.above else []
    lagged = work.asked("lag_tv2") and bool(subject.sequencer())
    calendars = work.asked(*_PARTS.values())
    if not (work.asked(*_ONE, *_TWO, "tv3") or across or lagged or calendars):
        return
    own = table_bins(work, subject)
    bins = list(own)
    if calendars:
        bins += [part for b in own if b.kind in ("date", "moment", "time") for part in calendar(b, _years(b))]
        bins += gaps(work, subject)
    above = {s.name: table_bins(work, s, f"{s.name}.") for s in subject.above} if across else {}
    bins += [b for found in above.values() for b in found]
    if lagged:
        bins += [_lag(b) for b in own]
    if not own or min(work.rows[subject.name]) == 0:
        return
    real = work.sides.rows(subject, lags=lagged)
    fake = work.sides.rows(subject, synthetic=True, lags=lagged)
    with tallied(work.db, real, fake, bins, work.sides.held_out, work.rows[subject.name]) as tallies:
        names = [b.name for b in own]
        _own(work, subject.name, tallies, own, [b for b in bins if b.part])
        for number, (ancestor, found) in enumerate(above.items()):
            metric = _ABOVE[min(number, 2)]
            pairs = [(b.name, n) for b in found for n in names]
            if metric in across:
                _pairs(work, metric, subject.name, tallies, pairs, f"{subject.name} and {ancestor}")
        if lagged:
            _pairs(work, "lag_tv2", subject.name, tallies, [(f"{LAG}{n}", n) for n in names], "")
        if work.asked("tv3") and len(own) > 2:
            _triples(work, subject.name, tallies, own)


def table_bins(work: Work, subject: Subject, prefix: str = "") -> list[Bin]:
    """The bins of a table's compared columns."""
    real = work.sides.real(subject.name)
    rows = int(work.db.rows_sql("rows", f"select count(*) from {real}")[0][0])
    sample = real
    if rows > SAMPLE:
        known = subject.types if subject.name in work.sides.sql_views else holdout.row_key(subject.table)
        key = ", ".join(sql.ident(c) for c in known)
        sample = f"{real} where hash({key}) % {-(-rows // SAMPLE)} = 0"
    return bins_of(work.db, real, subject.compared, subject.types, subject.fake_types, sample, prefix)


def _years(b: Bin) -> tuple[int, int]:
    """The years that a date's real values span; at most the last 150."""
    first, last = (said[:4] for said in (told_value(v, b.kind) for v in b.span))
    if not (first.isdigit() and last.isdigit()):
        return 2000, 2000
    return max(int(first), int(last) - 149), int(last)


def _lag(b: Bin) -> Bin:
    """The same column in the row before."""
    mine, before = sql.ident(b.name), sql.ident(f"{LAG}{b.name}")
    return replace(
        b, name=f"{LAG}{b.name}", codes=b.codes.replace(mine, before), fakes=b.fakes.replace(mine, before)
    )


def _own(work: Work, table: str, tallies: Tallies, own: Sequence[Bin], parts: Sequence[Bin]) -> None:
    """Single columns and pairs of a table."""
    singles: list[Clique] = [(b.name,) for b in (*own, *parts)]
    pairs, every = chosen_pairs([b.name for b in own], tallies) if work.asked(*_TWO) else ([], 0)
    if len(pairs) < every:
        work.note(f"{table}: {len(pairs):,} of {every:,} pairs of columns are compared, chosen evenly")
    counts = tallies.counts([*singles, *pairs])
    kept = work.facts.setdefault("columns", {}).setdefault(table, {})
    for b in (*own, *parts):
        three = counts[(b.name,)]
        if b.part:
            work.add(_PARTS[b.part], table, b.columns, *_tv(three))
        else:
            _score(work, "1", table, b.columns, three)
        kept[b.name] = told(b, three)
    for pair in pairs:
        _score(work, "2", table, pair, counts[tallies.domain.clique(pair)])
    for metric in (*_ONE, *_TWO):
        _mean(work, metric, table)


def told(b: Bin, three: Three) -> dict[str, object]:
    """A column's counts for the page, without NULL and what lies beyond the real values where no row is."""
    every = three.first + three.second + three.fake
    ends = {0, b.size - 2, b.size - 1} if b.span != (0.0, 0.0) or b.part == "gap" else {b.size - 1}
    kept = [i for i in range(b.size) if every[i] or i not in ends]
    found: dict[str, object] = {"kind": b.kind, "part": b.part, "labels": [b.labels[i] for i in kept]}
    sides = {"wrk": three.real, "syn": three.fake} | ({"ref": three.second} if three.held_out else {})
    return found | {k: [int(v[i]) for i in kept] for k, v in sides.items()}


def chosen_pairs(names: Sequence[str], tallies: Tallies, most: int = MOST_PAIRS) -> tuple[list[Clique], int]:
    """All pairs, or a fixed, even selection of `most`; and how many there are."""
    pairs: list[Clique] = [
        p for p in itertools.combinations(names, 2) if tallies.domain.cells(p) <= MOST_CELLS
    ]
    return evenly(pairs, most), len(pairs)


def evenly(sets: Sequence[Clique], most: int) -> list[Clique]:
    """At most `most` of them, chosen evenly at random, the same every time."""
    if len(sets) <= most:
        return list(sets)
    keep = np.random.default_rng(0).choice(len(sets), most, replace=False)
    return [sets[i] for i in sorted(keep)]


def _tv(three: Three) -> tuple[float, float]:
    return distances.total_variation(three.real, three.fake), three.yardstick


def _score(work: Work, way: str, table: str, columns: Sequence[str], three: Three) -> None:
    """All distances of one marginal, beside those of the two real parts at the synthetic size."""
    a, b, real, fake = three.first, three.second, three.real, three.fake
    work.add(f"tv{way}", table, columns, *_tv(three))
    n, m, p, q = three.sizes
    factor = three.factor
    # Where rows are many, half of 2 n KL is chi-squared with a degree less than cells; JS is a quarter of KL, in bits.
    chance = (three.cells - 1) / 2 * (1 / n + 1 / m)
    if work.asked(f"kl_norm{way}"):
        honest = max(distances.divergence(a, b) * factor**2, chance)
        work.add(
            f"kl_norm{way}", table, columns, 1 / (1 + distances.divergence(real, fake)), 1 / (1 + honest)
        )
    if work.asked(f"js{way}"):
        honest = max(distances.jensen_shannon(a, b) * factor**2, min(1.0, chance / 4 / math.log(2)))
        work.add(f"js{way}", table, columns, distances.jensen_shannon(real, fake), honest)
    if way == "2" and work.asked("cramers_v_diff"):
        # The code of NULL says nothing of how values go together.
        v = [distances.cramers_v(x[:-1, :-1]) for x in (real, fake, a, b)]
        honest = max(
            abs(v[2] - v[3]) * distances.by_size((p, q), (n, m)), (1 - v[0] ** 2) * distances.spread(n, m)
        )
        work.add("cramers_v_diff", table, columns, abs(v[0] - v[1]), honest)


def _mean(work: Work, metric: str, table: str) -> None:
    """The mean over a table's sets of columns, as the table's own score."""
    for split in ("syn", "ref"):
        values = [
            s.value
            for s in work.scores
            if (s.metric, s.table, s.split) == (metric, table, split) and s.columns
        ]
        if values:
            mean = math.fsum(values) / len(values)
            work.add(metric, table, (), *((mean, None) if split == "syn" else (None, mean)))


def _pairs(work: Work, metric: str, table: str, tallies: Tallies, pairs: Sequence[Clique], what: str) -> None:
    """Pairs across rows: with an ancestor's columns, or with the row before."""
    fitting = [p for p in pairs if tallies.domain.cells(p) <= MOST_CELLS]
    kept = evenly(fitting, MOST_PAIRS)
    if len(kept) < len(fitting):
        work.note(f"{what}: {len(kept):,} of {len(fitting):,} pairs of columns are compared, chosen evenly")
    counts = tallies.counts(kept)
    for pair in kept:
        work.add(metric, table, pair, *_tv(counts[tallies.domain.clique(pair)]))
    _mean(work, metric, table)


def _triples(work: Work, table: str, tallies: Tallies, own: Sequence[Bin]) -> None:
    """Sets of three columns, in coarser bins."""
    names = [b.name for b in own]
    sets: list[Clique] = list(itertools.combinations(names, 3))
    most = MOST_TRIPLES if sum(tallies.rows) <= 1_000_000 else MOST_TRIPLES // 4
    kept = evenly(sets, most)
    if len(kept) < len(sets):
        work.note(
            f"{table}: {len(kept):,} of {len(sets):,} sets of three columns are compared, chosen evenly"
        )
    work.note(f"sets of three columns are compared in at most {COARSE} bins a column")
    with ExitStack() as stack:
        coarse = stack.enter_context(tallies.coarse(names, {b.name: b.ordered for b in own}))
        for clique, three in coarse.counts(kept, _BLOCK).items():
            work.add("tv3", table, clique, *_tv(three))
    _mean(work, "tv3", table)
