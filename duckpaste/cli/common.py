"""Options, parameters and output that several commands share."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import yaml

from duckpaste.errors import UserError
from duckpaste.schema.view import View
from duckpaste.workspace import DATABASE, Workspace, open_workspace

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def workspace_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--database, --views, --threads, --memory-limit, --temp-directory."""
    for option in (
        click.option("--temp-directory", type=click.Path(path_type=Path), help="Where DuckDB spills to."),
        click.option("--memory-limit", help="DuckDB's memory limit, for example 4GB."),
        click.option("--threads", type=click.IntRange(min=1), help="DuckDB's threads."),
        click.option("--views", type=click.Path(path_type=Path), multiple=True, help="A folder of your own views."),
        click.option("--database", type=click.Path(path_type=Path), default=DATABASE, show_default=True,
                     help="The working database. It holds private data; the ledger stands beside it."),
    ):  # fmt: skip
        command = option(command)
    return command


raw_option = click.option("--raw", type=click.Path(path_type=Path), help="The folder of a dataset's raw files.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
parameters_argument = click.argument("parameters", nargs=-1, metavar="[KEY=VALUE]...")


def workspace(options: Mapping[str, Any], *, must_exist: bool = False) -> Workspace:
    """Open the workspace that the options name."""
    settings = {k: options.get(k) for k in ("threads", "memory_limit", "temp_directory")}
    return open_workspace(options["database"], options.get("views") or (), settings, must_exist=must_exist)


def parse(parameters: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split KEY=VALUE words into options of the algorithm (`alg.x`) and parameters of the dataset (`data.x`).

    Values are read as YAML: numbers, true, inf, [1, 2], text."""
    algorithm: dict[str, Any] = {}
    dataset: dict[str, Any] = {}
    for word in parameters:
        key, equals, text = word.partition("=")
        room, dot, name = key.partition(".")
        if not equals or not dot or room not in ("alg", "data") or not name:
            raise UserError(f"{word!r} is not understood", remedy="write alg.NAME=VALUE (for example alg.epsilon=1) or data.NAME=VALUE")
        try:
            value = float(text) if text.lower() in ("inf", "infinity") or _number(text) else yaml.safe_load(text)
        except yaml.YAMLError:
            raise UserError(f"{word!r}: the value can't be read") from None
        value = int(value) if isinstance(value, float) and value.is_integer() and "." not in text and "e" not in text.lower() else value
        (algorithm if room == "alg" else dataset)[name] = value
    return algorithm, dataset


def _number(text: str) -> bool:
    """YAML reads 1e-9 as text; people mean a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def options_of(view: View, algorithm: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Options by rising precedence: the view's `algs: {ALG: ...}`, its `alg:`, the command's `alg.x=`."""
    return {**view.algs.get(algorithm, {}), **view.alg, **given}


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Print a line with the stage's time when it ends."""
    start = time.perf_counter()
    yield
    click.echo(f"{name:<12} {time.perf_counter() - start:7.2f} s", err=True)


def table(rows: Sequence[Sequence[Any]], headers: Sequence[str], *, as_json: bool = False, **kwargs: Any) -> None:
    """Print rows as a table, or as JSON objects."""
    if as_json:
        click.echo(json.dumps([dict(zip(headers, r, strict=True)) for r in rows], default=str, indent=1))
        return
    from tabulate import tabulate

    click.echo(tabulate(rows, headers=headers, tablefmt="simple", **kwargs))
