"""The algorithms by name, and their options checked."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from duckpaste.errors import Fault, UserError, nearest, raise_all
from duckpaste.models.base import Model

# name -> module of duckpaste.models and class; modules load when they are used
_ALGORITHMS = {"independent": ("independent", "Independent"), "mst": ("mst", "MST")}


def names() -> list[str]:
    """The names of all algorithms."""
    return list(_ALGORITHMS)


def make(name: str, options: Mapping[str, Any]) -> Model:
    """The algorithm `name` with `options`. Raises UserError (all faults at once) for what does not fit."""
    if name not in _ALGORITHMS:
        raise UserError(f"unknown algorithm {name!r}", remedy=nearest(name, _ALGORITHMS))
    module, cls = _ALGORITHMS[name]
    kind: Any = getattr(import_module(f"duckpaste.models.{module}"), cls)
    known = {f.name: f for f in dataclasses.fields(kind) if f.init}
    faults, given = [], {}
    for key, value in options.items():
        if key not in known:
            faults.append(Fault(f"unknown option of {name}", f"alg.{key}", nearest(key, known)))
            continue
        default = known[key].default
        if isinstance(default, bool) != isinstance(value, bool) or not isinstance(value, int | float | str):
            faults.append(Fault(f"{value!r} does not fit", f"alg.{key}", f"the default is {default!r}"))
        elif isinstance(default, int | float) and isinstance(value, str):
            faults.append(Fault(f"{value!r} is not a number", f"alg.{key}", f"the default is {default!r}"))
        else:
            given[key] = type(default)(value) if isinstance(default, int | float) else value
    raise_all(faults)
    made: Model = kind(**given)
    return made
