"""Patterns: every text made matches, texts are counted off without repeats, and the rest is refused."""

from __future__ import annotations

import itertools
import re
import string

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duckpaste.codec.pattern import COUNTED
from duckpaste.codec.regex import PRINTABLE, parse
from duckpaste.errors import UserError

PATTERNS = [
    "", "abc", "[A-Z][a-z]{5,9}", r"\d{3}-\d{4}", r"(?:Mr|Mrs|Dr)\. \w+", "a|b|", "x*y+z?", "[^a-y]", ".{3}",
    r"[\]\-^]", "[]a]", "[a-]", r"\S\W\D\s", "(ab|(c|d){2,3})+", r"a{0}b{2,}c{,3}", r"^P\d{6}$", r"\AQ\Z",
    "é[а-в]", r"\t\n", "a+?b*?c??", r"[\d.]{2}", "()", "(|a)", "}]", r"[\[a]",
]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_text_matches_its_pattern(pattern):
    node = parse(pattern)
    drawn = node.draw(300, np.random.default_rng(3)).tolist()
    assert drawn == node.draw(300, np.random.default_rng(3)).tolist()
    counted = node.nth(np.arange(min(node.count, 300))).tolist()
    compiled = re.compile(pattern, re.DOTALL | re.ASCII)
    assert [t for t in (*drawn, *counted) if not compiled.fullmatch(t)] == []
    assert max(len(t) for t in drawn) <= node.cost


pieces = st.recursive(
    st.sampled_from(
        ["a", "Z", "0", r"\d", r"\w", r"\W", ".", "[a-f]", "[^b]", r"\.", r"\\", " ", "-", "[.-9]"]
    ),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda p: f"({p[0]}|{p[1]})"),
        st.tuples(inner, st.sampled_from(["?", "{2}", "{0,2}", "*", "+", "{,1}", "*?"])).map(
            lambda p: f"(?:{p[0]}){p[1]}"
        ),
    ),
    max_leaves=6,
)


@settings(max_examples=80, deadline=None)
@given(pattern=pieces)
def test_any_pattern_of_the_subset_makes_what_it_matches(pattern):
    try:
        node = parse(pattern)
    except UserError as error:
        assert "more than 1000 characters" in str(error)
        return
    compiled = re.compile(pattern, re.ASCII)
    last = min(node.count, COUNTED) - 1
    numbers = np.unique(np.linspace(0, last, 40).astype(np.int64).clip(0, last))
    for text in (*node.draw(40, np.random.default_rng(1)).tolist(), *node.nth(numbers).tolist()):
        assert compiled.fullmatch(text)


@pytest.mark.parametrize("pattern", ["[a-c]{1,3}", r"x\d{2}|[y-z]", "(a|b[cd])(e?)f{2}", "[01]{10}"])
def test_all_texts_are_counted_off_once(pattern):
    node = parse(pattern)
    texts = node.nth(np.arange(node.count)).tolist()
    assert len(set(texts)) == node.count
    letters = sorted(set("".join(texts)))
    if len(letters) < 5:
        longest = max(map(len, texts))
        every = ("".join(t) for n in range(longest + 1) for t in itertools.product(letters, repeat=n))
        assert set(texts) == {t for t in every if re.fullmatch(pattern, t)}


def test_the_last_place_runs_fastest():
    assert parse(r"P\d{3}").nth(np.array([0, 1, 10, 999])).tolist() == ["P000", "P001", "P010", "P999"]


def test_all_choices_are_about_as_likely():
    n = 40_000
    drawn = parse("[abcd]").draw(n, np.random.default_rng(5))
    counts = np.array([(drawn == c).sum() for c in "abcd"])
    # Seven standard deviations of a binomial: false alarm below 1e-10, and the seed is fixed.
    assert np.abs(counts - n / 4).max() < 7 * np.sqrt(n * 0.25 * 0.75)
    lengths = np.strings.str_len(parse("a{1,4}").draw(n, np.random.default_rng(6)))
    assert np.abs(np.bincount(lengths)[1:] - n / 4).max() < 7 * np.sqrt(n * 0.25 * 0.75)


def test_large_numbers_of_texts():
    node = parse("[a-z]{40}")
    assert node.count == 26**40 > COUNTED
    assert node.nth(np.array([27])).tolist() == ["a" * 38 + "bb"]
    assert set(PRINTABLE) == set(string.printable) - set("\t\n\r\x0b\x0c")


@pytest.mark.parametrize(
    ("pattern", "place"),
    [
        ("a(?=b)", 3), ("(?P<x>a)", 2), (r"(a)\1", 4), (r"\bword", 1), (r"\p{L}", 1), ("a**", 3), ("a*+", 3),
        ("a{2}{3}", 5), ("(a", 1), ("a)", 2), ("[a", 1), ("[z-a]", 2), (r"[a-\d]", 2), ("a{x}", 2),
        ("{2}", 1), ("*a", 1), ("a{3,2}", 1),
        ("a\\", 2), ("(((a{99}){99}){99})", 3), ("a{99999}", 2), (r"[^\W\w]", 1),
        ("(?i)a", 2), ("()" * 2000, 1), ("(" * 60 + ")" * 60, 52), ("(a{0}){999999}", 7),
    ],
)  # fmt: skip
def test_the_rest_is_refused_with_its_position(pattern, place):
    with pytest.raises(UserError, match=f"character {place}:") as error:
        parse(pattern, "fields.yml:7 code")
    assert str(error.value).startswith("fields.yml:7 code: pattern")
