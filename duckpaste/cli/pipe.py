"""pipe: ingest if needed, fit, sample, compare, in one command."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from duckpaste.cli.common import (
    Fitting,
    hold_out_option,
    json_option,
    options_of,
    overwrite_option,
    parameters_argument,
    parse,
    print_json,
    raw_option,
    spent_in_all,
    stage,
    table,
    workspace,
    workspace_options,
)  # fmt: skip
from duckpaste.cli.sample import progress_bar, rules_table
from duckpaste.workspace import Workspace

if TYPE_CHECKING:
    from duckpaste.evaluate.evaluation import Evaluation
    from duckpaste.evaluate.fidelity import Fidelity
    from duckpaste.model import Model
    from duckpaste.output.writer import Sample

MODEL, SYNTHETIC, SCORES, REPORT = "model.duckdb", "synthetic.duckdb", "scores.duckdb", "report.html"


@click.command("pipe", cls=Fitting, short_help="Ingest, fit, sample and compare.")
@click.argument("view_alg", metavar="VIEW.ALG")
@parameters_argument
@click.option("--out", type=click.Path(path_type=Path), default=Path("out"), show_default=True,
              help="The folder for model.duckdb and synthetic.duckdb.")  # fmt: skip
@click.option("--all", "anew", is_flag=True,
              help="Ingest dataset and view anew, even when they are there; evaluate with all metrics.")  # fmt: skip
@click.option("-n", "rows", type=click.IntRange(min=1), metavar="N",
              help="Rows to draw (default: the fitted, noisy number).")  # fmt: skip
@click.option(
    "--seed", type=click.IntRange(min=0), metavar="N", help="The seed of the sample (never of the noise)."
)
@overwrite_option
@hold_out_option
@raw_option
@json_option
@workspace_options
def pipe(
    view_alg: str, parameters: tuple[str, ...], out: Path, anew: bool, rows: int | None, seed: int | None,
    overwrite: bool, hold_out: float, raw: Path | None, as_json: bool, **options: Any,
) -> None:  # fmt: skip
    """Ingest if needed, fit, sample, and compare real with synthetic, column by column.

    \b
    Example:
        duckpaste pipe tab_adult.mst --raw ~/uci alg.epsilon=1 --out out/
    """
    space = workspace(options)
    with space:
        made = run(space, view_alg, parameters, out=out, anew=anew, rows=rows, seed=seed, raw=raw,
                   hold_out=hold_out, overwrite=overwrite)  # fmt: skip
        found = evaluated(space, view_alg, out, overwrite=overwrite) if anew else None
    if not as_json:
        _print(made, out / SYNTHETIC)
        if found is not None:
            told = f"{out / REPORT} for people, {out / SCORES} for queries"
            click.echo(f"{told}: {len(found.scores):,} scores, for your eyes only")
        return
    from duckpaste.evaluate.fidelity import INTERNAL

    print_json({
        "stamp": INTERNAL, "tables": [dataclasses.asdict(found) for found in made.scores], "children": made.children,
        "synthetic": str(out / SYNTHETIC), "rows": made.done.rows, "seed": made.done.seed,
        "rules": [dataclasses.asdict(c) for c in made.done.rules],
        "guarantee": made.model.guarantee, "run": made.model.info["run"], "spent": made.spent,
    })  # fmt: skip


@dataclass(frozen=True)
class Piped:
    """What a pipe made: scores of tables and of numbers of children, the sample, its model, and what was spent."""

    scores: Sequence[Fidelity]
    children: Sequence[dict[str, Any]]
    done: Sample
    model: Model
    spent: str


def run(
    space: Workspace, view_alg: str, parameters: tuple[str, ...], *, out: Path, anew: bool = False,
    rows: int | None = None, seed: int | None = None, raw: Path | None = None, hold_out: float = 0.0,
    overwrite: bool = False,
) -> Piped:  # fmt: skip
    """The whole path; its results stand in `out`. Faults that can be known before spending are raised before it."""
    from duckpaste import holdout, route
    from duckpaste.evaluate.store import check as check_scores
    from duckpaste.files import results
    from duckpaste.fit import algorithm_of, request
    from duckpaste.model_file import MODEL as A_MODEL
    from duckpaste.output.writer import SYNTHETIC as A_SYNTHETIC
    from duckpaste.output.writer import sample
    from duckpaste.privacy.ledger import Ledger
    from duckpaste.report.pages import check_page
    from duckpaste.target import check

    name, algorithm = algorithm_of(view_alg)
    given, values = parse(parameters)
    share = holdout.check(hold_out)
    declared = space.load(name)
    wanted = request(algorithm, options_of(declared, algorithm, given))
    model_path, synthetic = out / MODEL, out / SYNTHETIC
    for path in (model_path, synthetic):
        space.refuse_private(path, declared)
    with results(out):
        check(model_path, A_MODEL, overwrite=overwrite)
        check(synthetic, A_SYNTHETIC, overwrite=overwrite)
        if anew:
            check_scores(out / SCORES)
            check_page(out / REPORT, overwrite=overwrite)
        with stage("ingest"):
            space.ingest(declared, raw=raw, parameters=values, anew=anew)
        ready = holdout.fitted(route.ready(space, declared, wanted), share)
        with contextlib.closing(Ledger(space.ledger_path)) as ledger:
            model = holdout.stamped(route.fit(space.db, ready, wanted, ledger, stage), share)
            spent = spent_in_all(ledger, declared.budget)
        with stage("save"):
            model.save(model_path, overwrite=overwrite)
    with stage("sample"), progress_bar() as progress:
        done = sample(model, synthetic, n=rows, seed=seed, progress=progress, overwrite=overwrite)
    with stage("compare"):
        scores, counts = route.fidelity(space.db, ready, model, synthetic)
    return Piped(scores, counts, done, model, spent)


def evaluated(space: Workspace, view_alg: str, out: Path, *, overwrite: bool) -> Evaluation:
    """Score the synthetic file that a pipe wrote with every metric; the scores and their page stand in `out`."""
    from duckpaste.evaluate.run import measure
    from duckpaste.fit import algorithm_of
    from duckpaste.report.build import report

    with stage("evaluate"):
        declared = space.load(algorithm_of(view_alg)[0])
        view, schema = space.resolved(declared)
        found = measure(space.db, view, schema, out / SYNTHETIC)
        found.save(out / SCORES)
    with stage("report"):
        made = report(space, declared, out / SYNTHETIC, found)
        made.to_html(out / REPORT, overwrite=overwrite)
    return found


def _print(made: Piped, synthetic: Path) -> None:
    """Scores column by column, what was written, and what is spent."""
    from duckpaste.evaluate.fidelity import INTERNAL

    click.echo(f"\n{INTERNAL}")
    for found in made.scores:
        _print_table(found, several=len(made.scores) > 1)
    if made.children:
        click.echo()
        print_children(made.children)
    if made.done.rules:
        click.echo()
        rules_table(made.done.rules)
    click.echo()
    for line in made.model.shapes():
        click.echo(line)
    written = ", ".join(f"{t} {n:,} rows" for t, n in made.done.rows.items())
    click.echo(f"{synthetic}: {written}, seed {made.done.seed}")
    click.echo("\n".join([made.model.describe(), *made.model.bounds(), made.spent]))


def print_children(counts: Sequence[dict[str, Any]]) -> None:
    """Numbers of children, real and synthetic, and how rows go with the parent's and with the row before."""
    shown = [
        (c["key"], f"{c['childless real']:.2%}", f"{c['childless synthetic']:.2%}", f"{c['mean real']:.2f}",
         f"{c['mean synthetic']:.2f}", f"{c['tv']:.4f}",
         *("" if c[k] is None else f"{c[k]:.4f}" for k in ("parent tv", "lag tv"))) for c in counts
    ]  # fmt: skip
    headers = ["children", "none real", "none synthetic", "mean real", "mean synthetic", "distance",
               "with parent", "with row before"]  # fmt: skip
    table(shown, headers, disable_numparse=True)


def _print_table(found: Fidelity, *, several: bool) -> None:
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
