"""Conditions: what a CHECK says about single columns, read with sqlglot from the text of the catalogue.

Understood are `x BETWEEN a AND b`, `x >= a`, `x > a`, `x <= b`, `x < b` (either way round), `x = a`,
`x IN (...)`, and AND of those. A part of an AND that is not understood takes nothing from the others. All
else says nothing.
"""

from __future__ import annotations

import decimal
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from duckpaste.schema import sqltypes


@dataclass(frozen=True)
class Limit:
    """One fact about one column: an inclusive or open bound, or the only values allowed."""

    column: str
    low: Any = None
    high: Any = None
    open: bool = False
    values: tuple[Any, ...] | None = None


def limits(expression: str) -> list[Limit]:
    """The limits in a CHECK's expression (DuckDB's dialect). Text that does not parse has none."""
    import sqlglot

    try:
        tree = sqlglot.parse_one(expression, dialect="duckdb")
    except (sqlglot.errors.SqlglotError, RecursionError):
        return []
    return [limit for part in _parts(tree) for limit in _limit(part)]


def _parts(tree: Any) -> Iterator[Any]:
    from sqlglot import exp

    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, exp.Paren):
            stack.append(node.this)
        elif isinstance(node, exp.And):
            stack += [node.expression, node.this]
        else:
            yield node


def _limit(node: Any) -> Iterator[Limit]:
    from sqlglot import exp

    if isinstance(node, exp.Between) and not node.args.get("symmetric"):
        column, low, high = _column(node.this), _constant(node.args["low"]), _constant(node.args["high"])
        if column is not None and low is not None and high is not None:
            yield Limit(column, low=low)
            yield Limit(column, high=high)
    elif isinstance(node, exp.In):
        column = _column(node.this)
        values = [_constant(item) for item in node.expressions]
        # A NULL in the list makes the CHECK pass for every value.
        if column is not None and values and None not in values:
            yield Limit(column, values=tuple(values))
    elif isinstance(node, exp.EQ | exp.GTE | exp.GT | exp.LTE | exp.LT):
        yield from _comparison(node)


def _comparison(node: Any) -> Iterator[Limit]:
    from sqlglot import exp

    column, value = _column(node.this), _constant(node.expression)
    turned = column is None
    if turned:
        column, value = _column(node.expression), _constant(node.this)
    if column is None or value is None:
        return
    open_ = isinstance(node, exp.GT | exp.LT)
    if isinstance(node, exp.EQ):
        yield Limit(column, values=(value,))
    elif isinstance(node, exp.GTE | exp.GT) is not turned:
        yield Limit(column, low=value, open=open_)
    else:
        yield Limit(column, high=value, open=open_)


def _column(node: Any) -> str | None:
    from sqlglot import exp

    while isinstance(node, exp.Paren):
        node = node.this
    if isinstance(node, exp.Column) and not node.table and isinstance(node.this, exp.Identifier):
        return str(node.this.this)
    return None


def _constant(node: Any) -> Any:
    """The Python value of a literal, also below a sign or a cast; None for all else, NULL included."""
    from sqlglot import exp

    while isinstance(node, exp.Paren | exp.Cast):
        node = node.this
    if isinstance(node, exp.Neg):
        value = _constant(node.this)
        return -value if isinstance(value, int | float) and not isinstance(value, bool) else None
    if isinstance(node, exp.Boolean):
        return bool(node.this)
    if not isinstance(node, exp.Literal):
        return None
    if node.is_string:
        return str(node.this)
    try:
        return sqltypes.number(decimal.Decimal(str(node.this)))
    except (ValueError, decimal.InvalidOperation):
        return None
