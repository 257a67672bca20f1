"""The page: what stands on it, that all of it is escaped, that it is small and fetches nothing."""

from __future__ import annotations

import html.parser
import itertools
import re
from pathlib import Path

import pytest
from reportkit import TOLD, column, material, origin

from duckpaste.errors import UserError
from duckpaste.evaluate.evaluation import Evaluation
from duckpaste.evaluate.score import INTERNAL, REF, SYN, Score
from duckpaste.report.content import TablePlots, page
from duckpaste.report.findings import findings, headline, leaks, main_metric, weakest
from duckpaste.report.origin import Origin

EVIL = "<script>alert('x')</script><img src=x onerror=alert(1)>"


class Reader(html.parser.HTMLParser):
    """Tags, attributes and text of a page; fails on tags that don't match."""

    VOID = frozenset(("meta", "link", "br", "img", "input", "hr"))

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open and self._open.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


def test_the_page_tells_guarantee_scores_and_the_worst_first() -> None:
    text = Reader(page(material()).html).words()
    head = text[: text.index("Guarantee How close Weakest")]
    for wanted in (
        INTERNAL,
        "ε = 2",
        "δ = 1e-09",
        "each row of patients with all that hangs on it",
        "0.0330",
        "column 14",
        "column 13 × column 14",
        "None found",
    ):
        assert wanted in head, wanted
    assert "at most 7.4 times as likely" in text and "of one unit at most 40 rows of a table weigh" in text
    assert "together epsilon 2.9 at delta 1e-09" in text and "discover discrete gaussian 5 10,765" in text
    assert "age: min 0, max 120" in text and "Learned with noise instead, and paid for: ward" in text
    assert "Pairs of large tables are sampled." in text


def test_nothing_is_fetched_and_no_name_becomes_markup() -> None:
    names = [EVIL, "年齢", "x" * 200, 'a "b', "&amp;", "\u202eabc"]
    m = material(
        {EVIL: names, "kind": ["a", "b"]},
        view=EVIL,
        synthetic=EVIL,
        public=[EVIL],
        undeclared=[EVIL],
        origin=origin(run=EVIL, where=EVIL),
    )
    text = page(m).html
    read = Reader(text)
    assert not [
        t for t, _ in read.tags if t in ("script", "img", "iframe", "object", "embed", "base", "form")
    ]
    for _tag, attributes in read.tags:
        assert not [n for n in attributes if n.startswith("on")]
        for name in ("src", "href", "xlink:href"):
            assert (attributes.get(name) or "#").startswith(("#", "data:,"))
    assert not re.search(r"https?://|@import|url\(", text)
    assert EVIL in read.words()


def test_every_drawing_speaks_and_has_a_table_behind_it() -> None:
    read = Reader(page(material({"a": ["x", "y", "z"], "b": ["u", "v"]})).html)
    for tag, attributes in read.tags:
        if tag == "svg":
            assert attributes.get("aria-hidden") or (attributes["role"] == "img" and attributes["aria-label"])
    tags = [t for t, _ in read.tags]
    assert (
        tags.count("details") >= tags.count("figure") == 6 + 2 + 1 + 1
    )  # columns, heat maps, schema, children
    ids = [a["id"] for _, a in read.tags if "id" in a]
    assert len(ids) == len(set(ids))
    assert {a["href"][1:] for t, a in read.tags if t == "a" and a["href"]} <= set(ids)
    levels = [int(t[1]) for t in tags if re.fullmatch("h[1-6]", t)]
    assert levels.count(1) == 1 and all(b <= a + 1 for a, b in itertools.pairwise(levels))


def test_size() -> None:
    assert len(page(material()).html.encode()) < 500_000
    wide = {f"table number {i}": [f"a column called {j}" for j in range(20)] for i in range(10)}
    assert len(page(material(wide)).html.encode()) < 2_000_000


def test_a_file_without_origin_promises_nothing() -> None:
    text = Reader(page(material(origin=Origin({}, missing="duckpaste did not make it."))).html).words()
    assert "ε" not in text and "nothing is promised" in text and "duckpaste did not make it." in text
    text = Reader(page(material(origin=origin(epsilon="inf"))).html).words()
    assert "NOT PRIVATE" in text and "ε =" not in text
    assert Origin({**TOLD, "epsilon": "nonsense"}).private is False


def test_an_evaluation_without_scores_still_has_a_page() -> None:
    text = Reader(page(material(evaluation=Evaluation("r"))).html).words()
    assert "No score was computed." in text and "Not run" in text and "There is no yardstick" in text


def test_a_column_without_scores_or_values_still_has_a_card() -> None:
    bare = column("bare")
    m = material(tables=[TablePlots("t", {"real": 1}, [bare])])
    assert "bare" in Reader(page(m).html).words()


def test_leaks_are_those_that_the_tests_told() -> None:
    found = [
        Score("copies", "t", (), SYN, 0.2),
        Score("copies", "t", (), REF, 0.01),
        Score("dcr", "t", ("a",), SYN, 0.1),
    ]
    m = material(more=found)
    m.evaluation.facts = {**m.evaluation.facts, "privacy": [
        {"metric": "copies", "table": "t", "columns": [], "value": 0.2, "ref": 0.01, "error": 0.01, "leak": True},
        {"metric": "dcr", "table": "t", "columns": ["a"], "value": 0.1, "ref": 0.5, "error": 0.01, "leak": True},
        {"metric": "copies", "table": "clinic", "columns": [], "value": 0.001, "ref": 0.002, "error": 0.01, "leak": False},
    ]}  # fmt: skip
    assert [f.metric for f in leaks(findings(m.evaluation, "privacy"))] == ["copies", "dcr"]
    text = Reader(page(m).html).words()
    assert "2 found" in text and "None found" not in text
    assert "a leak: beyond honest rows" in text and "like honest rows" in text
    assert not leaks(findings(material().evaluation, "privacy"))


def test_findings_are_ordered_and_beside_their_yardstick() -> None:
    found = findings(material().evaluation, "fidelity")
    assert main_metric(found, 1) == "tv1" and main_metric(found, 2) == "tv2" and main_metric(found, 3) is None
    worst = weakest(found, 1, 3)
    assert [f.where for f in worst] == ["column 14", "column 13", "column 12"]
    assert worst[0].ratio == pytest.approx(2.4) and worst[0].verdict() == "2.4 × the yardstick"
    head = headline(found)
    assert head and (head.metric, head.value, head.yardstick) == ("tv2", 0.033, 0.02)
    several = headline(findings(material({"a": ["x", "y"], "b": ["u", "v"]}).evaluation, "fidelity"))
    assert several and several.table == "mean of 2 tables" and several.value == pytest.approx(0.033)
    assert next(f for f in found if f.metric == "kl_norm1").ratio is None


def test_a_page_is_written_and_framed(tmp_path: Path) -> None:
    made = page(material({"t": ["a", "b"]}))
    path = made.to_html(tmp_path / "report.html")
    assert path.read_text(encoding="utf-8") == made.html
    frame = made._repr_html_()
    assert frame.startswith("<iframe srcdoc=") and "<script" not in frame and "&lt;!doctype html&gt;" in frame
    with pytest.raises(UserError, match="no such folder"):
        made.to_html(tmp_path / "gone" / "report.html")
