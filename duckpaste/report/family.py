"""Family: the schema as a drawing, tables as boxes with their keys, parents to the left of children."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from duckpaste.report.svg import Svg
from duckpaste.report.words import many, width

_BOX, _GAP, _LINE, _HEAD = 210.0, 74.0, 17.0, 46.0


@dataclass(frozen=True)
class Link:
    """A foreign key: own columns -> columns of `table`. `owner` when it leads to the parent in the model."""

    columns: Sequence[str]
    table: str
    referenced: Sequence[str]
    owner: bool = False


@dataclass(frozen=True)
class Box:
    """A table: rows of each side (None: not known), its primary key and its links; role "unit", "private", "public"."""

    name: str
    real: int | None = None
    synthetic: int | None = None
    primary_key: Sequence[str] = ()
    links: Sequence[Link] = field(default_factory=tuple)
    role: str = "private"

    @property
    def height(self) -> float:
        """Pixels of the box."""
        return _HEAD + _LINE * (bool(self.primary_key) + len(self.links)) + 8


def depths(boxes: Sequence[Box]) -> dict[str, int]:
    """How many steps each table is below those that it refers to; keys that close a circle don't count."""
    known = {b.name: b for b in boxes}
    found: dict[str, int] = {}

    def depth(name: str, above: tuple[str, ...]) -> int:
        if name not in found:
            targets = [
                k.table for k in known[name].links if k.table in known and k.table not in (*above, name)
            ]
            value = max((depth(t, (*above, name)) + 1 for t in targets), default=0)
            if above:
                return value  # seen from within a circle: not the last word
            found[name] = value
        return found[name]

    for box in boxes:
        depth(box.name, ())
    return found


def draw(boxes: Sequence[Box]) -> Svg:
    """The drawing. Tables of one depth stand below one another."""
    level = depths(boxes)
    columns: dict[int, list[Box]] = {}
    for box in boxes:
        columns.setdefault(level[box.name], []).append(box)
    tall = {d: sum(b.height + 22 for b in found) - 22 for d, found in columns.items()}
    height = max(tall.values(), default=0.0)
    place: dict[str, tuple[float, float]] = {}
    for position, depth in enumerate(sorted(columns)):
        y = 10 + (height - tall[depth]) / 2
        for box in columns[depth]:
            place[box.name] = (10 + position * (_BOX + _GAP), y)
            y += box.height + 22
    wide = 20 + len(columns) * (_BOX + _GAP) - (_GAP if columns else 0) + 24
    svg = Svg(wide, height + 20, spoken(boxes))
    known = {b.name: b for b in boxes}
    for box in boxes:
        for i, link in enumerate(box.links):
            if link.table in place:
                _edge(svg, box, i, link, place, known)
    for box in boxes:
        _box(svg, box, *place[box.name])
    return svg


def spoken(boxes: Sequence[Box]) -> str:
    """The schema in a sentence."""
    parts = [
        f"{b.name}" + (f" with keys to {', '.join(k.table for k in b.links)}" if b.links else "")
        for b in boxes
    ]
    return f"Schema: {many(len(boxes), 'table')}: " + "; ".join(parts)


def _edge(
    svg: Svg, box: Box, i: int, link: Link, place: Mapping[str, tuple[float, float]], known: Mapping[str, Box]
) -> None:  # fmt: skip
    """From a key's line in the child to the head of the parent."""
    x, y = place[box.name]
    start = y + _HEAD + _LINE * (bool(box.primary_key) + i) + 8
    px, py = place[link.table]
    end = py + 18
    class_ = "edge owner" if link.owner else "edge"
    if link.table == box.name:
        right = x + _BOX
        d = f"M{right:.1f} {start:.1f}C{right + 26:.1f} {start:.1f} {right + 26:.1f} {end:.1f} {right:.1f} {end:.1f}"
    elif px < x:
        left, right = x, px + _BOX
        bend = max((left - right) / 2, 20)
        d = f"M{left:.1f} {start:.1f}C{left - bend:.1f} {start:.1f} {right + bend:.1f} {end:.1f} {right:.1f} {end:.1f}"
    else:
        right, into = x + _BOX, px + _BOX
        far = max(right, into) + 28
        d = f"M{right:.1f} {start:.1f}C{far:.1f} {start:.1f} {far:.1f} {end:.1f} {into:.1f} {end:.1f}"
    svg.add("path", d=d, class_=class_)
    svg.add("circle", cx=px + _BOX, cy=end, r=3, class_="edge-end")


def _box(svg: Svg, box: Box, x: float, y: float) -> None:
    svg.rect(x, y, _BOX, box.height, f"box {box.role}", rx=6)
    role = {"unit": "privacy unit", "public": "public"}.get(box.role, "")
    used = width(role, 10.5) + 8 if role else 0
    svg.text(x + 10, y + 19, box.name, room=_BOX - 20 - used, size=13, class_="box-name")
    if role:
        svg.text(x + _BOX - 10, y + 18, role, class_="box-note", text_anchor="end")
    sizes = [
        f"{n:,} {side}" for n, side in ((box.real, "real"), (box.synthetic, "synthetic")) if n is not None
    ]
    note = ", ".join(sizes) or ("copied as it is" if box.role == "public" else "")
    svg.text(x + 10, y + 36, note, room=_BOX - 20, size=10.5, class_="box-note")
    line = y + _HEAD + 12
    if box.primary_key:
        svg.text(x + 10, line, "key " + ", ".join(box.primary_key), room=_BOX - 20, class_="label")
        line += _LINE
    for link in box.links:
        svg.text(x + 10, line, f"{', '.join(link.columns)} → {link.table}", room=_BOX - 20, class_="label")
        line += _LINE
