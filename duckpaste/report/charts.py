"""Charts: bars of categories and steps of histograms, real and synthetic in one drawing.

Real is filled, synthetic is drawn over it in another colour and form, held-out data is a tick or a dashed line: the
sides differ by form as well as by colour.
"""

from __future__ import annotations

from duckpaste.report.plot import HELD, REAL, SYNTHETIC, Plot
from duckpaste.report.scale import ticks
from duckpaste.report.svg import Svg
from duckpaste.report.words import share, width

WIDTH = 360.0
_LEFT, _RIGHT = 42.0, 8.0


def draw(plot: Plot, name: str, *, tips: bool = True) -> Svg:
    """The drawing of a plot; `name` is what it is a plot of. `tips` adds tooltips, a third of a drawing's size."""
    return bars(plot, name, tips=tips) if plot.kind == "bars" else steps(plot, name, tips=tips)


def _percent(value: float) -> str:
    """A tick of an axis of shares, without needless decimals."""
    return f"{100 * value:.3g} %"


def bars(plot: Plot, name: str, *, tips: bool = True) -> Svg:
    """Categories one below the other: two bars each, and a tick for held-out data."""
    row, top = 23.0, 6.0
    label_room = min(132.0, max([40.0, *(width(label) for label in plot.labels)]) + 4)
    left, right = label_room + 8, WIDTH - 22
    bottom = top + row * len(plot.labels)
    svg = Svg(WIDTH, bottom + 20, plot.spoken(name))
    marks = ticks(0.0, plot.top, 4) if plot.top > 0 else [0.0]
    scale = (right - left) / (max(plot.top, marks[-1]) or 1.0)
    for mark in marks:
        x = left + mark * scale
        svg.line(x, top, x, bottom, "grid" if mark else "axis")
        svg.text(x, bottom + 13, _percent(mark), class_="tick", text_anchor="middle")
    for i, label in enumerate(plot.labels):
        y = top + i * row
        values = {side: plot.shares[side][i] for side in plot.shares}
        tip = f"{label}: " + ", ".join(f"{share(v)} {side}" for side, v in values.items())
        svg.text(left - 6, y + 15, label, room=label_room, class_="label", text_anchor="end")
        svg.begin(tip if tips else "")
        svg.rect(left, y + 3, values.get(REAL, 0.0) * scale, 8, "real")
        svg.rect(left, y + 12, values.get(SYNTHETIC, 0.0) * scale, 8, "synthetic")
        svg.end()
        if HELD in values:
            x = left + values[HELD] * scale
            svg.line(x, y + 1.5, x, y + 21.5, "held-tick")
    return svg


def steps(plot: Plot, name: str, height: float = 168.0, *, tips: bool = True) -> Svg:
    """A histogram: real as an area, synthetic as a line over it, held-out data dashed."""
    top, bottom = 8.0, height - 24
    svg = Svg(WIDTH, height, plot.spoken(name))
    count = max(len(plot.labels), 1)
    left, right = _LEFT, WIDTH - _RIGHT
    wide = (right - left) / count
    high = plot.top or 1.0
    scale = (bottom - top) / high
    for mark in ticks(0.0, high, 3):
        y = bottom - mark * scale
        if mark:
            svg.line(left, y, right, y, "grid")
        svg.text(left - 4, y + 3.5, _percent(mark) if mark else "0", class_="tick", text_anchor="end")

    def outline(side: str) -> str:
        ways = [
            f"V{bottom - value * scale:.1f}H{left + (i + 1) * wide:.1f}"
            for i, value in enumerate(plot.shares[side])
        ]
        return f"M{left:.1f} {bottom:.1f}{''.join(ways)}V{bottom:.1f}"

    for side, class_ in ((REAL, "real"), (HELD, "held-line"), (SYNTHETIC, "synthetic-line")):
        if side in plot.shares:
            svg.add("path", d=outline(side) + ("Z" if side == REAL else ""), class_=class_)
    svg.line(left, bottom, right, bottom, "axis")
    _axis(svg, plot, left, wide, bottom)
    svg.begin(class_="hits")
    for i, label in enumerate(plot.labels if tips else ()):
        tip = f"{label}: " + ", ".join(f"{share(v[i])} {side}" for side, v in plot.shares.items())
        svg.add("path", title=tip, d=f"M{left + i * wide:.1f} {top:g}h{wide:.1f}V{bottom:g}h-{wide:.1f}z")
    svg.end()
    return svg


def _axis(svg: Svg, plot: Plot, left: float, wide: float, bottom: float) -> None:
    """Ticks of the axis of bins, as many as there is room for."""
    used = -1e9
    for position, text in plot.ticks:
        x = left + position * wide
        half = width(text) / 2
        centre = min(max(x, left + half - 4), WIDTH - half - 1)
        if centre - half < used + 6:
            continue
        used = centre + half
        svg.line(x, bottom, x, bottom + 4, "axis")
        svg.text(centre, bottom + 15, text, class_="tick", text_anchor="middle")
