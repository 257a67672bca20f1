"""Codecs: every field's translation between SQL values and codes, one file a family."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from duckpaste.codec.base import Codec
from duckpaste.domain import FloatArray
from duckpaste.errors import UserError, nearest
from duckpaste.schema.view import Field

# kind -> module and class; modules load when a view uses them
_FAMILIES = {
    "numerical": ("numeric", "Numeric"),
    "categorical": ("categorical", "Categorical"),
    "ordinal": ("categorical", "Categorical"),
    "boolean": ("categorical", "Categorical"),
    "date": ("date", "Date"),
    "time": ("clock", "Clock"),
    "datetime": ("moment", "Moment"),
    "text": ("text", "Text"),
    "seq": ("sequence", "Sequel"),
    "id": ("key", "Key"),
    "uuid": ("key", "Uuid"),
    "fixed": ("constant", "Fixed"),
    "ignore": ("constant", "Ignore"),
    "children": ("tally", "Tally"),  # made by duckpaste, not declared
    "slots": ("slots", "Slots"),  # so are these
    "public": ("public", "PublicKey"),
}


def make(field: Field) -> Codec:
    """A fresh codec for a declared field. Unknown kinds raise UserError."""
    if field.kind not in _FAMILIES:
        raise UserError(
            f"unknown type {field.kind!r}",
            f"{field.place} {field.name}".strip(),
            nearest(field.kind, _FAMILIES),
        )
    module, name = _FAMILIES[field.kind]
    codec: Codec = getattr(import_module(f"duckpaste.codec.{module}"), name)(field)
    return codec


def load(
    field: Field, spec: Mapping[str, Any], arrays: Mapping[str, FloatArray], labels: Sequence[str | None]
) -> Codec:
    """The codec that a model file describes."""
    codec = make(field)
    codec.restore(spec, arrays, labels)
    return codec
