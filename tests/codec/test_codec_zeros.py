"""Rules under `zeros` become masks over codes; what is wrong with them is told in the words of the view."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from testkit import category, fitted, number, put, ready

from duckpaste.codec import make
from duckpaste.codec.base import Codec, WantValues
from duckpaste.codec.zeros import faults_of, zeros_of
from duckpaste.db import Db
from duckpaste.errors import Faults
from duckpaste.schema.view import Field, Table

SCHOOL = category("school", ["low", "middle", "high"])
YEARS = Field("years", "ordinal", nullable=True, options={"values": [5, 9, 13]})
OPEN = Field("open", "boolean", sql_type="BOOLEAN")
FOUND = category("found")
NUMBER = number("n", 0, 100)


def codecs(*fields: Field) -> list[Codec]:
    return [make(f) for f in fields]


def table(*rules: dict[str, Any], fields: tuple[Field, ...] = (SCHOOL, YEARS, OPEN, FOUND, NUMBER)) -> Table:
    return Table("t", fields, options={"zeros": rules})


def mask(rule: dict[str, Any], *fields: Field) -> list[list[int]]:
    fields = fields or (SCHOOL, YEARS, OPEN)
    (made,) = zeros_of(table(rule), codecs(*fields))
    out: list[list[int]] = made.possible.astype(int).tolist()
    return out


def test_invalid() -> None:
    """Codes of `years`: NULL, 5, 9, 13."""
    rule = {"columns": ["school", "years"], "invalid": [["low", 13], ["high", [5, 9]], ["middle", None]]}
    assert mask(rule) == [[1, 1, 1, 0], [0, 1, 1, 1], [1, 0, 0, 1]]


def test_valid_leaves_null_free() -> None:
    rule = {"columns": ["school", "years"], "valid": [["low", 5], [["middle", "high"], 13]]}
    assert mask(rule) == [[1, 1, 0, 0], [1, 0, 0, 1], [1, 0, 0, 1]]


def test_functional_leaves_free_what_it_does_not_name() -> None:
    rule = {"columns": ["school", "years"], "functional": {"low": 5, "high": [9, 13]}}
    assert mask(rule) == [[1, 1, 0, 0], [1, 1, 1, 1], [1, 0, 1, 1]]


def test_axes_follow_the_columns_of_the_table_and_switches_are_values() -> None:
    rule = {"columns": ["open", "school"], "invalid": [[True, "low"]]}
    (made,) = zeros_of(table(rule), codecs(SCHOOL, YEARS, OPEN))
    assert made.clique == ("school", "open") and made.possible.tolist() == [
        [True, False],
        [True, True],
        [True, True],
    ]


def test_what_is_not_declared_stays_free() -> None:
    rest = category("school", ["low", "high"], unknown="?")
    assert mask({"columns": ["school"], "valid": [["low"]]}, rest) == [1, 0, 1]  # type: ignore[comparison-overlap]


def test_values_that_were_not_discovered_have_no_cells() -> None:
    rule = {"columns": ["found", "school"], "invalid": [["x", "low"], ["y", "low"]]}
    made = codecs(SCHOOL, FOUND)
    assert faults_of(table(rule), made) == []
    made[1].learn(WantValues("found.values", ""), ["x", "z"])
    (zeros,) = zeros_of(table(rule), made)
    assert zeros.clique == ("school", "found") and np.argwhere(~zeros.possible).tolist() == [[0, 0]]


@pytest.mark.parametrize(("rule", "message"), [
    ({"columns": ["school", "years"]}, "one of invalid, valid and functional"),
    ({"columns": ["school"], "valid": [["low"]], "invalid": [["low"]]}, "one of invalid, valid and functional"),
    ({"columns": ["school", "school"], "invalid": [["low", "low"]]}, "once each"),
    ({"columns": ["scool"], "invalid": [["low"]]}, "models no column 'scool'.*school"),
    ({"columns": ["n", "school"], "invalid": [[1, "low"]]}, "'n' is numerical.*rules"),
    ({"columns": ["school", "years"], "invalid": [["low"]]}, "one value for each"),
    ({"columns": ["school", "years"], "invalid": [["lo", 5]]}, "no value 'lo'.*low"),
    ({"columns": ["school", "years", "open"], "functional": {"low": 5}}, "two columns"),
    ({"columns": ["school", "years"], "functional": {"low": 6}}, "no value 6"),
    ({"columns": ["school"], "invalid": [[["low", "middle", "high"]]]}, "leaves no combination"),
])  # fmt: skip
def test_faults(rule: dict[str, Any], message: str) -> None:
    import re

    (fault,) = faults_of(table(rule), codecs(SCHOOL, YEARS, OPEN, FOUND, NUMBER))
    assert re.search(message, str(fault)) and "t.zeros, rule 1" in fault.where


@pytest.mark.parametrize("algorithm", ["fast", "mst", "privbayes", "independent"])
def test_from_the_view_to_the_rows(algorithm: str) -> None:
    """Noise that would make every combination makes none that is forbidden; the doors carry the rules."""
    rng = np.random.default_rng(0)
    db = Db.open(settings={"threads": 1})
    code = rng.integers(0, 3, 5000)
    put(db, "t", {"school": np.array(["low", "middle", "high"])[code], "years": np.array([5, 9, 13])[code]},
        {"school": "varchar", "years": "integer"})  # fmt: skip
    rule = {"columns": ["school", "years"], "functional": {"low": 5, "middle": 9, "high": 13}}
    years = Field("years", "ordinal", options={"values": [5, 9, 13]})
    model = fitted(db, Table("t", (SCHOOL, years), options={"zeros": [rule]}), algorithm, epsilon=0.2)
    rows = model.tables[0].network.sample(2000, np.random.default_rng(0))
    assert np.array_equal(rows["school"], rows["years"]) and len(set(rows["school"].tolist())) > 1


def test_faults_are_told_before_anything_is_read() -> None:
    db = Db.open()
    put(db, "t", {"school": ["low"]}, {"school": "varchar"})
    with pytest.raises(Faults, match="no value 'nowhere'"):
        ready(db, table({"columns": ["school"], "invalid": [["nowhere"]]}, fields=(SCHOOL,)))
