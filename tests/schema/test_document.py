"""YAML with line numbers: values as people mean them, and every broken file in one clear line."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duckpaste.errors import Faults, UserError
from duckpaste.schema import document


def data(text: str) -> object:
    return document.parse(text, "v/fields.yml").data


def test_keys_are_text_whatever_they_look_like() -> None:
    assert data("on: 1\nno: 2\n2020: 3\nnull: 4\n1.5: 5\n2020-01-01: 6") == {
        "on": 1, "no": 2, "2020": 3, "null": 4, "1.5": 5, "2020-01-01": 6,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-9", 1e-9), ("1_000", 1000), ("-3", -3), ("0", 0), ("0x1F", 31), (".5", 0.5), ("1.", 1.0),
        ("010", "010"), ("12:30", "12:30"), ("12:30:00", "12:30:00"), ("yes", True), ("False", False),
        ("~", None), ("", None), ("null", None), (".inf", float("inf")), ("e9", "e9"), ("1e", "1e"),
        ("2020-01-02", dt.date(2020, 1, 2)), ("2020-01-02 03:04:05", dt.datetime(2020, 1, 2, 3, 4, 5)),
        ("'1'", "1"), ("1.2.3", "1.2.3"),
    ],
)  # fmt: skip
def test_plain_values(text: str, value: object) -> None:
    assert data(f"a: {text}") == {"a": value}


def test_values_of_categories_keep_their_spelling() -> None:
    text = "values: [no, 01, 1.50, 12E4, true, 1, 1.5, 2020-01-01, null, a]\nunknown: off\n"
    found = data(text)
    assert isinstance(found, dict)
    assert found["values"] == ["no", "01", "1.50", "12E4", "true", 1, 1.5, dt.date(2020, 1, 1), None, "a"]
    assert found["unknown"] == "off"
    assert data("values:\n  nullable: yes") == {"values": {"nullable": True}}


def test_lines() -> None:
    text = "# a comment\ntables:\n\n  a:\n    fields:\n      x: id\n      y:\n        values:\n"
    text += "          - 1\n          - 2\n"
    found = document.parse(text, "f")
    assert str(found.place("tables", "a", "fields", "x")) == "f:6"
    assert found.place("tables", "a", "fields", "y", "values", 1).line == 10
    assert found.place("tables", "a", "fields", "y", "nothing", "there").line == 7
    assert found.place("nothing").line == 2


def test_anchors_and_merges() -> None:
    text = "_x: &x {type: categorical, values: [a]}\nb: {<<: *x, nullable: true, type: ordinal}\nc: *x\n"
    found = data(text)
    assert isinstance(found, dict)
    assert found["b"] == {"type": "ordinal", "values": ["a"], "nullable": True}
    assert found["c"] == found["_x"]


def test_all_repeated_keys_are_told_with_both_lines() -> None:
    with pytest.raises(Faults) as caught:
        data("a: 1\nb: {x: 1, x: 2}\na: 3\n")
    assert [str(f) for f in caught.value.faults] == [
        "v/fields.yml:2: the key 'x' stands already in line 2; keep one",
        "v/fields.yml:3: the key 'a' stands already in line 1; keep one",
    ]


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("a: [1, 2", 2, "not valid YAML"),
        ("a: b: c", 1, "mapping values are not allowed"),
        ("a:\n\t- b", 2, "a tab"),
        ("a: 1\n---\nb: 2", 2, "several documents"),
        ("a: 'x", 2, "not valid YAML"),
        ("a: @x", 1, "not valid YAML"),
        ("a: \x07", 1, "a character"),
        ("a: *x", 1, "undefined alias"),
        ("a: !!python/object:os.system x", 1, "not a "),
        ("a: !secret x", 1, "the tag !secret is unknown"),
        ("a: 2020-13-45", 1, "no such day or time"),
        ("a: &a [*a]", 1, "refers to itself"),
        ("? [a, b]\n: 1", 1, "a key must be text"),
    ],
)
def test_broken_files_are_one_line_each(text: str, line: int, what: str) -> None:
    with pytest.raises(UserError) as caught:
        data(text)
    told = str(caught.value)
    assert what in told and "\n" not in told
    assert told.startswith((f"v/fields.yml:{line}", f"v/fields.yml:{line - 1}")), told


def test_aliases_cannot_blow_up() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    with pytest.raises(UserError, match="too large"):
        data("\n".join(lines))


def test_files(tmp_path: Path) -> None:
    folder = tmp_path / "clinic"
    folder.mkdir()
    path = folder / "fields.yml"
    path.write_bytes("\ufefftables: {名前: {}}\r\n".encode())
    found = document.read(path)
    assert (found.file, found.data) == ("clinic/fields.yml", {"tables": {"名前": {}}})
    path.write_bytes(b"a: \xff")
    with pytest.raises(UserError, match="UTF-8"):
        document.read(path)
    with pytest.raises(UserError, match="no such file"):
        document.read(folder / "other.yml")
    path.write_text("")
    assert document.read(path).data is None


@given(st.text(max_size=60))
def test_no_text_is_a_traceback(text: str) -> None:
    try:
        data(text)
    except UserError as error:
        assert error.faults


@pytest.mark.parametrize("text", [
    "{type: numerical?, min: 0}", "{id: id, age: numerical?}", "{age: numerical?|20, sex: categorical?}",
    "{a: {type: date?}, 'odd name': text?}",
])  # fmt: skip
def test_a_question_mark_needs_no_quotes_in_braces(text: str) -> None:
    """What people write first; YAML itself takes the ? for the beginning of a key."""
    quoted = re.sub(r"([a-z]+\?[|\d]*)", r'"\1"', text)
    assert data(f"fields: {text}") == data(f"fields: {quoted}") != {}
