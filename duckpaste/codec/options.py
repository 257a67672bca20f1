"""Reads a field's declared options, with an error that says where when one is wrong."""

from __future__ import annotations

from collections.abc import Sequence

from duckpaste.errors import UserError, nearest
from duckpaste.schema.view import Field


def where(field: Field) -> str:
    """File, line and name of a field, for messages."""
    return f"{field.place} {field.name}".strip()


def fault(field: Field, what: str, remedy: str = "") -> UserError:
    """A UserError about this field."""
    return UserError(what, where(field), remedy)


def whole(field: Field, name: str, default: int, low: int, high: int) -> int:
    """The whole number declared as `name`, in low..high. Anything else raises UserError."""
    value = field.option(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise fault(
            field, f"option {name!r} is not a whole number from {low} to {high}", f"the default is {default}"
        )
    return value


def word(field: Field, name: str, default: str, known: Sequence[str]) -> str:
    """The word declared as `name`, one of `known`. Anything else raises UserError."""
    value = str(field.option(name, default))
    if value not in known:
        raise fault(field, f"option {name!r} is {value!r}", nearest(value, known))
    return value


def single(field: Field) -> str:
    """The field's only SQL column; a field over several columns raises UserError."""
    if len(field.columns) != 1:
        raise fault(
            field, f"type {field.kind!r} takes one column", "declare each column as a field of its own"
        )
    return field.columns[0]


def base_type(field: Field) -> str:
    """The SQL type in capitals without its parameters: "VARCHAR(10)" gives "VARCHAR", unknown gives ""."""
    return field.sql_type.strip().upper().split("(")[0].strip()
