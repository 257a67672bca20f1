"""The privacy unit in words: a table has rows, a column has values, and nobody says "each patients"."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from duckpaste.privacy.unit import Unit

PACKAGE = Path(__file__).resolve().parents[2] / "duckpaste"


@pytest.mark.parametrize(("info", "each", "bounded", "any_one"), [
    ({}, "each row", "each row", "any one row"),
    ({"unit": "row", "contributions": "1", "algorithm": "mst"}, "each row", "each row", "any one row"),
    ({"unit": "patient_id", "contributions": "4", "algorithm": "mst"}, "each value of patient_id",
     "each value of patient_id (at most 4 rows weigh)", "any one value of patient_id, with all its rows,"),
    ({"unit": "patient_id", "contributions": "1", "algorithm": "fast"}, "each value of patient_id",
     "each value of patient_id (at most 1 row weighs)", "any one value of patient_id, with all its rows,"),
    ({"unit": "patients", "contributions": "3", "algorithm": "mare"}, "each row of patients",
     "each row of patients and all that hangs on it (at most 3 rows of a table weigh)",
     "any one row of patients, and all that hangs on it,"),
    # A file from elsewhere may tell nonsense.
    ({"unit": "p", "contributions": "many", "algorithm": "?"}, "each value of p", "each value of p (at most 1 row weighs)",
     "any one value of p, with all its rows,"),
])  # fmt: skip
def test_words(info: dict[str, str], each: str, bounded: str, any_one: str) -> None:
    unit = Unit.told(info)
    assert (unit.each, unit.bounded, unit.any_one) == (each, bounded, any_one)
    assert unit.whole.startswith(each)


def test_what_a_fit_is_yet_to_choose_is_no_bound() -> None:
    unit = Unit("patients", 1, table=True, chosen=True)
    assert unit.bounded == (
        "each row of patients and all that hangs on it (how many rows of a table weigh is chosen by the fit)"
    )


def test_nobody_else_puts_the_unit_into_words() -> None:
    """ "for each {unit}" stands in one room only."""
    home_made = re.compile(r"\b(?:for|each|any one|one of) \{+ ?[\w.]*\bunit ?\}")
    assert home_made.search('f"for each {run.unit}"')
    files = [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.html")]
    wrong = [p.name for p in files if home_made.search(p.read_text(encoding="utf-8"))]
    assert wrong == ["report.html"]  # `c.unit` is told by this room
