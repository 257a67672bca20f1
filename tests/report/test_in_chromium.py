"""The page in a real browser: nothing fetched, nothing thrown, nothing cut off, at two widths, light, dark and printed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import chromium
import pytest
from chromium import Chromium
from reportkit import material, origin
from test_released_page import released
from test_sweep_page import points

from duckpaste.report.content import page
from duckpaste.report.released import page as released_page
from duckpaste.report.sweep import sweep

pytestmark = chromium.needed
EVIL = "<script>alert('x')</script><img src=x onerror=alert(1)>"
ODD = [EVIL, "年齢と性別の長い名前" * 5, "x" * 200, 'a "b', "Straße", "\u202eabc", "plain"]
# Elements that reach beyond the window, but for what scrolls by itself.
CUT = """[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1
  && !e.closest('.scroll') && !e.closest('nav.top') && !e.classList.contains('skip')).map(e => e.outerHTML.slice(0, 120))"""
# Words of one drawing that lie on top of each other.
CLASH = """[...document.querySelectorAll('figure svg')].flatMap(svg => {
  const all = [...svg.querySelectorAll('text:not([transform])')].map(t => [t.textContent, t.getBoundingClientRect()]);
  return all.flatMap(([a, r], i) => all.slice(i + 1).filter(([b, s]) =>
    r.left < s.right - 1 && s.left < r.right - 1 && r.top < s.bottom - 2 && s.top < r.bottom - 2).map(([b]) => a + ' | ' + b));
})"""
SEEN = "[...document.querySelectorAll('.card')].map(e => { const r = e.getBoundingClientRect(); return [e.innerText, r.bottom, r.right] })"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    several = {"patients": ["age", "sex"], "stays": ["ward", "cost", "admitted"], EVIL: ODD}
    made = {
        "one": material(),
        "several": material(several, view=EVIL, public=[EVIL] * 40, origin=origin(run=EVIL)),
    }
    found = {name: page(m).to_html(folder / f"{name}.html") for name, m in made.items()}
    swept = [
        *points(),
        *points("kl_norm2", "x" * 200),
        *[replace(p, series="名前" * 20) for p in points("tv1")],
    ]
    found["released"] = released_page(released()).to_html(folder / "released.html")
    return found | {"sweep": sweep(swept, title=EVIL).to_html(folder / "sweep.html")}


@pytest.mark.parametrize("name", ["one", "several", "sweep", "released"])
@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
@pytest.mark.parametrize("dark", [False, True])
def test_a_page_is_quiet_and_whole(
    browser: Chromium, pages: dict[str, Path], tmp_path: Path, name: str, width: int, height: int, dark: bool
) -> None:
    browser.open(pages[name], width, height, dark=dark)
    assert browser.requests == [pages[name].resolve().as_uri()]
    assert browser.messages == [] and browser.errors == []
    assert browser.ask("document.documentElement.scrollWidth") <= width
    assert browser.ask(CUT) == []
    assert browser.ask(CLASH) == []
    assert browser.ask("document.querySelectorAll('script, img').length") == 0
    browser.picture(tmp_path / "page.png")
    assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")


def test_guarantee_score_and_worst_column_need_no_scrolling(
    browser: Chromium, pages: dict[str, Path]
) -> None:
    browser.open(pages["one"], 1280, 800)
    cards = browser.ask(SEEN)
    text = " ".join(words for words, _, _ in cards)
    assert len(cards) == 4 and all(bottom <= 800 and right <= 1280 for _, bottom, right in cards)
    for wanted in ("ε = 2", "δ = 1e-09", "0.0330", "column 14", "column 13 × column 14", "None found"):
        assert wanted in text, wanted
    stamp = browser.ask("document.querySelector('.stamp').getBoundingClientRect().bottom")
    assert stamp < 100


def test_light_and_dark_differ_and_words_can_be_read(browser: Chromium, pages: dict[str, Path]) -> None:
    contrast = """(() => {
      const light = c => { const [r, g, b] = c.match(/[\\d.]+/g).map(x => x / 255).map(
        x => x <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b };
      const of = (e, p) => light(getComputedStyle(e)[p]);
      const ground = of(document.body, 'backgroundColor');
      const ratio = (a, b) => (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
      const pick = q => document.querySelector(q);
      return [ground, ratio(of(document.body, 'color'), ground), ratio(of(pick('.note'), 'color'), ground),
        ratio(of(pick('.stamp'), 'color'), of(pick('.stamp'), 'backgroundColor')), ratio(of(pick('svg .tick'), 'fill'), ground),
        ratio(of(pick('.card a'), 'color'), of(pick('.card'), 'backgroundColor')), ratio(of(pick('svg .synthetic'), 'fill'), ground),
        ratio(of(pick('svg .synthetic'), 'fill'), of(pick('svg .real'), 'fill'))]
    })()"""
    grounds = []
    for dark in (False, True):
        browser.open(pages["one"], dark=dark)
        ground, ink, note, stamp, tick, link, synthetic, sides = browser.ask(contrast)
        grounds.append(ground)
        assert ink > 10 and min(note, stamp, tick, link) > 4.5, "WCAG AA for text"
        assert synthetic > 3 and sides > 2, (
            "WCAG AA for graphics; the sides differ in lightness, so without colours too"
        )
    assert grounds[0] > 0.9 > 0.1 > grounds[1]


def test_the_keyboard_reaches_everything_in_order(browser: Chromium, pages: dict[str, Path]) -> None:
    browser.open(pages["one"])
    browser.press("Tab")
    assert browser.ask("document.activeElement.className") == "skip"
    assert browser.ask("document.activeElement.getBoundingClientRect().left") >= 0, (
        "it shows when it is reached"
    )
    stops = [
        (browser.press("Tab"), browser.ask("document.activeElement.outerHTML.slice(0, 80)"))[1]
        for _ in range(14)
    ]
    assert len(set(stops)) >= 12 and any('href="#weakest"' in stop for stop in stops)
    browser.ask("document.querySelector('summary').focus()")
    browser.press("Enter")
    assert browser.ask("document.querySelector('details').open") is True


def test_a_print_has_no_navigation_and_is_light(browser: Chromium, pages: dict[str, Path]) -> None:
    browser.open(pages["one"], dark=True)
    browser.dress(dark=True, media="print")
    assert browser.ask("getComputedStyle(document.querySelector('nav.top')).display") == "none"
    assert browser.ask("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert browser.ask("document.querySelector('.stamp').innerText").startswith(
        "internal: contains exact statistics"
    )
    assert browser.ask(CUT) == []


def test_a_notebook_shows_the_page_in_a_frame(browser: Chromium, tmp_path: Path) -> None:
    notebook = tmp_path / "notebook.html"
    notebook.write_text(
        f"<!doctype html><title>n</title><body>{page(material())._repr_html_()}", encoding="utf-8"
    )
    browser.open(notebook)
    assert [r for r in browser.requests if not r.startswith(("file:", "about:"))] == []
    assert browser.messages == [] and browser.errors == []
    assert browser.ask("document.querySelector('iframe').getBoundingClientRect().height") > 700
    assert browser.ask("getComputedStyle(document.body).maxWidth") == "none", "its styles stay in the frame"
    browser.picture(tmp_path / "n.png")


def test_the_browser_sees_faults(browser: Chromium, tmp_path: Path) -> None:
    """What the tests above look for would be seen."""
    bad = tmp_path / "bad.html"
    bad.write_text(
        "<!doctype html><title>x</title><img src='gone.png'><div style='width:3000px'>w</div><script>console.log('hm'); throw Error('no')</script>"
    )
    browser.open(bad)
    assert len(browser.requests) > 1 and browser.errors and any("hm" in m for m in browser.messages)
    assert browser.ask("document.documentElement.scrollWidth") > 1280 and browser.ask(CUT)
