"""Findings: what scores say, in the order in which a reader needs it: headline, weakest, privacy."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from duckpaste.evaluate.evaluation import Evaluation
from duckpaste.evaluate.score import REF, SYN
from duckpaste.evaluate.sides import LAG
from duckpaste.report.svg import Svg
from duckpaste.report.words import number, score

MOST = 10  # worst columns and pairs that are told
# The metrics that head the page when they are there, with the name that people read.
HEAD = ("tv1", "tv2", "tv3")
HONEST = "like an honest sample"


@dataclass(frozen=True)
class Finding:
    """A score with its yardstick (None: it has none), and what the metric means."""

    metric: str
    table: str
    columns: tuple[str, ...]
    value: float
    yardstick: float | None
    about: Mapping[str, str]
    leak: bool | None = None  # of a test for leaks: whether it found one
    noise: float | None = None  # standard deviation of the noise of a released score

    @property
    def where(self) -> str:
        """The table and columns for people."""
        return " × ".join(map(_told, self.columns)) if self.columns else self.table

    @property
    def place(self) -> str:
        """As `where`, with the table before the columns."""
        return f"{self.table}: {self.where}" if self.columns and self.table else self.where

    @property
    def good(self) -> str:
        """Which values are good: "low", "high", "ref" (near the yardstick; above is worse) or "ref-low" (below is)."""
        return self.about.get("good", "low")

    @property
    def ratio(self) -> float | None:
        """The score over its yardstick: 1 is as good as an honest sample. None where that says nothing."""
        if self.yardstick is None or self.good in ("high", "ref-low") or not self.yardstick > 0:
            return None
        return self.value / self.yardstick

    def verdict(self) -> str:
        """The comparison with the yardstick in words."""
        if self.leak is not None:
            return "a leak: beyond honest rows" if self.leak else "like honest rows"
        if self.yardstick is None:
            return "no yardstick"
        if self.ratio is not None and self.good == "low":
            honest = self.ratio <= 1.15 or self.value <= self.yardstick + 2 * (self.noise or 0.0)
            return HONEST if honest else f"{number(round(self.ratio, 1))} × the yardstick"
        gap = self.value - self.yardstick
        if abs(gap) <= max(0.02 * abs(self.yardstick), 0.001) or (self.good == "high" and gap > 0):
            return HONEST
        return f"{score(abs(gap))} {'above' if gap > 0 else 'below'} the yardstick"

    def meter(self, top: float) -> Svg:
        """The score as a bar on a scale up to `top`, the yardstick as a tick."""
        yard = "" if self.yardstick is None else f", yardstick {score(self.yardstick)}"
        svg = Svg(98.0, 14.0, f"{score(self.value)}{yard}")
        scale = 96.0 / top if top > 0 and math.isfinite(top) else 0.0
        svg.rect(0.0, 5.0, 96.0, 4.0, "track")
        if math.isfinite(self.value):
            svg.rect(0.0, 3.0, max(min(abs(self.value) * scale, 96.0), 1.0), 8.0, "synthetic")
        if self.yardstick is not None and math.isfinite(self.yardstick):
            x = min(abs(self.yardstick) * scale, 96.0)
            svg.line(x, 0.0, x, 14.0, "held-tick")
        return svg


def _told(column: str) -> str:
    """A column's name for people."""
    return f"{column.removeprefix(LAG)} of the row before" if column.startswith(LAG) else column


def findings(evaluation: Evaluation, family: str | None = None) -> list[Finding]:
    """All scores of the synthetic data (of one family), each beside its yardstick."""
    about: Mapping[str, Mapping[str, str]] = evaluation.facts.get("metrics", {})
    base = {(s.metric, s.table, s.columns): s.value for s in evaluation.scores if s.split == REF}
    tests = {
        (t["metric"], t["table"], tuple(t["columns"])): bool(t["leak"])
        for t in evaluation.facts.get("privacy", ())
    }
    noise: Mapping[str, Mapping[str, float]] = evaluation.facts.get("noise", {})
    found = []
    for s in evaluation.scores:
        known = about.get(s.metric, {})
        if s.split == REF or math.isnan(s.value) or (family and known.get("family") != family):
            continue
        yardstick = base.get((s.metric, s.table, s.columns)) if s.split == SYN else None
        if yardstick is not None and math.isnan(yardstick):
            yardstick = None
        leak = tests.get((s.metric, s.table, s.columns))
        sd = noise.get(s.metric, {}).get(s.table) if s.columns else None
        found.append(Finding(s.metric, s.table, s.columns, s.value, yardstick, known, leak, sd))
    return found


def worst_first(found: Iterable[Finding]) -> list[Finding]:
    """Whole tables, then the worst columns first."""
    sign = {"high": 1.0, "ref-low": 1.0}
    return sorted(
        found, key=lambda f: (bool(f.columns), sign.get(f.good, -1.0) * f.value, f.table, f.columns)
    )


def main_metric(found: Sequence[Finding], columns: int) -> str | None:
    """The metric that stands for scores of so many columns: tv1, tv2, tv3, else the one with most scores."""
    names: dict[str, int] = {}
    for f in found:
        if len(f.columns) == columns and f.good == "low":
            names[f.metric] = names.get(f.metric, 0) + 1
    preferred = f"tv{columns}"
    return preferred if preferred in names else max(names, key=lambda n: (names[n], n), default=None)


def weakest(found: Sequence[Finding], columns: int, most: int = MOST) -> list[Finding]:
    """The worst sets of so many columns by their main metric."""
    metric = main_metric(found, columns)
    return worst_first(f for f in found if f.metric == metric and len(f.columns) == columns)[:most]


def headline(found: Sequence[Finding]) -> Finding | None:
    """The score of the whole data that heads the page: of pairs, else single columns, else triples, else any; of
    several tables their mean."""
    whole = [f for f in found if not f.columns]
    for metric in ("tv2", *HEAD, *(f.metric for f in whole)):
        rows = [f for f in whole if f.metric == metric]
        if rows:
            return next((f for f in rows if not f.table), None) or _mean(rows)
    return None


def _mean(rows: Sequence[Finding]) -> Finding:
    """One finding for those of several tables."""
    first = rows[0]
    if len(rows) == 1:
        return first
    known = [f.yardstick for f in rows if f.yardstick is not None]
    yardstick = sum(known) / len(known) if len(known) == len(rows) else None
    value = sum(f.value for f in rows) / len(rows)
    return Finding(first.metric, f"mean of {len(rows)} tables", (), value, yardstick, first.about)


def leaks(found: Iterable[Finding]) -> list[Finding]:
    """Tests that found a leak."""
    return [f for f in found if f.leak]


def by_metric(found: Iterable[Finding]) -> list[dict[str, Any]]:
    """Findings grouped by metric, in order, with a common scale for their meters."""
    groups: dict[str, list[Finding]] = {}
    for f in found:
        groups.setdefault(f.metric, []).append(f)
    return [
        {"metric": name, "about": rows[0].about, "rows": rows, "top": top_of(rows), "several": len(rows) > 1}
        for name, rows in groups.items()
    ]


def top_of(rows: Iterable[Finding]) -> float:
    """The largest score or yardstick, as the end of a meter's scale."""
    values = [abs(v) for f in rows for v in (f.value, f.yardstick) if v is not None and math.isfinite(v)]
    return max(values, default=1.0) or 1.0
