"""Shares of the loss: they add up to the total for any columns, and depend on nothing private."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from testkit import INF

from duckpaste.budget import SHARES, split
from duckpaste.codec import make
from duckpaste.codec.base import Codec, Histogram, Want, WantHistogram, WantValues
from duckpaste.errors import UserError
from duckpaste.privacy.accountant import Guarantee, rho_of
from duckpaste.schema.view import Field

FIELDS: list[tuple[str, str, dict[str, Any]]] = [
    ("numerical", "DOUBLE", {}),  # bounds and a histogram
    ("numerical", "DOUBLE", {"min": 0, "max": 1}),  # a histogram
    ("numerical", "UTINYINT", {"min": 0, "max": 9}),  # nothing
    ("categorical", "VARCHAR", {}),  # values
    ("categorical", "VARCHAR", {"values": ["a"]}),
    ("boolean", "BOOLEAN", {}),
    ("date", "DATE", {"min": "2020-01-01", "max": "2020-12-31"}),
    ("date", "DATE", {}),
    ("datetime", "TIMESTAMP", {}),
    ("time", "TIME", {}),
    ("text", "VARCHAR", {}),
    ("id", "BIGINT", {}),
    ("uuid", "UUID", {}),
]


def codecs(numbers: list[int]) -> list[Codec]:
    return [
        make(Field(f"f{i}", FIELDS[n][0], options=FIELDS[n][2], sql_type=FIELDS[n][1]))
        for i, n in enumerate(numbers)
    ]


def promised(made: list[Codec]) -> list[type[Want]]:
    return [kind for codec in made for kind in codec.promises()]


@given(
    st.lists(st.integers(0, len(FIELDS) - 1), max_size=12), st.sampled_from([0.1, 1.0, 10.0]),
    st.sampled_from([1e-9, 1e-6, 0.0]), st.sampled_from([None, 0.01, 0.5]),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_shares_add_up(numbers: list[int], epsilon: float, delta: float, discover: float | None) -> None:
    made = codecs(numbers)
    guarantee = Guarantee(epsilon, delta)
    kinds = promised(made)
    if delta == 0 and WantValues in kinds:
        with pytest.raises(UserError, match="can't be discovered at delta 0"):
            split(guarantee, made, discover)
        return
    shares = split(guarantee, made, discover)
    spent = math.fsum(shares.wants[k] for k in kinds)
    assert spent + shares.model == pytest.approx(shares.total, rel=1e-12) and shares.model > 0
    values = kinds.count(WantValues)
    assert shares.delta * values == pytest.approx(delta / 10 if values else 0.0)
    assert shares.total <= guarantee.loss() * (1 + 1e-12)
    if delta:  # the deltas are paid for too
        assert shares.total == pytest.approx(rho_of(epsilon, delta - shares.delta * values))
    if kinds:
        share = sum(SHARES[k] for k in set(kinds)) if discover is None else discover
        assert spent == pytest.approx(share * shares.total)
        assert all(shares.wants[k] > 0 for k in kinds)
    else:
        assert shares.model == shares.total


@pytest.mark.parametrize("kind", range(len(FIELDS)))
def test_a_codec_wants_no_more_than_it_promised(kind: int) -> None:
    """Else a run would stop half way, with its loss spent."""
    (codec,) = codecs([kind])
    left = list(codec.promises())
    for _ in range(5):
        for want in codec.wants():
            left.remove(type(want))
            answer: Any = {"WantBounds": (0, 10_000), "WantValues": ["x"]}.get(type(want).__name__)
            if isinstance(want, WantHistogram):
                answer = Histogram(np.ones(want.cells), 1.0)
            codec.learn(want, answer)
    assert not codec.wants()


def test_no_noise_no_shares() -> None:
    shares = split(Guarantee(INF), codecs([0, 3]))
    assert shares.total == shares.model == INF and set(shares.wants.values()) == {INF} and shares.delta == 0


@pytest.mark.parametrize("discover", [0.0, 1.0, -1.0, 2.0, math.nan])
def test_a_share_outside_its_range(discover: float) -> None:
    with pytest.raises(UserError, match="alg.discover must lie between 0 and 1"):
        split(Guarantee(1.0), codecs([0]), discover)
