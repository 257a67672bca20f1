"""Datasets: a folder with dataset.yml, whose SQL turns raw files (or nothing at all) into tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from duckpaste.db import Db
from duckpaste.errors import Fault, UserError, nearest, raise_all
from duckpaste.ingest.rebuild import data_sql, rebuild, render_scripts
from duckpaste.schema import document
from duckpaste.schema.document import Document

_KEYS = ("name", "description", "licence", "source", "files", "parameters")


@dataclass(frozen=True)
class Parameter:
    """A value that the dataset's SQL reads: its default, and inclusive limits (None = none)."""

    default: Any
    low: Any = None
    high: Any = None


@dataclass(frozen=True)
class DatasetInfo:
    """What dataset.yml says. `source` tells where the raw `files` come from and whom to name."""

    name: str
    path: Path
    description: str = ""
    licence: str = ""
    source: str = ""
    files: tuple[str, ...] = ()
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    sql: tuple[Path, ...] = ()

    def missing(self, raw: Path | None) -> list[str]:
        """The declared files that are not in the folder `raw`, neither as they are nor packed (.gz)."""
        return [name for name in self.files if raw is None or _packed(raw / name) is None]


def _packed(path: Path) -> Path | None:
    """The file, or the one with .gz after its name, or None."""
    return next((p for p in (path, path.with_name(f"{path.name}.gz")) if p.is_file()), None)


def describe(path: Path) -> DatasetInfo:
    """Read the dataset.yml of the folder `path`. Raises Faults with all that is wrong in it."""
    path = path.resolve()
    read = document.read(path / "dataset.yml")
    data = read.data if isinstance(read.data, dict) else {}
    faults = _faults(read, data)
    parameters = {}
    for name, spec in (data.get("parameters") or {}).items() if not faults else ():
        if isinstance(spec, dict):
            parameters[name] = Parameter(spec["default"], spec.get("min"), spec.get("max"))
        else:
            parameters[name] = Parameter(spec)
    scripts = tuple(sorted(path.glob("*.sql")))
    if not scripts:
        faults.append(Fault("the dataset has no *.sql file", path.name, "write one that creates its tables"))
    raise_all(faults)
    return DatasetInfo(
        name=str(data.get("name") or path.name),
        path=path,
        description=str(data.get("description") or "").strip(),
        licence=str(data["licence"]).strip(),
        source=str(data["source"]).strip(),
        files=tuple(data.get("files") or ()),
        parameters=parameters,
        sql=scripts,
    )


def _faults(read: Document, data: Mapping[str, Any]) -> list[Fault]:
    unknown = [key for key in data if key not in _KEYS]
    found = [Fault(f"unknown key {key!r}", str(read.place(key)), nearest(key, _KEYS)) for key in unknown]
    for key in ("licence", "source"):
        if not data.get(key):
            found.append(Fault(f"has no {key!r}", read.file, "say who offers the data, and on which terms"))
    files = data.get("files") or []
    if not isinstance(files, list) or not all(isinstance(name, str) for name in files):
        where = str(read.place("files"))
        found.append(Fault("'files' is not a list of file names", where, "write it as [a.csv, b.csv]"))
    parameters = data.get("parameters") or {}
    if not isinstance(parameters, dict):
        where = str(read.place("parameters"))
        found.append(Fault("'parameters' is not a mapping", where, "write name: default"))
        return found
    for name, spec in parameters.items():
        where = str(read.place("parameters", name))
        if isinstance(spec, dict) and ("default" not in spec or set(spec) - {"default", "min", "max"}):
            found.append(Fault(f"parameter {name!r}", where, "write its default, or {default:, min:, max:}"))
    return found


def ingest_dataset(
    db: Db, path: Path, raw: Path | None = None, parameters: Mapping[str, Any] | None = None
) -> list[str]:
    """Make the tables of the dataset in folder `path` anew, from the raw files in `raw`; return their names.

    The tables stand in the schema named like the dataset. Raises UserError (all missing files at once, a
    parameter that is unknown or out of range) before anything is touched; a fault of the SQL leaves the old
    tables.
    """
    info = describe(path)
    values = _values(info, parameters or {})
    raw = None if raw is None else raw.resolve()
    raise_all(_missing_fault(info, name, raw) for name in info.missing(raw))
    # Not a dict: in a template, `parameters.keys` would be its method.
    named = SimpleNamespace(**values)
    context: dict[str, Any] = {"parameters": named, "raw_file": _raw_file(info, raw)}
    context["data_sql"] = data_sql({"parameters": named})
    return rebuild(db, info.name, "dataset", render_scripts(info.sql, context))


def _missing_fault(info: DatasetInfo, name: str, raw: Path | None) -> Fault:
    what = f"needs the raw file {name}" if raw is None else f"no file {name} in {raw}"
    source = " ".join(info.source.split())
    return Fault(what, f"dataset {info.name}", f"name its folder with --raw DIR (source: {source})")


def _raw_file(info: DatasetInfo, raw: Path | None) -> Callable[[str], str]:
    """The template function `raw_file('adult.data')`: the absolute path of a raw file, packed or not."""

    def found(name: str) -> str:
        path = None if raw is None else _packed(raw / name)
        if path is None:
            raise_all([_missing_fault(info, name, raw)])
        return str(path)

    return found


def _values(info: DatasetInfo, given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters' values: the defaults, replaced by those given."""
    values = {name: parameter.default for name, parameter in info.parameters.items()}
    for name, value in given.items():
        where = f"dataset {info.name}"
        if name not in values:
            raise UserError(f"unknown parameter {name!r}", where, nearest(name, values))
        parameter = info.parameters[name]
        if type(value) is not type(parameter.default):
            what = f"parameter {name!r} is not of type {type(parameter.default).__name__}"
            raise UserError(what, where, f"the default is {parameter.default!r}")
        too_low = parameter.low is not None and value < parameter.low
        if too_low or (parameter.high is not None and value > parameter.high):
            limits = f"{parameter.low} to {parameter.high}"
            raise UserError(f"parameter {name!r} is {value}, outside its limits", where, f"give {limits}")
        values[name] = value
    return values
