"""Temporal: what dates, times of day and datetimes share. Each is a few whole numbers in code columns.

NULL is code 0 of every column at once. The first column decides on decoding; where a model gives another
column NULL all the same, a value of its own distribution stands in.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from duckpaste.codec.base import (
    Codec,
    CodeColumn,
    ColumnSql,
    Histogram,
    Want,
    WantBounds,
    WantHistogram,
    column_sql,
)  # fmt: skip
from duckpaste.codec.grid import Binned
from duckpaste.codec.instant import check_type, days_from
from duckpaste.codec.span import ClockSpan, DateSpan, parse_span
from duckpaste.codec.spread import LEFT
from duckpaste.domain import FloatArray, IntArray
from duckpaste.schema.view import Field

if TYPE_CHECKING:
    import pyarrow as pa


class Temporal(Codec):
    """A date part, a time part, or both.

    Options: span, bins (32 for dates, 24 for times), time_bins (24, for the time part of a datetime), binning
    ("width" for bins of equal width), cells, min, max, outside (clamp, error or null), min_len and max_len
    (units of the span from the reference, 0 and 63), reference (a constant instead of a column),
    reference_type ("year" when the reference holds whole numbers of years), reference_nullable (the reference
    may be NULL, and then the value is NULL).
    """

    default_span = ""

    def __init__(self, field: Field) -> None:
        super().__init__(field)
        check_type(field, time=field.kind == "time")
        date, time = parse_span(field, self.default_span)
        self.date = DateSpan(field, date) if date else None
        self.nullable = self.date.nullable if self.date else field.nullable
        option = "time_bins" if date else "bins"
        self.clock = ClockSpan(field, time, option, nullable=self.nullable) if time else None

    def binned(self) -> tuple[Binned, ...]:
        """All known code columns in order."""
        return (*(self.date.binned() if self.date else ()), *([self.clock.binned] if self.clock else []))

    @property
    def _bounded(self) -> bool:
        return self.date is None or self.date.length is not None

    # -- discovery

    def promises(self) -> Sequence[type[Want]]:
        """Bounds for a date without reference, min or max; a histogram for parts of more steps than bins."""
        fine: list[type[Want]] = [WantHistogram for b in self.binned() if not b.plain]
        return tuple(fine) if self._bounded else (WantBounds, WantHistogram, *fine)

    def wants(self) -> Sequence[Want]:
        """Bounds (in days since 1970) first, then the fine histograms."""
        if self.date is not None and not self._bounded:
            days = f"({self.date.raw_sql(column_sql)} - DATE '1970-01-01')"
            return (WantBounds(f"{self.field.name}.bounds", days, True),)
        parts = self._parts_sql(column_sql)
        return tuple(b.want(b.grid.cell_sql(parts[b.name])) for b in self.binned() if b.mass is None)

    def learn(self, want: Want, answer: Any) -> None:
        """Bounds (low, high) or a `Histogram`."""
        if isinstance(want, WantBounds) and self.date is not None:
            self.date.learn(*answer)
        elif isinstance(answer, Histogram):
            binned = next(b for b in self.binned() if b.name == want.label)
            clock = self.clock is not None and binned is self.clock.binned
            equal_width = clock or self.field.option("binning") == "width"
            binned.learn(answer, equal_width=equal_width)

    # -- SQL

    def _parts_sql(self, column: ColumnSql) -> Mapping[str, str]:
        found = dict(self.date.parts_sql(column)) if self.date else {}
        if self.clock is not None:
            steps = self.clock.step_sql(column)
            if self.date is not None and self.nullable:
                steps = f"(CASE WHEN {self.date.date_sql(column)} IS NOT NULL THEN {steps} END)"
            found[self.clock.binned.name] = steps
        return found

    def columns(self) -> Sequence[CodeColumn]:
        """The date's unit, what it leaves over, then the time."""
        null = 0 if self.nullable else None
        found = [CodeColumn(b.name, b.size, True, null) for b in self.binned()]
        if self.date is not None and not self._bounded:
            size = self.date.bins + int(self.nullable)
            found.insert(0, CodeColumn(f"{self.field.name}.{self.date.unit}s", size, True, null))
        return tuple(found)

    def encode(self, column: ColumnSql = column_sql) -> Mapping[str, str]:
        """One code a part."""
        if not self._bounded:
            raise RuntimeError(f"{self.field.name}: bounds are not known yet")
        parts = self._parts_sql(column)
        return {b.name: b.code_sql(parts[b.name]) for b in self.binned()}

    def faults(self, column: ColumnSql = column_sql) -> Sequence[tuple[str, str]]:
        """NULL or infinity where none is declared, a NULL reference, `outside: error`."""
        found: list[tuple[str, str]] = []
        value = (
            self.date.raw_sql(column) if self.date else self.clock.step_sql(column) if self.clock else "NULL"
        )
        if not self.nullable:
            found.append(("holds NULL (or infinity) but is declared without '?'", f"{value} IS NULL"))
        if self.date is None:
            return found
        reference = self.date.reference_sql(column)
        if reference is not None and not self.nullable:
            what = f"its reference {self.date.reference!r} holds NULL but it is declared without '?'"
            found.append((what, f"{reference} IS NULL AND {value} IS NOT NULL"))
        inside = self.date.inside_sql(column, declared=True) if self.date.outside == "error" else None
        if inside is not None:
            found.append(("holds dates outside its declared range", f"NOT ({inside})"))
        return found

    # -- numpy

    @abstractmethod
    def arrow(self, days: IntArray, micros: IntArray, null: np.ndarray) -> pa.Array:
        """Days since 1970 and microseconds since midnight as the column's Arrow values, NULL where `null` is true."""

    def draw(
        self, codes: Mapping[str, IntArray], rng: np.random.Generator, decoded: Mapping[str, pa.Array]
    ) -> tuple[IntArray, IntArray, np.ndarray]:
        """Days since 1970, microseconds since midnight (zeros for an absent part), and a null mask."""
        if not self._bounded:
            raise RuntimeError(f"{self.field.name}: bounds are not known yet")
        values, null = draw_together(self.binned(), codes, rng)
        days: IntArray = np.zeros(len(null), dtype=np.int64)
        micros = days
        if self.date is not None:
            reference = None
            if self.date.reference is not None:
                reference, absent = days_from(decoded[self.date.reference])
                null = null | absent
                left = np.asarray(decoded[LEFT]) if self.date.spread is not None else None
                values[0] = self.date.distances(values[0], reference, left, rng)
            days = self.date.days(values, reference)
        if self.clock is not None:
            micros = values[-1] * self.clock.micros
        return days, micros, null

    # -- file

    def spec(self) -> dict[str, Any]:
        """First and last day, and first cells of the bins."""
        date = self.date
        limits = None if date is None else [date.low, date.high]
        return {"limits": limits, "starts": {b.name: list(b.starts) for b in self.binned() if not b.plain}}

    def arrays(self) -> Mapping[str, FloatArray]:
        """The denoised fine histograms by code column."""
        return {b.name: b.mass for b in self.binned() if not b.plain and b.mass is not None}

    def restore(
        self, spec: Mapping[str, Any], arrays: Mapping[str, FloatArray], labels: Sequence[str | None]
    ) -> None:
        """Range, bins and histograms as they were."""
        if self.date is not None and not self._bounded and None not in spec["limits"]:
            self.date.learn(*spec["limits"])
        for binned in self.binned():
            if binned.name in arrays:
                binned.starts = [int(s) for s in spec["starts"][binned.name]]
                binned.mass = np.asarray(arrays[binned.name], dtype=np.float64)


def draw_together(
    parts: Sequence[Binned], codes: Mapping[str, IntArray], rng: np.random.Generator
) -> tuple[list[IntArray], np.ndarray]:
    """A value a part and row, and a null mask: NULL where the first part has the code of NULL."""
    first = parts[0]
    rows = len(codes[first.name])
    null = codes[first.name] == 0 if first.nullable else np.zeros(rows, dtype=bool)
    present: slice | np.ndarray = np.flatnonzero(~null) if first.nullable else slice(None)
    values: list[IntArray] = []
    for binned in parts:
        code = codes[binned.name][present]
        if binned.nullable and (lost := np.flatnonzero(code == 0)).size:
            code = code.copy()
            code[lost] = _stand_in(binned, lost.size, rng)
        drawn = binned.draw(code, rng)[0]
        if not first.nullable:
            values.append(drawn.astype(np.int64, copy=False))
            continue
        value = np.zeros(rows, dtype=np.int64)
        value[present] = drawn
        values.append(value)
    return values, null


def _stand_in(binned: Binned, n: int, rng: np.random.Generator) -> IntArray:
    """`n` codes other than NULL, drawn by the mass of the fine histogram (all alike where there is none)."""
    mass = np.ones(binned.grid.size) if binned.mass is None else binned.mass
    weight = np.add.reduceat(mass, np.asarray(binned.starts, dtype=np.int64))
    if weight.sum() <= 0:
        weight = np.ones(weight.size)
    return 1 + rng.choice(weight.size, size=n, p=weight / weight.sum())
