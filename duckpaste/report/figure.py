"""Figure: a drawing with its caption, and the table behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from duckpaste.report import charts
from duckpaste.report import heat as maps
from duckpaste.report.family import Box, draw
from duckpaste.report.findings import Finding
from duckpaste.report.plot import Plot
from duckpaste.report.svg import Svg
from duckpaste.report.words import score


@dataclass(frozen=True)
class Figure:
    """What the templates draw: `what` is its name for screen readers; a `wide` one scrolls on narrow screens."""

    what: str
    svg: Svg
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    note: str = ""
    wide: bool = False


def of_plot(plot: Plot, name: str, *, tips: bool = True, alone: bool = True) -> Figure:
    """A column's or key's drawing; `alone` when it is the only one."""
    caption = "" if plot.title in ("value", "values") or (alone and plot.title == "date") else plot.title
    what = f"{name}, {caption}" if caption else name
    return Figure(what, charts.draw(plot, name, tips=tips), plot.header(), plot.rows(), caption, plot.note)


def of_pairs(table: str, names: Sequence[str], pairs: Sequence[Finding], caption: str) -> Figure | None:
    """The heat map of a table's pairs of these columns, told worst first; None where there is no pair."""
    if not pairs:
        return None
    values = {(f.columns[0], f.columns[1]): f.value for f in pairs}
    yardstick = {(f.columns[0], f.columns[1]): f.yardstick for f in pairs if f.yardstick is not None}
    there = {n for pair in values for n in pair}
    names = [n for n in names if n in there]
    worst = sorted(values, key=lambda p: (-values[p], p))
    rows = [
        [f"{a} × {b}", score(values[a, b]), score(yardstick[a, b]) if (a, b) in yardstick else "–"]
        for a, b in worst
    ]
    top = f"; worst: {rows[0][0]} {rows[0][1]}" if rows else ""
    svg = maps.heat(
        names,
        values,
        f"Pairs of columns of {table}, stronger colours where they are further apart{top}",
        yardstick,
    )
    note = (
        "" if len(names) <= maps.MOST else f"The {maps.MOST} columns with the worst pairs, of {len(names)}."
    )
    return Figure(f"pairs of {table}", svg, ["pair", "score", "yardstick"], rows, caption, note, wide=True)


def of_schema(boxes: Sequence[Box]) -> Figure:
    """The tables and their keys."""
    rows = [
        [b.name, b.role, ", ".join(b.primary_key) or "–",
         "; ".join(f"{', '.join(k.columns)} → {k.table}" for k in b.links) or "–",
         *("–" if n is None else f"{n:,}" for n in (b.real, b.synthetic))]
        for b in boxes
    ]  # fmt: skip
    header = ["table", "role", "key", "foreign keys", "rows real", "rows synthetic"]
    caption = "Thick lines lead from a table to its parent, thin ones are references."
    return Figure("the schema", draw(boxes), header, rows, caption, wide=True)
