"""litmus: a page on which people say what looks real, and the score of their answers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from duckpaste.cli.common import (
    json_option,
    overwrite_option,
    print_json,
    raw_option,
    table,
    workspace,
    workspace_options,
)
from duckpaste.errors import UserError

_HEADERS = [
    "rater",
    "rated",
    "mean real",
    "mean synthetic",
    "real above synthetic",
    "by chance",
    "right",
    "told apart",
]


@click.command("litmus", short_help="Let people tell real from synthetic.")
@click.argument("view", metavar="VIEW")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), default=Path("litmus.html"), show_default=True,
              help="The page to write.")  # fmt: skip
@overwrite_option
@click.option("-n", "number", type=click.IntRange(1, 500), default=20, show_default=True, metavar="N",
              help="Real entities to show; as many synthetic ones.")  # fmt: skip
@click.option(
    "--seed", type=click.IntRange(min=0), metavar="N", help="The seed of the draw (default: a new one)."
)
@raw_option
@json_option
@workspace_options
def litmus(
    view: str, files: tuple[Path, ...], out: Path, overwrite: bool, number: int, seed: int | None, raw: Path | None,
    as_json: bool, **options: Any,
) -> None:  # fmt: skip
    """Write a page of shuffled real and synthetic entities for people to rate; or, as `score`, read their answers.

    \b
    Example:
        duckpaste litmus views/visits out/synthetic.duckdb -o litmus.html
        duckpaste litmus score litmus-answers.json
    """
    if view == "score":
        _score(files, as_json=as_json)
        return
    if len(files) > 1:
        raise UserError("one synthetic database is shown at a time", str(files[1]), "write a page for each")
    from duckpaste.litmus.page import litmus as make
    from duckpaste.report.pages import check_page

    with workspace(options) as space:
        declared = space.load(view)
        space.refuse_private(out, declared)
        if out.suffix != ".html":
            raise UserError("is no page", str(out), "name a file that ends in .html with -o")
        check_page(out, overwrite=overwrite)
        space.ingest(declared, raw=raw)
        make(space, declared, files[0], number, seed).to_html(out, overwrite=overwrite)
    if as_json:
        print_json({"page": str(out)})
        return
    click.echo(f"wrote {out}: rows of private people, for eyes that may see them")
    click.echo("open it in a browser, rate with 1 to 5, save with S; then: duckpaste litmus score FILE...")


def _score(files: Sequence[Path], *, as_json: bool) -> None:
    """Means of each rater, whether they could tell, and whether they agree."""
    from duckpaste.litmus import score

    answers = [score.read(path) for path in files]
    score.check_same(answers)
    found = [score.told(a) for a in answers]
    alpha = score.agreement(answers)
    if as_json:
        print_json({"raters": score.as_rows(found), "agreement": alpha})
        return
    rows = [
        (t.rater, t.rated, _number(t.real), _number(t.synthetic), _number(t.auc), f"0.50 ± {_number(2 * t.error)}",
         f"{t.right:.0%}", "yes" if t.apart else "no")
        for t in found
    ]  # fmt: skip
    table(rows, _HEADERS, disable_numparse=True)
    if len(answers) > 1:
        told = "can't be told" if math.isnan(alpha) else f"{alpha:.2f} (1 full, 0 as by chance)"
        click.echo(f"\nagreement of raters (Krippendorff's alpha): {told}")


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.2f}"
