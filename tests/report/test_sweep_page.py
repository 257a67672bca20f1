"""The page of many runs: every series and value in its place, repeated runs as a mean with a spread, words and infinity too."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_page import Reader

from duckpaste.errors import UserError
from duckpaste.evaluate.score import INTERNAL, REF, SYN, Score
from duckpaste.report import curves
from duckpaste.report.curves import Curve, axis
from duckpaste.report.sweep import Point, sweep

EVIL = "<script>alert(1)</script>"


def points(metric: str = "tv2", table: str = "adult") -> list[Point]:
    """Two series at four budgets, twice each: 0.1 / epsilon + 0.01, times two for the second; the yardstick is 0.02."""
    found = []
    for factor, series in ((1, "mst"), (2, EVIL)):
        for epsilon in (0.1, 1.0, 10.0, math.inf):
            for shift in (-0.001, 0.001):
                value = factor * (0.01 + 0.1 / epsilon) + shift
                found.append(Point(series, epsilon, Score(metric, table, (), SYN, value)))
            found.append(Point(series, epsilon, Score(metric, table, (), REF, 0.02)))
    return found


def test_the_page_has_every_metric_series_and_value() -> None:
    more = [
        Point("mst", 1.0, Score("tv2", "adult", ("a", "b"), SYN, 0.7)),
        Point("mst", 1.0, Score("odd", "adult", (), SYN, math.nan)),
    ]
    made = sweep([*points("kl_norm2"), *points("tv3"), *points("tv2"), *more], title=EVIL, notes=[EVIL]).html
    read = Reader(made)
    text = read.words()
    assert INTERNAL in text and text.index("tv2") < text.index("tv3") < text.index("kl_norm2")
    assert "0.1 1.0100 2.0200 0.0200" in text and "∞ 0.0100 0.0200 0.0200" in text, (
        "the table behind the drawing"
    )
    assert (
        "higher is better" in text
        and "lower is better" in text
        and "odd" not in text
        and "0.7000" not in text
    )
    assert not [t for t, _ in read.tags if t in ("script", "img")] and not re.search(r"https?://|url\(", made)
    labels = [a["aria-label"] or "" for t, a in read.tags if t == "svg" and a.get("aria-label")]
    assert any("mst is lowest, 0.0100, at ∞" in label and "yardstick 0.0200" in label for label in labels)


def test_points_stand_where_they_should() -> None:
    line = Curve("mst", {0.1: (0.4, 0.3, 0.5), 1.0: (0.2, 0.2, 0.2), 10.0: (0.1, 0.1, 0.1)})
    svg = ET.fromstring(str(curves.draw([line], {0.1: 0.05, 1.0: 0.05, 10.0: 0.05}, "tv2", "epsilon")))
    ways = {e.get("class"): e.get("d", "") for e in svg.iter("path")}
    (x0, y0), (x1, y1), (x2, y2) = [tuple(map(float, p.split())) for p in ways["line"][1:].split("L")]
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.2), "powers of ten stand equally far apart"
    yard = float(ways["yard"][1:].split("L")[0].split()[1])
    assert (yard - y0) / (yard - y1) == pytest.approx(0.35 / 0.15, rel=0.02) and y2 < yard
    assert "spread" in ways and len([e for e in svg.iter("path") if e.get("class") == "spread"]) == 1


def test_a_parameter_may_be_a_word() -> None:
    found = [Point("a", word, Score("tv1", "t", (), SYN, 0.1)) for word in ("tree", EVIL, "all")]
    text = Reader(sweep(found, title="t", parameter="alg.model").html).words()
    assert "tree" in text and "alg.model" in text and "yardstick" in text


@given(st.lists(st.floats(1e-6, 1e6) | st.just(math.inf) | st.text(max_size=5), min_size=1, max_size=12))
def test_every_value_has_a_place_of_its_own_in_order(values: list[float | str]) -> None:
    found = axis(values)
    assert set(found) == set(values) and all(0 <= x <= 1 + 1e-9 for x in found.values())
    numbers = sorted(v for v in found if isinstance(v, float))
    assert [found[v] for v in numbers] == sorted(found[v] for v in numbers)
    words = [found[v] for v in found if isinstance(v, str)]
    assert not words or not numbers or min(words) >= max(found[v] for v in numbers)
    ET.fromstring(str(curves.draw([Curve(EVIL, dict.fromkeys(values, (0.1, 0.1, 0.1)))], {}, EVIL, EVIL)))


def test_nothing_to_draw_is_told() -> None:
    with pytest.raises(UserError, match="no scores of whole tables"):
        sweep([Point("a", 1.0, Score("tv1", "t", ("c",), SYN, 0.1))], title="t")
