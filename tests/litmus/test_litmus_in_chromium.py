"""The page to rate in a real browser: by keys alone, to a file that can be scored; nothing fetched."""

from __future__ import annotations

import json
import time
from pathlib import Path

import chromium
import pytest
from chromium import Chromium

from duckpaste.litmus import score
from duckpaste.litmus.cards import Branch, Card
from duckpaste.litmus.page import page, shuffled

pytestmark = chromium.needed
CARDS = [
    Card(bool(i % 2), "people", [("age", str(i)), ("名前" * 30, "x" * 180)], [Branch("visits", ["#", "ward", "a long name"], [["1", "heart", "y" * 60]], 3)])
    for i in range(6)
]  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return page("clinic", shuffled(CARDS, 5), 5).to_html(tmp_path / "litmus.html")


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_it_is_quiet_and_whole(browser: Chromium, path: Path, width: int, dark: bool) -> None:
    browser.open(path, width, 844, dark=dark)
    assert browser.requests == [path.resolve().as_uri()] and browser.messages == [] and browser.errors == []
    assert browser.ask("document.documentElement.scrollWidth") <= width
    assert browser.ask("[...document.querySelectorAll('.entity')].filter(e => !e.hidden).length") == 1


def test_all_is_rated_by_keys_and_saved_to_a_file(browser: Chromium, path: Path, tmp_path: Path) -> None:
    browser.open(path)
    browser.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    seen = "document.querySelector('.entity:not([hidden])').dataset.id"
    order = []
    for key in "15324":
        order.append(browser.ask(seen))
        browser.press(key)
    browser.press("ArrowLeft")
    assert browser.ask(seen) == order[-1]
    assert browser.ask("document.querySelector('[aria-pressed=true]').dataset.rating") == "4"
    browser.press("2")  # changed one's mind
    order.append(browser.ask(seen))
    browser.press("5")
    assert "All 6 cards are rated" in browser.ask("document.getElementById('progress').textContent")
    browser.ask("document.getElementById('rater').focus()")
    for letter in "Ann 5":
        browser.press(letter)
    assert browser.ask("document.getElementById('rater').value") == "Ann 5", (
        "keys typed into the name rate nothing"
    )
    browser.ask("document.activeElement.blur()")
    browser.press("s")
    end = time.monotonic() + 30
    while not (files := list(tmp_path.glob("litmus-*.json"))) and time.monotonic() < end:
        time.sleep(0.1)
    assert files and files[0].name == "litmus-00000005-Ann-5.json"
    answers = score.read(files[0])
    assert list(answers.ratings.items()) == list(zip(order, [1, 5, 3, 2, 2, 5], strict=True))
    assert sum(answers.truth.values()) == 3 and score.told(answers).rated == 6
    assert json.loads(files[0].read_text())["view"] == "clinic" and browser.errors == []


def test_buttons_do_what_keys_do(browser: Chromium, path: Path) -> None:
    browser.open(path)
    browser.ask("document.querySelector('[data-rating=\"4\"]').click()")
    assert "1 rated" in browser.ask("document.getElementById('progress').textContent")
