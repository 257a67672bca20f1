"""pipe: ingest if needed, fit, sample, compare, in one command."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from duckpaste.cli.common import (
    Fitting,
    json_option,
    options_of,
    parameters_argument,
    parse,
    print_json,
    raw_option,
    stage,
    table,
    workspace,
    workspace_options,
)  # fmt: skip
from duckpaste.cli.sample import progress_bar
from duckpaste.workspace import Workspace

if TYPE_CHECKING:
    from duckpaste.evaluate.fidelity import Fidelity


@click.command("pipe", cls=Fitting, short_help="Ingest, fit, sample and compare.")
@click.argument("view_alg", metavar="VIEW.ALG")
@parameters_argument
@click.option("--out", type=click.Path(path_type=Path), default=Path("out"), show_default=True,
              help="The folder for model.duckdb and synthetic.duckdb.")  # fmt: skip
@click.option("--all", "anew", is_flag=True, help="Ingest dataset and view anew, even when they are there.")
@click.option("-n", "rows", type=click.IntRange(min=1), metavar="N",
              help="Rows to draw (default: the fitted, noisy number).")  # fmt: skip
@click.option(
    "--seed", type=click.IntRange(min=0), metavar="N", help="The seed of the sample (never of the noise)."
)
@raw_option
@json_option
@workspace_options
def pipe(
    view_alg: str, parameters: tuple[str, ...], out: Path, anew: bool, rows: int | None, seed: int | None,
    raw: Path | None, as_json: bool, **options: Any,
) -> None:  # fmt: skip
    """Ingest if needed, fit, sample, and compare real with synthetic, column by column.

    \b
    Example:
        duckpaste pipe tab_adult.mst --raw ~/uci alg.epsilon=1 --out out/
    """
    space = workspace(options)
    with space:
        run(space, view_alg, parameters, out=out, anew=anew, rows=rows, seed=seed, raw=raw, as_json=as_json)


def run(
    space: Workspace, view_alg: str, parameters: tuple[str, ...], *, out: Path, anew: bool = False,
    rows: int | None = None, seed: int | None = None, raw: Path | None = None, as_json: bool = False,
) -> None:  # fmt: skip
    """The whole path. Faults that can be known before spending are raised before it."""
    from duckpaste import route
    from duckpaste.evaluate.fidelity import INTERNAL
    from duckpaste.files import results
    from duckpaste.fit import algorithm_of, request
    from duckpaste.model_file import check_target as check_model
    from duckpaste.output.writer import check_target, sample
    from duckpaste.privacy.ledger import Ledger

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
        ready = route.ready(space, declared, wanted)
        with contextlib.closing(Ledger(space.ledger_path)) as ledger:
            model = route.fit(space.db, ready, wanted, ledger, stage)
        with stage("save"):
            model.save(model_path)
    with stage("sample"), progress_bar() as progress:
        done = sample(model, synthetic, n=rows, seed=seed, progress=progress)
    with stage("compare"):
        scores, counts = route.fidelity(space.db, ready, model, synthetic)
    if as_json:
        print_json({
            "stamp": INTERNAL, "tables": [dataclasses.asdict(found) for found in scores], "children": counts,
            "synthetic": str(synthetic), "rows": done.rows, "seed": done.seed, "guarantee": model.guarantee,
            "run": model.info["run"],
        })  # fmt: skip
        return
    click.echo(f"\n{INTERNAL}")
    for found in scores:
        _print(found, several=len(scores) > 1)
    if counts:
        click.echo()
        shown = [
            (c["key"], f"{c['childless real']:.2%}", f"{c['childless synthetic']:.2%}", f"{c['mean real']:.2f}",
             f"{c['mean synthetic']:.2f}", f"{c['tv']:.4f}",
             *("" if c[k] is None else f"{c[k]:.4f}" for k in ("parent tv", "lag tv"))) for c in counts
        ]  # fmt: skip
        headers = ["children", "none real", "none synthetic", "mean real", "mean synthetic", "distance",
                   "with parent", "with row before"]  # fmt: skip
        table(shown, headers, disable_numparse=True)
    click.echo(
        f"\n{synthetic}: {', '.join(f'{t} {n:,} rows' for t, n in done.rows.items())}, seed {done.seed}"
    )
    click.echo(model.describe())


def _print(found: Fidelity, *, several: bool) -> None:
    """One table's scores."""
    if several:
        click.echo(f"\n{found.table}")
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
