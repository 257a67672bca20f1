"""ingest-dataset and ingest-view: raw files to tables, tables to a view's typed tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from duckpaste.cli.common import parameters_argument, parse, raw_option, stage, workspace, workspace_options


@click.command("ingest-dataset", short_help="Read a dataset's raw files.")
@click.argument("dataset")
@parameters_argument
@raw_option
@workspace_options
def ingest_dataset(dataset: str, parameters: tuple[str, ...], raw: Path | None, **options: Any) -> None:
    """Read a dataset's raw files into the working database.

    \b
    Example:
        duckpaste ingest-dataset adult --raw ~/uci
        duckpaste ingest-dataset clinic_data data.patients=5000
    """
    values = _parameters(parameters)
    space = workspace(options)
    with space, stage("ingest"):
        made = space.ingest_dataset(dataset, raw, values)
    _tell(made)


def _tell(made: list[str]) -> None:
    click.echo(f"{len(made)} table{'s' if len(made) != 1 else ''}: {', '.join(made)}")


def _parameters(words: tuple[str, ...]) -> dict[str, Any]:
    """The data.x=... of a command that fits nothing."""
    from duckpaste.errors import UserError

    algorithm, values = parse(words)
    if algorithm:
        raise UserError(
            "an ingest takes no option of an algorithm", f"alg.{next(iter(algorithm))}", "leave it out"
        )
    return values


@click.command("ingest-view", short_help="Make a view's typed tables anew.")
@click.argument("view")
@parameters_argument
@raw_option
@workspace_options
def ingest_view(view: str, parameters: tuple[str, ...], raw: Path | None, **options: Any) -> None:
    """Make a view's typed tables anew, and its dataset first if that is missing.

    \b
    Example:
        duckpaste ingest-view tab_adult --raw ~/uci
        duckpaste ingest-view clinic data.patients=5000
    """
    from duckpaste import ingest

    values = _parameters(parameters)
    space = workspace(options)
    with space, stage("ingest"):
        declared = space.load(view)
        made = space.ingest(declared, raw=raw, parameters=values)
        if declared.sql and not any(m.startswith(f"{declared.name}.") for m in made):
            made += [f"{declared.name}.{t}" for t in ingest.ingest_view(space.db, declared)]
    _tell(made)
