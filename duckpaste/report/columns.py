"""Columns: how real and synthetic values spread, counted by SQL over all rows in bins that both sides share.

Exact counts of private data: internal.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from duckpaste import sql
from duckpaste.codec.instant import micros_sql, midnight_sql
from duckpaste.db import Db
from duckpaste.report.plot import REAL, Plot
from duckpaste.report.scale import Bins, date_bins, number_bins
from duckpaste.report.words import many, number, share
from duckpaste.schema.view import MADE_UP, Field, Table

MOST_VALUES = 12  # categories with bars of their own
MOST_BINS = 24
SPIKE = 0.15  # a number that this share of values have is told apart from the histogram
_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
            "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL")  # fmt: skip
_DAY = 86_400_000_000

Sides = Mapping[str, str]  # "real", "synthetic", "held-out" -> relation (SQL) of one table


@dataclass(frozen=True)
class ColumnPlots:
    """A column's drawings. `nulls` is the share of NULL on each side; `facts` are (what, text of each side)."""

    name: str
    kind: str
    sql_type: str
    plots: Sequence[Plot]
    nulls: Mapping[str, float]
    facts: Sequence[tuple[str, Mapping[str, str]]] = ()
    note: str = ""


def family_of(sql_type: str, kind: str) -> str:
    """ "categories", "numbers", "dates", "times", "moments" (a date with a time) or "none" (keys, made-up text)."""
    if kind in MADE_UP:
        return "none"
    base = sql_type.upper().partition("(")[0].strip()
    if base.startswith("TIMESTAMP"):
        return "moments"
    if base == "DATE":
        return "dates"
    if base.startswith("TIME"):
        return "times"
    return "numbers" if base in _NUMBERS and kind not in ("categorical", "boolean") else "categories"


def plots_of(
    db: Db, table: Table, sides: Sides, compared: Collection[str] | None = None
) -> list[ColumnPlots]:
    """The drawings of every column of a table, in order. `compared` are the columns whose values mean something (a key
    to a public table is a category); without it, all that are no keys."""
    keys = {c for k in table.foreign_keys for c in k.columns} | set(table.primary_key)
    found = []
    for field in table.fields:
        for name in field.columns:
            kind = field.kind
            if compared is not None:
                kind = "ignore" if name not in compared else "categorical" if kind == "id" else kind
            elif name in keys and kind == "seq":
                kind = "ignore"
            found.append(_column(db, field, name, family_of(field.sql_type, kind), sides))
    return found


def _column(db: Db, field: Field, name: str, family: str, sides: Sides) -> ColumnPlots:
    quoted = sql.ident(name)
    ranges = _ranges(db, _measure(family, quoted, field.sql_type), quoted, sides)
    nulls = {side: r.nulls / r.rows if r.rows else 0.0 for side, r in ranges.items()}
    facts: list[tuple[str, Mapping[str, str]]] = []
    plots: list[Plot] = []
    if family == "categories":
        declared = field.option("values") if field.kind == "ordinal" else None
        plots = [_values(db, quoted, sides, [str(v) for v in declared or ()])]
    elif family == "numbers":
        plots, facts = _numbers(db, f"{quoted}::double", ranges, sides, _whole(field.sql_type))
    elif family == "dates":
        plots = _dates(db, _days(quoted, field.sql_type), ranges, sides)
    elif family == "moments":
        clock = f"{midnight_sql(quoted, field.sql_type)} // 3600000000"
        plots = [*_dates(db, _days(quoted, field.sql_type), ranges, sides), _hours(db, clock, sides)]
    elif family == "times":
        plots = [_hours(db, f"least({midnight_sql(quoted, field.sql_type)} // 3600000000, 23)", sides)]
    note = "" if family != "none" else "A key, or made up: not modelled, so not compared."
    return ColumnPlots(name, field.kind, field.sql_type, [p for p in plots if p.labels], nulls, facts, note)


def _whole(sql_type: str) -> bool:
    base = sql_type.upper()
    return "INT" in base or base.endswith(",0)")


def _days(quoted: str, sql_type: str) -> str:
    """Days since 1970 of a date or a moment; NULL for NULL and the infinities."""
    return f"floor({micros_sql(quoted, sql_type.upper())} / {_DAY}.0)"


def _measure(family: str, quoted: str, sql_type: str) -> str:
    """The number whose range is asked; NULL where a column has none."""
    if family == "numbers":
        return f"case when isfinite({quoted}::double) then {quoted}::double end"
    return _days(quoted, sql_type) if family in ("dates", "moments") else "null::double"


@dataclass(frozen=True)
class Range:
    """Rows, NULLs, and of a number its extremes and the quantiles between which all but 1 % lie."""

    rows: int
    nulls: int
    low: float | None
    high: float | None
    first: float | None
    last: float | None


def _ranges(db: Db, measure: str, quoted: str, sides: Sides) -> dict[str, Range]:
    found = {}
    for side, relation in sides.items():
        row = db.rows("column_range", relation=relation, column=quoted, measure=measure)[0]
        found[side] = Range(int(row[0]), int(row[1]), *(None if v is None else float(v) for v in row[2:]))
    return found


def _span(ranges: Mapping[str, Range]) -> tuple[float, float] | None:
    """What the axis covers: the real extremes, or where a few values lie far out, all but 1 % of them."""
    real = ranges[REAL]
    if real.low is None or real.high is None or real.first is None or real.last is None:
        return None
    body = real.last - real.first
    low = real.low if real.first - real.low <= 0.5 * body else real.first
    high = real.high if real.high - real.last <= 0.5 * body else real.last
    return low, high


def _counts(db: Db, expression: str, sides: Sides, size: int) -> dict[str, list[int]]:
    """Rows in each cell 0..size-1 of each side."""
    found = {}
    for side, relation in sides.items():
        cells = [0] * size
        for _, cell, n in db.rows("cell_counts", relation=relation, expressions=[expression], weight=None):
            cells[cell] += n
        found[side] = cells
    return found


def _shares(counts: Mapping[str, Sequence[int]]) -> dict[str, list[float]]:
    totals = {side: max(sum(values), 1) for side, values in counts.items()}
    return {side: [n / totals[side] for n in values] for side, values in counts.items()}


def _binned(db: Db, expression: str, bins: Bins, sides: Sides, title: str, note: str = "") -> Plot:
    """A histogram; what lies beyond the edges has a bin of its own at either end, when there is any."""
    inner = len(bins.edges) - 1
    low, size = bins.edges[0], bins.edges[1] - bins.edges[0]
    equal = all(
        math.isclose(b - a, size, rel_tol=1e-6) for a, b in zip(bins.edges, bins.edges[1:], strict=False)
    )
    if equal:
        inside = f"least({inner - 1}, floor(({expression} - {low!r}) / {size!r}))::integer + 1"
    else:
        inside = " ".join(f"when {expression} < {e!r} then {i}" for i, e in enumerate(bins.edges[1:], 1))
        inside = f"case {inside} end"
    cell = (
        f"case when {expression} is null then null when {expression} >= {bins.edges[-1]!r} then {inner + 1} "
        f"when {expression} < {low!r} then 0 else {inside} end"
    )
    counts = _counts(db, cell, sides, inner + 2)
    labels = [f"below {bins.labels[0]}", *bins.intervals(), f"{bins.labels[-1]} and above"]
    first = 0 if any(c[0] for c in counts.values()) else 1
    last = inner + (2 if any(c[-1] for c in counts.values()) else 1)
    shares = {side: values[first:last] for side, values in _shares(counts).items()}
    ticks = [(i + 1.0 - first, text) for i, text in _ticks(bins.labels)]
    if (first == 0 or last == inner + 2) and not note:
        note = "The outermost bins hold all that lies beyond the axis."
    return Plot("steps", title, labels[first:last], shares, ticks, note)


def _ticks(labels: Sequence[str]) -> list[tuple[int, str]]:
    """Edges that are told on the axis; of months the first of each year, where there are some."""
    years = [(i, label[:4]) for i, label in enumerate(labels) if len(label) == 7 and label.endswith("-01")]
    told = years if len(years) > 2 else list(enumerate(labels))
    return told[:: max(1, -(-(len(told) - 1) // 5))]


def _numbers(
    db: Db, expression: str, ranges: Mapping[str, Range], sides: Sides, whole: bool
) -> tuple[list[Plot], list[tuple[str, Mapping[str, str]]]]:
    """The histogram, the spike if there is one, and the extremes."""
    span = _span(ranges)
    if span is None:
        return [], []
    facts: list[tuple[str, Mapping[str, str]]] = [
        ("least", {s: "–" if r.low is None else number(r.low) for s, r in ranges.items()}),
        ("largest", {s: "–" if r.high is None else number(r.high) for s, r in ranges.items()}),
    ]
    spike, body = _spike(db, expression, sides)
    if spike is not None:
        value, shares = spike
        facts.insert(0, (f"exactly {number(value)}", {s: share(v) for s, v in shares.items()}))
        expression = f"nullif({expression}, {sql.literal(value)})"
        if body is None:
            return [], facts
        span = (max(span[0], body[0]), min(span[1], body[1])) if body[0] < body[1] else body
    bins = number_bins(*span, MOST_BINS, integer=whole)
    title = f"all but {number(spike[0])}" if spike is not None else "values"
    return [_binned(db, expression, bins, sides, title)], facts


def _spike(
    db: Db, expression: str, sides: Sides
) -> tuple[tuple[float, dict[str, float]] | None, tuple[float, float] | None]:
    """The commonest real value with its share on each side, when a histogram would only show it; what all but 1 % of
    the other real values lie between."""
    finite = f"(case when isfinite({expression}) then {expression} end)"
    found = db.rows("column_spike", relation=sides[REAL], expression=finite)
    if not found:
        return None, None
    value, hits, values, distinct, first, last = found[0]
    if hits < SPIKE * values or distinct <= MOST_BINS:
        return None, None
    shares = {}
    for side, relation in sides.items():
        cell = f"case when {expression} = {sql.literal(float(value))} then 1 when {expression} is not null then 0 end"
        counts = _counts(db, cell, {side: relation}, 2)[side]
        shares[side] = counts[1] / max(sum(counts), 1)
    return (float(value), shares), None if first is None else (float(first), float(last))


def _dates(db: Db, expression: str, ranges: Mapping[str, Range], sides: Sides) -> list[Plot]:
    span = _span(ranges)
    return [] if span is None else [_binned(db, expression, date_bins(*span), sides, "date")]


def _hours(db: Db, expression: str, sides: Sides) -> Plot:
    counts = _counts(db, f"({expression})", sides, 24)
    labels = [f"{h:02d}:00 to {h:02d}:59" for h in range(24)]
    return Plot(
        "steps", "time of day", labels, _shares(counts), [(float(h), f"{h}:00") for h in range(0, 24, 4)]
    )


def _values(db: Db, quoted: str, sides: Sides, order: Sequence[str] = ()) -> Plot:
    """The commonest values of either side (in the declared order where there is one), and all others together."""
    rows = db.rows("column_values", sides=list(sides.values()), expression=quoted, most=MOST_VALUES)
    if not rows:
        return Plot("bars", "value", [], {})
    count = len(sides)
    totals = [max(int(n), 1) for n in rows[0][1 + count : 1 + 2 * count]]
    others = int(rows[0][-1]) - len(rows)
    if others == 0:
        rows.sort(key=lambda r: order.index(r[0]) if r[0] in order else len(order))
    labels = [str(r[0]) if str(r[0]).strip() else "(empty)" for r in rows]
    shares = {side: [int(r[1 + i]) / totals[i] for r in rows] for i, side in enumerate(sides)}
    if others > 0:
        labels.append(f"{many(others, 'other')}")
        for side in sides:
            shares[side].append(max(0.0, 1 - sum(shares[side])))
    return Plot("bars", "value", labels, shares)
