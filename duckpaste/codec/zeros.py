"""Structural zeros: combinations of values that a view's public rules forbid, as masks over codes.

Under `zeros` in fields.yml, a list for each table of {columns: [a, b], ...} with one of

    invalid: [[Male, Wife], [Female, Husband]]    these never occur
    valid: [[Bachelors, 13], [Masters, 14]]       only these occur
    functional: {Bachelors: 13, Masters: 14}      the first column's value fixes the second's

where a list in the place of a value stands for each of its values. NULL and values that are not declared are touched
by no rule, but for a null that `invalid` names: as a CHECK, a rule holds unless it is false. Rules are made of what
the view declares and never of the data: that no row of the data has a combination is no reason to forbid it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from duckpaste.codec.base import Codec
from duckpaste.codec.categorical import Categorical
from duckpaste.domain import Zeros
from duckpaste.errors import Fault, nearest
from duckpaste.schema.view import Table

FORMS = ("invalid", "valid", "functional")
_CELLS = 1 << 20  # of one rule's mask
_EXAMPLE = "for example {columns: [sex, relationship], invalid: [[Male, Wife]]}"

Mask = npt.NDArray[np.bool_]


def declared(table: Table) -> tuple[Mapping[str, Any], ...]:
    """The rules of a table as they stand under `zeros`."""
    return tuple(table.options.get("zeros") or ())


def zeros_of(table: Table, codecs: Sequence[Codec]) -> list[Zeros]:
    """The table's rules over the codes of `codecs`, whose values are known by now. Faults are for `faults_of`."""
    return [made for rule in declared(table) if isinstance(made := _read(rule, _Codes.of(codecs)), Zeros)]


def faults_of(table: Table, codecs: Sequence[Codec]) -> list[Fault]:
    """What is wrong with the table's rules; values of columns whose values will be discovered are not looked at."""
    found = []
    codes = _Codes.of(codecs)
    for number, rule in enumerate(declared(table), 1):
        made = _read(rule, codes)
        if isinstance(made, Fault):
            place = f"{table.place} {table.name}.zeros, rule {number}".strip()
            found.append(Fault(made.what, f"{place}{': ' if made.where else ''}{made.where}", made.remedy))
    return found


class _Codes:
    """The codes of each value of categorical columns."""

    def __init__(self, columns: Mapping[str, Codec]) -> None:
        self.columns = columns
        self.order = {name: i for i, name in enumerate(columns)}

    @staticmethod
    def of(codecs: Sequence[Codec]) -> _Codes:
        return _Codes({c.name: codec for codec in codecs for c in codec.columns()})

    def size(self, name: str) -> int:
        return self.columns[name].columns()[0].size

    def known(self, name: str) -> bool:
        """Whether the column's values are declared, or were discovered."""
        codec = self.columns[name]
        return isinstance(codec, Categorical) and codec.values is not None

    def plain(self, name: str) -> Mask:
        """Which codes are values, and not NULL or "other"."""
        codec = self.columns[name]
        out = np.zeros(self.size(name), dtype=bool)
        if isinstance(codec, Categorical):
            first = int(codec.nullable)
            out[first : first + len(codec.values or ())] = True
        return out

    def code(self, name: str, value: Any) -> int | None:
        """The code of a value as YAML wrote it; None when the column has no such value."""
        codec = self.columns[name]
        labels = list(codec.labels())
        text = (
            None
            if value is None
            else ("true" if value else "false")
            if isinstance(value, bool)
            else str(value)
        )
        return labels.index(text) if text in labels else None


def _read(rule: Mapping[str, Any], codes: _Codes) -> Zeros | Fault:
    """One rule as a mask, or what is wrong with it."""
    names = [str(name) for name in rule.get("columns") or ()]
    forms = [form for form in FORMS if rule.get(form) is not None]
    if len(forms) != 1 or len(names) < 1 or len(set(names)) < len(names):
        return Fault(
            "a rule names columns, once each, and one of invalid, valid and functional", "", _EXAMPLE
        )
    for name in names:
        codec = codes.columns.get(name)
        if codec is None:
            return Fault(f"the table models no column {name!r}", "", nearest(name, codes.columns))
        if not isinstance(codec, Categorical):
            what = f"{name!r} is {codec.field.kind}: its codes stand for ranges"
            return Fault(what, "", "declare it categorical or ordinal, or write a condition under `rules`")
    shape = [codes.size(name) for name in names]
    if math.prod(shape) > _CELLS:
        return Fault(f"{' x '.join(map(str, shape))} combinations are too many", "", "take fewer columns")
    found = (
        _functional(rule, names, codes) if forms[0] == "functional" else _listed(rule[forms[0]], names, codes)
    )
    if isinstance(found, Fault):
        return found
    possible = ~found
    if forms[0] == "valid":
        touched = np.ones(shape, dtype=bool)
        for axis, name in enumerate(names):
            touched &= codes.plain(name).reshape([-1 if i == axis else 1 for i in range(len(names))])
        possible = found | ~touched
    if not possible.any():
        return Fault("leaves no combination", "", "is it `valid` that was meant?")
    order = sorted(range(len(names)), key=lambda i: codes.order[names[i]])
    return Zeros(tuple(names[i] for i in order), np.ascontiguousarray(possible.transpose(order)))


def _listed(rows: Any, names: Sequence[str], codes: _Codes) -> Mask | Fault:
    """Which combinations a list names."""
    found = np.zeros([codes.size(name) for name in names], dtype=bool)
    for row in rows:
        values = list(row) if isinstance(row, list | tuple) else [row]
        if len(values) != len(names):
            return Fault(f"{row!r} has not one value for each of {', '.join(names)}", "", _EXAMPLE)
        chosen: list[list[int]] = []
        for name, value in zip(names, values, strict=True):
            some = _some(name, value, codes)
            if isinstance(some, Fault):
                return some
            chosen.append(some)
        found[np.ix_(*chosen)] = True
    return found


def _functional(rule: Mapping[str, Any], names: Sequence[str], codes: _Codes) -> Mask | Fault:
    """Which combinations contradict a mapping from the first column to the second."""
    if len(names) != 2 or not isinstance(rule["functional"], Mapping):
        return Fault("functional takes two columns, and gives the second's value for each of the first's", "",
                     "for example {columns: [education, years], functional: {Bachelors: 13}}")  # fmt: skip
    found = np.zeros([codes.size(name) for name in names], dtype=bool)
    others = codes.plain(names[1])
    for value, image in rule["functional"].items():
        one, images = _some(names[0], value, codes), _some(names[1], image, codes)
        if isinstance(one, Fault):
            return one
        if isinstance(images, Fault):
            return images
        if images:
            wrong = others.copy()
            wrong[images] = False
            found[np.ix_(np.array(one, dtype=np.int64), np.flatnonzero(wrong))] = True
    return found


def _some(name: str, value: Any, codes: _Codes) -> list[int] | Fault:
    """The codes of a value, or of each value of a list. One that was not discovered has none."""
    out = []
    for one in _flat(value):
        code = codes.code(name, one)
        if code is not None:
            out.append(code)
        elif _discovers(codes.columns[name]):
            continue
        else:
            labels = [str(label) for label in codes.columns[name].labels() if label is not None]
            return Fault(f"{name!r} has no value {one!r}", "", nearest(str(one), labels))
    return out


def _discovers(codec: Codec) -> bool:
    return codec.field.option("values") is None and codec.field.kind != "boolean"


def _flat(value: Any) -> Iterator[Any]:
    return itertools.chain(value) if isinstance(value, list | tuple) else iter([value])
