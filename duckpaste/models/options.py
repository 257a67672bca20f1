"""Options of models: dataclass fields that know their range and say what they do."""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, TypeVar

from duckpaste.errors import Fault, nearest, raise_all

T = TypeVar("T")


def option(
    default: Any, doc: str, *, low: float = 0, high: float = math.inf, above: bool = False,
    read: Callable[[Any], Any] | None = None,
) -> Any:  # fmt: skip
    """A dataclass field: its default, one line of documentation and, for numbers, its range.

    `above` tells that `low` itself is excluded. A default of True or False makes a switch, a tuple a list of whole
    numbers that rise; the range is then that of the numbers. `read` is for everything else: it gives the value from
    what a user wrote, or raises ValueError with what is wrong."""
    metadata = {"doc": doc, "low": low, "high": high, "above": above, "read": read}
    return dataclasses.field(default=default, metadata=metadata)


def build(kind: type[T], options: Mapping[str, Any], name: str) -> T:
    """An instance of the dataclass `kind`, the algorithm `name`, with `options`.

    Raises Faults that name all unknown options and all values of a wrong type or range. Whole numbers pass for
    reals, and reals without a fraction for whole numbers. The option `preset` names defaults in `kind.PRESETS`."""
    fields = {f.name: f for f in dataclasses.fields(kind) if f.init}  # type: ignore[arg-type]
    faults: list[Fault] = []
    values: dict[str, Any] = {}
    for key, value in options.items():
        if key not in fields:
            faults.append(Fault(f"unknown option of {name}", f"alg.{key}", nearest(key, fields)))
            continue
        wrong = _wrong(value, fields[key])
        if wrong:
            faults.append(
                Fault(f"{value!r} {wrong}", f"alg.{key}", f"the default is {fields[key].default!r}")
            )
        else:
            values[key] = _taken(value, fields[key])
    raise_all(faults)
    preset = getattr(kind, "PRESETS", {}).get(values.get("preset"), {})
    return kind(**{**preset, **values})


def _taken(value: Any, field: dataclasses.Field[Any]) -> Any:
    """The value in the type of the default."""
    default: Any = field.default
    if field.metadata["read"] is not None:
        return field.metadata["read"](value)
    if isinstance(default, tuple):
        return tuple(int(item) for item in value)
    return type(default)(value)


def _wrong(value: Any, field: dataclasses.Field[Any]) -> str:
    """What is wrong with a value; "" when nothing is."""
    if field.metadata["read"] is not None:
        try:
            field.metadata["read"](value)
        except ValueError as error:
            return str(error)
        return ""
    if isinstance(field.default, bool):
        return "" if value in (0, 1) else "is neither true nor false"
    if isinstance(field.default, tuple):
        if not isinstance(value, list | tuple):
            return "is not a list"
        wrong = [text for item in value if (text := _wrong_number(item, field, whole=True))]
        rises = bool(wrong) or all(a < b for a, b in pairwise(value))
        return f"holds a value that {wrong[0]}" if wrong else "" if rises else "does not rise"
    return _wrong_number(value, field, whole=isinstance(field.default, int))


def _wrong_number(value: Any, field: dataclasses.Field[Any], *, whole: bool) -> str:
    """What is wrong with a number; "" when nothing is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "is not a number"
    if not abs(value) <= sys.float_info.max:  # NaN, infinities, and whole numbers beyond all reals
        return "is not finite"
    if whole and value != int(value):
        return "is not a whole number"
    low, high, above = (field.metadata[k] for k in ("low", "high", "above"))
    if value < low or (above and value == low):
        return f"is not more than {low:g}" if above else f"is less than {low:g}"
    return f"is more than {high:g}" if value > high else ""
