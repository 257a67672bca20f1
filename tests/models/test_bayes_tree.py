"""The tree of families against the whole joint distribution, cell by cell."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from duckpaste.domain import Domain, FloatArray
from duckpaste.models.bayes.heights import Heights
from duckpaste.models.bayes.tree import Family, Tree, fitted_tables
from duckpaste.models.coding.hierarchy import Hierarchy
from duckpaste.models.pgm import Descent, Observation

SIZES = {"a": 4, "b": 3, "c": 6, "d": 2, "given": 3}
HEIGHTS = Heights(
    Domain(SIZES),
    {
        "a": Hierarchy((np.arange(4), np.array([0, 1, 1, 0]))),
        "c": Hierarchy((np.arange(6), np.array([0, 0, 1, 1, 2, 2]), np.array([0, 0, 1, 1, 1, 1]))),
    },
)
FAMILIES = [
    Family("a"),
    Family("b", ("a",), 0, 1),
    Family("c", ("b", "a@1", "given"), 1, 2),  # evidence comes last
    Family("d", ("c@2", "given"), 2, 2),  # and may be shared from then on
]
CODES = np.array(list(np.ndindex(*SIZES.values())))  # every cell of the joint, one row each
TOTAL = 1000.0


def places(names: tuple[str, ...]) -> np.ndarray:
    """The cell of a table over `names` that each cell of the joint falls into."""
    columns = [HEIGHTS.codes(n)[CODES[:, list(SIZES).index(HEIGHTS.column(n))]] for n in names]
    return np.ravel_multi_index(columns, HEIGHTS.domain.shape(names)) if names else np.zeros(len(CODES), int)


PLACES = [places(f.clique) for f in FAMILIES]


def marginal(joint: FloatArray, names: tuple[str, ...]) -> FloatArray:
    """By summing cells of the joint."""
    shape = HEIGHTS.domain.shape(names)
    return np.bincount(places(names), joint, int(np.prod(shape))).reshape(shape)


def observations(joint: FloatArray, sigma: float, rng: np.random.Generator) -> list[Observation]:
    """All columns, and all families with parents, in rows, axes in the order of the domain."""
    cliques = [(n,) for n in SIZES] + [HEIGHTS.domain.clique(f.clique) for f in FAMILIES if f.parents]
    out = []
    for clique in cliques:
        counts = TOTAL * marginal(joint, clique)
        noisy = counts + sigma * rng.standard_normal(counts.shape)
        out.append(Observation(clique, noisy, np.full(counts.shape, max(sigma, 1e-3) ** 2)))
    return out


def joint_of(tree: Tree, theta: FloatArray) -> tuple[FloatArray, float]:
    """The model's whole joint distribution, and the log of its mass."""
    log = sum(tree.view(theta, i).reshape(-1)[at] for i, at in enumerate(PLACES))
    top = float(np.max(log))
    cells = np.exp(log - top)
    return cells / cells.sum(), float(np.log(cells.sum()) + top)


def some_tree(sigma: float = 5.0, seed: int = 0) -> tuple[Tree, FloatArray]:
    """A tree that measures a joint distribution which is a model of the tree itself."""
    rng = np.random.default_rng(seed)
    empty = Tree(HEIGHTS, FAMILIES, [Observation(("a",), np.ones(4), np.ones(4))], TOTAL)
    joint, _ = joint_of(empty, 1.5 * rng.standard_normal(empty.cells))
    return Tree(HEIGHTS, FAMILIES, observations(joint, sigma, rng), TOTAL), joint


@pytest.mark.parametrize("seed", range(5))
def test_marginals_and_mass_of_any_potentials(seed: int) -> None:
    tree, _ = some_tree()
    theta = 3 * np.random.default_rng(seed).standard_normal(tree.cells)
    joint, mass = joint_of(tree, theta)
    flat, nodes = tree.marginals(theta)
    for i, family in enumerate(FAMILIES):
        np.testing.assert_allclose(nodes[i], marginal(joint, family.clique), rtol=1e-9)
        assert np.shares_memory(nodes[i], flat)
    assert tree.log_mass(theta, nodes) == pytest.approx(mass, rel=1e-9)


def test_potentials_far_apart_do_no_harm() -> None:
    tree, _ = some_tree()
    theta = 400 * np.random.default_rng(0).standard_normal(tree.cells)
    flat, nodes = tree.marginals(theta)
    assert np.isfinite(flat).all() and all(n.sum() == pytest.approx(1) for n in nodes)


def test_the_gradient_is_that_of_the_loss() -> None:
    tree, _ = some_tree()
    rng = np.random.default_rng(1)
    mu, _ = tree.marginals(rng.standard_normal(tree.cells))
    loss, gradient = tree.loss(mu)
    for _ in range(10):
        way = rng.standard_normal(tree.cells) * 1e-4
        ahead, behind = tree.loss(mu + way)[0], tree.loss(mu - way)[0]
        assert ahead - behind == pytest.approx(2 * float(gradient @ way), rel=1e-5)
    assert loss > 0


def test_without_noise_the_answer_is_exact() -> None:
    tree, joint = some_tree(sigma=0.0)
    best, _ = fitted_tables(tree, Descent(2000, 1e-9), prior=0.0)
    for i, family in enumerate(FAMILIES):
        np.testing.assert_allclose(best.nodes[i], marginal(joint, family.clique), atol=1e-6)


@pytest.mark.parametrize("prior", [0.0, 0.01])
@pytest.mark.parametrize("sigma", [2.0, 30.0])
def test_noisy_marginals_become_consistent(sigma: float, prior: float) -> None:
    """What two families share is the same in both, at the coarser of both heights, though their measurements differ."""
    tree, _ = some_tree(sigma)
    best, _ = fitted_tables(tree, Descent(500, 0.001), prior)
    for i, family in enumerate(FAMILIES):
        assert best.nodes[i].min() >= 0 and best.nodes[i].sum() == pytest.approx(1)
        if family.home >= 0:
            joint, _ = joint_of(tree, best.theta)
            mine = best.nodes[i].sum(axis=tuple(range(family.shared, best.nodes[i].ndim)))
            np.testing.assert_allclose(mine, marginal(joint, family.parents[: family.shared]), rtol=1e-7)


@pytest.mark.parametrize("seed", range(3))
def test_no_joint_distribution_is_closer_to_the_measurements(seed: int) -> None:
    """Least squares over all 432 cells of the joint, by another method, find nothing better."""
    tree, _ = some_tree(20.0, seed)
    best, _ = fitted_tables(tree, Descent(3000, 1e-6), prior=0.0)

    def slow(logits: FloatArray) -> tuple[float, FloatArray]:
        joint = np.exp(logits - logits.max())
        joint /= joint.sum()
        mu = np.concatenate([marginal(joint, f.clique).reshape(-1) for f in FAMILIES])
        loss, gradient = tree.loss(mu)
        parts = np.split(gradient, np.cumsum([marginal(joint, f.clique).size for f in FAMILIES])[:-1])
        pull = sum(part[at] for part, at in zip(parts, PLACES, strict=True))
        return loss, joint * (pull - float(joint @ pull))

    found = minimize(
        slow,
        np.zeros(len(CODES)),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 5000, "maxfun": 9000, "ftol": 1e-14, "gtol": 1e-11},
    )
    assert best.loss <= found.fun * 1.005
    assert best.loss >= found.fun * 0.98, "the slow one got there too"


def test_what_was_not_measured_stays_even() -> None:
    """A family whose joint is unknown keeps its columns independent, each as it was measured."""
    known = [
        Observation((n,), TOTAL * (np.arange(s) + 1.0) / (s * (s + 1) / 2), np.ones(s))
        for n, s in SIZES.items()
    ]
    best, _ = fitted_tables(Tree(HEIGHTS, FAMILIES, known, TOTAL), Descent(), prior=0.0)
    shares = {o.clique[0]: o.values / TOTAL for o in known}
    np.testing.assert_allclose(best.nodes[1], np.multiply.outer(shares["a"], shares["b"]), atol=1e-3)
