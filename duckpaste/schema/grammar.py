"""Grammar: a field as a user writes it, short (`datetime?|day.hour:admitted`) or long ({type:, ref:}).

The short form is `type[?][|main][:ref]`, as Pasteur reads it: `?` anywhere means nullable, `|` gives the
kind's main option, `:` the reference columns, `table.column` or `column`, with commas between several. The
text after `text|` is a regular expression and is taken as it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from duckpaste.errors import Fault, Faults, nearest
from duckpaste.schema import options as known
from duckpaste.schema import sqltypes
from duckpaste.schema.view import KINDS, Field, Place

# The place of an option of a field; () is the field itself.
Where = Callable[..., Place]
_NUMBERS = ("min", "max", "x_min", "x_max", "y_min", "y_max")
_MOMENTS = {"date": "date", "datetime": "timestamp"}


@dataclass(frozen=True)
class Short:
    """The parts of a short form."""

    kind: str
    nullable: bool = False
    main: str | None = None
    refs: tuple[str, ...] = ()


def short(text: str) -> Short:
    """Take a short form apart. Whether its kind and main option are known is for `read` to say."""
    head, bar, rest = text.partition("|")
    if head.replace("?", "").strip() == "text":
        return Short("text", "?" in head, rest if bar else None)
    body, _, reference = text.replace("?", "").partition(":")
    kind, bar, main = body.partition("|")
    return Short(kind.strip(), "?" in text, main.strip() if bar else None, _comma(reference))


def _comma(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def read(name: str, spec: Any, where: Where | None = None, label: str = "") -> Field:
    """The Field that `name: spec` declares.

    `where` tells the place of the field and of its options; `label` names the field in faults. Raises Faults.
    """
    reader = _Reader(where or (lambda *_: Place()), label or name)
    made = reader.field(name, spec)
    if reader.faults or made is None:
        raise Faults(reader.faults)
    return made


def inner(field: Field, option: str) -> Field | None:
    """The nested declaration `seq` or `ctx` of a field as a Field of the same name and column, or None."""
    nested = field.option(option)
    if nested is None:
        return None
    rest = {k: v for k, v in nested.items() if k not in ("type", "nullable", "refs")}
    return Field(
        field.name, nested["type"], nested["nullable"], nested["refs"], rest, field.sql_type, "", field.place
    )


def _belongs(option: str, kind: str) -> str:
    """The remedy for an option that `kind` does not take."""
    owners = [k for k, names in known.OF.items() if option in names]
    if owners:
        return f"it belongs to {', '.join(owners)}"
    return nearest(option, (*known.OF[kind], *known.SHARED, "type", "ref", "nullable"))


class _Reader:
    """Reads one field and gathers its faults."""

    def __init__(self, where: Where, label: str) -> None:
        self.where = where
        self.label = label
        self.faults: list[Fault] = []

    def _fault(self, what: str, remedy: str = "", *path: str | int) -> None:
        self.faults.append(Fault(what, f"{self.where(*path)} {self.label}".strip(), remedy))

    def field(self, name: str, spec: Any, path: tuple[str | int, ...] = ()) -> Field | None:
        """The field, or None when nothing sensible can be made of `spec`."""
        long = dict(spec) if isinstance(spec, Mapping) else {"type": spec}
        text = long.pop("type", None)
        if not isinstance(text, str) or not text.strip():
            self._fault("has no type", "known types: " + ", ".join(KINDS), *path)
            return None
        parts = short(text)
        if parts.kind not in KINDS:
            self._fault(f"unknown type {parts.kind!r}", nearest(parts.kind, KINDS), *path, "type")
            return None
        refs = parts.refs
        for key in ("refs", "ref"):
            if long.get(key) is not None:
                refs = self._refs(long[key], (*path, key))
        nullable = bool(long.pop("nullable", False)) or parts.nullable
        found = self._options(parts, {k: v for k, v in long.items() if k not in ("ref", "refs")}, path)
        if parts.kind == "seq" and not refs and isinstance(found.get("ctx"), dict):
            refs = tuple(found["ctx"].get("refs", ()))  # the first row is told from the parent
        comment = str(found.pop("description", "") or "")
        return Field(name, parts.kind, nullable, refs, found, "", comment, self.where(*path))

    def _refs(self, value: Any, path: tuple[str | int, ...]) -> tuple[str, ...]:
        """References as "column" or "table.column", from text, a list, or {table:, col:}."""
        found: list[str] = []
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, str):
                found += _comma(item) if item is value else [item.strip()]
            elif isinstance(item, Mapping) and isinstance(item.get("col"), str):
                table = item.get("table")
                found.append(f"{table}.{item['col']}" if table else item["col"])
            else:
                self._fault(
                    "a reference must be a column or table.column", "write it as patients.birth_date", *path
                )
        return tuple(found)

    def _options(self, parts: Short, declared: dict[str, Any], path: tuple[str | int, ...]) -> dict[str, Any]:
        kind = parts.kind
        allowed = (*known.OF[kind], *known.SHARED)
        if parts.main is not None:
            main = known.MAIN.get(kind)
            if main is None:
                self._fault(
                    f"type {kind!r} takes nothing after '|'", "write other options in the long form", *path
                )
            else:
                declared = {
                    main: self._number(parts.main, path) if main == "bins" else parts.main,
                    **declared,
                }
        found: dict[str, Any] = {}
        for written, value in declared.items():
            option = known.ALIASES.get(written, written)
            if option not in allowed:
                self._fault(
                    f"type {kind!r} has no option {written!r}", _belongs(option, kind), *path, written
                )
            elif value is not None:
                found[option] = self._value(kind, option, value, (*path, written))
        return found

    def _value(self, kind: str, option: str, value: Any, path: tuple[str | int, ...]) -> Any:
        """`value` as Python's own object, or as it is after a fault."""
        if option in ("seq", "ctx"):
            return self._nested(value, path)
        if option in known.WORDS and value not in known.WORDS[option]:
            self._fault(f"{option} is {value!r}", nearest(str(value), known.WORDS[option]), *path)
        elif option == "span":
            self._span(kind, str(value), path)
        elif option == "values":
            return self._list(value, path)
        elif option in ("edges", "spikes"):
            return tuple(self._number(v, (*path, i)) for i, v in enumerate(self._list(value, path)))
        elif kind in _MOMENTS and option in ("min", "max", "reference"):
            return self._moment(kind, value, option == "max", path)
        elif option in _NUMBERS:
            return self._number(value, path)
        elif kind == "fixed" and option == "dtype" and value not in ("date", "int", "float", "text"):
            self._fault(f"dtype is {value!r}", nearest(str(value), ("date", "int", "float", "text")), *path)
        return tuple(value) if isinstance(value, list) else value

    def _nested(self, value: Any, path: tuple[str | int, ...]) -> Any:
        made = self.field("", value, path)
        if made is None:
            return value
        if made.kind in ("seq", "id"):
            self._fault(f"type {made.kind!r} cannot stand inside a sequence", "", *path)
        return {"type": made.kind, "nullable": made.nullable, "refs": made.refs, **made.options}

    def _span(self, kind: str, span: str, path: tuple[str | int, ...]) -> None:
        choices = known.spans(kind)
        if span not in choices:
            dates, times = ", ".join(known.DATE_SPANS), ", ".join(known.TIME_SPANS)
            remedy = nearest(span, choices)
            if kind == "datetime" and not remedy.startswith("did"):
                remedy = f"write <date>.<time> of {dates} and {times}"
            self._fault(f"unknown span {span!r}", remedy, *path)

    def _list(self, value: Any, path: tuple[str | int, ...]) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple):
            self._fault("must be a list", "write it as [a, b]", *path)
            return ()
        for i, item in enumerate(value):
            if item is None:
                self._fault(
                    "NULL is not a value", "declare the field with '?', or put the word in quotes", *path, i
                )
        return tuple(value)

    def _number(self, value: Any, path: tuple[str | int, ...]) -> Any:
        try:
            if isinstance(value, bool):
                raise ValueError("true and false are no numbers")
            return sqltypes.number(value)
        except (ValueError, ArithmeticError):
            self._fault(f"{value!r} is not a finite number", "write it without quotes and units", *path)
        return value

    def _moment(self, kind: str, value: Any, end: bool, path: tuple[str | int, ...]) -> Any:
        try:
            return sqltypes.moment(value, _MOMENTS[kind], end=end)
        except (ValueError, TypeError, OverflowError):
            self._fault(f"{value!r} is not a date", "write it as 2000-12-31", *path)
        return value
