"""Fields: reads a view's fields.yml. All in it is public; every fault is told with its line, all at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from duckpaste.errors import Fault, Faults, UserError, raise_all
from duckpaste.schema import checks, grammar, keys, validation
from duckpaste.schema.document import Document, read
from duckpaste.schema.folders import VIEW, available, find
from duckpaste.schema.view import Field, ForeignKey, Table, View

__all__ = ["available", "find", "load"]

# Keys of a table that have an attribute of their own in Table; all others go to its options.
_TABLE_KEYS = ("primary_key", "unit", "bound", "public", "fields", "foreign_keys", "description")
_VIEW_KEYS = ("tables", "dataset", "database", "unit", "algs", "alg", "budget", "random_state")


def load(folder: Path) -> View:
    """The view in `folder`, as its fields.yml declares it; the catalogue is not asked (see merge.resolve).

    Raises UserError for a folder without fields.yml and for broken YAML, and Faults for all else at once.
    """
    path = folder / VIEW
    if not path.is_file():
        raise UserError(
            f"no {VIEW} in this folder", str(folder), "write one with: duckpaste init DATABASE --out FOLDER"
        )
    document = read(path)
    faults, wrong = validation.faults(document)
    data: Mapping[str, Any] = document.data if isinstance(document.data, Mapping) else {}
    tables = []
    for name, declared in _mapping(data.get("tables")).items():
        table, more = _table(name, _mapping(declared), document, wrong)
        faults += more
        tables.append(table)
    raise_all(sorted(faults, key=_line))
    default = _mapping(data.get("default"))
    return View(
        name=folder.resolve().name,
        path=folder,
        tables=tuple(_linked(tables)),
        dataset=data.get("dataset"),
        database=_database(folder, data.get("database")),
        unit=data.get("unit"),
        sql=tuple(sorted(folder.glob("*.sql"))),
        algs=_beneath(data.get("algs"), default.get("algs")),
        alg=_beneath(data.get("alg"), default.get("alg")),
        budget=_beneath(data.get("budget"), default.get("budget")),
        options={k: v for k, v in data.items() if k not in _VIEW_KEYS},
    )


def _line(fault: Fault) -> int:
    """The line at which a fault stands."""
    found = re.match(r".*?:(\d+)", fault.where)
    return int(found.group(1)) if found else 0


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _beneath(top: Any, default: Any) -> dict[str, Any]:
    """`top` over `default`, mappings merged at every depth, keys without a value left out."""
    merged = dict(_mapping(default))
    for key, value in _mapping(top).items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _beneath(value, merged[key]) if both else value
    return {k: v for k, v in merged.items() if v is not None}


def _database(folder: Path, declared: str | None) -> str | None:
    """The declared database; a relative path is one from the view's folder when something stands there."""
    if declared and not Path(declared).is_absolute() and (folder / declared).exists():
        return str(folder / declared)
    return declared


def names(value: Any) -> tuple[str, ...]:
    """Column names from one text (commas part them) or a list."""
    parts = value.split(",") if isinstance(value, str) else value or ()
    return tuple(str(part).strip() for part in parts)


def _table(
    name: str, data: Mapping[str, Any], document: Document, wrong: set[tuple[str | int, ...]]
) -> tuple[Table, list[Fault]]:
    """The table called `name`, and the faults of its fields. What is `wrong` has been told."""
    root = ("tables", name, "fields")
    faults: list[Fault] = []
    fields: list[Field] = []
    for column, spec in _mapping(data.get("fields")).items():
        told = {path[4] if len(path) > 4 else "type" for path in wrong if path[:4] == (*root, column)}
        if "type" in told:
            continue
        if told:
            spec = {option: value for option, value in spec.items() if option not in told}
        try:
            label = f"{name}.{column}"
            fields.append(grammar.read(column, spec, partial(document.place, *root, column), label))
        except Faults as error:
            faults += error.faults
    foreign = tuple(
        ForeignKey(names(key.get("columns")), str(key.get("table")), names(key.get("referenced")))
        for key in data.get("foreign_keys") or ()
        if isinstance(key, Mapping)
    )
    if any(path[:3] == ("tables", name, "contributions") for path in wrong):
        data = {k: v for k, v in data.items() if k != "contributions"}
    table = Table(
        name=name,
        fields=tuple(fields),
        primary_key=names(data.get("primary_key")),
        unit=data.get("unit"),
        contributions=data.get("contributions") or 1,
        bound=data.get("bound") or "weights",
        public=bool(data.get("public")),
        foreign_keys=foreign,
        comment=str(data.get("description") or ""),
        options={k: _frozen(v) for k, v in data.items() if k not in _TABLE_KEYS and v is not None},
        place=document.place("tables", name),
        rule_places=tuple(
            document.place("tables", name, "rules", i) for i in range(len(data.get("rules") or ()))
        ),
    )
    return table, [*faults, *(f for field in fields for f in checks.domain(field, name))]


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _linked(tables: list[Table]) -> list[Table]:
    """Tables with the foreign keys that their declarations make.

    Whether tables and columns exist is for the catalogue to say: there may be more than the file names.
    """
    known = {t.name: t for t in tables}
    columns = keys.columns_of(tables)
    return [replace(t, foreign_keys=keys.foreign_keys(t, known, columns)) for t in tables]
