"""Narrow: one declared field against the facts of its column: type, NULL, and the domain of both together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from duckpaste.errors import Fault, nearest
from duckpaste.schema import derive, grammar, sqltypes
from duckpaste.schema.catalog import ColumnFacts
from duckpaste.schema.view import Field

_DTYPES = {
    "date": ("date", "timestamp", "text"),
    "int": ("integer", "decimal", "real", "text"),
    "float": ("decimal", "real", "text"),
    "text": ("text", "enum"),
}
_LISTED = ("categorical", "ordinal")


def field(declared: Field, column: ColumnFacts, table: str) -> tuple[Field, list[Fault]]:
    """`declared` with the type, NULL and domain of its column, and what contradicts."""
    where = f"{declared.place} {table}.{declared.name}".strip()
    found = replace(
        declared,
        sql_type=column.sql_type,
        nullable=declared.nullable and not column.not_null,
        comment=declared.comment or column.comment,
    )
    faults = [Fault(what, where, remedy) for what, remedy in _misfits(declared, column)]
    if faults:
        return found, faults
    options, contradictions = _domain(declared, column)
    return replace(found, options=options), [Fault(what, where, remedy) for what, remedy in contradictions]


def _misfits(declared: Field, column: ColumnFacts) -> Iterator[tuple[str, str]]:
    """Where the kind does not fit the column's type."""
    sql_type, kind = _short(column.sql_type), declared.kind
    fitting = "declare it " + " or ".join(sqltypes.kinds(column.sql_type)) + ", or cast it in the view's SQL"
    if not sqltypes.fits(kind, column.sql_type):
        yield f"type {kind!r} does not fit a column of {sql_type}", fitting
    elif kind == "fixed" and declared.option("dtype") in _DTYPES:
        dtype = str(declared.option("dtype"))
        if sqltypes.family(column.sql_type) not in (*_DTYPES[dtype], "other"):
            yield (
                f"a fixed {dtype} does not fit a column of {sql_type}",
                "change the dtype, or cast the column",
            )
    elif kind == "seq":
        for part in ("seq", "ctx"):
            nested = grammar.inner(declared, part)
            if nested is not None and not sqltypes.fits(nested.kind, column.sql_type):
                yield f"{part} of type {nested.kind!r} does not fit a column of {sql_type}", fitting
    elif kind in ("numerical", "text") and column.values is not None:
        yield (
            f"type {kind!r} does not fit a CHECK that lists the values allowed",
            "declare it categorical or ordinal",
        )


def _short(sql_type: str) -> str:
    return sql_type if len(sql_type) <= 60 else sql_type[:57] + "..."


def _domain(declared: Field, column: ColumnFacts) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """The options with the domain that both allow, and the contradictions."""
    options = dict(declared.options)
    faults: list[tuple[str, str]] = []
    ddl = derive.domain(declared.kind, column)
    if declared.kind in _LISTED:
        try:
            options, faults = _listed(options, ddl, column)
        except ValueError:
            what = f"values that a column of {_short(column.sql_type)} cannot hold"
            faults = [(what, "write them as the column's type does")]
        return options, faults
    for name, pick in (("min", max), ("max", min)):
        if name in ddl:
            mine = options.get(name)
            options[name] = ddl[name] if mine is None else pick(_like(mine, ddl[name]), ddl[name])
    low, high = options.get("min"), options.get("max")
    declared_fits = _ordered(declared.option("min"), declared.option("max"))
    if declared_fits and not _ordered(low, high):
        what = f"min and max leave nothing of what the DDL allows ({_range(ddl)})"
        faults.append((what, "correct one of them"))
    return options, faults


def _like(value: Any, other: Any) -> Any:
    """A date as the datetime, or the other way round, that it is to be compared with."""
    if isinstance(other, dt.datetime) and isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return dt.datetime.combine(value, dt.time.min)
    if isinstance(value, dt.datetime) and not isinstance(other, dt.datetime) and isinstance(other, dt.date):
        return value.date()
    if (
        isinstance(value, dt.datetime)
        and isinstance(other, dt.datetime)
        and value.tzinfo
        and not other.tzinfo
    ):
        return value.astimezone(dt.UTC).replace(tzinfo=None)
    return value


def _ordered(low: Any, high: Any) -> bool:
    return low is None or high is None or _like(low, high) <= high


def _range(ddl: Mapping[str, Any]) -> str:
    return f"{ddl.get('min', '-')} to {ddl.get('max', '-')}"


def _listed(
    options: dict[str, Any], ddl: Mapping[str, Any], column: ColumnFacts
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Values that both allow. A label of unknown values that the column cannot hold is left out."""
    faults: list[tuple[str, str]] = []
    allowed = ddl.get("values")
    if options.get("values") is not None:
        values = tuple(sqltypes.coerce(v, column.sql_type) for v in options["values"])
        options["values"] = values
        strange = [str(v) for v in values if allowed is not None and v not in allowed]
        if strange:
            what = f"values that the DDL does not allow: {', '.join(map(repr, strange[:5]))}"
            faults.append((what, nearest(strange[0], map(str, allowed or ()))[:300]))
    elif allowed is not None:
        options["values"] = allowed
    unknown = options.get("unknown")
    if unknown is not None and not _holds(unknown, allowed, column):
        del options["unknown"]
        options.setdefault("outside", "other")
    return options, faults


def _holds(label: Any, allowed: Any, column: ColumnFacts) -> bool:
    """Whether the label of unknown values can stand in the column."""
    try:
        value = sqltypes.coerce(label, column.sql_type)
    except ValueError:
        return False
    if sqltypes.family(column.sql_type) == "uuid":
        return False
    return allowed is None or value in allowed
