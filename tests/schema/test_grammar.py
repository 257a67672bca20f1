"""The grammar of fields: what Pasteur's users write, what duckpaste adds, and every way to get it wrong."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duckpaste.errors import Faults
from duckpaste.schema import grammar, options, validation
from duckpaste.schema.view import KINDS, Field, Place


def read(spec: Any) -> Field:
    return grammar.read("x", spec)


def faults(spec: Any) -> list[str]:
    with pytest.raises(Faults) as caught:
        read(spec)
    return [str(f) for f in caught.value.faults]


@pytest.mark.parametrize(
    ("text", "kind", "nullable", "refs", "expected"),
    [
        ("numerical", "numerical", False, (), {}),
        ("numerical?", "numerical", True, (), {}),
        ("numerical|32", "numerical", False, (), {"bins": 32}),
        ("categorical?|UKN", "categorical", True, (), {"unknown": "UKN"}),
        ("categorical|ukn?", "categorical", True, (), {"unknown": "ukn"}),
        ("ordinal|none", "ordinal", False, (), {"unknown": "none"}),
        ("date?:birth_year", "date", True, ("birth_year",), {}),
        ("date|week:patients.birth", "date", False, ("patients.birth",), {"span": "week"}),
        ("datetime?|day.hour:admittime", "datetime", True, ("admittime",), {"span": "day.hour"}),
        ("datetime|day.hour:admittime?", "datetime", True, ("admittime",), {"span": "day.hour"}),
        ("datetime|day.hour:a.b, c", "datetime", False, ("a.b", "c"), {"span": "day.hour"}),
        ("time|halfhour", "time", False, (), {"span": "halfhour"}),
        ("fixed|date", "fixed", False, (), {"dtype": "date"}),
        ("id", "id", False, (), {}),
        ("id:patients.subject_id", "id", False, ("patients.subject_id",), {}),
        ("id?:patients", "id", True, ("patients",), {}),
        ("boolean?", "boolean", True, (), {}),
        ("uuid", "uuid", False, (), {}),
        ("seq?", "seq", True, (), {}),
        ("ignore", "ignore", False, (), {}),
        ("text?", "text", True, (), {}),
        (r"text|[a-z]?\d{2}:(a|b)", "text", False, (), {"regex": r"[a-z]?\d{2}:(a|b)"}),
        (r"text?|\w+", "text", True, (), {"regex": r"\w+"}),
    ],
)
def test_short_form(
    text: str, kind: str, nullable: bool, refs: tuple[str, ...], expected: dict[str, Any]
) -> None:
    field = read(text)
    assert (field.kind, field.nullable, field.refs, dict(field.options)) == (kind, nullable, refs, expected)


def test_long_form_says_the_same_as_the_short_one() -> None:
    short = read("datetime?|day.hour:admissions.admittime")
    for spec in (
        {"type": "datetime", "nullable": True, "span": "day.hour", "ref": "admissions.admittime"},
        {"type": "datetime?|day.hour", "refs": ["admissions.admittime"]},
        {"type": "datetime?", "span": "day.hour", "ref": {"table": "admissions", "col": "admittime"}},
        {"type": "datetime?|week.hour:b", "span": "day.hour", "ref": "admissions.admittime"},
    ):
        assert read(spec) == short


def test_options_without_a_value_are_absent_and_aliases_take_their_name() -> None:
    field = read({"type": "numerical", "min": 0, "max": None, "y_log": True})
    assert dict(field.options) == {"min": 0, "y_log": True}
    assert read({"type": "categorical", "unknown_value": "?"}).option("unknown") == "?"
    assert read({"type": "categorical", "description": "a word"}).comment == "a word"


def test_sequences_keep_their_inner_types_validated() -> None:
    spec = {
        "type": "seq",
        "ref": "patients.birth_year",
        "order": 2,
        "max_len": 10,
        "ctx": {"type": "datetime", "span": "year.hour", "max_len": 99, "bins": 32},
        "seq": "datetime?|year.hour",
    }
    field = read(spec)
    nested = {
        "type": "datetime",
        "nullable": False,
        "refs": (),
        "span": "year.hour",
        "max_len": 99,
        "bins": 32,
    }
    assert field.option("ctx") == nested
    inner = grammar.inner(field, "seq")
    assert inner is not None
    assert (inner.name, inner.kind, inner.nullable, dict(inner.options)) == (
        "x",
        "datetime",
        True,
        {"span": "year.hour"},
    )
    assert grammar.inner(read("seq"), "seq") is None
    assert "unknown span 'year.hours'" in faults({"type": "seq", "seq": "datetime|year.hours"})[0]
    assert "cannot stand inside" in faults({"type": "seq", "ctx": "seq"})[0]


def test_dates_become_python_objects() -> None:
    field = read({"type": "date", "min": "1990-02-01", "max": 2020})
    assert (field.option("min"), field.option("max")) == (dt.date(1990, 2, 1), dt.date(2020, 12, 31))
    field = read({"type": "datetime", "min": dt.date(1990, 2, 1), "max": dt.date(2020, 1, 1)})
    assert field.option("min") == dt.datetime(1990, 2, 1)
    assert field.option("max") == dt.datetime(2020, 1, 1, 23, 59, 59, 999999)
    assert "not a date" in faults({"type": "date", "min": "yesterday"})[0]


@pytest.mark.parametrize(
    ("spec", "what", "remedy"),
    [
        ("numercal", "unknown type 'numercal'", "did you mean 'numerical'?"),
        ("", "has no type", "known types"),
        (None, "has no type", "known types"),
        ({"bins": 3}, "has no type", "known types"),
        ("id|3", "takes nothing after '|'", "long form"),
        ("datetime|day.hours", "unknown span 'day.hours'", "did you mean 'day.hour'?"),
        ("datetime|century", "unknown span 'century'", "<date>.<time>"),
        ("time|hourly", "unknown span 'hourly'", "did you mean 'hour'?"),
        ("fixed|dat", "dtype is 'dat'", "did you mean 'date'?"),
        ("numerical|many", "'many' is not a finite number", "without quotes"),
        ({"type": "categorical", "min": 3}, "has no option 'min'", "belongs to numerical, date, datetime"),
        ({"type": "numerical", "maxx": 3}, "has no option 'maxx'", "did you mean 'max'?"),
        ({"type": "numerical", "min": "0"}, None, None),
        ({"type": "numerical", "min": "low"}, "'low' is not a finite number", ""),
        ({"type": "numerical", "max": float("inf")}, "not a finite number", ""),
        ({"type": "numerical", "max": True}, "not a finite number", ""),
        ({"type": "numerical", "binning": "widht"}, "binning is 'widht'", "did you mean 'width'?"),
        ({"type": "categorical", "outside": "errors"}, "outside is 'errors'", "did you mean 'error'?"),
        ({"type": "categorical", "values": ["a", None]}, "NULL is not a value", "'?'"),
        ({"type": "categorical", "values": "a"}, "must be a list", ""),
        ({"type": "id", "ref": {"table": "a"}}, "a reference must be", "patients.birth_date"),
    ],
)
def test_faults_name_the_remedy(spec: Any, what: str | None, remedy: str | None) -> None:
    if what is None:
        assert read(spec).option("min") == 0
        return
    told = faults(spec)
    assert len(told) == 1 and what in told[0] and (remedy or "") in told[0]


def test_all_faults_come_at_once_with_their_places() -> None:
    lines = {(): 1, ("span",): 2, ("max",): 3}

    def where(*path: str | int) -> Place:
        return Place("v/fields.yml", lines.get(path, 1))

    with pytest.raises(Faults) as caught:
        grammar.read("d", {"type": "date", "span": "month", "max": "soon"}, where, "t.d")
    assert [f.where for f in caught.value.faults] == ["v/fields.yml:2 t.d", "v/fields.yml:3 t.d"]


def test_one_field_over_several_columns() -> None:
    assert grammar.read("a,b", "id").columns == ("a", "b")


@given(
    st.sampled_from(KINDS),
    st.booleans(),
    st.lists(st.from_regex(r"[a-z_]{1,8}(\.[a-z_]{1,8})?", fullmatch=True)),
)
def test_short_forms_are_taken_apart_as_they_were_put_together(
    kind: str, nullable: bool, refs: list[str]
) -> None:
    text = kind + ("?" if nullable else "") + (":" + ",".join(refs) if refs and kind != "text" else "")
    short = grammar.short(text)
    assert (short.kind, short.nullable) == (kind, nullable)
    assert short.refs == (() if kind == "text" else tuple(refs))


@given(st.text())
def test_no_text_is_a_traceback(text: str) -> None:
    try:
        read(text)
    except Faults as error:
        assert error.faults


def test_the_json_schema_knows_the_same_options_and_types() -> None:
    field = validation.schema()["$defs"]["field"]
    known = {name for names in options.OF.values() for name in names} | set(options.SHARED)
    known |= {"type", "ref", "refs", "nullable", *options.ALIASES}
    assert set(field["properties"]) == known
    for kind in KINDS:
        for text in (kind, kind + "?", kind + "|a", kind + ":a"):
            assert re.search(field["pattern"], text)
    assert not re.search(field["pattern"], "numericals")
    for option, words in options.WORDS.items():
        assert set(field["properties"][option]["enum"]) == {*words, None}
    assert set(options.OF) == set(KINDS)


def test_the_json_schema_is_one_and_describes_everything() -> None:
    from jsonschema import Draft202012Validator

    path = Path(validation.__file__).parent / "fields.schema.json"
    found = json.loads(path.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(found)

    def walk(part: Any) -> None:
        for name, value in part.get("properties", {}).items():
            assert value.get("description") or "$ref" in value, name
            walk(value)
        for value in part.get("$defs", {}).values():
            walk(value)

    walk(found)
