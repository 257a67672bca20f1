"""Belief propagation and queries against the joint distribution, cell by cell."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from brute import joint, marginal, random_cliques, random_domain

from duckpaste.domain import Clique, Domain, FloatArray
from duckpaste.models.pgm import Graphical
from duckpaste.models.pgm.factor import Link, contract, divide
from duckpaste.models.pgm.junction import JunctionTree
from duckpaste.models.pgm.problem import Problem
from duckpaste.models.pgm.propagation import Propagation
from duckpaste.models.pgm.query import Queries


def model(domain: Domain, potentials: dict[Clique, FloatArray], last: Clique = ()) -> Graphical:
    """The graphical model of log-potentials."""
    tree = JunctionTree(domain, potentials, last)
    sums: list[FloatArray | None] = [None] * len(tree.nodes)
    for clique, values in potentials.items():
        home = tree.home(clique)
        assert home is not None
        axes = tree.nodes[home].axes
        wide = Link(domain, axes, clique).widen(values)
        before = sums[home]
        sums[home] = np.broadcast_to(wide, domain.shape(axes)) + (0 if before is None else before)
    return Graphical(tree, Propagation(tree).marginals(sums), potentials, 1.0)


def random_model(seed: int, forbid: bool = False) -> tuple[Domain, dict[Clique, FloatArray], FloatArray]:
    rng = np.random.default_rng(seed)
    domain = random_domain(rng, int(rng.integers(1, 8)))
    potentials = {}
    for clique in random_cliques(rng, domain, int(rng.integers(0, 8))):
        values = rng.normal(0, 3, domain.shape(clique))
        if forbid:  # never all of a row: the first cell of each stays
            values[(rng.random(values.shape) < 0.3) & (np.indices(values.shape).sum(axis=0) > 0)] = -np.inf
        potentials[clique] = values
    return domain, potentials, joint(domain, potentials)


@pytest.mark.parametrize("forbid", [False, True])
@pytest.mark.parametrize("seed", range(40))
def test_marginals_of_nodes(seed: int, forbid: bool) -> None:
    domain, potentials, full = random_model(seed, forbid)
    fitted = model(domain, potentials)
    for node, values in zip(fitted.tree.nodes, fitted.nodes, strict=True):
        np.testing.assert_allclose(values, marginal(domain, full, node.axes), atol=1e-12)


@pytest.mark.parametrize("forbid", [False, True])
@pytest.mark.parametrize("seed", range(25))
def test_marginals_of_any_clique(seed: int, forbid: bool) -> None:
    domain, potentials, full = random_model(100 + seed, forbid)
    fitted = model(domain, potentials)
    for size in (1, 2, 3):
        for clique in itertools.permutations(domain, size):
            np.testing.assert_allclose(
                fitted.proportions(clique), marginal(domain, full, clique), atol=1e-12, err_msg=str(clique)
            )


def test_queries_share_messages_within_their_limit() -> None:
    domain, potentials, full = random_model(3)
    fitted = model(domain, potentials)
    for limit in (0.0, 1e-4, 64.0):
        queries = Queries(fitted.tree, fitted.nodes, limit)
        for clique in [*itertools.combinations(domain, 2), *itertools.combinations(domain, 3)]:
            np.testing.assert_allclose(
                queries.proportions(clique), marginal(domain, full, clique), atol=1e-12
            )
        kept = sum(values.nbytes for _, values in queries._kept.values())
        assert kept <= limit * 2**20


def test_potentials_far_apart_neither_overflow_nor_vanish() -> None:
    domain = Domain({"a": 2, "b": 2, "c": 2})
    ab = np.array([[5000.0, 0.0], [-5000.0, -5001.0]])
    bc = np.array([[-9000.0, -9001.0], [4000.0, 4000.0]])
    fitted = model(domain, {("a", "b"): ab, ("b", "c"): bc})
    np.testing.assert_allclose(fitted.proportions(("a", "b")), [[0, 1], [0, 0]], atol=1e-12)
    np.testing.assert_allclose(fitted.proportions(("c",)), [0.5, 0.5])


def test_a_long_chain_needs_no_recursion() -> None:
    domain = Domain({f"x{i}": 2 for i in range(1500)})
    names = domain.names
    flip = np.log(np.array([[0.999, 0.001], [0.001, 0.999]]))
    fitted = model(domain, dict.fromkeys(itertools.pairwise(names), flip))
    ends = fitted.proportions((names[0], names[-1]))
    same = 0.5 * (1 + 0.998 ** (len(names) - 1))
    np.testing.assert_allclose(ends, [[same / 2, (1 - same) / 2], [(1 - same) / 2, same / 2]], atol=1e-9)


def test_heads_inside_a_larger_node() -> None:
    domain = Domain({"a": 2, "b": 3, "c": 2, "d": 2})
    ring: list[Clique] = [("a", "b"), ("b", "c"), ("c", "d"), ("a", "d")]
    rng = np.random.default_rng(0)
    potentials = {c: rng.normal(0, 1, domain.shape(c)) for c in ring}
    problem = Problem(domain, {c: (np.zeros(domain.shape(c)), np.ones(domain.shape(c))) for c in ring})
    theta = np.zeros(problem.cells)
    for i, head in enumerate(problem.heads):
        problem.view(theta, i)[...] = potentials[head]
    mu, _ = problem.marginals(theta)
    full = joint(domain, potentials)
    for i, head in enumerate(problem.heads):
        np.testing.assert_allclose(problem.view(mu, i), marginal(domain, full, head), atol=1e-12)


def test_links_between_axes() -> None:
    domain = Domain({"a": 2, "b": 3, "c": 4})
    values = np.arange(24.0).reshape(4, 2, 3)
    link = Link(domain, ("c", "a", "b"), ("b", "c"))
    np.testing.assert_array_equal(link.narrow(values), values.sum(axis=1).T)
    inner = np.arange(12.0).reshape(3, 4)
    np.testing.assert_array_equal(
        link.widen(inner) + np.zeros((4, 2, 3)), inner.T[:, None, :] + np.zeros((4, 2, 3))
    )


def test_contract_and_divide() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.random((2, 3)), rng.random((3, 4))
    np.testing.assert_allclose(contract([(("a", "b"), x), (("b", "c"), y)], ("c", "a")), (x @ y).T)
    np.testing.assert_allclose(contract([(("a", "b"), x)], ("b",)), x.sum(axis=0))
    assert divide(np.array([1.0, 0.0]), np.array([2.0, 0.0])).tolist() == [0.5, 0.0]
