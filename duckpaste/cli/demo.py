"""demo: the fictional clinic, end to end, in one command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from duckpaste.cli import pipe as pipes
from duckpaste.cli.common import table
from duckpaste.db import Db

PRIVATE = "private.duckdb"
TABLES = ("patients", "admissions", "transfers", "lab_events")  # lab_items is public and copied
_HEADERS = ["ward", "% real", "% synth", "age real", "synth", "wards real", "synth", "values real", "synth"]


@click.command("demo", short_help="A fictional clinic, end to end.")
@click.option("--rows", type=click.IntRange(min=100), metavar="N", default=10_000, show_default=True,
              help="Patients of the fictional clinic.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), default=Path("duckpaste-demo"), show_default=True,
              help="The folder for everything that is made.")  # fmt: skip
@click.option("--epsilon", metavar="NUMBER", default="2", show_default=True, help="The privacy budget.")
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    metavar="N",
    default=1,
    show_default=True,
    help="The seed of the sample.",
)
@click.option("--overwrite", is_flag=True,
              help="Make a demo anew where there is one; it spends again.")  # fmt: skip
def demo(rows: int, out: Path, epsilon: str, seed: int, overwrite: bool) -> None:
    """Make a fictional clinic of five tables, fit a private model of it, draw a synthetic clinic, and compare the two.

    \b
    Example:
        duckpaste demo
    """
    from duckpaste.evaluate.fidelity import INTERNAL
    from duckpaste.files import results
    from duckpaste.workspace import open_workspace

    private = out / PRIVATE
    synthetic = out / pipes.SYNTHETIC
    check(out, overwrite=overwrite)
    with results(out), open_workspace(private) as space:
        click.echo(
            f"A fictional clinic of {rows:,} patients stands in for your private data: {private}", err=True
        )
        parameters = (f"alg.epsilon={epsilon}", f"data.patients={rows}")
        made = pipes.run(space, "clinic.mare", parameters, out=out, seed=seed, overwrite=overwrite)
        click.echo(f"\n{INTERNAL}")
        lines = [
            (s.table, f"{n:,}", f"{made.done.rows[s.table]:,}", f"{s.tv1:.3f}", f"{s.tv2:.3f}")
            for s, n in zip(made.scores, _rows(space.db), strict=True)
        ]
        table(lines, ["table", "rows real", "rows synthetic", "1-way", "2-way"], disable_numparse=True,
              colalign=["left"] + ["right"] * 4)  # fmt: skip
        click.echo(
            "1-way, 2-way: mean distance over single columns and over pairs (0 = equal, 1 = disjoint)\n"
        )
        pipes.print_children(made.children)
        click.echo("\nThe same question, asked of both clinics:")
        table(_wards(space.db, synthetic), _HEADERS, floatfmt=".1f")
        click.echo("age of the patient; wards and laboratory values: how many an admission has")
    told = [made.model.describe(), *made.model.bounds(), made.spent]
    click.echo("\n".join([f"\n{synthetic}: seed {made.done.seed}", *told]))
    click.echo(f"""
What was made in {out}/
  private.duckdb          the clinic's own data: stays where it is
  private.ledger.duckdb   what was told of it, release by release: stays there too
  model.duckdb            the model, as tables you can read; every count in it is noisy
  synthetic.duckdb        the synthetic clinic: may be shared under the guarantee above

Look at it:     duckdb {synthetic} "from admissions limit 5"    (the shell: pip install duckdb-cli)
How good it is: duckpaste evaluate clinic {synthetic} --database {private} -o report.html
Every column:   duckpaste pipe clinic.mare alg.epsilon={epsilon} --database {private}    (spends again)
What it cost:   duckpaste ledger --database {private}
Your own data:  duckpaste init my.duckdb --out views/my""")


def check(out: Path, *, overwrite: bool) -> None:
    """Raise UserError when a demo was made in `out` and shall not be made anew, or when files there are somebody's
    own: nothing of the clinic goes into those."""
    from duckpaste import target
    from duckpaste.errors import UserError
    from duckpaste.model_file import MODEL
    from duckpaste.output.writer import SYNTHETIC

    private = out / PRIVATE
    if private.exists():
        with Db.open(private, read_only=True, sandbox=True) as db:
            if {schema for schema, _ in target.tables(db)} - {"clinic", "clinic_data", "duckpaste"}:
                what = "exists and is not the clinic of a demo"
                raise UserError(what, str(private), "name another folder with --out")
    made = [path for path in (private, out / pipes.MODEL, out / pipes.SYNTHETIC) if path.exists()]
    for path, kind in ((out / pipes.MODEL, MODEL), (out / pipes.SYNTHETIC, SYNTHETIC)):
        if path in made:
            target.check(path, kind, overwrite=True)
    if made and not overwrite:
        remedy = "name another folder with --out, or make it anew with --overwrite, which spends again"
        raise UserError(f"holds a demo already ({made[-1].name})", str(out), remedy)


def _rows(db: Db) -> list[int]:
    """How many rows the real clinic's tables have."""
    from duckpaste import sql

    text = [f"select count(*) from {sql.ident('clinic', name)}" for name in TABLES]
    return [int(db.rows_sql("table_rows", t)[0][0]) for t in text]


def _wards(db: Db, synthetic: Path) -> list[tuple[Any, ...]]:
    """The wards of the real and of the synthetic clinic, side by side."""
    from duckpaste import sql
    from duckpaste.evaluate.fidelity import opened

    with opened(db, synthetic) as alias:
        return db.rows("demo_wards", real=sql.ident("clinic"), synthetic=f"{alias}.main")
