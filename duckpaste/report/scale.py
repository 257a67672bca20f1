"""Scale: round steps for axes and bins, of numbers and of dates."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

from duckpaste.report.words import number

_EPOCH = dt.date(1970, 1, 1)
_FIRST, _LAST = -719_162.0, 2_800_000.0  # the years 1 and 9636: beyond them an axis has no round ends


def step(span: float, most: int, *, integer: bool = False) -> float:
    """The smallest of 1, 2, 5 times a power of ten that divides `span` into at most `most` parts."""
    if not span > 0:
        return 1.0
    raw = span / most
    power = 10.0 ** math.floor(math.log10(raw))
    found = next(power * m for m in (1, 2, 5, 10, 20) if power * m >= raw * (1 - 1e-9))
    return max(found, 1.0) if integer else found


def ticks(low: float, high: float, most: int = 5, *, integer: bool = False) -> list[float]:
    """Round numbers within [low, high], at most `most` + 1."""
    size = step(high - low, most, integer=integer)
    first, last = math.ceil(low / size - 1e-9), math.floor(high / size + 1e-9)
    return [_plain(i * size) for i in range(first, last + 1)]


def _plain(value: float) -> float:
    """Without the last digits of binary fractions."""
    return float(f"{value:.15g}")


@dataclass(frozen=True)
class Bins:
    """Edges of bins in rising order (numbers; days since 1970 for dates), and a label for each edge. A bin holds its
    lower edge and not its upper one; `last` are labels of the last value of each bin, where values are whole."""

    edges: list[float]
    labels: list[str]
    last: list[str] | None = None

    def intervals(self) -> list[str]:
        """A label for each bin: "20–24", "17" or "0.5 to 1"."""
        if self.last is None:
            return [f"{a} to {b}" for a, b in zip(self.labels, self.labels[1:], strict=False)]
        return [a if a == b else f"{a}–{b}" for a, b in zip(self.labels, self.last, strict=False)]


def number_bins(low: float, high: float, most: int = 24, *, integer: bool = False) -> Bins:
    """Bins of a round width that cover [low, high]."""
    size = step(high - low, most, integer=integer)
    first = math.floor(low / size + 1e-9)
    end = max(math.floor(high / size + 1e-9) + 1, first + 1)
    edges = [_plain(i * size) for i in range(first, end + 1)]
    last = [number(e - 1) for e in edges[1:]] if integer else None
    return Bins(
        edges,
        [(number if integer and size < 1000 else short)(e) for e in edges],
        last if size < 1000 else None,
    )


def short(value: float) -> str:
    """A number on an axis: 1.5M, 20k, 0.25."""
    for limit, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= limit:
            scaled = value / (limit if letter != "k" else 1e3)
            text = f"{scaled:.4g}"
            return (f"{value:.2e}" if "e" in text else f"{text}{letter}").replace("-", "−")
    text = f"{value:.4g}" if abs(value) < 1000 or value != round(value) else f"{value:.0f}"
    return text.replace("-", "−") if "e" not in text else text


def date_bins(low: float, high: float, most: int = 26) -> Bins:
    """Bins of whole days, weeks, months, quarters, years or decades that cover days [low, high] since 1970."""
    low, high = (min(max(day, _FIRST), _LAST) for day in (low, high))
    first = _EPOCH + dt.timedelta(days=math.floor(low))
    last = _EPOCH + dt.timedelta(days=math.floor(high))
    days = (last - first).days + 1
    if days <= most:
        return _days(first, days, 1)
    if days <= 7 * (most - 1):
        return _days(
            first - dt.timedelta(days=min(first.weekday(), first.toordinal() - 1)), -(-days // 7) + 1, 7
        )
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    size = next(
        (m for m in (1, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 6000, 12000) if months <= m * (most - 1)),
        24000,
    )
    return _months(first, last, size)


def _days(first: dt.date, count: int, size: int) -> Bins:
    found = [first + dt.timedelta(days=i * size) for i in range(count + 1)]
    last = [(d - dt.timedelta(days=1)).isoformat() for d in found[1:]]
    return Bins([float((d - _EPOCH).days) for d in found], [d.isoformat() for d in found], last)


def _months(first: dt.date, last: dt.date, size: int) -> Bins:
    start = (first.year * 12 + first.month - 1) // size * size
    found = []
    for month in range(max(start, 12), (last.year * 12 + last.month - 1) + size + 1, size):
        year, rest = divmod(month, 12)
        if year > 9999:  # bins of many hundred years
            found.append(dt.date.max)
            break
        found.append(dt.date(year, rest + 1, 1))
    labels = [str(d.year) if size >= 12 else f"{d.year}-{d.month:02d}" for d in found]
    before = [d - dt.timedelta(days=1) for d in found[1:]]
    ends = [str(d.year) if size >= 12 else f"{d.year}-{d.month:02d}" for d in before]
    return Bins([float((d - _EPOCH).days) for d in found], labels, ends)
