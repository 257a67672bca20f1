"""Domains: sizes, cliques in order, and names that are unknown."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duckpaste.domain import Domain
from duckpaste.errors import DomainError


def test_domain() -> None:
    domain = Domain({"a": 2, "b": 3, "c": 5})
    assert domain.clique(["c", "a", "c"]) == ("a", "c")
    assert domain.shape(("c", "a")) == (5, 2)
    assert domain.cells(("a", "c")) == 10 and domain.cells(()) == 1
    assert domain.project(["c", "a"]) == Domain({"a": 2, "c": 5})
    assert domain.resized({"b": 7})["b"] == 7 and domain["b"] == 3
    assert list(domain) == ["a", "b", "c"] and len(domain) == 3 and "b" in domain and "d" not in domain
    assert domain != Domain({"b": 3, "a": 2, "c": 5}) and domain != 3
    assert hash(domain) == hash(Domain(dict(domain.sizes)))
    with pytest.raises(DomainError, match="unknown columns"):
        domain.clique(["a", "d"])
    with pytest.raises(DomainError, match="0 codes"):
        Domain({"a": 0})


@given(st.lists(st.integers(1, 4), min_size=1, max_size=5))
def test_cliques_keep_the_order_of_the_domain(sizes: list[int]) -> None:
    names = [f"c{i}" for i in range(len(sizes))]
    domain = Domain(dict(zip(names, sizes, strict=True)))
    for k in range(1, len(names) + 1):
        for chosen in itertools.permutations(names, k):
            assert domain.clique(chosen) == tuple(n for n in names if n in chosen)
