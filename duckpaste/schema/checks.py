"""Checks: what is wrong with a declared domain by itself, before any data is read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from duckpaste.errors import Fault
from duckpaste.schema.view import Field, Table

_COUNTS = ("bins", "time_bins", "cells")
_BOUNDS = ("weights", "rows")


def domain(field: Field, table: str) -> list[Fault]:
    """The faults of a field's options: bounds, values, edges, numbers of bins, lengths."""
    where = f"{field.place} {table}.{field.name}".strip()
    return [Fault(what, where, remedy) for what, remedy in _domain(field)]


def _domain(field: Field) -> Iterator[tuple[str, str]]:
    low, high = field.option("min"), field.option("max")
    if low is not None and high is not None and _less(high, low):
        yield f"min {_text(low)} is greater than max {_text(high)}", "swap them"
    shortest, longest = field.option("min_len"), field.option("max_len")
    if shortest is not None and longest is not None and _less(longest, shortest):
        yield f"min_len {shortest} is greater than max_len {longest}", "swap them"
    for option in _COUNTS:
        count = field.option(option)
        if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 1):
            yield f"{option} is {count!r}", "it must be a whole number, 1 at least"
    values = field.options.get("values")
    if values is not None:
        yield from _values(values)
    edges = field.options.get("edges")
    if edges is not None:
        yield from _edges(edges)
    spikes: Sequence[Any] = field.option("spikes", ())
    if len(set(spikes)) < len(spikes):
        yield "spikes holds a number twice", "keep one"


def _values(values: Sequence[Any]) -> Iterator[tuple[str, str]]:
    if len(values) == 0:
        yield "values is empty", "list the values, or leave it out to have them discovered"
    seen: set[str] = set()
    twice: list[str] = []
    for value in values:
        text = _text(value)
        if text in seen:
            twice.append(text)
        seen.add(text)
    if twice:
        yield f"values holds {', '.join(repr(t) for t in dict.fromkeys(twice))} twice", "keep one"


def _edges(edges: Sequence[Any]) -> Iterator[tuple[str, str]]:
    if len(edges) < 2:
        yield "edges needs two numbers at least", "name the lower and the upper end too"
    for left, right in pairwise(edges):
        if not _less(left, right):
            yield f"edges do not increase: {left} is followed by {right}", "sort them, each once"
            return


def _less(a: Any, b: Any) -> bool:
    """a < b; False for what cannot be compared."""
    if isinstance(a, dt.datetime) and isinstance(b, dt.datetime) and (a.tzinfo is None) != (b.tzinfo is None):
        a, b = (x.astimezone(dt.UTC).replace(tzinfo=None) if x.tzinfo else x for x in (a, b))
    try:
        return bool(a < b)
    except TypeError:
        return False


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def table(table: Table) -> list[Fault]:
    """The faults of a table's own settings."""
    where = f"{table.place} {table.name}".strip()
    found = []
    k = table.contributions
    if isinstance(k, bool) or not isinstance(k, int) or k < 1:
        found.append(Fault(f"contributions is {k!r}", where, "it must be a whole number, 1 at least"))
    if table.bound not in _BOUNDS:
        found.append(Fault(f"bound is {table.bound!r}", where, "known: " + ", ".join(_BOUNDS)))
    if len(set(table.primary_key)) < len(table.primary_key):
        found.append(Fault("primary_key names a column twice", where, "keep one"))
    return found
