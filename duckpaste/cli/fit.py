"""fit: a view and an algorithm give a model file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from duckpaste.cli.common import (
    Fitting,
    hold_out_option,
    options_of,
    overwrite_option,
    parameters_argument,
    parse,
    raw_option,
    spent_in_all,
    stage,
    workspace,
    workspace_options,
)  # fmt: skip


@click.command("fit", cls=Fitting, short_help="Fit a private model of a view.")
@click.argument("view_alg", metavar="VIEW.ALG")
@parameters_argument
@click.option("-o", "--out", type=click.Path(path_type=Path), default=Path("model.duckdb"), show_default=True,
              help="The model file.")  # fmt: skip
@overwrite_option
@hold_out_option
@raw_option
@workspace_options
def fit(
    view_alg: str, parameters: tuple[str, ...], out: Path, overwrite: bool, hold_out: float, raw: Path | None,
    **options: Any,
) -> None:  # fmt: skip
    """Fit a model under differential privacy and write it to a DuckDB file of plain tables.

    \b
    Example:
        duckpaste fit tab_adult.mst alg.epsilon=1 -o model.duckdb
    """
    from duckpaste import holdout, route
    from duckpaste.fit import algorithm_of, request
    from duckpaste.model_file import MODEL
    from duckpaste.privacy.ledger import Ledger
    from duckpaste.target import check

    name, algorithm = algorithm_of(view_alg)
    given, values = parse(parameters)
    share = holdout.check(hold_out)
    space = workspace(options)
    with space:
        declared = space.load(name)
        wanted = request(algorithm, options_of(declared, algorithm, given))
        space.refuse_private(out, declared)
        check(out, MODEL, overwrite=overwrite)
        space.ingest(declared, raw=raw, parameters=values)
        ready = holdout.fitted(route.ready(space, declared, wanted), share)
        ledger = Ledger(space.ledger_path)
        try:
            model = holdout.stamped(route.fit(space.db, ready, wanted, ledger, stage), share)
            spent = spent_in_all(ledger, declared.budget)
        finally:
            ledger.close()
    with stage("save"):
        model.save(out, overwrite=overwrite)
    click.echo(f"{out}: {model.describe()}")
    for line in model.bounds():
        click.echo(line)
    for line in model.shapes():
        click.echo(line)
    click.echo(spent)
