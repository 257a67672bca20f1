"""Lists: column sets written in a YAML or JSON file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from duckpaste.errors import Fault
from duckpaste.schema.view import Place
from duckpaste.workload.statements import MOST

_EXAMPLE = "write it as [sex, age], or as {columns: [sex, age], weight: 2}"


@dataclass(frozen=True)
class Item:
    """A set of names as they are written ("column" or "table.column"), its weight and where it stands."""

    names: tuple[str, ...]
    weight: float = 1.0
    place: Place = field(default_factory=Place)


def parse(text: str, file: str) -> tuple[list[Item], list[Fault]]:
    """The sets of a file, and a fault for each that can't be read."""
    try:
        root = yaml.compose(text, yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = Place(file, mark.line + 1 if mark else 0)
        return [], [Fault("can't be read as YAML", str(place), "write a list of lists of column names")]
    if not isinstance(root, yaml.SequenceNode):
        return [], [Fault("is no list of column sets", file, _EXAMPLE)]
    items: list[Item] = []
    faults: list[Fault] = []
    for node in root.value:
        place = Place(file, node.start_mark.line + 1)
        found, wrong = item(_plain(node), place)
        items += [found] if found else []
        faults += [Fault(wrong, str(place), _EXAMPLE)] if wrong else []
    return items, faults


def item(value: Any, place: Place | None = None) -> tuple[Item | None, str]:
    """One set of a list, or what is wrong with it."""
    names, weight = value, 1.0
    if isinstance(value, dict):
        more = sorted(str(key) for key in value.keys() - {"columns", "weight"})
        if more:
            return None, f"has the key {more[0]!r}, which is not known"
        names, weight = value.get("columns"), value.get("weight", 1.0)
    if isinstance(names, str) or not isinstance(names, Sequence) or not names:
        return None, "is no list of column names"
    if any(isinstance(name, list | dict) for name in names):
        return None, "holds something other than names"
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight <= MOST:
        return None, f"has the weight {weight!r}, which is no number above 0 and up to 1e9"
    return Item(tuple(str(name) for name in names), float(weight), place or Place()), ""


def _plain(node: yaml.Node) -> Any:
    """The node's value; names stay text even where YAML reads yes, 1e5 or 2024-01-01 as something else."""
    if isinstance(node, yaml.SequenceNode):
        return [n.value if isinstance(n, yaml.ScalarNode) else _plain(n) for n in node.value]
    if isinstance(node, yaml.MappingNode):
        found: dict[Any, Any] = {}
        for key, value in node.value:
            found[key.value] = _plain(value)
        return found
    number: Any = yaml.safe_load(yaml.serialize(node))
    return number
