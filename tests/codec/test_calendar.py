"""ISO arithmetic against Python's own calendar, every day of three centuries."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from duckpaste.codec import calendar

EPOCH = dt.date(1970, 1, 1).toordinal()
DAYS = np.arange(dt.date(1850, 1, 1).toordinal(), dt.date(2151, 1, 1).toordinal()) - EPOCH


def test_every_day_of_three_centuries_agrees_with_isocalendar():
    expected = np.array([dt.date.fromordinal(int(d) + EPOCH).isocalendar() for d in DAYS])
    found = np.stack([calendar.iso_year(DAYS), calendar.iso_week(DAYS), calendar.weekday(DAYS)], axis=1)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(calendar.from_iso(*expected.T), DAYS)


def test_weeks_are_counted_from_mondays():
    weeks = calendar.week_number(DAYS)
    np.testing.assert_array_equal(weeks * 7 - 3 + calendar.weekday(DAYS) - 1, DAYS)
    assert calendar.week_number(np.array([0]))[0] == 0


def test_week_53_of_a_short_year_stays_in_the_year():
    day = calendar.from_iso(np.array([2021]), np.array([53]), np.array([7]))[0]
    assert dt.date.fromordinal(int(day) + EPOCH).isocalendar()[:3] == (2021, 52, 7)


@pytest.mark.parametrize(
    ("value", "first", "last"),
    [
        (dt.date(1970, 1, 2), 86_400_000_000, 2 * 86_400_000_000 - 1),
        ("1970-01-02", 86_400_000_000, 2 * 86_400_000_000 - 1),
        ("1970-01-01 00:00:01", 1_000_000, 1_000_000),
        ("1970-01-01T01:00:00+01:00", 0, 0),
        (dt.datetime(1969, 12, 31, 23, 59, 59, 999_999), -1, -1),
        (1970, 0, 365 * 86_400_000_000 - 1),
        ("1970", 0, 365 * 86_400_000_000 - 1),
    ],
)
def test_declared_dates(value, first, last):
    assert calendar.instant(value, end=False) == first
    assert calendar.instant(value, end=True) == last


@pytest.mark.parametrize("value", [True, 1.5, "soon", "2001-02-30", None, 0, [1]])
def test_what_is_no_date_is_refused(value):
    with pytest.raises(ValueError):
        calendar.instant(value, end=False)
