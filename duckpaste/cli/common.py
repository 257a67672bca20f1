"""Options, parameters and output that several commands share."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import yaml

from duckpaste.errors import UserError
from duckpaste.schema.view import View
from duckpaste.workspace import DATABASE, Workspace, open_workspace

if TYPE_CHECKING:
    from duckpaste.privacy.ledger import Ledger

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Fitting(click.Command):
    """A command that fits: its help ends with the algorithms and their options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, but an option of an algorithm is told how it is written."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            from duckpaste.fit import options_help

            name = error.option_name.lstrip("-").replace("-", "_")
            known = {option.partition("=")[0] for rows in options_help().values() for option, _ in rows}
            if f"alg.{name}" in known:
                what = f"No such option {error.option_name!r}; write alg.{name}=VALUE"
                raise click.UsageError(what, ctx) from None
            raise

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The algorithms, with each option's default and what it does."""
        from duckpaste.fit import options_help

        for title, rows in options_help().items():
            with formatter.section(title):
                if rows:
                    formatter.write_dl(rows)
                else:
                    formatter.write_text("no options")


def workspace_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--database, --views, --threads, --memory-limit, --temp-directory."""
    for option in (
        click.option("--temp-directory", type=click.Path(path_type=Path), help="Where DuckDB spills to."),
        click.option("--memory-limit", help="DuckDB's memory limit, for example 4GB."),
        click.option("--threads", type=click.IntRange(1, 1024), metavar="N", help="DuckDB's threads."),
        click.option("--views", type=click.Path(path_type=Path), multiple=True, help="A folder of your own views."),
        click.option("--database", type=click.Path(path_type=Path), default=DATABASE, show_default=True,
                     help="The working database. It holds private data; the ledger stands beside it."),
    ):  # fmt: skip
        command = option(command)
    return command


raw_option = click.option(
    "--raw", type=click.Path(path_type=Path), help="The folder of a dataset's raw files."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
hold_out_option = click.option(
    "--hold-out", "hold_out", type=float, default=0.0, metavar="SHARE",
    help="Keep this share of the units from the model, as a yardstick for evaluate (default: none).",
)  # fmt: skip
overwrite_option = click.option(
    "--overwrite", is_flag=True, help="Replace what duckpaste made before (private data never is)."
)
parameters_argument = click.argument("parameters", nargs=-1, metavar="[KEY=VALUE]...")


def workspace(options: Mapping[str, Any]) -> Workspace:
    """Open the workspace that the options name."""
    settings = {k: options.get(k) for k in ("threads", "memory_limit", "temp_directory")}
    return open_workspace(options["database"], options.get("views") or (), settings)


def parse(parameters: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split KEY=VALUE words into options of the algorithm (`alg.x`) and parameters of the dataset (`data.x`).

    Values are read as numbers where they are such (1e-9 and inf too), else as YAML: true, [1, 2], text."""
    algorithm: dict[str, Any] = {}
    dataset: dict[str, Any] = {}
    for word in parameters:
        key, _, text = word.partition("=")
        room, _, name = key.partition(".")
        if room not in ("alg", "data") or not name:
            example = f"alg.{word}" if key and "." not in key and "=" in word else "alg.epsilon=1"
            remedy = f"write alg.NAME=VALUE or data.NAME=VALUE, for example {example}"
            raise UserError(f"{word!r} is not understood", remedy=remedy)
        if not text.strip():
            raise UserError("has no value", word, f"for example {key}=1")
        (algorithm if room == "alg" else dataset)[name] = _value(text, word)
    return algorithm, dataset


def _value(text: str, word: str) -> Any:
    """What a person means: YAML alone would read 1e-9 as text."""
    for kind in (int, float):
        try:
            found = kind(text)
        except ValueError:
            continue
        # A number too large for a float is no infinity: epsilon inf means no noise, and must be written so.
        return text if found in (math.inf, -math.inf) and "inf" not in text.lower() else found
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        raise UserError("the value can't be read", word, "quote text that holds one of [ ] { } : #") from None


def options_of(view: View, algorithm: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Options by rising precedence: the view's `algs: {ALG: ...}`, its `alg:`, the command's `alg.x=`.

    A file of a workload that the view names is looked up beside the view."""
    declared = {**view.algs.get(algorithm, {}), **view.alg}
    if isinstance(declared.get("workload"), str):
        declared["workload"] = str(view.path / declared["workload"])
    return {**declared, **given}


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Print a line with the stage's time when it ends."""
    start = time.perf_counter()
    yield
    click.echo(f"{name:<12} {time.perf_counter() - start:7.2f} s", err=True)


def spent_in_all(ledger: Ledger, budget: Mapping[str, Any]) -> str:
    """One line: what all runs of a working database spent together, and what is left of its declared budget."""
    from duckpaste.privacy.accountant import DEFAULT_DELTA
    from duckpaste.privacy.ledger import limits

    limit, at = limits(budget)
    totals = ledger.totals()
    delta = at if limit is not None else max(DEFAULT_DELTA, 2 * totals.delta)
    epsilon = totals.epsilon(delta)
    runs = ledger.db.rows_sql("ledger_runs", "select count(*) from runs")[0][0]
    where = "in memory" if ledger.path is None else str(ledger.path)
    said = f"spent: epsilon {epsilon:.4g} at delta {delta:g} by all {runs:,} runs in {where}"
    if runs == 1:
        said = f"spent: epsilon {epsilon:.4g} at delta {delta:g} by this one run, in {where}"
    left = ledger.left(budget)
    if left is None:
        return f"{said}; no budget is declared, so each run adds to it"
    return f"{said}; {left:.4g} of {limit:g} left"


def table(
    rows: Sequence[Sequence[Any]], headers: Sequence[str], *, as_json: bool = False, **kwargs: Any
) -> None:
    """Print rows as a table, or as JSON objects."""
    if as_json:
        print_json([dict(zip(headers, r, strict=True)) for r in rows])
        return
    from tabulate import tabulate

    click.echo(tabulate(rows, headers=headers, tablefmt="simple", **kwargs))


def print_json(value: Any) -> None:
    """Print JSON; numbers that it has no words for (no noise: infinity) as null."""
    click.echo(json.dumps(_finite(value), default=str, indent=1, ensure_ascii=False, allow_nan=False))


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    return [_finite(v) for v in value] if isinstance(value, list | tuple) else value
