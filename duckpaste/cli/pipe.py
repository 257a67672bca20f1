"""pipe: ingest if needed, fit, sample, compare, in one command."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import click

from duckpaste.cli.common import (
    options_of,
    parameters_argument,
    parse,
    raw_option,
    stage,
    table,
    workspace,
    workspace_options,
)  # fmt: skip
from duckpaste.cli.sample import progress_bar
from duckpaste.workspace import Workspace


@click.command("pipe")
@click.argument("view_alg", metavar="VIEW.ALG")
@parameters_argument
@click.option("--out", type=click.Path(path_type=Path), default=Path("out"), show_default=True,
              help="The folder for model.duckdb and synthetic.duckdb.")  # fmt: skip
@click.option("--all", "anew", is_flag=True, help="Ingest dataset and view anew, even when they are there.")
@click.option("-n", "rows", type=click.IntRange(min=1), help="Rows to draw (default: the fitted, noisy number).")
@click.option("--seed", type=click.IntRange(min=0), help="The seed of the sample (never of the noise).")
@raw_option
@workspace_options
def pipe(
    view_alg: str, parameters: tuple[str, ...], out: Path, anew: bool, rows: int | None, seed: int | None,
    raw: Path | None, **options: Any,
) -> None:  # fmt: skip
    """Ingest if needed, fit, sample, and compare real with synthetic, column by column.

    \b
    Example:
        duckpaste pipe tab_adult.mst --raw ~/uci alg.epsilon=1 --out out/
    """
    space = workspace(options)
    with space:
        run(space, view_alg, parameters, out=out, anew=anew, rows=rows, seed=seed, raw=raw)


def run(
    space: Workspace, view_alg: str, parameters: tuple[str, ...], *, out: Path, anew: bool = False,
    rows: int | None = None, seed: int | None = None, raw: Path | None = None,
) -> None:  # fmt: skip
    """The whole path. Faults that can be known before spending are raised before it."""
    from duckpaste.evaluate.fidelity import INTERNAL, compare
    from duckpaste.files import results
    from duckpaste.fit import algorithm_of, fit_table, request
    from duckpaste.model_file import check_target as check_model
    from duckpaste.privacy.ledger import Ledger
    from duckpaste.sample.writer import check_target, sample

    name, algorithm = algorithm_of(view_alg)
    given, values = parse(parameters)
    declared = space.load(name)
    wanted = request(algorithm, options_of(declared, algorithm, given))
    model_path, synthetic = out / "model.duckdb", out / "synthetic.duckdb"
    for path in (model_path, synthetic):
        space.refuse_private(path, declared)
    with results(out):
        check_model(model_path)
        check_target(synthetic, overwrite=False)
        with stage("ingest"):
            space.ingest(declared, raw=raw, parameters=values, anew=anew)
        ready = space.ready(declared)
        with contextlib.closing(Ledger(space.ledger_path)) as ledger:
            model = fit_table(space.db, ready, wanted, ledger, stage)
        with stage("save"):
            model.save(model_path)
    with stage("sample"), progress_bar() as progress:
        done = sample(model, synthetic, n=rows, seed=seed, progress=progress)
    with stage("compare"):
        found = compare(space.db, ready, model.tables[0], synthetic)
    click.echo(f"\n{INTERNAL}")
    lines = [
        (s.name, s.kind, f"{s.null_real:.2%}", f"{s.null_synthetic:.2%}", f"{s.tv1:.4f}", f"{s.tv2:.4f}")
        for s in found.columns
    ]
    table(lines, ["column", "type", "NULL real", "NULL synthetic", "1-way", "2-way"], disable_numparse=True)
    some = "" if found.pairs == found.all_pairs else f" (of {found.all_pairs:,})"
    click.echo(
        f"mean total variation (0 = equal, 1 = disjoint): 1-way {found.tv1:.4f}, "
        f"2-way {found.tv2:.4f} over {found.pairs:,} pairs{some}"
    )
    click.echo(f"\n{synthetic}: {', '.join(f'{t} {n:,} rows' for t, n in done.rows.items())}, seed {done.seed}")
    click.echo(model.describe())
