"""Curves: a score against a parameter, one line a series, the yardstick dashed.

Series differ by colour, by mark and by dash, so that they can be told apart without colours.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from duckpaste.report.scale import short, ticks
from duckpaste.report.svg import Svg
from duckpaste.report.words import number, score, width

WIDTH, HEIGHT = 400.0, 240.0
SERIES = 6  # styles of lines; further series repeat them
Value = float | str  # of the parameter: a number (inf too), or a word


@dataclass(frozen=True)
class Curve:
    """One series: for each value of the parameter the mean score, and the least and largest of repeated runs."""

    name: str
    points: Mapping[Value, tuple[float, float, float]]


def axis(values: Sequence[Value]) -> dict[Value, float]:
    """Where each value stands, from 0 to 1: numbers in proportion (by powers when they span more than a factor of 8),
    words and infinity in steps."""
    order = sorted(
        set(values), key=lambda v: (isinstance(v, str), v if isinstance(v, float) else 0.0, str(v))
    )
    numbers = [v for v in order if isinstance(v, float) and math.isfinite(v)]
    rest = [v for v in order if v not in numbers]
    found: dict[Value, float] = {}
    steps = max(len(order) - 1, 1)
    room = (len(numbers) - 1) / steps if numbers and rest else 1.0
    powers = len(numbers) > 1 and numbers[0] > 0 and numbers[-1] / numbers[0] > 8
    scaled = [math.log(v) if powers else v for v in numbers]
    for value, x in zip(numbers, scaled, strict=True):
        found[value] = (
            room * (x - scaled[0]) / (scaled[-1] - scaled[0])
            if len(numbers) > 1
            else 0.5
            if not rest
            else 0.0
        )
    for i, word in enumerate(rest):
        found[word] = (len(numbers) + i) / steps
    return found


def draw(curves: Sequence[Curve], yardstick: Mapping[Value, float], name: str, parameter: str) -> Svg:
    """The drawing. `yardstick` may differ from value to value (it hardly does)."""
    svg = Svg(WIDTH, HEIGHT, spoken(curves, yardstick, name, parameter))
    left, right, top, bottom = 52.0, WIDTH - 18, 14.0, HEIGHT - 44
    place = axis([v for c in curves for v in c.points])
    heights = [h for c in curves for p in c.points.values() for h in p] + list(yardstick.values())
    high = max([h for h in heights if math.isfinite(h)], default=1.0) or 1.0
    low = min([0.0, *(h for h in heights if math.isfinite(h))])

    def x(value: Value) -> float:
        return left + (right - left) * place[value]

    def y(value: float) -> float:
        return bottom - (bottom - top) * (value - low) / (high - low)

    for mark in ticks(low, high, 4):
        svg.line(left, y(mark), right, y(mark), "grid" if mark else "axis")
        svg.text(left - 6, y(mark) + 3.5, short(mark), class_="tick", text_anchor="end")
    _labels(svg, {v: x(v) for v in place}, bottom)
    svg.text((left + right) / 2, HEIGHT - 6, parameter, class_="tick", text_anchor="middle")
    known = sorted((x(v), y(h)) for v, h in yardstick.items() if v in place and math.isfinite(h))
    if known:
        across = [(left, known[0][1]), *known, (right, known[-1][1])]
        svg.add("path", d=_way(across), class_="yard")
    for i, curve in enumerate(curves):
        if any(math.isfinite(p[0]) for p in curve.points.values()):
            _curve(svg, curve, i % SERIES, x, y)
    return svg


def _labels(svg: Svg, places: Mapping[Value, float], bottom: float) -> None:
    """The values below the axis, as many as there is room for."""
    used = -1e9
    for value, x in sorted(places.items(), key=lambda item: item[1]):
        text = value if isinstance(value, str) else number(value)
        half = min(width(text), 80.0) / 2
        svg.line(x, bottom, x, bottom + 4, "axis")
        centre = min(max(x, half), WIDTH - half)
        if centre - half > used + 5:
            svg.text(centre, bottom + 16, text, room=80, class_="tick", text_anchor="middle")
            used = centre + half


def _curve(
    svg: Svg, curve: Curve, style: int, x: Callable[[Value], float], y: Callable[[float], float]
) -> None:
    points = sorted((x(v), v, p) for v, p in curve.points.items() if math.isfinite(p[0]))
    svg.begin(class_=f"series s{style}")
    svg.add("path", d=_way([(at, y(p[0])) for at, _, p in points]), class_="line")
    for at, value, (mean, least, most) in points:
        shown = value if isinstance(value, str) else number(value)
        if most > least:
            svg.line(at, y(least), at, y(most), "spread")
        svg.add(
            "path", title=f"{curve.name}, {shown}: {score(mean)}", d=mark(style, at, y(mean)), class_="dot"
        )
    svg.end()


def mark(style: int, x: float, y: float) -> str:
    """The path of a series' mark: circle, square, triangle, diamond, triangle downwards, cross."""
    r = 4.2
    shapes = (
        f"M{x - r:.1f} {y:.1f}a{r} {r} 0 1 0 {2 * r} 0a{r} {r} 0 1 0 -{2 * r} 0z",
        f"M{x - 3.6:.1f} {y - 3.6:.1f}h7.2v7.2h-7.2z",
        f"M{x:.1f} {y - 5:.1f}l4.8 8.4h-9.6z",
        f"M{x:.1f} {y - 5.2:.1f}l5.2 5.2l-5.2 5.2l-5.2 -5.2z",
        f"M{x:.1f} {y + 5:.1f}l4.8 -8.4h-9.6z",
        f"M{x - 1.5:.1f} {y - 5:.1f}h3v3.5h3.5v3h-3.5v3.5h-3v-3.5h-3.5v-3h3.5z",
    )
    return shapes[style % len(shapes)]


def spoken(curves: Sequence[Curve], yardstick: Mapping[Value, float], name: str, parameter: str) -> str:
    """What a screen reader says of the drawing."""
    parts = []
    for curve in curves:
        best = min(curve.points.items(), key=lambda item: item[1][0], default=None)
        if best is not None:
            value = best[0] if isinstance(best[0], str) else number(best[0])
            parts.append(f"{curve.name} is lowest, {score(best[1][0])}, at {value}")
    base = f"; yardstick {score(sum(yardstick.values()) / len(yardstick))}" if yardstick else ""
    return f"{name} against {parameter}: {'; '.join(parts)}{base}"


def _way(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in points)
