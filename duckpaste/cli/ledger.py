"""ledger: what was released from private data, and what it cost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from duckpaste.cli.common import json_option, table
from duckpaste.workspace import DATABASE


@click.command("ledger", short_help="Print what was released, and its cost.")
@click.option("--database", type=click.Path(path_type=Path), default=DATABASE, show_default=True,
              help="The working database whose ledger is read.")  # fmt: skip
@click.option("--all", "every", is_flag=True, help="One line a release instead of one a stage.")
@json_option
def ledger(database: Path, every: bool, as_json: bool) -> None:
    """Print the ledger: every release from private data, its mechanism and its loss.

    \b
    Example:
        duckpaste ledger --database duckpaste.duckdb
        duckdb duckpaste.ledger.duckdb "select sum(rho) from ledger"
    """
    from duckpaste.privacy.accountant import DEFAULT_DELTA
    from duckpaste.privacy.ledger import Ledger, find

    book = Ledger(find(database), read_only=True)
    try:
        rows: list[tuple[Any, ...]] = book.db.rows("ledger_lines" if every else "ledger_stages")
        headers = [
            "release",
            "written",
            "view",
            "stage",
            "mechanism",
            "columns",
            "cells",
            "scale",
            "rho",
            "state",
        ]
        if not every:
            headers = ["run", "view", "algorithm", "stage", "mechanism", "releases", "cells", "rho", "state"]
        totals = book.totals()
    finally:
        book.close()
    table(rows, headers, as_json=as_json, floatfmt=".6g")
    if not as_json:
        delta = max(DEFAULT_DELTA, 2 * totals.delta)
        epsilon = totals.epsilon(delta)
        click.echo(f"\nspent in all: rho {totals.rho:.6g}, that is epsilon {epsilon:.6g} at delta {delta:g}")
