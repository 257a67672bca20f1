"""init: write a view from a catalogue, without reading values."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("init", short_help="Write a view of your own database.")
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="The view's folder (default: views/NAME).")
@click.option(
    "--sniff", is_flag=True, help="Guess the types of a CSV file from its values (it looks at private data)."
)
def init(source: Path, out: Path | None, sniff: bool) -> None:
    """Write a view of a DuckDB, CSV or Parquet file from its catalogue: types, keys, comments; no value is read.

    \b
    Example:
        duckpaste init hospital.duckdb --out views/hospital
    """
    from duckpaste.errors import UserError
    from duckpaste.ingest.rebuild import RESERVED
    from duckpaste.schema.init import write

    folder = out or Path("views") / (source.name.split(".")[0] or "view")
    if folder.name.lower() in RESERVED:  # its tables could not stand in a schema of that name
        raise UserError(f"the name {folder.name!r} is taken", "view", "name another folder with --out")
    report = write(source, folder, sniff)
    for path in report.files:
        click.echo(f"wrote {path}")
    for note in report.notes:
        click.echo(f"note: {note}")
    algorithm = "mare" if report.related else "mst"
    click.echo(f"next: read and complete {folder / 'fields.yml'}, then: duckpaste plan {folder}.{algorithm}")
