"""evaluate: compares a synthetic database with the private one, for its owner's eyes."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from duckpaste.cli.common import (
    json_option,
    overwrite_option,
    parameters_argument,
    parse,
    print_json,
    raw_option,
    table,
    workspace,
    workspace_options,
)
from duckpaste.errors import UserError

if TYPE_CHECKING:
    from duckpaste.evaluate.evaluation import Evaluation
    from duckpaste.evaluate.summary import Line
    from duckpaste.schema.view import View
    from duckpaste.workspace import Workspace


class Scoring(click.Command):
    """A command whose help ends with the metrics, family by family."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Every metric with what it is."""
        from duckpaste.evaluate.catalogue import METRICS

        families: dict[str, list[tuple[str, str]]] = {}
        for name, about in METRICS.items():
            families.setdefault(about.family, []).append((name, about.text))
        for family, rows in families.items():
            with formatter.section(f"Metrics of the family {family}"):
                formatter.write_dl(rows)


@click.command("evaluate", cls=Scoring, short_help="Compare a synthetic database with the private one.")
@click.argument("view", metavar="VIEW")
@click.argument("synthetic", metavar="SYNTHETIC", type=click.Path(path_type=Path))
@parameters_argument
@click.option("-o", "--out", "outs", type=click.Path(path_type=Path), multiple=True, metavar="FILE",
              help="A page (*.html) or a DuckDB file for the scores (*.duckdb); may be repeated.")  # fmt: skip
@overwrite_option
@click.option("--queries", type=click.Path(path_type=Path),
              help="A file of SQL queries to ask of both; their errors are scored.")  # fmt: skip
@click.option("--metrics", metavar="NAME,...", help="Only these metrics, or families of them.")
@click.option("--target", "targets", multiple=True, metavar="TABLE.COLUMN",
              help="A column for models and attacks to predict (several times for several).")  # fmt: skip
@click.option("--hold-out", "held_out", type=float, metavar="SHARE",
              help="The share of units that was held out of the fit (default: as the file tells).")  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, metavar="N",
              help="The seed of halves, samples and attacks.")  # fmt: skip
@click.option("--release", "released", is_flag=True,
              help="Only headline scores, with noise, through the ledger: they may be published.")  # fmt: skip
@raw_option
@json_option
@workspace_options
def evaluate(
    view: str, synthetic: Path, parameters: tuple[str, ...], outs: tuple[Path, ...], overwrite: bool,
    queries: Path | None, metrics: str | None, targets: tuple[str, ...], held_out: float | None, seed: int,
    released: bool, raw: Path | None, as_json: bool, **options: Any,
) -> None:  # fmt: skip
    """Score a synthetic database against the private one, over all rows: fidelity, relations, queries, privacy.

    Beside each score stands the yardstick: what honest rows that the model has not seen would score.

    \b
    Example:
        duckpaste evaluate views/visits out/synthetic.duckdb -o report.html -o scores.duckdb
        duckpaste evaluate views/visits out/synthetic.duckdb --release alg.epsilon=0.5
    """
    given, values = parse(parameters)
    if given and not released:
        what = next(iter(given))
        raise UserError("only --release takes it", f"alg.{what}", "scores for your eyes only spend nothing")

    with workspace(options) as space:
        declared = space.load(view)
        for out in outs:
            space.refuse_private(out, declared)
            check_out(out, overwrite=overwrite)
        space.ingest(declared, raw=raw, parameters=values)
        if released:
            found = publish(space, declared, synthetic, given)
        else:
            from duckpaste.evaluate.run import measure

            resolved, schema = space.resolved(declared)
            found = measure(
                space.db, resolved, schema, synthetic, held_out=held_out, seed=seed, workload=queries, targets=targets,
                metrics=None if metrics is None else [m.strip() for m in metrics.split(",")],
            )  # fmt: skip
            if any(out.suffix == PAGE for out in outs):
                from duckpaste.report.build import report

                found = report(space, declared, synthetic, found)
    for out in outs:
        write(found, out, overwrite=overwrite)
    show(found, as_json=as_json)


def publish(space: Workspace, declared: View, synthetic: Path, given: Mapping[str, Any]) -> Evaluation:
    """Noisy headline scores under the guarantee that the options name, through the ledger."""
    from duckpaste.evaluate.release import guarantee_of, release
    from duckpaste.privacy.ledger import Ledger

    guarantee = guarantee_of(given)
    resolved, schema = space.resolved(declared)
    with contextlib.closing(Ledger(space.ledger_path)) as ledger:
        return release(space.db, resolved, schema, synthetic, ledger, guarantee)


def check_out(out: Path, *, overwrite: bool) -> None:
    """Raise UserError for a file that can't be written, or whose kind is not known, before anything is counted."""
    from duckpaste.evaluate.store import check
    from duckpaste.report.pages import check_page

    if out.suffix not in WRITERS:
        known = ", ".join(f"*{suffix}" for suffix in WRITERS)
        raise UserError("is no kind of file that evaluate writes", str(out), f"write one of {known}")
    if out.suffix == PAGE:
        check_page(out, overwrite=overwrite)
    else:
        check(out)


def _save(found: Evaluation, out: Path, _: bool) -> None:
    found.save(out)


def _page(found: Evaluation, out: Path, overwrite: bool) -> None:
    from duckpaste.report.build import Report

    if isinstance(found, Report):
        found.to_html(out, overwrite=overwrite)
    elif found.facts.get("released"):
        from duckpaste.report.released import page

        page(found).to_html(out, overwrite=overwrite)


# How an evaluation is written, by the file's ending.
PAGE = ".html"
WRITERS = {".duckdb": _save, PAGE: _page}


def write(found: Evaluation, out: Path, *, overwrite: bool) -> None:
    """Write an evaluation to a file of the kind that its ending tells. Scores are added to those that are there."""
    WRITERS[out.suffix](found, out, overwrite)
    click.echo(f"wrote {out}", err=True)


def show(found: Evaluation, *, as_json: bool = False) -> None:
    """Print headline scores with the yardstick, and the worst columns and pairs."""
    from duckpaste.evaluate import summary

    if as_json:
        print_json({
            "run": found.run, **found.facts,
            "scores": [{"metric": s.metric, "table": s.table, "columns": s.columns, "split": s.split, "value": s.value}
                       for s in found.scores],
        })  # fmt: skip
        return
    click.echo(f"\n{found.facts.get('stamp', '')}")
    shown = [_row(x) for x in summary.headline(found)]
    table(shown, ["table", "metric", "of", "synthetic", "yardstick", "ratio", "good"], disable_numparse=True)
    worst = [_row(x) for x in summary.worst(found)]
    if worst:
        click.echo("\nweakest:")
        table(
            worst, ["table", "metric", "of", "synthetic", "yardstick", "ratio", "good"], disable_numparse=True
        )
    tested = found.facts.get("privacy", [])
    leaks = [" ".join([x["metric"], x["table"], *x["columns"]]) for x in tested if x["leak"]]
    if tested:
        told = f"LEAK found by {'; '.join(leaks)}" if leaks else f"no leak found by {len(tested)} tests"
        click.echo(f"\nprivacy: {told}")
    for note in found.facts.get("notes", ()):
        click.echo(f"note: {note}")


def _row(line: Line) -> tuple[str, ...]:
    def told(x: float | None) -> str:
        return "" if x is None else f"{x:.4f}"

    ratio = "" if line.ratio is None else f"{line.ratio:.1f}"
    return (
        line.table,
        line.metric,
        ", ".join(line.columns)[:60],
        told(line.value),
        told(line.ref),
        ratio,
        line.good,
    )
