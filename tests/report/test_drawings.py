"""Drawings: well-formed, escaped, in proportion, and never wider than their paper."""

from __future__ import annotations

import datetime as dt
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duckpaste.report import charts, family, heat, scale, words
from duckpaste.report.family import Box, Link
from duckpaste.report.plot import HELD, REAL, SYNTHETIC, Plot

EVIL = [
    "<script>alert(1)</script>",
    "a & b",
    'say "hi"',
    "x" * 200,
    "年齢と性別の長い名前" * 6,
    "",
    "\x00\x1b[0m\u202e",
    "é̂̃",
]


def parsed(svg: object) -> ET.Element:
    """The drawing as XML: fails when anything is not escaped."""
    return ET.fromstring(str(svg))


def boxes(svg: ET.Element, kind: str) -> list[dict[str, float]]:
    found = [e for e in svg.iter("rect") if kind in (e.get("class") or "").split()]
    return [{k: float(e.get(k, 0)) for k in ("x", "y", "width", "height")} for e in found]


def within(svg: ET.Element) -> None:
    """No rectangle and no text begins or ends outside the paper."""
    _, _, wide, high = map(float, svg.get("viewBox", "").split())
    for e in svg.iter("rect"):
        x, y = float(e.get("x", 0)), float(e.get("y", 0))
        assert x >= -0.1 and y >= -0.1 and x + float(e.get("width", 0)) <= wide + 0.2, ET.tostring(e)
        assert y + float(e.get("height", 0)) <= high + 0.2
    for e in svg.iter("text"):
        if e.get("transform"):
            continue
        text = "".join(e.itertext()) if e.find("title") is None else (e.find("title").tail or "")  # type: ignore[union-attr]
        size = words.width(text, 11)
        x, anchor = float(e.get("x", 0)), e.get("text-anchor", "start")
        left = x - {"start": 0, "middle": size / 2, "end": size}[anchor]
        assert left >= -6 and left + size <= wide + 6, text


def test_bars_are_in_proportion_and_name_every_value() -> None:
    plot = Plot("bars", "value", ["a", "b"], {REAL: [0.5, 0.25], SYNTHETIC: [0.25, 0.75], HELD: [0.1, 0.0]})
    svg = parsed(charts.draw(plot, "x"))
    real, made = boxes(svg, "real"), boxes(svg, "synthetic")
    assert real[0]["width"] / real[1]["width"] == pytest.approx(2, rel=0.01)
    assert made[1]["width"] / real[0]["width"] == pytest.approx(1.5, rel=0.01)
    assert len([e for e in svg.iter("path") if e.get("class") == "held-tick"]) == 2
    assert "differ most at b" in svg.get("aria-label", "")
    assert next(e.text for e in svg.iter("title")) == "a: 50.0 % real, 25.0 % synthetic, 10.0 % held-out"


def test_steps_reach_as_high_as_their_share() -> None:
    plot = Plot(
        "steps",
        "v",
        ["1", "2", "3"],
        {REAL: [0.2, 0.4, 0.4], SYNTHETIC: [0.0, 0.8, 0.2]},
        [(0.0, "1"), (3.0, "4")],
    )
    svg = parsed(charts.draw(plot, "x"))
    ways = {e.get("class"): e.get("d", "") for e in svg.iter("path")}
    levels = [float(y) for y in re.findall(r"V([\d.]+)", ways["synthetic-line"])]
    heights = sorted({round(levels[-1] - y, 1) for y in levels})
    assert heights[0] == 0 and heights[-1] / heights[1] == pytest.approx(4, rel=0.02)
    assert ways["real"].endswith("Z") and not ways["synthetic-line"].endswith("Z")


@given(st.lists(st.sampled_from(EVIL) | st.text(max_size=40), min_size=1, max_size=13), st.integers(0, 9))
def test_any_label_is_escaped_and_stays_on_the_paper(labels: list[str], seed: int) -> None:
    shares = [(i * 7 + seed) % 11 / 40 for i in range(len(labels))]
    for kind in ("bars", "steps"):
        ticks = [(float(i), label[:12]) for i, label in enumerate(labels)]
        plot = Plot(kind, labels[0], labels, {REAL: shares, SYNTHETIC: shares[::-1]}, ticks)
        within(parsed(charts.draw(plot, labels[-1])))


def test_a_heat_map_has_a_cell_a_pair_darkest_for_the_worst() -> None:
    names = ["a", EVIL[0], "c" * 200]
    values = {("a", EVIL[0]): 0.1, ("c" * 200, "a"): 0.4, (EVIL[0], "c" * 200): 0.0}
    svg = parsed(heat.heat(names, values, "pairs", {("a", EVIL[0]): 0.05}))
    cells = [e for e in svg.iter("path") if e.find("title") is not None]
    shade = {e.find("title").text: float(e.get("opacity", 0)) for e in cells}  # type: ignore[union-attr]
    assert len(cells) == 3 and shade[f"a × {'c' * 200}: 0.4000"] == 1.0
    assert shade[f"a × {EVIL[0]}: 0.1000 (yardstick 0.0500)"] == 0.25
    within(svg)


def test_wide_tables_show_their_worst_columns() -> None:
    names = [f"c{i}" for i in range(100)]
    values = {(names[i], names[i + 1]): i / 100 for i in range(99)}
    kept = heat.chosen(names, values)
    assert len(kept) == heat.MOST and kept == sorted(kept, key=names.index)
    assert "c99" in kept and "c3" not in kept


def test_the_schema_puts_parents_to_the_left_and_draws_every_key() -> None:
    tables = [
        Box(
            "stays",
            10,
            12,
            ("id",),
            [Link(("patient",), "patients", ("id",), owner=True), Link(("w",), "wards", ("w",))],
        ),
        Box("patients", 4, 5, ("id",), [Link(("mother",), "patients", ("id",))], role="unit"),
        Box("wards", 3, 3, ("w",), role="public"),
        Box(EVIL[3], None, None, (), [Link(("a", "b"), "stays", ("x", "y"), owner=True)]),
    ]
    assert family.depths(tables) == {"stays": 1, "patients": 0, "wards": 0, EVIL[3]: 2}
    svg = parsed(family.draw(tables))
    assert len([e for e in svg.iter("path") if "edge" in (e.get("class") or "")]) == 4
    drawn = boxes(svg, "box")
    for i, a in enumerate(drawn):
        for b in drawn[i + 1 :]:
            apart = (
                a["x"] + a["width"] <= b["x"]
                or b["x"] + b["width"] <= a["x"]
                or a["y"] + a["height"] <= b["y"]
                or b["y"] + b["height"] <= a["y"]
            )
            assert apart, "boxes overlap"
    within(svg)


def test_tables_in_a_circle_have_a_depth() -> None:
    circle = [
        Box("a", links=[Link(("b",), "b", ("i",))]),
        Box("b", links=[Link(("a",), "a", ("i",))]),
        Box("c", links=[Link(("x",), "gone", ("i",))]),
    ]
    assert set(family.depths(circle)) == {"a", "b", "c"}
    parsed(family.draw(circle))
    parsed(family.draw([]))


@given(st.floats(-1e12, 1e12), st.floats(0, 1e12), st.booleans())
def test_number_bins_cover_the_range_in_few_equal_steps(low: float, span: float, whole: bool) -> None:
    if whole:
        low, span = float(int(low)), float(int(span))
    if span and span < max(abs(low) * 1e-9, 1e-300):
        return  # finer than a label can tell
    bins = scale.number_bins(low, low + span, 24, integer=whole)
    assert bins.edges == sorted(set(bins.edges)) and 2 <= len(bins.edges) <= 28
    slack = 1e-6 * max(abs(low), span, 1)
    assert bins.edges[0] <= low + slack and bins.edges[-1] > low + span - slack
    assert len(bins.intervals()) == len(bins.edges) - 1


@given(st.dates(), st.integers(0, 800_000))
def test_date_bins_cover_the_range(first: dt.date, days: int) -> None:
    low = (first - dt.date(1970, 1, 1)).days
    high = min(low + days, (dt.date(9600, 1, 1) - dt.date(1970, 1, 1)).days)
    if high < low:
        return
    bins = scale.date_bins(float(low), float(high))
    assert bins.edges == sorted(set(bins.edges)) and 2 <= len(bins.edges) <= 40
    assert bins.edges[0] <= low and bins.edges[-1] > high
    assert len(set(bins.intervals())) == len(bins.edges) - 1


def test_words() -> None:
    assert [words.share(v) for v in (0, 0.000_01, 0.001, 0.5, 1)] == [
        "0 %",
        "<0.01 %",
        "0.10 %",
        "50.0 %",
        "100.0 %",
    ]
    assert [words.number(v) for v in (1e6, 0.01234, float("inf"), float("nan"), -3)] == [
        "1,000,000",
        "0.0123",
        "∞",
        "–",
        "−3",
    ]
    assert words.clip("short", 100) == "short"
    assert words.clip("a long name that has no room", 60).endswith("…")
    assert words.width(words.clip("名" * 50, 80)) <= 80
    assert words.many(1, "table") == "1 table" and words.many(2000, "run") == "2,000 runs"
    assert words.sentence("mean of x") == "Mean of x."
