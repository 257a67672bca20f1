"""Networks: marginals within rounding, independence given parents, evidence, expansions, reproducible rows."""

from __future__ import annotations

import numpy as np
import pytest
from brute import joint, marginal

from duckpaste.domain import Domain
from duckpaste.errors import DomainError
from duckpaste.models.base import Measurement
from duckpaste.models.network import Expansion, Network, Step
from duckpaste.models.pgm import Graphical, Observation, fit


def fitted(
    domain: Domain, cliques: list[tuple[str, ...]], seed: int, last: tuple[str, ...] = ()
) -> Graphical:
    """A model of exact random marginals."""
    rng = np.random.default_rng(seed)
    full = rng.dirichlet(np.full(domain.cells(domain), 0.5)).reshape(domain.shape(domain))
    exact = [Observation.of(Measurement(c, marginal(domain, full, c) * 1000, 0.0)) for c in cliques]
    return fit(domain, exact, last=last)


def test_sampled_marginals_are_within_rounding() -> None:
    domain = Domain({"a": 4, "b": 3, "c": 5, "d": 2})
    model = fitted(domain, [("a", "b"), ("b", "c"), ("b", "d")], 0)
    rows = Network(domain, (), model.generation()).sample(50_000, np.random.default_rng(0))
    for pair in (("a", "b"), ("b", "c"), ("b", "d")):
        flat = rows[pair[0]] * domain[pair[1]] + rows[pair[1]]
        found = np.bincount(flat, minlength=domain.cells(pair)).reshape(domain.shape(pair))
        # The first column is off by less than one row a code, the second by less than two a cell on top of that.
        assert np.abs(found - 50_000 * model.proportions(pair)).max() < 5


def test_columns_are_independent_given_their_parent() -> None:
    domain = Domain({"a": 2, "b": 3, "c": 2})
    model = fitted(domain, [("a", "b"), ("b", "c")], 1)
    n = 200_000
    rows = Network(domain, (), model.generation()).sample(n, np.random.default_rng(1))
    found = np.bincount(rows["a"] * 6 + rows["b"] * 2 + rows["c"], minlength=12).reshape(2, 3, 2) / n
    expected = joint(domain, model.potentials)
    # sd of a cell at most 0.5 / sqrt(n) = 0.0011; 6.5 sd, 12 cells: false alarm 1e-9.
    assert np.abs(found - expected).max() < 6.5 * 0.5 / np.sqrt(n)


def test_rows_follow_the_junction_tree_of_a_ring() -> None:
    # Parents must share a junction tree clique, not only a measured one.
    domain = Domain({"a": 2, "b": 2, "c": 2, "d": 2})
    agree, differ = np.array([[45.0, 5.0], [5.0, 45.0]]), np.array([[20.0, 30.0], [30.0, 20.0]])
    ring = {("a", "b"): agree, ("b", "c"): agree, ("c", "d"): agree, ("a", "d"): differ}
    model = fit(domain, [Observation.of(Measurement(c, v, 1.0)) for c, v in ring.items()])
    n = 200_000
    rows = Network(domain, (), model.generation()).sample(n, np.random.default_rng(0))
    flat = rows["a"] * 8 + rows["b"] * 4 + rows["c"] * 2 + rows["d"]
    found = np.bincount(flat, minlength=16).reshape(2, 2, 2, 2) / n
    assert np.abs(found - joint(domain, model.potentials)).max() < 6.5 * 0.5 / np.sqrt(n)  # false alarm 1e-9


def test_evidence_is_honoured() -> None:
    domain = Domain({"e": 3, "f": 2, "t": 3, "u": 2})
    cliques = [("e", "t"), ("f", "t"), ("t", "u")]
    model = fitted(domain, cliques, 2, last=("e", "f"))
    network = Network(domain, ("e", "f"), model.generation(("e", "f")))
    rng = np.random.default_rng(3)
    n = 240_000
    e, f = (
        np.repeat([0, 1, 2], n // 3),
        np.tile([0, 1], n // 2),
    )  # not as in the model: the conditional counts
    rows = network.sample(n, rng, {"e": e.astype(np.uint8), "f": f.astype(np.uint8)})
    assert set(rows) == {"t", "u"}
    full = joint(domain, model.potentials)
    found = np.bincount(e * 12 + f * 6 + rows["t"] * 2 + rows["u"], minlength=36).reshape(3, 2, 3, 2) * 6 / n
    expected = full / full.sum(axis=(2, 3), keepdims=True)
    # Each of the six groups has n / 6 rows: sd at most 0.5 / sqrt(n / 6); 6.5 sd, 36 cells: false alarm 3e-9.
    assert np.abs(found - expected).max() < 6.5 * 0.5 / np.sqrt(n / 6)


def test_evidence_must_have_been_eliminated_last() -> None:
    domain = Domain({"e": 2, "t": 2, "u": 2})
    model = fitted(domain, [("e", "t"), ("t", "u")], 0, last=("u",))
    with pytest.raises(DomainError, match="last"):
        model.generation(("e",))


def test_same_seed_same_rows() -> None:
    domain = Domain({"a": 4, "b": 3})
    network = Network(domain, (), fitted(domain, [("a", "b")], 0).generation())
    one, same, other = (network.sample(1000, np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert all(np.array_equal(one[n], same[n]) for n in domain)
    assert any(not np.array_equal(one[n], other[n]) for n in domain)


def test_parents_without_mass_fall_back() -> None:
    domain = Domain({"e": 3, "t": 3})
    counts = np.array([[0.0, 5.0, 0.0], [0.0, 0.0, 0.0], [0.0, 5.0, 0.0]])
    network = Network(domain, ("e",), [Step("t", ("e",), counts)])
    assert network.sample(4, np.random.default_rng(0), {"e": np.array([1, 1, 0, 2])})["t"].tolist() == [1] * 4


def test_expansions_of_columns_and_of_evidence() -> None:
    coarse = np.array([0, 1, 1, 1])
    expansions = {n: Expansion(coarse, np.array([9.0, 0.0, 1.0, 3.0])) for n in ("e", "t")}
    network = Network(Domain({"e": 2, "t": 2}), ("e",), [Step("t", ("e",), np.eye(2))], expansions)
    rows = network.sample(800, np.random.default_rng(0), {"e": np.repeat([0, 1, 2, 3], 200)})
    assert np.bincount(rows["t"]).tolist() == [200, 0, 150, 450]
    assert np.all(coarse[rows["t"]] == np.repeat([0, 1, 1, 1], 200))


def test_no_rows() -> None:
    network = Network(Domain({"t": 2}), (), [Step("t", (), np.ones(2))])
    assert network.sample(0, np.random.default_rng(0))["t"].size == 0
