"""The cover: every clique has a home, blocks keep the limit, and the same input gives the same cover."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duckpaste.count.planner import block_limit, cover
from duckpaste.domain import Clique, Domain


@st.composite
def wishes(draw: st.DrawFn) -> tuple[Domain, list[Clique]]:
    sizes = draw(st.lists(st.sampled_from([1, 2, 3, 5, 20, 64, 100, 5000]), min_size=1, max_size=12))
    domain = Domain({f"c{i}": s for i, s in enumerate(sizes)})
    widest = draw(st.sampled_from([2, 2, 5, 12]))
    one = st.lists(st.sampled_from(domain.names), min_size=1, max_size=widest, unique=True).map(domain.clique)
    return domain, draw(st.lists(one, min_size=1, max_size=25))


@given(wishes(), st.sampled_from([1, 2, 64, 4096, 65536]), st.sampled_from([1, 2, 7]))
@settings(max_examples=80, deadline=None)
def test_properties(wished: tuple[Domain, list[Clique]], limit: int, restarts: int) -> None:
    domain, cliques = wished
    found = cover(cliques, domain, limit, restarts)
    assert set(found.home) == set(cliques)
    for clique, block in found.home.items():
        assert set(clique) <= set(found.blocks[block])
    for block in found.blocks:
        assert block == domain.clique(block)
        assert domain.cells(block) <= limit or block in cliques
    assert set(found.home.values()) <= set(range(len(found.blocks)))
    assert found == cover(list(reversed(cliques)), domain, limit, restarts), (
        "the order of the wishes is no input"
    )


@pytest.mark.parametrize("restarts", [1, 5])
def test_few_blocks_do_for_many_pairs(restarts: int) -> None:
    domain = Domain({f"c{i}": 4 for i in range(12)})
    pairs = list(itertools.combinations(domain.names, 2))
    blocks = cover(pairs, domain, 4096, restarts).blocks
    assert len(blocks) <= 9 < len(pairs)  # 66 pairs, at most 15 of them in a block of six columns


def test_restarts_never_cost_more() -> None:
    rng = np.random.default_rng(0)
    domain = Domain({f"c{i}": int(s) for i, s in enumerate(rng.integers(2, 100, 20))})
    pairs = list(itertools.combinations(domain.names, 2))
    few, many = (len(cover(pairs, domain, 4096, r).blocks) for r in (1, 20))
    assert many <= few


def test_limit_follows_the_rows() -> None:
    limits = [block_limit(n) for n in (0, 10**5, 10**6, 10**8)]
    assert limits[:3] == [4096, 4096, 25_000] and limits[3] in (1 << 16, 1 << 18)
