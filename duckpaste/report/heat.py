"""Heat map: one score a pair of columns, the stronger the colour the worse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from duckpaste.report.svg import Svg
from duckpaste.report.words import printable, score, width

MOST = 40  # columns; of wider tables the worst are shown


def chosen(names: Sequence[str], values: Mapping[tuple[str, str], float]) -> list[str]:
    """The columns to draw, in order: all, or the `MOST` with the worst pairs."""
    if len(names) <= MOST:
        return list(names)
    worst = {n: max((v for pair, v in values.items() if n in pair), default=0.0) for n in names}
    kept = set(sorted(names, key=lambda n: (-worst[n], n))[:MOST])
    return [n for n in names if n in kept]


def heat(
    names: Sequence[str], values: Mapping[tuple[str, str], float], label: str,
    yardstick: Mapping[tuple[str, str], float] | None = None,
) -> Svg:  # fmt: skip
    """The lower half of a square of pairs. `values` has each pair in one order or the other."""
    names = chosen(names, values)
    count = len(names)
    cell = max(14.0, min(26.0, 620.0 / max(count, 1)))
    side = min(150.0, max([40.0, *(width(printable(n)) for n in names)]) + 14)
    tall = [0.8 * min(width(printable(n)), 118.0) - i * cell for i, n in enumerate(names[:-1])]
    head = max(12.0, *tall) + 14 if tall else 12.0
    size = cell * count
    svg = Svg(max(side + size + 70, side + 290), head + size + 34, label)
    found = {frozenset(k): v for k, v in values.items()}
    base = {frozenset(k): v for k, v in (yardstick or {}).items()}
    top = max(found.values(), default=0.0) or 1.0
    cold: list[str] = []  # the ground of all cells is one path
    drawn = Svg(0, 0, "")
    square = f"h{cell - 1.5:.1f}v{cell - 1.5:.1f}h-{cell - 1.5:.1f}z"
    for i, name in enumerate(names):
        y = head + i * cell
        svg.text(side - 6, y + cell / 2 + 4, name, room=side - 12, class_="label", text_anchor="end")
        x = side + i * cell + cell / 2
        turn = f"rotate(-50 {x:.1f} {y - 5:.1f})"
        if i < count - 1:
            svg.text(x, y - 5, name, room=118, class_="label", transform=turn)
        for j in range(i):
            pair = frozenset((names[j], name))
            if pair not in found:
                continue
            value = found[pair]
            tip = f"{names[j]} × {name}: {score(value)}"
            if pair in base:
                tip += f" (yardstick {score(base[pair])})"
            place = f"M{side + j * cell:.1f} {y:.1f}{square}"
            cold.append(place)
            drawn.add("path", title=tip, d=place, opacity=f"{value / top:.2f}")
    svg.add("path", d="".join(cold), class_="cold")
    svg.begin(class_="heat")
    svg.take(drawn)
    svg.end()
    _legend(svg, side, head + size + 14, top)
    return svg


def _legend(svg: Svg, x: float, y: float, top: float) -> None:
    svg.text(x - 6, y + 9, "0 = equal", class_="tick", text_anchor="end")
    for i in range(10):
        svg.rect(x + i * 12, y, 12, 10, "cold")
        svg.rect(x + i * 12, y, 12, 10, "heat", opacity=f"{(i + 0.5) / 10:.2f}")
    svg.text(x + 126, y + 9, f"{score(top)} = the worst here", class_="tick")
