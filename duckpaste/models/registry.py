"""The algorithms by name, and their options checked."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from duckpaste.errors import UserError, nearest
from duckpaste.models.base import Model
from duckpaste.models.options import build

# name -> module of duckpaste.models and class; modules load when they are used
_ALGORITHMS = {
    "independent": ("independent", "Independent"),
    "mst": ("mst", "MST"),
    "privbayes": ("privbayes", "PrivBayes"),
    "aim": ("aim", "AIM"),
    "fast": ("fast", "Fast"),
    "auto": ("auto", "Auto"),
}


def names() -> list[str]:
    """The names of all algorithms."""
    return list(_ALGORITHMS)


def make(name: str, options: Mapping[str, Any]) -> Model:
    """The algorithm `name` with `options`. Raises UserError (all faults at once) for what does not fit."""
    if name not in _ALGORITHMS:
        raise UserError(f"unknown algorithm {name!r}", remedy=nearest(name, _ALGORITHMS))
    module, cls = _ALGORITHMS[name]
    kind: Any = getattr(import_module(f"duckpaste.models.{module}"), cls)
    made: Model = build(kind, options, name)
    return made
