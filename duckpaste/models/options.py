"""Options of models: dataclass fields that know their range and say what they do."""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Mapping
from typing import Any, TypeVar

from duckpaste.errors import Fault, nearest, raise_all

T = TypeVar("T")


def option(default: Any, doc: str, *, low: float = 0, high: float = math.inf, above: bool = False) -> Any:
    """A dataclass field for a number: its default, one line of documentation and its range.

    `above` tells that `low` itself is excluded."""
    return dataclasses.field(default=default, metadata={"doc": doc, "low": low, "high": high, "above": above})


def build(kind: type[T], options: Mapping[str, Any], name: str) -> T:
    """An instance of the dataclass `kind`, the algorithm `name`, with `options`.

    Raises Faults that name all unknown options and all values of a wrong type or range. Whole numbers pass for
    reals, and reals without a fraction for whole numbers."""
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
            values[key] = float(value) if isinstance(fields[key].default, float) else int(value)
    raise_all(faults)
    return kind(**values)


def _wrong(value: Any, field: dataclasses.Field[Any]) -> str:
    """What is wrong with a value; "" when nothing is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "is not a number"
    if not abs(value) <= sys.float_info.max:  # NaN, infinities, and whole numbers beyond all reals
        return "is not finite"
    if isinstance(field.default, int) and value != int(value):
        return "is not a whole number"
    low, high, above = (field.metadata[k] for k in ("low", "high", "above"))
    if value < low or (above and value == low):
        return f"is not more than {low:g}" if above else f"is less than {low:g}"
    return f"is more than {high:g}" if value > high else ""
