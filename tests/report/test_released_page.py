"""The page that may be published: only for released scores, with their noise, and with nothing exact on it."""

from __future__ import annotations

import pytest
from reportkit import METRICS, TOLD, material, scores
from test_page import Reader

from duckpaste.errors import UserError
from duckpaste.evaluate.evaluation import Evaluation
from duckpaste.evaluate.score import INTERNAL
from duckpaste.report.released import page

EVIL = "<script>alert(1)</script>"


def released(**changes: object) -> Evaluation:
    facts = {
        "stamp": "may be published: every score was released with noise; epsilon 0.5, delta 1e-09 for each row; run abc of the ledger",
        "released": True, "view": EVIL, "synthetic": "synthetic.duckdb", "provenance": TOLD, "created": "2026-01-02T00:00:00",
        "yardstick": "chance", "tables": {"people": {"wrk": 1003, "syn": 990}}, "noise": {"tv1": {"people": 0.002}, "tv2": {"people": 0.002}},
        "epsilon": 0.5, "delta": 1e-9, "run": "abc", "notes": ["bins are made from the synthetic rows"], "metrics": METRICS,
    }  # fmt: skip
    return Evaluation("0123456789ab", scores({"people": ["age", EVIL, "sex"]}), {**facts, **changes})


def test_it_tells_both_guarantees_and_what_they_are_together() -> None:
    text = Reader(page(released()).html).words()
    assert (
        text.index("may be published") < text.rindex("what the synthetic data is worth")
        and INTERNAL not in text
    )
    for wanted in ("ε = 2 δ = 1e-09", "ε = 0.5 δ = 1e-09", "at most epsilon 2.5 at delta 2e-09", "Run abc of the ledger", "about 1,003",
                   "0.0120 ± 0.0040", "Bins are made from the synthetic rows."):  # fmt: skip
        assert wanted in text, wanted


def test_a_score_within_its_noise_of_chance_is_as_good() -> None:
    text = Reader(page(released()).html).words()
    assert "age 0.0100 ± 0.0040 0.0100 like an honest sample" in text
    assert "sex 0.0120 ± 0.0040 0.0100 like an honest sample" in text, (
        "0.012 is 1.2 times 0.010, and within the noise"
    )
    assert "1.2 × the yardstick" in Reader(page(released(noise={})).html).words()


def test_exact_scores_are_never_put_on_it() -> None:
    with pytest.raises(UserError, match="not released"):
        page(material().evaluation)


def test_without_noise_it_says_so() -> None:
    read = Reader(page(released(epsilon=float("inf"), stamp="may be published: NOT PRIVATE")).html)
    assert read.words().count("NOT PRIVATE") >= 2 and "at most epsilon" not in read.words()
    stamps = [a["class"] for _, a in read.tags if (a.get("class") or "").startswith("stamp")]
    assert stamps == ["stamp"], "it is not dressed as one that may be published"
    assert [
        a["class"]
        for _, a in Reader(page(released()).html).tags
        if (a.get("class") or "").startswith("stamp")
    ] == ["stamp open"]


def test_nothing_is_fetched_and_no_name_becomes_markup() -> None:
    read = Reader(page(released()).html)
    assert not [t for t, _ in read.tags if t in ("script", "img", "iframe")] and EVIL in read.words()
    ids = [a["id"] for _, a in read.tags if "id" in a]
    assert len(ids) == len(set(ids))
