"""check and plan: faults, and costs, before anything is spent."""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Sequence
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
    table,
    workspace,
    workspace_options,
)  # fmt: skip

if TYPE_CHECKING:
    from duckpaste.plan import Expected, Plan

_MOST = 40  # lines of a list
_WORST = 3  # column sets that are told


@click.command("check", short_help="List all faults of a view at once.")
@click.argument("view")
@click.option("--exact", is_flag=True, help="Count faulty rows exactly (for the data owner's eyes only).")
@raw_option
@workspace_options
def check(view: str, exact: bool, raw: Path | None, **options: Any) -> None:
    """List all faults of a view at once: its files, its declarations, and rows that break them. Spends nothing.

    \b
    Example:
        duckpaste check tab_adult --raw ~/uci
    """
    from duckpaste import route
    from duckpaste.errors import raise_all
    from duckpaste.evaluate.fidelity import INTERNAL
    from duckpaste.prepare import Prepared
    from duckpaste.privacy.unit import Unit
    from duckpaste.relational.contribution import declared as declared_k

    space = workspace(options)
    with space:
        declared = space.load(view)
        space.ingest(declared, raw=raw)
        ready = route.ready(space, declared)
        faults = route.faults(space.db, ready, exact=exact)
    if exact and faults:
        click.echo(INTERNAL, err=True)
    raise_all(faults)
    if isinstance(ready, Prepared):
        unit = ready.unit.bounded
        click.echo(f"{ready.name}: {len(ready.columns)} columns, no fault; the privacy unit is {unit}")
        return
    for name, member in ready.members.items():
        weigh = (
            f"at most {member.table.contributions}" if declared_k(member) else "as much as the fit chooses"
        )
        below = f", below {member.node.parent}; a unit's rows weigh {weigh}" if member.node.parent else ""
        click.echo(f"{ready.view.name}.{name}: {len(member.columns)} columns, no fault{below}")
    click.echo(f"the privacy unit is {Unit(ready.graph.unit, table=True).whole}")


@click.command("plan", cls=Fitting, short_help="Show every release and its cost, unspent.")
@click.argument("view_alg", metavar="VIEW.ALG")
@parameters_argument
@raw_option
@json_option
@workspace_options
def plan(view_alg: str, parameters: tuple[str, ...], raw: Path | None, as_json: bool, **options: Any) -> None:
    """Show every release, its noise and its cost before anything is spent, and what is public by declaration.

    \b
    Example:
        duckpaste plan tab_adult.mst alg.epsilon=1
    """
    from duckpaste import route
    from duckpaste.fit import algorithm_of, request
    from duckpaste.privacy.ledger import Ledger

    name, algorithm = algorithm_of(view_alg)
    given, values = parse(parameters)
    space = workspace(options)
    with space:
        declared = space.load(name)
        wanted = request(algorithm, options_of(declared, algorithm, given))
        space.ingest(declared, raw=raw, parameters=values)
        made = route.plan(route.ready(space, declared, wanted), wanted)
    measure = "epsilon" if made.guarantee.pure else "rho"
    headers = ["stage", "what", "releases", "cells", measure, "noise sd"]
    if as_json:
        found = [(r.stage, r.what, r.count, r.cells, r.loss, r.sigma) for r in made.releases]
        print_json({
            "releases": [dict(zip(headers, r, strict=True)) for r in found],
            "models": [{"model": name, **dataclasses.asdict(shape)} for name, shape in made.shapes],
            "chosen": [{"model": name, "why": why} for name, why in made.choices],
            "expected": [{"model": e.model, "columns": e.columns, "rows": e.rows} for e in made.expected],
        })  # fmt: skip
        return
    rows = [
        (r.stage, r.what, r.count, f"{r.cells:,}", _number(r.loss), f"{r.sigma:,.2f}") for r in made.releases
    ]
    table(rows, headers, disable_numparse=True, colalign=["left", "left"] + ["right"] * 4)
    click.echo(
        f"\nguarantee: {made.guarantee} for {made.unit.bounded}; in all {measure} {_number(made.loss)}"
    )
    megabytes = max(1, round(made.megabytes))
    click.echo(f"memory: about {megabytes:,} MB for the largest counts; {len(made.domain):,} code columns")
    path = space.ledger_path
    if declared.budget and path is not None:
        ledger = Ledger(path, read_only=True) if path.is_file() else Ledger(None)
        left = ledger.left(declared.budget)
        ledger.close()
        if left is not None:
            click.echo(f"budget: {declared.budget['epsilon']} in all, {round(left, 6):g} left")
    _outlook(made)
    _list("public by declaration", made.public)
    _list("to be discovered with noise (what you declare instead costs nothing)", made.undeclared)


def _outlook(made: Plan) -> None:
    """How large the models may become, and the errors to expect: the median and the worst of each number of
    columns."""
    for name, why in made.choices[:_MOST]:
        click.echo(f"auto{' for ' if name else ''}{name}: {why}")
    for name, shape in made.shapes[:_MOST]:
        click.echo(f"model{' of ' if name else ''}{name}: {shape}")
    by_width: dict[int, list[Expected]] = {}
    for one in made.expected:
        by_width.setdefault(len(one.columns), []).append(one)
    rows = []
    for width, found in sorted(by_width.items()):
        worst = sorted(found, key=lambda e: (-e.rows, e.model, e.columns))[:_WORST]
        told = "; ".join(
            f"{e.rows:,.0f} ({f'{e.model}: ' if e.model else ''}{', '.join(e.columns)})" for e in worst
        )
        rows.append((width, f"{len(found):,}", f"{statistics.median(e.rows for e in found):,.0f}", told))
    if rows:
        click.echo(
            "\nwhat noise will move, in rows over all cells, where a column set is measured as planned:"
        )
        headers = ["columns", "sets", "median", "worst"]
        table(rows, headers, disable_numparse=True, colalign=["right", "right", "right", "left"])
        click.echo()


def _list(title: str, items: Sequence[str]) -> None:
    """A title and one line an item; many are cut short."""
    click.echo(f"{title}:" + ("" if items else " nothing"))
    for item in items[:_MOST]:
        click.echo(f"  {item}")
    if len(items) > _MOST:
        click.echo(f"  and {len(items) - _MOST:,} more")


def _number(value: float) -> str:
    return "none" if math.isinf(value) else f"{value:.6g}"
