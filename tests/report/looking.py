"""Looking at a page in a real browser: what its first screen tells, and that nothing is cut, fetched or thrown."""

from __future__ import annotations

from pathlib import Path

import duckdb
from chromium import Chromium
from click.testing import CliRunner
from test_in_chromium import CLASH, CUT, SEEN

from duckpaste.cli import cli


def run(*words: str) -> None:
    done = CliRunner().invoke(cli, list(words), catch_exceptions=False)
    assert done.exit_code == 0, done.output


def looked_at(browser: Chromium, page: Path, *wanted: str) -> None:
    """The first screen tells `wanted`; nothing is cut, fetched or thrown at two widths."""
    for width, height in ((1280, 800), (390, 844)):
        browser.open(page, width, height)
        assert (
            browser.requests == [page.resolve().as_uri()] and browser.messages == [] and browser.errors == []
        )
        assert browser.ask(CUT) == [] and browser.ask(CLASH) == []
    browser.open(page, 1280, 800)
    cards = browser.ask(SEEN)
    assert len(cards) == 4 and all(bottom <= 800 for _, bottom, _ in cards)
    text = " ".join(words for words, _, _ in cards)
    for word in wanted:
        assert word in text, word


def worst_column(scores: Path) -> str:
    with duckdb.connect(str(scores), read_only=True) as con:
        text = "select columns[1] from scores where metric = 'tv1' and split = 'syn' and len(columns) = 1 order by value desc, \"table\", columns"
        return str(con.sql(text).fetchall()[0][0])
