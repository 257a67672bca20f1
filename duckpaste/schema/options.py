"""Options: which ones each kind of field takes, what the text after `|` means, and which words they allow."""

from __future__ import annotations

from collections.abc import Mapping

# Read by Pasteur's metrics and models for every kind; duckpaste keeps them.
SHARED = (
    "metrics", "x_log", "y_log", "x_min", "x_max", "y_min", "y_max", "dtype",
    "partition", "unroll", "along", "seq_repeat", "gate", "description",
)  # fmt: skip

_CATEGORY = ("values", "unknown", "other", "outside")
_DATE = (
    "span", "bins", "binning", "cells", "min", "max", "outside", "min_len", "max_len",
    "year_name", "ignore_nan", "reference", "reference_type", "reference_nullable", "spread",
)  # fmt: skip

OF: Mapping[str, tuple[str, ...]] = {
    "numerical": ("bins", "min", "max", "edges", "spikes", "binning", "outside", "cells", "decimals"),
    "categorical": _CATEGORY,
    "ordinal": _CATEGORY,
    "boolean": (),
    "date": _DATE,
    "time": ("span", "bins", "binning", "ignore_nan"),
    "datetime": (*_DATE, "time_bins"),
    "fixed": ("value",),
    "id": ("format",),
    "seq": ("parent", "order", "max_len", "seq", "ctx", "seq_col", "ctx_to_ref", "first_seq_ref_itself"),
    "uuid": (),
    "text": ("regex", "faker", "locale", "constant"),
    "ignore": (),
}

# What `type|this` sets.
MAIN: Mapping[str, str] = {
    "numerical": "bins",
    "categorical": "unknown",
    "ordinal": "unknown",
    "date": "span",
    "time": "span",
    "datetime": "span",
    "fixed": "dtype",
    "text": "regex",
}

ALIASES: Mapping[str, str] = {"unknown_value": "unknown"}

DATE_SPANS = ("year", "year53", "week", "day")
TIME_SPANS = ("hour", "halfhour", "minute", "halfminute", "second")

# option -> the words it allows
WORDS: Mapping[str, tuple[str, ...]] = {
    "binning": ("quantile", "width"),
    "outside": ("error", "clamp", "null", "other"),
    "reference_type": ("date", "year"),
}


def spans(kind: str) -> tuple[str, ...]:
    """The spans of a kind of date or time."""
    if kind == "datetime":
        return tuple(f"{date}.{time}" for date in DATE_SPANS for time in TIME_SPANS)
    return TIME_SPANS if kind == "time" else DATE_SPANS
