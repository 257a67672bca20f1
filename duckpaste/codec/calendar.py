"""Days, ISO weeks and ISO years in numpy, for whole arrays.

A day is the number of days since 1970-01-01 (proleptic Gregorian). An ISO week runs from Monday to Sunday and
belongs to the ISO year that holds its Thursday (ISO 8601), so a date is always the same as its ISO year, week
and weekday. Calendar years would not do: 2021-01-01 lies in week 53 of ISO year 2020.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from duckpaste.domain import IntArray

MICROS_A_DAY = 86_400_000_000
FIRST_DAY = -719_162  # 0001-01-01
LAST_DAY = 2_932_896  # 9999-12-31
_EPOCH = dt.datetime(1970, 1, 1)


def weekday(days: IntArray) -> IntArray:
    """ISO weekday, 1 (Monday) to 7."""
    return (days + 3) % 7 + 1


def week_number(days: IntArray) -> IntArray:
    """Weeks since the Monday 1969-12-29, the week that holds 1970-01-01."""
    return (days + 3) // 7


def first_of_year(years: IntArray) -> IntArray:
    """The day of 1 January of calendar years."""
    return (years - 1970).astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)


def iso_year(days: IntArray) -> IntArray:
    """ISO year: the calendar year of the Thursday of the day's week."""
    thursday = days - weekday(days) + 4
    return thursday.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970


def iso_start(years: IntArray) -> IntArray:
    """The day of the Monday of week 1 of ISO years: the week of 4 January."""
    fourth: IntArray = first_of_year(years) + 3
    return fourth - weekday(fourth) + 1


def iso_week(days: IntArray) -> IntArray:
    """ISO week, 1 to 53."""
    return (days - iso_start(iso_year(days))) // 7 + 1


def from_iso(years: IntArray, weeks: IntArray, weekdays: IntArray) -> IntArray:
    """The day of ISO dates. Week 53 of a year that has 52 is taken as week 52, so the year stays."""
    if not len(years):
        return np.zeros(0, dtype=np.int64)
    # One table of the years that occur: they are few, the rows many.
    first, last = int(years.min()), int(years.max())
    starts = iso_start(np.arange(first, last + 2))
    weeks_of = np.diff(starts) // 7
    at = years - first
    days: IntArray = starts[at] + 7 * np.minimum(weeks, weeks_of[at]) + weekdays
    days -= 8
    return days


def instant(value: Any, *, end: bool) -> int:
    """Microseconds since 1970 (UTC) of a declared date.

    `value` is a date, a datetime, ISO text, or a whole number for a calendar year. A value without a time of
    day means its first instant, or its last when `end`; so does a year. Raises ValueError for anything else.
    """
    if isinstance(value, bool):
        raise ValueError("not a date")
    if isinstance(value, str):
        text = value.strip()
        if text.isdigit() and len(text) == 4:
            value = int(text)
        else:
            value = dt.date.fromisoformat(text) if len(text) <= 10 else dt.datetime.fromisoformat(text)
    if isinstance(value, int):
        value = dt.date(value, 12, 31) if end else dt.date(value, 1, 1)
    if isinstance(value, dt.datetime):
        naive = value if value.tzinfo is None else value.astimezone(dt.UTC).replace(tzinfo=None)
        return (naive - _EPOCH) // dt.timedelta(microseconds=1)
    if isinstance(value, dt.date):
        day = value.toordinal() - _EPOCH.toordinal()
        return (day + 1) * MICROS_A_DAY - 1 if end else day * MICROS_A_DAY
    raise ValueError("not a date")
