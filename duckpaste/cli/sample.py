"""sample and export: a model file gives a synthetic database, and that gives Parquet or CSV."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from duckpaste.cli.common import overwrite_option, stage, table

if TYPE_CHECKING:
    from duckpaste.sample.rules import Count


@contextmanager
def progress_bar() -> Iterator[Callable[[int, int], None] | None]:
    """A bar of rows written, when a person is looking at the terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    with click.progressbar(length=1, label="sample", file=sys.stderr) as bar:

        def show(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield show


def rules_table(counts: Sequence[Count]) -> None:
    """Print how many rows broke each rule at first, and how many still do."""
    if counts:
        rows = [(c.table, c.rule, f"{c.rows:,}", f"{c.before:,}", f"{c.after:,}") for c in counts]
        table(rows, ["table", "rule", "rows", "broken at first", "broken"], disable_numparse=True)


@click.command("sample", short_help="Draw synthetic tables from a model.")
@click.argument("model", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), default=Path("synthetic.duckdb"), show_default=True,
              help="The synthetic database.")  # fmt: skip
@click.option(
    "-n", "rows", type=click.IntRange(min=1), metavar="N", help="Rows (default: the fitted, noisy number)."
)
@click.option(
    "--seed", type=click.IntRange(min=0), metavar="N", help="The same model and seed give the same tables."
)
@click.option(
    "--where", metavar="SQL", help="Only rows for which this is true; rare ones are drawn as quickly."
)
@click.option(
    "--scale",
    type=float,
    default=1.0,
    show_default=True,
    metavar="X",
    help="X times the fitted number of rows.",
)
@click.option("--keys", default="declared", show_default=True,
              help="Of related tables: declared (DuckDB proves them), checked, or none.")  # fmt: skip
@overwrite_option
@click.option("--threads", type=click.IntRange(1, 1024), metavar="N", help="DuckDB's threads.")
@click.option("--memory-limit", help="DuckDB's memory limit, for example 4GB.")
@click.option("--temp-directory", type=click.Path(path_type=Path), help="Where DuckDB spills to.")
def sample(
    model: Path, out: Path, rows: int | None, seed: int | None, where: str | None, scale: float, keys: str,
    overwrite: bool, threads: int | None, memory_limit: str | None, temp_directory: Path | None,
) -> None:  # fmt: skip
    """Draw synthetic tables from a model. The private data is not needed, and no budget is spent.

    \b
    Example:
        duckpaste sample model.duckdb -o synthetic.duckdb -n 1000000 --seed 7
        duckpaste sample model.duckdb --where "sex = 'Female' and age between 30 and 40" -n 1000
    """
    from duckpaste.errors import UserError
    from duckpaste.files import is_same
    from duckpaste.model_file import load
    from duckpaste.output.writer import sample as write

    if is_same(model, out):
        raise UserError("is the model itself", str(out), "name another file with -o")
    loaded = load(model)
    settings = {"threads": threads, "memory_limit": memory_limit, "temp_directory": temp_directory}
    with stage("sample"), progress_bar() as progress:
        done = write(
            loaded, out, n=rows, seed=seed, overwrite=overwrite, progress=progress, settings=settings,
            where=where, scale=scale, keys=keys,
        )  # fmt: skip
    if done.note:
        click.echo(done.note, err=True)
    rules_table(done.rules)
    for name, count in done.rows.items():
        click.echo(f"{out}: {name}, {count:,} rows, seed {done.seed}")


@click.command("export", short_help="Write synthetic tables as Parquet or CSV.")
@click.argument("synthetic", type=click.Path(path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--format", "form", default="parquet", show_default=True, help="parquet or csv.")
@click.option("--overwrite", is_flag=True, help="Replace files of the same names.")
def export(synthetic: Path, folder: Path, form: str, overwrite: bool) -> None:
    """Write every table of a synthetic database to a folder of Parquet or CSV files.

    \b
    Example:
        duckpaste export synthetic.duckdb release --format csv
    """
    from duckpaste.export import export as write

    for path in write(synthetic, folder, form, overwrite=overwrite):
        click.echo(f"wrote {path}")
