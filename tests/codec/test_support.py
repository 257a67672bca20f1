"""Supports against the codecs that they describe: the same values with the same frequencies, code by code."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from wherekit import random_codec as codec

from duckpaste.codec import make
from duckpaste.codec.base import Codec, Histogram
from duckpaste.codec.support import Instants, Listed, Numbers, Support, support
from duckpaste.schema.view import Field

N = 20_000


CUTS = [Fraction(c) for c in (-1, 0, "2.5", 7, 100)]
DAYS = [Fraction(d * 86_400_000_000 + 37_000_000_000) for d in (18_000, 18_001, 18_300)]
CASES: dict[str, tuple[Codec, list[Fraction] | None]] = {
    "categories": (codec("c", "categorical", "VARCHAR", values=("x", "y"), unknown="?"), None),
    "nullable": (codec("c", "categorical", "VARCHAR", True, values=("x", "y")), None),
    "found": (codec("c", "categorical", "VARCHAR", True), None),
    "no room": (codec("c", "categorical", "ENUM('x', 'y', 'z')", True, values=("x", "y"), outside="other"), None),
    "boolean": (codec("c", "boolean", "BOOLEAN", True), None),
    "ordinal": (codec("c", "ordinal", "INTEGER", values=(1, 2, 3)), None),
    "small": (codec("c", "numerical", "UTINYINT", min=17, max=90, bins=10), None),
    "plain": (codec("c", "numerical", "UTINYINT", True, min=0, max=9), None),
    "wide": (codec("c", "numerical", "BIGINT", True, min=-50, max=1000, bins=6, cells=64, spikes=[0, 7]), CUTS),
    "all of wide": (codec("c", "numerical", "BIGINT", True, min=-50, max=1000, bins=6, cells=64), None),
    "huge": (codec("c", "numerical", "BIGINT", min=-(2**62), max=2**62, bins=8, cells=32), CUTS),
    "decimal": (codec("c", "numerical", "DECIMAL(8,2)", True, min=-5, max=200, bins=7, cells=100), CUTS),
    "real": (codec("c", "numerical", "DOUBLE", True, min=-2, max=120, bins=5, cells=37), CUTS),
    "rounded": (codec("c", "numerical", "DOUBLE", True, min=-2, max=120, bins=5, cells=37, decimals=1), CUTS),
    "constant": (codec("c", "numerical", "DOUBLE", True, min=3, max=3), CUTS),
    "learned": (codec("cc", "numerical", "DOUBLE", True), CUTS),
    "year": (codec("d", "date", "DATE", True, min="2001-02-03", max="2009-10-11", bins=4), None),
    "year of a constant": (codec("d", "date", "DATE", reference="2000-01-01", max_len=5), None),
    "week": (codec("d", "date", "DATE", True, span="week", min="2001-02-03", max="2003-10-11"), None),
    "day": (codec("d", "date", "DATE", True, span="day", min="1990-01-01", max="2020-12-31", cells=50), None),
    "zoned": (codec("d", "date", "TIMESTAMP WITH TIME ZONE", True, min="2001-02-03", max="2002-10-11"), None),
    "clock": (codec("t", "time", "TIME", True, span="halfhour", bins=5), None),
    "clock as timestamp": (codec("t", "time", "TIMESTAMP", span="minute"), None),
    "moment": (codec("m", "datetime", "TIMESTAMP", True, span="year.hour", min="2019-03-04", max="2020-05-06"), DAYS),
    "moment in full": (codec("m", "datetime", "TIMESTAMP", span="day.hour", min="2019-03-04", max="2020-05-06"), None),
    "moved moment": (codec("m", "datetime", "TIMESTAMP", True, span="week.hour", min=dt.datetime(2020, 3, 4, 12, 30),
                           max=dt.datetime(2020, 3, 20, 1, 15)), None),
    "absent text": (codec("x", "text", "VARCHAR", True), None),
    "one text": (codec("x", "text", "VARCHAR", True, constant="hello"), None),
    "fixed": (codec("f", "fixed", "INTEGER", value=4), None),
    "ignored": (codec("f", "ignore", "INTEGER"), None),
}  # fmt: skip


def of(name: str) -> tuple[Codec, Support]:
    """The codec and the support of a case."""
    made, cuts = CASES[name]
    found = support(made, cuts)
    assert found is not None
    return made, found


def sizes(made: Codec) -> list[int]:
    """The number of codes of each code column."""
    return [c.size for c in made.columns()]


@pytest.mark.parametrize("name", CASES)
def test_shares_of_every_code_sum_to_one(name: str) -> None:
    made, found = of(name)
    assert [c.name for axis in found.axes for c in axis.columns] == [c.name for c in made.columns()]
    for axis in found.axes:
        shape = [c.size for c in axis.columns] or [1]
        group = np.ravel_multi_index(axis.codes, shape) if axis.columns else np.zeros(len(axis), dtype=int)
        assert np.allclose(np.bincount(group, weights=axis.share, minlength=np.prod(shape)), 1.0)
        assert np.all(axis.share >= 0)


def histogram(values: list[Any], spread: list[Any]) -> Counter[Any]:
    """Counts by value; numbers of a wide range in 50 bins of equal width over the range of `spread`."""
    numbers = [float(v) for v in spread if isinstance(v, int | float) or type(v).__name__ == "Decimal"]
    if len(set(numbers)) < 60:
        return Counter(values)
    edges = np.linspace(min(numbers), max(numbers), 50)
    return Counter(None if v is None else int(np.searchsorted(edges, float(v))) for v in values)


@pytest.mark.parametrize("name", CASES)
def test_atoms_have_the_values_that_codes_decode_to(name: str) -> None:
    """Two samples of N values for the same codes, also for codes that a good model would never pair."""
    made, found = of(name)
    rng = np.random.default_rng(7)
    for _ in range(4):
        code = [int(rng.integers(0, s)) for s in sizes(made)]
        given = {c.name: np.full(N, k) for c, k in zip(made.columns(), code, strict=True)}
        column = made.field.columns[0]
        decoded = made.decode(given, range(N), rng, {})[column].to_pylist()
        picks, at = [], 0
        for axis in found.axes:
            mine = np.array(code[at : at + len(axis.columns)])
            at += len(axis.columns)
            share = axis.share * np.all(axis.codes == mine[:, None], axis=0)
            picks.append(rng.choice(len(axis), N, p=share / share.sum()))
        drawn = found.draw(picks, range(N), rng, {})[column].to_pylist()
        one, other = (histogram(v, decoded + drawn) for v in (decoded, drawn))
        # The difference of two shares has sd at most sqrt(0.5 / N) = 0.005; 7 sd: 1e-12 a value, of at most 1e5.
        assert all(abs(one[v] - other[v]) < 7 * np.sqrt(0.5 * N) for v in one | other)
        assert set(map(type, decoded)) == set(map(type, drawn))


@pytest.mark.parametrize("name", CASES)
def test_atoms_alike_show_the_same_or_lie_between_the_same_cuts(name: str) -> None:
    made, found = of(name)
    column = made.field.columns[0]
    if isinstance(found, Instants):
        keys = found.alike(CASES[name][1])
        shown = found.show([np.arange(len(found.axes[0])), np.zeros(len(found.axes[0]), dtype=int)])[
            column
        ].to_pylist()
        cuts = [dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=int(c)) for c in CASES[name][1] or ()]
        days = {}
        for key, value in zip(keys[0], shown, strict=True):
            where = None if value is None else (tuple(c < value for c in cuts) if cuts else value)
            assert days.setdefault(key, where) == where
    elif isinstance(found, Listed):
        values = found.show([np.arange(len(found.axes[0]))])[column].to_pylist()
        known: dict[int, Any] = {}
        assert all(known.setdefault(k, v) == v for k, v in zip(found.alike()[0], values, strict=True))


@pytest.mark.parametrize("name", ["wide", "huge", "decimal", "real", "learned"])
def test_no_run_has_a_cut_inside(name: str) -> None:
    _, found = of(name)
    assert isinstance(found, Numbers) and found.ordered
    factor = found.codec.factor
    for low, high, null in zip(found.low.tolist(), found.high.tolist(), found.null, strict=True):
        for cut in CUTS:
            if null:
                continue
            inside = low < cut * factor < high
            if found.codec.integer:  # then the first and the last value are themselves possible
                assert not inside
                assert low == high or low != cut * factor != high
            else:
                assert not inside or min(abs(low - cut), abs(high - cut)) < 1e-6


def test_whole_numbers_beyond_2_to_53_are_cut_exactly() -> None:
    cut = Fraction(2**61 + 12_345)
    found = support(CASES["huge"][0], [cut])
    assert isinstance(found, Numbers)
    assert int(cut) in found.low.tolist() and int(cut) in found.high.tolist()
    at = found.low.tolist().index(int(cut))
    assert found.show([np.array([at])])["c"].to_pylist() == [int(cut)]


def test_a_cut_on_the_border_of_a_cell_makes_no_run_of_nothing() -> None:
    made = codec("c", "numerical", "DOUBLE", min=0, max=1, bins=3, cells=10, spikes=[])
    found = support(made, [Fraction(float(k / 10)) for k in range(11)])
    assert isinstance(found, Numbers)
    assert len(found.axes[0]) == 10


@pytest.mark.parametrize(
    ("made", "cuts"),
    [
        (CASES["huge"][0], None),
        (CASES["real"][0], None),
        (codec("d", "date", "DATE", min="0100-01-01", max="9000-01-01"), None),
        (codec("i", "id", "BIGINT"), CUTS),
    ],
)
def test_values_that_are_too_many_are_not_listed(made: Codec, cuts: list[Fraction] | None) -> None:
    assert support(made, cuts) is None


def test_of_dates_from_a_reference_only_null_is_known() -> None:
    made = make(Field("d", "datetime", True, ("born",), {"span": "day.hour", "max_len": 9}, "TIMESTAMP"))
    while made.wants():
        made.learn(made.wants()[0], Histogram(np.ones(made.wants()[0].cells), 0.0))
    found = support(made, None)
    assert found is not None and found.hidden and not found.vague
    (axis,) = found.axes
    at = np.arange(len(axis))
    assert [v is None for v in found.show([at])["d"].to_pylist()] == (axis.codes[0] == 0).tolist()
    born = pa.array([dt.date(2000, 1, 1)] * len(axis))
    drawn = found.draw([at], range(len(axis)), np.random.default_rng(1), {"born": born})["d"].to_pylist()
    codes = {c.name: code for c, code in zip(axis.columns, axis.codes, strict=True)}
    assert (
        drawn
        == made.decode(codes, range(len(axis)), np.random.default_rng(1), {"born": born})["d"].to_pylist()
    )


@pytest.mark.parametrize(("nullable", "atoms"), [(True, 2), (False, 1)])
@pytest.mark.parametrize(("kind", "options"), [("text", {"regex": "[a-z]{3}"}), ("uuid", {})])
def test_of_made_up_values_only_null_is_known(
    kind: str, options: dict[str, Any], nullable: bool, atoms: int
) -> None:
    made = codec("x", kind, "VARCHAR", nullable, **options)
    found = support(made, None)
    assert found is not None and found.hidden
    shown = found.show([np.arange(atoms)])["x"].to_pylist()
    assert [v is None for v in shown] == [True, False][-atoms:]
