"""The registry: names, options, and what it says about wrong ones."""

from __future__ import annotations

import dataclasses
import math

import pytest

from duckpaste.errors import Faults, UserError
from duckpaste.models import registry
from duckpaste.models.mst import MST


def test_options_reach_the_model() -> None:
    made = registry.make("mst", {"threshold": 5, "max_cells": 1e4})
    assert isinstance(made, MST)
    assert made.threshold == 5.0 and isinstance(made.threshold, float)
    assert made.max_cells == 10_000 and isinstance(made.max_cells, int)


@pytest.mark.parametrize("name", registry.names())
def test_every_option_has_a_default_in_range_and_a_text(name: str) -> None:
    fields = dataclasses.fields(registry.make(name, {}))  # type: ignore[arg-type]
    registry.make(name, {f.name: f.default for f in fields})
    assert all(f.metadata["doc"] for f in fields)


def test_unknown_algorithm() -> None:
    with pytest.raises(UserError, match="unknown algorithm 'msl'; did you mean 'mst'"):
        registry.make("msl", {})


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("treshold", 3, r"alg.treshold: unknown option of mst; did you mean 'threshold'\?"),
        ("threshold", "3", "'3' is not a number; the default is 3.0"),
        ("threshold", True, "True is not a number"),
        ("threshold", None, "None is not a number"),
        ("threshold", -1, "-1 is less than 0"),
        ("threshold", math.nan, "nan is not finite"),
        ("threshold", math.inf, "inf is not finite"),
        ("threshold", 10**400, "is not finite"),
        ("steps", 2.5, "2.5 is not a whole number"),
        ("steps", 0, "0 is less than 1"),
        ("share_pairs", 0, "0 is not more than 0"),
        ("balance", 2, "2 is more than 1"),
    ],
)
def test_wrong_options(option: str, value: object, message: str) -> None:
    with pytest.raises(UserError, match=message):
        registry.make("mst", {option: value})


def test_all_faults_at_once() -> None:
    with pytest.raises(Faults) as caught:
        registry.make("mst", {"nonsense": 1, "threshold": "x", "steps": -1})
    assert len(caught.value.faults) == 3
