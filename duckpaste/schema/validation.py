"""Validation of fields.yml against fields.schema.json: every fault at once, with its line and a remedy."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from duckpaste.errors import Fault, nearest
from duckpaste.schema.document import Document

_TYPES = {
    "object": "a mapping (key: value)",
    "array": "a list",
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
}


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of fields.yml, as it ships with the package."""
    text = (Path(__file__).parent / "fields.schema.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


@cache
def _validator() -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(schema())


def faults(document: Document) -> tuple[list[Fault], set[tuple[str | int, ...]]]:
    """All faults of shape, in the file's order, and the paths at which they stand.

    Wrong words of a field's type are left to the grammar, which knows more.
    """
    found: list[tuple[int, Fault]] = []
    paths: set[tuple[str | int, ...]] = set()
    for error in _validator().iter_errors(_plain(document.data)):
        path = tuple(error.absolute_path)
        if _for_grammar(error, path):
            continue
        for fault_path, what, remedy in _said(error, path):
            place = document.place(*fault_path)
            label = _label(fault_path)
            found.append((place.line, Fault(what, f"{place} {label}".strip(), remedy)))
            paths.add(fault_path)
    found.sort(key=lambda item: item[0])
    return [fault for _, fault in found], paths


def _for_grammar(error: Any, path: tuple[str | int, ...]) -> bool:
    """Whether the grammar says the same better: an unknown type, or none."""
    if error.validator == "pattern":
        return True
    if error.validator == "required":
        return bool(error.validator_value == ["type"])
    return error.validator == "type" and error.instance is None and _inside_field(path)


def _said(error: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """Place, what, remedy of a validator's error."""
    name, value, rule = str(path[-1]) if path else "the file", error.instance, error.validator_value
    if error.validator == "additionalProperties" and isinstance(value, Mapping):
        choices = list(error.schema.get("properties", ()))
        for key in value:
            if key not in choices and not key.startswith(("x-", "_")):
                what = f"unknown {'option' if _inside_field(path) else 'key'} {key!r}"
                yield (*path, key), what, nearest(key, choices)
    elif error.validator == "type":
        kinds = [k for k in ([rule] if isinstance(rule, str) else rule) if k != "null"]
        yield path, f"{name} must be {' or '.join(_TYPES[k] for k in kinds)}", _quote(value, kinds)
    elif error.validator == "enum":
        yield path, f"{name} is {value!r}", nearest(str(value), [w for w in rule if w is not None])
    elif error.validator == "required":
        missing = [key for key in rule if key not in value]
        yield path, f"has no {' and no '.join(missing)}", ""
    elif error.validator in ("minItems", "minLength"):
        few = f"needs {rule} items at least" if rule > 1 else "is empty"
        yield path, f"{name} {few}", "write a value, or leave it out"
    elif error.validator in _BOUNDS:
        yield path, f"{name} is {value!r}", f"it must be {_BOUNDS[error.validator]} {rule}"
    else:
        yield path, f"{name}: {' '.join(error.message.split())[:200]}", ""


_BOUNDS = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "greater than",
    "exclusiveMaximum": "less than",
}


def _quote(value: Any, kinds: list[str]) -> str:
    """A remedy for a value of the wrong type."""
    if "string" in kinds and isinstance(value, bool | int | float):
        return "put it in quotes"
    if isinstance(value, str) and not {"string", "object", "array"} & set(kinds):
        return "write it without quotes and units"
    return ""


def _inside_field(path: tuple[str | int, ...]) -> bool:
    return len(path) >= 4 and path[0] == "tables" and path[2] == "fields"


def _label(path: tuple[str | int, ...]) -> str:
    """table.field of a path, or its table, or nothing."""
    if len(path) < 2 or path[0] != "tables":
        return ""
    return f"{path[1]}.{path[3]}" if _inside_field(path) else str(path[1])


def _plain(value: Any) -> Any:
    """`value` in JSON's terms: dates and times as text."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return value
