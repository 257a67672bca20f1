"""Text: made up by pattern, by faker or constant; only NULL is read."""

from __future__ import annotations

import builtins
import re

import numpy as np
import pytest
from codec_tools import as_text, decoded, encoded, fresh

from duckpaste.codec import make
from duckpaste.db import Db
from duckpaste.errors import UserError
from duckpaste.schema.view import Field, Place


def test_without_a_source_it_is_null_or_a_placeholder():
    nullable = fresh("text", "VARCHAR", nullable=True)
    assert nullable.columns() == () and decoded(nullable, {}, 2).to_pylist() == [None, None]
    assert decoded(fresh("text", "VARCHAR"), {}, 2).to_pylist() == ["text", "text"]
    assert decoded(fresh("text", constant="n/a"), {}, 2).to_pylist() == ["n/a", "n/a"]


@pytest.mark.parametrize(
    "options", [{"regex": "[A-Z][a-z]{5,9}"}, {"faker": "city"}, {"constant": "Abcdefg"}]
)
def test_null_is_modelled_and_no_value_is_read(options):
    codec = fresh("text", "VARCHAR", nullable=True, **options)
    with Db.open() as db:
        db.run_sql(
            "t", "create table t as select i, case when i % 3 > 0 then 'secret' end as x from range(100) r(i)"
        )
        codes = encoded(codec, db)
    assert [(c.name, c.size, c.null) for c in codec.columns()] == [("x.present", 2, 0)]
    made = decoded(codec, codes, 100).to_pylist()
    assert [m is None for m in made] == [i % 3 == 0 for i in range(100)]
    assert all(re.fullmatch("[A-Z][A-Za-z .'-]*", m) for m in made if m is not None)
    assert "secret" not in made
    if "constant" not in options:
        assert len(set(made)) > 40


def test_numbers_may_be_made_of_digits():
    with Db.open() as db:
        made = as_text(decoded(fresh("text", "INTEGER", regex="[1-9][0-9]{3}"), {}, 50), "INTEGER", db)
    assert all(1000 <= int(m) <= 9999 for m in made)


def test_no_rows_make_no_texts():
    for options in ({"regex": "a+"}, {"faker": "name"}, {"constant": "a"}, {}):
        assert decoded(fresh("text", "VARCHAR", **options), {}, 0).to_pylist() == []


def test_long_texts_are_made_in_slices():
    made = decoded(fresh("text", "VARCHAR", regex="[ab]{900}"), {}, 10_000)
    assert len(made) == 10_000 and len(made[9_999].as_py()) == 900


def test_faker_has_locales_and_seeds():
    german = decoded(fresh("text", faker="name", locale="de_DE"), {}, 20, seed=1)
    assert german.equals(decoded(fresh("text", faker="name", locale="de_DE"), {}, 20, seed=1))
    assert not german.equals(decoded(fresh("text", faker="name", locale="de_DE"), {}, 20, seed=2))


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"regex": "a(?=b)"}, "character 3"),
        ({"faker": "nam"}, "did you mean"),
        ({"faker": "seed_instance"}, "no method"),
        ({"faker": "add_provider"}, "no method"),
        ({"faker": "__class__"}, "no method"),
        ({"faker": "name", "locale": "xx_XX"}, "locale"),
        ({"faker": "name", "regex": "a"}, "exclude"),
    ],
)
def test_wrong_options_are_named(options, word):
    with pytest.raises(UserError) as error:
        make(Field("note", "text", options=options, place=Place("fields.yml", 3)))
    assert str(error.value).startswith("fields.yml:3 note: ") and word in str(error.value)


def test_a_missing_faker_is_named_with_the_command(monkeypatch):
    real = builtins.__import__

    def without_faker(name, *args, **kwargs):
        if name == "faker":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_faker)
    with pytest.raises(UserError, match="pip install"):
        fresh("text", faker="name")


def test_one_column_only():
    with pytest.raises(UserError, match="one column"):
        make(Field("a, b", "text"))
    assert np.array_equal(decoded(fresh("text", constant="a"), {}, 1), ["a"])


def test_made_up_people_of_the_clinic_can_be_spoken_of():
    """Their names read like names: no runs of consonants, hardly one twice."""
    from duckpaste.resources import folder
    from duckpaste.schema import fields

    view = fields.load(folder("views") / "clinic")
    patients = next(t for t in view.tables if t.name == "patients")
    drawn = {
        f.name: decoded(make(Field(f.name, f.kind, options=f.options)), {}, 5000).to_pylist()
        for f in patients.fields
        if f.name in ("name", "email")
    }
    assert len(drawn) == 2 and all(len(set(texts)) > 4900 for texts in drawn.values())
    for pattern, texts in (("[A-Z][a-z]{3,5} [A-Z][a-z]{4,8}", drawn["name"]),
                           (r"[a-z]+\.[a-z]+\d{1,5}@example\.org", drawn["email"])):  # fmt: skip
        for text in texts:
            assert re.fullmatch(pattern, text), text
            assert not re.search("(?i)[bcdfghjklmnpqrstvwxz]{4}|[aeiou]{3}", text.split("@")[0]), text
