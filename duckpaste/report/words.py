"""Words: numbers, shares and names as the pages write them."""

from __future__ import annotations

import math
import unicodedata


def share(value: float) -> str:
    """A share as a percentage: 12.3 %, 0.04 %; a share that is not 0 is never written as 0 %."""
    if value == 0:
        return "0 %"
    percent = 100 * value
    if abs(percent) < 0.01:
        return "<0.01 %"
    return f"{percent:.2f} %" if abs(percent) < 1 else f"{percent:.1f} %"


def number(value: float) -> str:
    """A number as short as it can be told: 1,234,567, 0.0123, 1.2e-09, ∞."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == round(value) and abs(value) < 1e15:
        return f"{value:,.0f}".replace("-", "−")
    if abs(value) >= 1000:
        return f"{value:,.1f}".replace("-", "−")
    text = f"{value:.3g}" if abs(value) < 1 else f"{value:.4g}"
    return text.replace("-", "−") if "e" not in text else text


def score(value: float) -> str:
    """A score of a metric, with four decimals where it is small."""
    if math.isnan(value):
        return "–"
    return number(value) if abs(value) >= 100 or math.isinf(value) else f"{value:.4f}".replace("-", "−")


def many(count: int, noun: str, plural: str = "") -> str:
    """ "1 table", "1,234 tables"."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def sentence(text: str) -> str:
    """`text` with a capital and a full stop."""
    text = text.strip()
    return text and text[0].upper() + text[1:] + ("" if text[-1] in ".!?" else ".")


def printable(text: str) -> str:
    """`text` on one line: white space as blanks, what can't be seen as �."""
    return "".join(c if c.isprintable() else " " if c.isspace() else "�" for c in text)


def width(text: str, size: float = 11) -> float:
    """About how wide `text` is in pixels at a font size: wide letters (CJK) count double, marks nothing."""
    units = 0.0
    for c in text:
        if unicodedata.combining(c):
            continue
        if unicodedata.east_asian_width(c) in "WF":
            units += 1.0
        elif c in "iljtf.,:;'|!()[] ":
            units += 0.34
        elif c.isupper() or c in "mw%_":
            units += 0.72
        else:
            units += 0.57
    return units * size


def clip(text: str, pixels: float, size: float = 11) -> str:
    """`text`, cut with an ellipsis when it is wider than `pixels`."""
    text = printable(text)
    if width(text, size) <= pixels:
        return text
    kept = ""
    for c in text:
        if width(kept + c + "…", size) > pixels:
            break
        kept += c
    return kept.rstrip() + "…"
