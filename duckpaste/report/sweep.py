"""Sweep: the page of many runs: each score against a parameter, such as the budget, beside its yardstick."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from duckpaste.errors import UserError
from duckpaste.evaluate.catalogue import METRICS
from duckpaste.evaluate.score import REF, SYN, Score
from duckpaste.report import curves
from duckpaste.report.curves import Curve, Value
from duckpaste.report.figure import Figure
from duckpaste.report.findings import HEAD
from duckpaste.report.pages import Page, render
from duckpaste.report.svg import Svg
from duckpaste.report.words import many, number, score


@dataclass(frozen=True)
class Point:
    """A score of one run: the run's series (its algorithm, say) and its value of the parameter."""

    series: str
    value: Value
    score: Score


def sweep(
    points: Sequence[Point], *, title: str, parameter: str = "epsilon", notes: Sequence[str] = ()
) -> Page:
    """The page. Scores of whole tables are drawn, the main metrics first; runs that repeat a value become a mean with
    its spread. Raises UserError when there is nothing to draw."""
    whole = [p for p in points if not p.score.columns and not math.isnan(p.score.value)]
    if not any(p.score.split == SYN for p in whole):
        raise UserError("no scores of whole tables to draw", title, "evaluate the runs first")
    names = list(dict.fromkeys(p.series for p in whole))
    places = list(dict.fromkeys((p.score.metric, p.score.table) for p in whole))
    places.sort(key=lambda place: HEAD.index(place[0]) if place[0] in HEAD else len(HEAD))
    drawn = [_figure(whole, metric, table, names, parameter) for metric, table in places]
    context: dict[str, Any] = {
        "title": title, "parameter": parameter, "figures": [f for f in drawn if f is not None], "notes": notes,
        "series": [{"name": n, "svg": _sample(i % curves.SERIES)} for i, n in enumerate(names)],
        "lead": _lead(whole, names, parameter),
    }  # fmt: skip
    return Page(render("sweep.html", stamp_more=". Keep it with the private data.", **context))


def _lead(points: Sequence[Point], names: Sequence[str], parameter: str) -> str:
    values = {p.value for p in points}
    return f"{many(len(names), 'series', 'series')} at {many(len(values), 'value')} of {parameter}: {', '.join(names)}."


def _figure(
    points: Sequence[Point], metric: str, table: str, names: Sequence[str], parameter: str
) -> dict[str, Any] | None:
    """The drawing of one metric of one table, with its numbers."""
    mine = [p for p in points if (p.score.metric, p.score.table) == (metric, table)]
    lines = [Curve(n, _points(p for p in mine if p.series == n and p.score.split == SYN)) for n in names]
    lines = [c for c in lines if c.points]
    if not lines:
        return None
    yardstick = {v: mean for v, (mean, _, _) in _points(p for p in mine if p.score.split == REF).items()}
    every = sorted(curves.axis([v for c in lines for v in c.points]).items(), key=lambda item: item[1])
    rows = [
        [v if isinstance(v, str) else number(v), *(score(c.points[v][0]) if v in c.points else "–" for c in lines),
         score(yardstick[v]) if v in yardstick else "–"]
        for v, _ in every
    ]  # fmt: skip
    name = f"{metric}, {table}" if table else metric
    header = [parameter, *(c.name for c in lines), "yardstick"]
    about = METRICS.get(metric)
    return {
        "name": metric, "table": table, "text": about.text if about else "",
        "good": about.good if about else "low",
        "figure": Figure(name, curves.draw(_styled(lines, names), yardstick, name, parameter), header, rows),
    }  # fmt: skip


def _styled(lines: Sequence[Curve], names: Sequence[str]) -> list[Curve]:
    """The curves at the places of their names, so that a series has one style on the whole page."""
    known = {c.name: c for c in lines}
    return [known.get(n, Curve(n, {})) for n in names]


def _points(points: Any) -> Mapping[Value, tuple[float, float, float]]:
    """Mean, least and largest score at each value of the parameter."""
    found: dict[Value, list[float]] = {}
    for p in points:
        found.setdefault(p.value, []).append(p.score.value)
    return {v: (sum(s) / len(s), min(s), max(s)) for v, s in found.items()}


def _sample(style: int) -> Svg:
    """A piece of the line, for the legend."""
    svg = Svg(34.0, 12.0, "")
    svg.begin(class_=f"series s{style}")
    svg.add("path", d="M1 6H33", class_="line")
    svg.add("path", d=curves.mark(style, 17.0, 6.0), class_="dot")
    svg.end()
    return svg
