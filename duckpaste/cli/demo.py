"""demo: the fictional clinic, end to end, in one command."""

from __future__ import annotations

from pathlib import Path

import click

from duckpaste.cli import pipe as pipes


@click.command("demo")
@click.option("--rows", type=click.IntRange(min=100), default=5000, show_default=True, help="Patients of the fictional clinic.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("duckpaste-demo"), show_default=True,
              help="The folder for everything that is made.")  # fmt: skip
@click.option("--epsilon", type=float, default=2.0, show_default=True, help="The privacy budget.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="The seed of the sample.")
def demo(rows: int, out: Path, epsilon: float, seed: int) -> None:
    """Make a fictional clinic, fit a private model of it, draw a synthetic clinic, and compare the two.

    \b
    Example:
        duckpaste demo
    """
    from duckpaste.workspace import open_workspace

    out.mkdir(parents=True, exist_ok=True)
    private = out / "private.duckdb"
    click.echo(f"A fictional clinic of {rows:,} patients stands in for your private data: {private}", err=True)
    space = open_workspace(private)
    with space.db:
        parameters = (f"alg.epsilon={epsilon}", f"data.patients={rows}")
        pipes.run(space, "clinic.mst", parameters, out=out, seed=seed)
    click.echo(f"""
What was made in {out}/
  private.duckdb          the clinic's own data: stays where it is
  private.ledger.duckdb   what was told of it, release by release:  duckpaste ledger --database {private}
  model.duckdb            the model, as tables you can read; it holds noisy counts only
  synthetic.duckdb        the synthetic clinic: may be shared under the guarantee above

Look at it:     duckdb {out / 'synthetic.duckdb'} "from admissions limit 5"
Your own data:  duckpaste init my.duckdb --out views/my""")
