"""SVG by hand: a few tags, every attribute and text escaped, sizes in CSS pixels, colours by class only.

Classes take their colours from the page's style sheet, so that a drawing follows light, dark and print.
"""

from __future__ import annotations

from typing import Any

from markupsafe import Markup, escape

from duckpaste.report.words import clip, printable


class Svg:
    """A drawing `width` x `height`; `label` is what a screen reader says of it."""

    def __init__(self, width: float, height: float, label: str) -> None:
        self.width = width
        self.height = height
        self.label = label
        self._parts: list[str] = []

    def add(self, tag: str, content: str = "", title: str = "", **attributes: Any) -> None:
        """A tag with text and a tooltip. `class_` is class; other names get hyphens for underscores."""
        words = [tag]
        for name, value in attributes.items():
            if value is not None:
                words.append(f'{name.rstrip("_").replace("_", "-")}="{escape(_plain(value))}"')
        inner = str(escape(printable(content)))
        if title:
            inner = f"<title>{escape(printable(title))}</title>{inner}"
        self._parts.append(f"<{' '.join(words)}>{inner}</{tag}>" if inner else f"<{' '.join(words)}/>")

    def begin(self, title: str = "", class_: str = "") -> None:
        """Begin a group, with a tooltip or a class for all of it."""
        self._parts.append(f'<g class="{escape(class_)}">' if class_ else "<g>")
        if title:
            self._parts.append(f"<title>{escape(printable(title))}</title>")

    def take(self, other: Svg) -> None:
        """All that was drawn in `other`, on top."""
        self._parts += other._parts

    def end(self) -> None:
        """End the group."""
        self._parts.append("</g>")

    def text(
        self, x: float, y: float, text: str, *, room: float = 0, size: float = 11, **attributes: Any
    ) -> None:
        """Text at its baseline; with `room` cut to that many pixels, the whole of it in a tooltip."""
        shown = clip(text, room, size) if room else printable(text)
        self.add("text", shown, title="" if shown == printable(text) else text, x=x, y=y, **attributes)

    def line(self, x1: float, y1: float, x2: float, y2: float, class_: str) -> None:
        """A straight line."""
        self.add("path", d=f"M{_plain(x1)} {_plain(y1)}L{_plain(x2)} {_plain(y2)}", class_=class_)

    def rect(
        self, x: float, y: float, width: float, height: float, class_: str, title: str = "", **attributes: Any
    ) -> None:
        """A rectangle."""
        self.add(
            "rect",
            title=title,
            x=x,
            y=y,
            width=max(width, 0),
            height=max(height, 0),
            class_=class_,
            **attributes,
        )

    def __html__(self) -> Markup:
        size = f"{_plain(self.width)} {_plain(self.height)}"
        return Markup(  # noqa: S704 - every part was escaped when it was added
            f'<svg viewBox="0 0 {size}" width="{_plain(self.width)}" height="{_plain(self.height)}" role="img" '
            f'aria-label="{escape(printable(self.label))}">{"".join(self._parts)}</svg>'
        )

    def __str__(self) -> str:
        return str(self.__html__())


def _plain(value: Any) -> str:
    """A number with one decimal at most; text as it is."""
    if isinstance(value, float):
        return (
            f"{value:.1f}".removesuffix(".0").replace("-0", "0")
            if abs(value) < 0.05
            else f"{value:.1f}".removesuffix(".0")
        )
    return str(value)
