"""SQL types: the families that DuckDB's type texts fall into, the field kinds that fit, and their values."""

from __future__ import annotations

import datetime as dt
import decimal
import math
import re
from collections.abc import Sequence
from typing import Any

_EXACT = decimal.Context(prec=100)  # wider than any DECIMAL or HUGEINT

_FAMILIES = {
    "integer": "TINYINT SMALLINT INTEGER BIGINT HUGEINT UTINYINT USMALLINT UINTEGER UBIGINT UHUGEINT",
    "decimal": "DECIMAL NUMERIC",
    "real": "FLOAT DOUBLE REAL",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "time": "TIME TIMETZ TIME_NS",
    "timestamp": "TIMESTAMP TIMESTAMPTZ TIMESTAMP_S TIMESTAMP_MS TIMESTAMP_NS DATETIME",
    "uuid": "UUID",
    "text": "VARCHAR TEXT STRING CHAR BPCHAR",
    "enum": "ENUM",
}
_FAMILY_OF = {name: family for family, names in _FAMILIES.items() for name in names.split()}
_SCALARS = tuple(_FAMILIES)

# kind -> families of columns it can describe
_FITS: dict[str, Sequence[str]] = {
    "numerical": ("integer", "decimal", "real"),
    "categorical": _SCALARS,
    "ordinal": _SCALARS,
    "boolean": ("boolean",),
    "date": ("date", "timestamp"),
    "time": ("time",),
    "datetime": ("timestamp",),
    "uuid": ("uuid", "text"),
    "text": ("text",),
    "id": (*_SCALARS, "other"),
}
_DERIVED = {
    "integer": "numerical",
    "decimal": "numerical",
    "real": "numerical",
    "boolean": "boolean",
    "date": "date",
    "time": "time",
    "timestamp": "datetime",
    "uuid": "uuid",
    "text": "categorical",
    "enum": "categorical",
}


def family(sql_type: str) -> str:
    """The family of a DuckDB type text; "other" for LIST, STRUCT, BLOB, JSON and all else."""
    text = sql_type.strip().upper()
    if text.endswith("]"):
        return "other"
    base = re.split(r"\s*\(| WITH ", text, maxsplit=1)[0]
    return _FAMILY_OF.get(base, "other")


def fits(kind: str, sql_type: str) -> bool:
    """Whether a field of `kind` can describe a column of `sql_type`."""
    return kind not in _FITS or family(sql_type) in _FITS[kind]


def kinds(sql_type: str) -> list[str]:
    """The kinds that can describe a column of `sql_type`."""
    return [kind for kind in (*_FITS, "ignore") if fits(kind, sql_type)]


def derived(sql_type: str) -> str:
    """The kind of a column that nobody declared."""
    return _DERIVED.get(family(sql_type), "ignore")


def enum_values(sql_type: str) -> tuple[str, ...] | None:
    """The values in the text of an ENUM type, in order; None for other types."""
    if family(sql_type) != "enum":
        return None
    return tuple(v.replace("''", "'") for v in re.findall(r"'((?:[^']|'')*)'", sql_type))


def scale(sql_type: str) -> int:
    """Digits after the point of a DECIMAL type."""
    found = re.search(r"\(\s*\d+\s*,\s*(\d+)\s*\)", sql_type)
    return int(found.group(1)) if found else 3


def coerce(value: Any, sql_type: str) -> Any:
    """`value` as the Python object of a column's type, such that its text is DuckDB's text of it.

    Raises ValueError when the type cannot hold it.
    """
    kind = family(sql_type)
    try:
        if kind in ("text", "enum"):
            return _text(value)
        if kind == "uuid":
            return str(value).lower()
        if kind == "boolean":
            return _boolean(value)
        if isinstance(value, bool):
            raise ValueError("true and false are not of this type")
        if kind == "integer":
            return whole(value)
        if kind == "decimal":
            return _exact(value).quantize(decimal.Decimal(1).scaleb(-scale(sql_type)), context=_EXACT)
        if kind == "real":
            return float(value)
        if kind in ("date", "timestamp", "time"):
            return moment(value, kind)
    except (decimal.InvalidOperation, OverflowError, TypeError) as error:
        raise ValueError(str(error)) from None
    return value


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _boolean(value: Any) -> bool:
    known = {
        "true": True,
        "yes": True,
        "on": True,
        "1": True,
        "false": False,
        "no": False,
        "off": False,
        "0": False,
    }
    text = str(value).lower()
    if text not in known:
        raise ValueError("neither true nor false")
    return known[text]


def _exact(value: Any) -> decimal.Decimal:
    """A finite number exactly as it is written."""
    try:
        found = decimal.Decimal(str(value))
    except decimal.InvalidOperation:
        raise ValueError("not a number") from None
    if not found.is_finite():
        raise ValueError("not finite")
    return found


def whole(value: Any) -> int:
    """A whole number. Raises ValueError for 1.5, text and the like."""
    exact = _exact(value)
    if exact != exact.to_integral_value():
        raise ValueError("not a whole number")
    return int(exact)


def moment(value: Any, kind: str, *, end: bool = False) -> Any:
    """A declared date, timestamp or time as Python's object: from YAML's own, ISO text, or a year's number.

    `end` asks for the last moment that a year or a day stands for. Raises ValueError.
    """
    if kind == "time":
        return value if isinstance(value, dt.time) else dt.time.fromisoformat(str(value).strip())
    if isinstance(value, int) and not isinstance(value, bool):
        value = dt.date(value, 12, 31) if end else dt.date(value, 1, 1)
    elif isinstance(value, str):
        text = value.strip()
        value = dt.date.fromisoformat(text) if len(text) <= 10 else dt.datetime.fromisoformat(text)
    if isinstance(value, dt.datetime):
        return value.date() if kind == "date" else value
    if not isinstance(value, dt.date):
        raise ValueError("not a date")
    if kind == "date":
        return value
    return dt.datetime.combine(value, dt.time.max if end else dt.time.min)


def bound(value: Any, sql_type: str, *, upper: bool, open_: bool) -> Any:
    """The inclusive bound that a column's type makes of `>= value` (or `>`, `<=`, `<`). Raises ValueError."""
    kind = family(sql_type)
    sign = -1 if upper else 1
    if kind in ("integer", "decimal"):
        unit = decimal.Decimal(1) if kind == "integer" else decimal.Decimal(1).scaleb(-scale(sql_type))
        exact = _exact(value)
        way = decimal.ROUND_FLOOR if upper else decimal.ROUND_CEILING
        steps = int(_EXACT.divide(exact, unit).to_integral_value(way))
        if open_ and _EXACT.multiply(decimal.Decimal(steps), unit) == exact:
            steps += sign
        return number(_EXACT.multiply(decimal.Decimal(steps), unit))
    if kind == "real":
        return _next(float(value), sign, sql_type) if open_ else number(value)
    if kind == "date":
        day = moment(value, kind)
        return day + dt.timedelta(days=sign) if open_ else day
    if kind == "timestamp":
        instant = moment(value, kind)
        return instant + dt.timedelta(microseconds=sign) if open_ else instant
    if kind == "time" and not open_:
        return moment(value, kind)
    raise ValueError("no bounds for this type")


def number(value: Any) -> int | float:
    """An int when it is whole, else a float. Raises ValueError when it is not finite."""
    if isinstance(value, int):
        return value
    exact = _exact(value)
    return int(exact) if exact == exact.to_integral_value() else float(exact)


def _next(value: float, sign: int, sql_type: str) -> float:
    """The neighbour of a real number in its own precision."""
    if not math.isfinite(value):
        raise ValueError("not finite")
    if sql_type.strip().upper() == "DOUBLE":
        return math.nextafter(value, sign * math.inf)
    import numpy as np

    return float(np.nextafter(np.float32(value), np.float32(sign * math.inf)))
