"""The short way from a node to its heads and back gives what summing each by itself gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duckpaste.domain import Domain
from duckpaste.models.pgm.factor import Link
from duckpaste.models.pgm.gather import Gather

SIZES = {"a": 2, "b": 5, "c": 3, "d": 1, "e": 4, "f": 3}


@given(st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_as_each_by_itself(seed: int) -> None:
    rng = np.random.default_rng(seed)
    domain = Domain(SIZES)
    axes = tuple(rng.permutation(list(SIZES)))[: int(rng.integers(1, 7))]
    heads = [
        domain.clique(rng.choice(axes, size=int(rng.integers(0, len(axes) + 1)), replace=False))
        for _ in range(int(rng.integers(1, 12)))
    ]
    gather = Gather(domain, axes, heads)
    values = rng.normal(size=domain.shape(axes))
    before = values.copy()
    for head, found in zip(heads, gather.narrow(values), strict=True):
        assert found.shape == domain.shape(head)
        assert np.allclose(found, Link(domain, axes, head).narrow(values))
    arrays = [rng.normal(size=domain.shape(h)) for h in heads]
    kept = [a.copy() for a in arrays]
    whole = np.zeros(domain.shape(axes))
    for head, array in zip(heads, arrays, strict=True):
        whole = whole + Link(domain, axes, head).widen(array)
    found = gather.widen(arrays)
    assert found.shape == whole.shape and np.allclose(found, whole)
    assert np.array_equal(values, before)
    assert all(np.array_equal(a, b) for a, b in zip(arrays, kept, strict=True))


def test_few_passes_over_the_node(monkeypatch: pytest.MonkeyPatch) -> None:
    """All pairs of six columns: fifteen heads, and no more than six sums of the whole node."""
    domain = Domain({f"x{i}": 4 for i in range(6)})
    names = domain.names
    heads = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    gather = Gather(domain, names, heads)
    whole = np.ones(domain.shape(names))
    passes = []
    plain = Link.narrow

    def counted(self: Link, values: np.ndarray) -> np.ndarray:
        passes.append(values.size)
        return plain(self, values)

    monkeypatch.setattr(Link, "narrow", counted)
    found = gather.narrow(whole)
    assert all(f.shape == (4, 4) and (f == 256).all() for f in found)
    assert sum(size == whole.size for size in passes) <= 6
    assert sum(passes) < 6 * whole.size


def test_one_head_of_all_axes_is_not_copied() -> None:
    domain = Domain({"a": 2, "b": 3})
    values = np.arange(6.0).reshape(2, 3)
    assert np.shares_memory(Gather(domain, ("a", "b"), [("a", "b")]).widen([values]), values)
