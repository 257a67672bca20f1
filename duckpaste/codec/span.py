"""DateSpan and ClockSpan: a date, and a time of day, as whole numbers that lie in code columns.

The first number of a date counts ISO years, weeks or days from a reference (another column, or a constant)
or, with none, from a fixed origin. What the span leaves over follows: ISO week and weekday.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from duckpaste.codec import calendar
from duckpaste.codec.base import ColumnSql
from duckpaste.codec.grid import FINE_CELLS, Binned, Grid
from duckpaste.codec.instant import date_sql, day_limits, midnight_sql
from duckpaste.codec.options import base_type, fault, single, whole, word
from duckpaste.codec.spread import LEFT, SPREAD, Spread
from duckpaste.domain import IntArray
from duckpaste.schema.view import Field
from duckpaste.sql import literal

DATE_SPANS = ("year", "year53", "week", "day")
CLOCK_STEPS = {"hour": 24, "halfhour": 48, "minute": 1440, "halfminute": 2880, "second": 86_400}
MOST_BINS = 65_535
_FARTHEST = 4_000_000


class DateSpan:
    """The parts of a date. `limits` are the first and last day that may come out, once known."""

    def __init__(self, field: Field, span: str) -> None:
        self.field = field
        self.column = single(field)
        self.unit = "year" if span == "year53" else span
        self.outside = word(field, "outside", "clamp", ("clamp", "error", "null"))
        self.nullable = (
            field.nullable or self.outside == "null" or bool(field.option("reference_nullable", False))
        )
        self.by_year = word(field, "reference_type", "date", ("date", "year")) == "year"
        self.bins = whole(field, "bins", 32, 1, MOST_BINS - 1)
        self.reference = field.refs[0] if field.refs else None
        if len(field.refs) > 1:
            raise fault(field, "a date has one reference at most", "keep the nearest one")
        if field.option("spread") is not None:
            raise fault(
                field, "option 'spread' is about rows of a sequence", "write it under `ctx:` or `seq:`"
            )
        self.origin = self._declared("reference", end=False)
        self.relative = self.reference is not None or self.origin is not None
        self.low, self.high = self._declared("min", end=False), self._declared("max", end=True)
        if self.low is not None and self.high is not None and self.low > self.high:
            raise fault(field, "option 'min' lies after 'max'", "swap them")
        self.declared = (self.low, self.high)
        self.length: Binned | None = None
        self.spread: Spread | None = None
        self._table: IntArray | None = None
        self.rest = self._rest()
        if self.relative or (self.low is not None and self.high is not None):
            self._build()

    def _declared(self, name: str, *, end: bool) -> int | None:
        """The day declared as option `name`."""
        value = self.field.option(name)
        if value is None:
            return None
        try:
            day = calendar.instant(value, end=end) // calendar.MICROS_A_DAY
        except ValueError:
            raise fault(self.field, f"option {name!r} is not a date", "write it as 2000-12-31") from None
        first, last = day_limits(self.field)
        return min(max(day, first), last)

    def _rest(self) -> tuple[Binned, ...]:
        """The parts below the unit: they are the same for every field."""
        name = self.field.name
        week = Binned(f"{name}.week", Grid.over(1, 53, integer=True), 53, nullable=self.nullable)
        weekday = Binned(f"{name}.weekday", Grid.over(1, 7, integer=True), 7, nullable=self.nullable)
        return {"year": (week, weekday), "week": (weekday,), "day": ()}[self.unit]

    def _build(self) -> None:
        if self.relative:
            low = whole(self.field, "min_len", 0, -_FARTHEST, _FARTHEST)
            high = whole(self.field, "max_len", max(63, low), -_FARTHEST, _FARTHEST)
            if low > high:
                raise fault(self.field, "option 'min_len' is greater than 'max_len'", "swap them")
            if self.field.option(SPREAD):
                self.spread = self._spread(low)
                low, high = 0, self.spread.ranks - 1
        else:
            low, high = (int(u) for u in self.units(np.array(self.limits)))
        limit = max(whole(self.field, "cells", FINE_CELLS, 1, 2**20), self.bins)
        grid = Grid.over(low, high, integer=True, limit=limit)
        name = "rank" if self.spread else f"{self.unit}s"
        self.length = Binned(f"{self.field.name}.{name}", grid, self.bins, nullable=self.nullable)

    def _spread(self, least: int) -> Spread:
        declared = self.field.option("max_len")
        ranks = whole(self.field, "cells", FINE_CELLS, 1, 2**20)
        end = int(self.units(np.array([self.limits[1]]))[0])
        return Spread(end, least, None if declared is None else int(str(declared)), ranks)

    @property
    def limits(self) -> tuple[int, int]:
        """First and last day that may come out."""
        first, last = day_limits(self.field)
        return (first if self.low is None else self.low, last if self.high is None else self.high)

    def learn(self, low: float, high: float) -> None:
        """Noisy first and last day, where they are not declared. Any two numbers will do."""
        first, last = day_limits(self.field)
        ordered = sorted(int(np.clip(np.nan_to_num(v), first, last)) for v in (np.floor(low), np.ceil(high)))
        self.low = ordered[0] if self.low is None else self.low
        self.high = max(ordered[1], self.low) if self.high is None else self.high
        self.low = min(self.low, self.high)
        self._build()

    def binned(self) -> tuple[Binned, ...]:
        """All code columns in order, or only those below the unit while the range is unknown."""
        return (*([self.length] if self.length else []), *self.rest)

    # -- SQL

    def raw_sql(self, column: ColumnSql) -> str:
        """The DATE as it stands, NULL for the infinities."""
        return date_sql(column(self.column), base_type(self.field))

    def reference_sql(self, column: ColumnSql) -> str | None:
        """The reference's DATE when it is a column."""
        if self.reference is None:
            return None
        x = column(self.reference)
        return f"make_date({x}, 1, 1)" if self.by_year else date_sql(x)

    def inside_sql(self, column: ColumnSql, *, declared: bool = False) -> str | None:
        """True where the date lies inside the range (`declared`: not a learned one); None without a range."""
        date, found = self.raw_sql(column), []
        low, high = self.declared if declared else (self.low, self.high)
        if low is not None:
            found.append(f"{date} >= {_literal(low)}")
        if high is not None:
            found.append(f"{date} <= {_literal(high)}")
        if self.relative and self.length is not None:
            grid = self.length.grid
            most = grid.high if self.spread is None else self.spread.most
            least = grid.low if self.spread is None else self.spread.least
            distance = self._distance_sql(date, column)
            found.append(
                f"{distance} >= {least}" if most is None else f"{distance} BETWEEN {least} AND {most}"
            )
        return " AND ".join(found) or None

    def date_sql(self, column: ColumnSql) -> str:
        """The DATE to be encoded: clamped to the limits, NULL where the value is to be NULL."""
        date = self.raw_sql(column)
        inside = self.inside_sql(column)
        if self.outside == "null" and inside is not None:
            return f"(CASE WHEN {inside} THEN {date} END)"
        reference = self.reference_sql(column)
        if self.low is not None or self.high is not None:
            first, last = (_literal(day) for day in self.limits)
            date = (
                f"(CASE WHEN {date} < {first} THEN {first} WHEN {date} > {last} THEN {last} ELSE {date} END)"
            )
        return date if reference is None else f"(CASE WHEN {reference} IS NOT NULL THEN {date} END)"

    def parts_sql(self, column: ColumnSql) -> Mapping[str, str]:
        """Code column name -> the BIGINT that it bins, in the order of `binned`."""
        date, found = self.date_sql(column), {}
        if self.length is not None:
            distance, reference = self._distance_sql(date, column), self.reference_sql(column)
            if self.spread is not None and reference is not None:
                distance = self.spread.sql(distance, self._unit_sql(reference), column(LEFT))
            found[self.length.name] = distance
        whole_parts = {"week": f"week({date})", "weekday": f"isodow({date})"}
        found.update({b.name: whole_parts[b.name.rpartition(".")[2]] for b in self.rest})
        return found

    def _distance_sql(self, date: str, column: ColumnSql) -> str:
        """Units from the reference (or the origin) to `date`."""
        reference = self.reference_sql(column)
        if reference is not None:
            return f"({self._unit_sql(date)} - {self._unit_sql(reference)})"
        start = 0 if self.origin is None else int(self.units(np.array([self.origin]))[0])
        return f"({self._unit_sql(date)} - ({start}))" if start else self._unit_sql(date)

    def _unit_sql(self, date: str) -> str:
        """`units` in SQL: a BIGINT. The division of a week is exact, so that its rounding does not matter."""
        if self.unit == "year":
            return f"isoyear({date})"
        if self.unit == "day":
            return _day_sql(date)
        return f"(({date} - DATE '1969-12-29' + 1 - isodow({date})) // 7)"

    # -- numpy

    def units(self, days: IntArray) -> IntArray:
        """The number of the ISO year, the week or the day that each day lies in."""
        if self.unit == "day":
            return days
        return calendar.iso_year(days) if self.unit == "year" else calendar.week_number(days)

    def distances(
        self, first: IntArray, reference: IntArray, left: IntArray | None, rng: np.random.Generator
    ) -> IntArray:
        """Units from the reference's days, for values of the first part: ranks, where rows spread (`left` is what the
        column LEFT holds). What would pass a declared end is drawn again from what does not."""
        before = self.units(np.clip(reference, calendar.FIRST_DAY, calendar.LAST_DAY))
        if self.spread is not None and left is not None:
            return self.spread.distances(first, before, left, rng)
        if self.high is None or self.length is None:
            return first
        room = self.units(np.array([self.high])) - before
        late = np.flatnonzero(first > room)
        if late.size:
            first = first.copy()
            first[late] = self.length.within(room[late], rng)
        return first

    def days(self, values: Sequence[IntArray], reference: IntArray | None) -> IntArray:
        """Days from the values of all parts (units from the reference in the first) and the reference's days (None
        without a reference column)."""
        if self.unit == "year" and reference is None and self.length is not None:
            return self._by_table(values)
        start: IntArray = np.zeros(1, dtype=np.int64)
        if reference is not None:
            start = self.units(np.clip(reference, calendar.FIRST_DAY, calendar.LAST_DAY))
        elif self.origin is not None:
            start = self.units(np.array([self.origin]))
        units = start + values[0]
        if self.unit == "year":
            found = calendar.from_iso(np.clip(units, -9999, 19_999), values[1], values[2])
        elif self.unit == "week":
            found = units * 7 - 3 + values[1] - 1
        else:
            found = units
        return np.clip(found, *self.limits)

    def _by_table(self, values: Sequence[IntArray]) -> IntArray:
        """`days` without a reference column: one look-up a row in a table of all (year, week, weekday)."""
        if self.length is None:
            raise RuntimeError(f"{self.column}: the range is not known yet")
        low, high = int(self.length.grid.low), int(self.length.grid.high)
        if self._table is None:
            start = 0 if self.origin is None else int(self.units(np.array([self.origin]))[0])
            year, week, weekday = np.meshgrid(
                np.arange(low, high + 1), np.arange(53), np.arange(7), indexing="ij"
            )
            units = np.clip(start + year.ravel(), -9999, 19_999)
            days = calendar.from_iso(units, week.ravel() + 1, weekday.ravel() + 1)
            self._table = np.clip(days, *self.limits)
        at = values[0] - low
        at *= 53
        at += values[1]
        at *= 7
        at += values[2]
        at -= 8
        # A NULL's parts are 0 and may point outside; the row is masked.
        return np.take(self._table, at, mode="clip")


class ClockSpan:
    """A time of day as the number of steps since midnight."""

    def __init__(self, field: Field, span: str, option: str, *, nullable: bool) -> None:
        self.field = field
        self.column = single(field)
        self.steps = CLOCK_STEPS[span]
        self.micros = calendar.MICROS_A_DAY // self.steps
        bins = whole(field, option, 24, 1, MOST_BINS - 1)
        # One cell a step, however fine: denoising joins what cannot be told apart.
        grid = Grid.over(0, self.steps - 1, integer=True, limit=self.steps)
        self.binned = Binned(f"{field.name}.time", grid, bins, nullable=nullable)

    def step_sql(self, column: ColumnSql) -> str:
        """BIGINT steps since midnight; NULL for NULL and the infinities."""
        x, kind = column(self.column), base_type(self.field)
        if kind == "VARCHAR" and self.field.kind == "time":
            x, kind = f"{x}::TIME", "TIME"
        return f"({midnight_sql(x, kind)} // {self.micros})"


def _literal(day: int) -> str:
    return literal(dt.date(1970, 1, 1) + dt.timedelta(days=day))


def _day_sql(date: str) -> str:
    return f"({date} - DATE '1970-01-01')"


def parse_span(field: Field, default: str) -> tuple[str, str]:
    """Date span and time span of a declared `span`; "" where the field has no such part."""
    span = str(field.option("span", default))
    date, _, time = span.partition(".") if field.kind == "datetime" else (span, "", "")
    known: Mapping[str, Any] = dict.fromkeys(DATE_SPANS)
    if field.kind == "time":
        date, time, known = "", span, CLOCK_STEPS
    if field.kind == "datetime" and (date not in DATE_SPANS or time not in CLOCK_STEPS):
        remedy = f"write <date>.<time> of {', '.join(DATE_SPANS)} and {', '.join(CLOCK_STEPS)}"
        raise fault(field, f"unknown span {span!r}", remedy)
    if field.kind != "datetime" and span not in known:
        raise fault(field, f"unknown span {span!r}", "known: " + ", ".join(known))
    return date, time
