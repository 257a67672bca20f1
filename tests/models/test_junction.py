"""Elimination orders and junction trees."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from brute import random_cliques, random_domain

from duckpaste.domain import Domain
from duckpaste.models.pgm import size_mb
from duckpaste.models.pgm.elimination import eliminate, maximal
from duckpaste.models.pgm.junction import JunctionTree


@pytest.mark.parametrize("seed", range(60))
def test_random_trees_are_junction_trees(seed: int) -> None:
    rng = np.random.default_rng(seed)
    domain = random_domain(rng, int(rng.integers(1, 9)))
    cliques = random_cliques(rng, domain, int(rng.integers(0, 9)))
    last = domain.names[: int(rng.integers(0, len(domain) + 1))] if seed % 2 else ()
    tree = JunctionTree(domain, cliques, last)
    sets = [set(node.axes) for node in tree.nodes]
    assert set().union(*sets) == set(domain)
    for clique in cliques:
        home = tree.home(clique)
        assert home is not None and set(clique) <= sets[home]
        assert tree.domain.cells(tree.nodes[home].axes) == min(
            domain.cells(n.axes) for n in tree.nodes if set(clique) <= set(n.axes)
        )
    assert not any(a <= b for a, b in itertools.permutations(sets, 2))
    for i, node in enumerate(tree.nodes):
        assert node.axes[: len(node.separator)] == node.separator
        if node.parent < 0:
            assert node.separator == ()
        else:  # children first, and a child shares exactly its separator with its parent
            assert node.parent > i
            assert sets[i] & sets[node.parent] == set(node.separator)
    for name in domain:  # the nodes that hold a column hang together
        holders = [i for i, s in enumerate(sets) if name in s]
        links = [i for i in holders if name in tree.nodes[i].separator]
        assert len(links) == len(holders) - 1
    order = [name for name, _ in tree.order]
    assert set(order[len(order) - len(last) :]) == set(last)


def test_a_tree_of_pairs_stays_one_whatever_the_sizes() -> None:
    # By cells alone the middle of a chain would go first, and join its neighbours.
    domain = Domain({"a": 100, "b": 2, "c": 2, "d": 2, "e": 100})
    pairs = [("a", "b"), ("b", "c"), ("c", "d"), ("d", "e")]
    tree = JunctionTree(domain, pairs)
    assert sorted(tuple(sorted(n.axes)) for n in tree.nodes) == pairs
    assert size_mb(domain, pairs) == 8 * (200 + 4 + 4 + 200) / 2**20


def test_a_ring_is_filled_at_the_cheapest_place() -> None:
    domain = Domain({"a": 10, "b": 2, "c": 10, "d": 3})
    ring = [("a", "b"), ("b", "c"), ("c", "d"), ("a", "d")]
    assert size_mb(domain, ring) == 8 * (2 * 10 * 3 + 2 * 10 * 3) / 2**20  # b-d joined, never a-c


def test_evidence_goes_last_even_at_a_price() -> None:
    domain = Domain({"t": 2, "e": 9, "f": 9, "g": 9})
    cliques = [("t", "e"), ("t", "f"), ("t", "g")]
    order = eliminate(domain, cliques, last=("e", "f", "g"))
    assert order[0] == ("t", frozenset("efg"))
    assert size_mb(domain, cliques, last=("e", "f", "g")) == 8 * 2 * 9**3 / 2**20
    assert size_mb(domain, cliques) == 8 * 3 * 18 / 2**20


def test_maximal_sets() -> None:
    found = maximal([("a",), ("b", "a"), ("c",), ("a", "b"), ("b", "c", "d"), ("d", "c")])
    assert found == [frozenset("bcd"), frozenset("ab")]
    assert maximal([()]) == [frozenset()]


def test_the_size_of_a_model_is_that_of_its_maximal_cliques() -> None:
    rng = np.random.default_rng(7)
    for _ in range(150):
        names = [f"c{i}" for i in range(int(rng.integers(1, 14)))]
        domain = Domain({n: int(rng.integers(1, 9)) for n in names})
        cliques = [
            domain.clique(rng.choice(names, min(len(names), int(rng.integers(1, 5))), replace=False).tolist())
            for _ in range(int(rng.integers(0, 12)))
        ]
        last = rng.choice(names, int(rng.integers(0, len(names) + 1)), replace=False).tolist()
        order = eliminate(domain, cliques, last)
        assert {name for name, _ in order[len(order) - len(last) :]} == set(last)
        found = maximal({name} | around for name, around in order)
        assert size_mb(domain, cliques, last) == 8 * sum(domain.cells(c) for c in found) / 2**20
