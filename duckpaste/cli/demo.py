"""demo: the fictional clinic, end to end, in one command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from duckpaste.cli import pipe as pipes
from duckpaste.cli.common import table
from duckpaste.db import Db

_HEADERS = ["ward", "% real", "% synth", "age real", "age synth", "women real", "women synth"]


@click.command("demo", short_help="A fictional clinic, end to end.")
@click.option("--rows", type=click.IntRange(min=100), metavar="N", default=50_000, show_default=True,
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
def demo(rows: int, out: Path, epsilon: str, seed: int) -> None:
    """Make a fictional clinic, fit a private model of it, draw a synthetic clinic, and compare the two.

    \b
    Example:
        duckpaste demo
    """
    from duckpaste.files import make_folder
    from duckpaste.workspace import open_workspace

    make_folder(out)
    private = out / "private.duckdb"
    click.echo(
        f"A fictional clinic of {rows:,} patients stands in for your private data: {private}", err=True
    )
    space = open_workspace(private)
    with space:
        parameters = (f"alg.epsilon={epsilon}", f"data.patients={rows}")
        pipes.run(space, "clinic.mst", parameters, out=out, seed=seed)
        click.echo("\nThe same question, asked of both:")
        table(_wards(space.db, out / "synthetic.duckdb"), _HEADERS, floatfmt=".1f")
    click.echo(f"""
What was made in {out}/
  private.duckdb          the clinic's own data: stays where it is
  private.ledger.duckdb   what was told of it, release by release: stays there too
  model.duckdb            the model, as tables you can read; every count in it is noisy
  synthetic.duckdb        the synthetic clinic: may be shared under the guarantee above

Look at it:     duckdb {out / "synthetic.duckdb"} "from admissions limit 5"    (the shell: pip install duckdb-cli)
What it cost:   duckpaste ledger --database {private}
Your own data:  duckpaste init my.duckdb --out views/my""")


def _wards(db: Db, synthetic: Path) -> list[tuple[Any, ...]]:
    """The wards of the real and of the synthetic clinic, side by side."""
    from duckpaste import sql

    alias = sql.ident("duckpaste_synthetic")
    db.run_sql("attach", f"attach {sql.literal(str(synthetic))} as {alias} (read_only)")
    try:
        real, made = sql.ident("clinic", "admissions"), f"{alias}.main.{sql.ident('admissions')}"
        return db.rows("demo_wards", real=real, synthetic=made)
    finally:
        db.run_sql("detach", f"detach {alias}")
