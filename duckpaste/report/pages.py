"""Pages: the HTML templates, rendered. Everything that is shown is escaped; nothing is fetched."""

from __future__ import annotations

import html
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from duckpaste.evaluate.score import INTERNAL
from duckpaste.files import built, check_folder
from duckpaste.report import words
from duckpaste.target import check_replace

_FOLDER = Path(__file__).parent / "templates"
_MARK = b'<meta name="generator" content="duckpaste">'


@cache
def _environment() -> jinja2.Environment:
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    env.filters["score"] = words.score
    env.filters["number"] = words.number
    env.filters["share"] = words.share
    env.filters["sentence"] = words.sentence
    return env


def asset(name: str) -> Markup:
    """A file of ours that goes into a page as it is (styles, scripts): no value of a user's stands in it."""
    return Markup((_FOLDER / name).read_text(encoding="utf-8"))  # noqa: S704


def render(name: str, *, stamp: str = INTERNAL, stamp_more: str = "", **context: Any) -> str:
    """The page `name` with our style sheet and its stamp, which warns unless the page may be published (`open`)."""
    template = _environment().get_template(name)
    given = {"open": False, **context}
    return template.render(style=asset("style.css"), stamp=stamp, stamp_more=stamp_more, **given)


def check_page(path: Path, *, overwrite: bool) -> None:
    """Raise UserError unless nothing stands at `path`, or a page of ours that `overwrite` allows to replace."""
    check_folder(path)
    if not path.exists():
        return
    try:
        with path.open("rb") as file:
            ours = _MARK in file.read(1000)
    except OSError:
        ours = False
    check_replace(path, "a page that duckpaste made", ours=ours, overwrite=overwrite)


@dataclass(frozen=True)
class Page:
    """A finished page. It shows itself in a notebook."""

    html: str

    def to_html(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the page to a file; a page that exists is only replaced with `overwrite`. Raises UserError."""
        check_page(Path(path), overwrite=overwrite)
        with built(Path(path)) as temporary:
            temporary.write_text(self.html, encoding="utf-8")
        return Path(path)

    def _repr_html_(self) -> str:
        """The page in a frame of its own, so that its styles stay in it."""
        text = html.escape(self.html, quote=True)
        return (
            f'<iframe srcdoc="{text}" sandbox="allow-popups" title="duckpaste report" '
            'style="width:100%;height:820px;border:1px solid #8884"></iframe>'
        )
