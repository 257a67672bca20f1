"""Fitting: against a general solver, against exact data, and what it promises about totals and warm starts."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from brute import joint, marginal, random_cliques, random_domain

from duckpaste.domain import Clique, Domain, FloatArray
from duckpaste.errors import DomainError
from duckpaste.models.base import Measurement
from duckpaste.models.pgm import Descent, Graphical, Observation, fit, total_of
from duckpaste.models.pgm.observation import merged
from duckpaste.models.pgm.problem import Problem

FAR = Descent(steps=20_000, tolerance=1e-9, patience=50)


def noisy(
    domain: Domain, full: FloatArray, cliques: list[Clique], total: float, rng: np.random.Generator
) -> list[Observation]:
    """Observations of a joint with noise of a different sd each."""
    out = []
    for clique in cliques:
        sigma = float(rng.uniform(0.01, 0.1)) * total
        exact = marginal(domain, full, clique) * total
        out.append(
            Observation.of(Measurement(clique, exact + sigma * rng.standard_normal(exact.shape), sigma))
        )
    return out


def loss_of(observations: list[Observation], full: FloatArray, domain: Domain, total: float) -> float:
    """The least squares loss of a joint."""
    return sum(
        float((((marginal(domain, full, o.clique) * total - o.values) ** 2) / (2 * o.variance)).sum())
        for o in observations
    )


def full_of(model: Graphical) -> FloatArray:
    """The joint of a fitted model, from its potentials."""
    return joint(model.domain, model.potentials)


@pytest.mark.parametrize("seed", range(6))
def test_as_good_as_a_general_solver(seed: int) -> None:
    from scipy.optimize import minimize

    rng = np.random.default_rng(seed)
    domain = Domain({"a": 2, "b": 3, "c": 2, "d": 2})
    cliques: list[Clique] = [("a", "b"), ("b", "c"), ("c", "d"), ("a", "d"), ("b",), ("a", "b")]
    truth = rng.dirichlet(np.full(24, 0.5)).reshape(domain.shape(domain))
    observations = noisy(domain, truth, cliques[: 3 + seed % 4], 1000.0, rng)
    model = fit(domain, observations, total=1000.0, descent=FAR)

    def objective(flat: FloatArray) -> float:
        return loss_of(observations, flat.reshape(truth.shape), domain, 1000.0)

    best = minimize(
        objective, np.full(24, 1 / 24), method="SLSQP", bounds=[(0, 1)] * 24,
        constraints=[{"type": "eq", "fun": lambda p: p.sum() - 1}], options={"maxiter": 2000, "ftol": 1e-13},
    )  # fmt: skip
    mine = loss_of(observations, full_of(model), domain, 1000.0)
    assert mine <= best.fun * (1 + 1e-3) + 1e-6
    for clique in {o.clique for o in observations}:  # the optimum is unique in what was measured
        found = marginal(domain, best.x.reshape(truth.shape), clique)
        np.testing.assert_allclose(model.proportions(clique), found, atol=5e-3)


@pytest.mark.parametrize("seed", range(10))
def test_exact_measurements_of_a_tree_are_met(seed: int) -> None:
    rng = np.random.default_rng(seed)
    domain = Domain({f"x{i}": int(rng.integers(1, 6)) for i in range(7)})
    names = domain.names
    pairs = [(names[int(rng.integers(i))], names[i]) for i in range(1, 7)]
    counts = rng.multinomial(5000, rng.dirichlet(np.full(domain.cells(names), 0.02))).reshape(
        domain.shape(names)
    )
    cliques: list[Clique] = [*pairs, *((n,) for n in names)]
    observations = [
        Observation.of(Measurement(c, marginal(domain, counts, c).astype(float), 0.0)) for c in cliques
    ]
    model = fit(domain, observations)
    assert model.total == 5000
    for clique in cliques:
        np.testing.assert_allclose(model.marginal(clique), marginal(domain, counts, clique), atol=5000 * 1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_exact_measurements_of_anything_are_met(seed: int) -> None:
    rng = np.random.default_rng(seed)
    domain = random_domain(rng, 6)
    cliques = random_cliques(rng, domain, 6)
    full = rng.dirichlet(np.ones(domain.cells(domain))).reshape(domain.shape(domain))
    observations = [Observation.of(Measurement(c, marginal(domain, full, c) * 100, 0.0)) for c in cliques]
    model = fit(domain, observations, descent=Descent(20_000, 0.0))
    for clique in cliques:
        np.testing.assert_allclose(model.proportions(clique), marginal(domain, full, clique), atol=1e-6)


def test_what_was_not_measured_has_maximal_entropy() -> None:
    domain = Domain({"a": 2, "b": 2, "c": 2, "d": 3})
    ab, bc = np.array([[30.0, 10.0], [5.0, 55.0]]), np.array([[20.0, 15.0], [50.0, 15.0]])
    model = fit(
        domain,
        [Observation.of(Measurement(("a", "b"), ab, 0.0)), Observation.of(Measurement(("b", "c"), bc, 0.0))],
    )
    b = ab.sum(axis=0)
    np.testing.assert_allclose(model.marginal(("a", "c")), (ab / b) @ bc, rtol=1e-6)
    np.testing.assert_allclose(model.marginal(("d",)), 100 / 3)


def test_total_of_least_variance() -> None:
    def one(clique: Clique, values: list[float], sigma: float) -> Observation:
        return Observation.of(Measurement(clique, np.array(values), sigma))

    assert total_of([]) == 1.0
    assert total_of([one(("a",), [-5.0, 1.0], 1.0)]) == 1.0
    # Variances 2 * 1 and 4 * 4 : weights 8 to 1.
    both = [one(("a",), [60.0, 30.0], 1.0), one(("b",), [20.0, 20.0, 20.0, 39.0], 2.0)]
    assert total_of(both) == pytest.approx((8 * 90 + 99) / 9)
    assert total_of([*both, one(("c",), [70.0], 0.0)]) == 70.0


def test_observations_of_one_clique_are_pooled() -> None:
    domain = Domain({"a": 2, "b": 2})
    first = Observation.of(Measurement(("a", "b"), np.array([[1.0, 2.0], [3.0, 4.0]]), 1.0))
    second = Observation.of(Measurement(("b", "a"), np.array([[4.0, 6.0], [5.0, 7.0]]), 2.0))
    ((clique, (values, weight)),) = merged(domain, [first, second]).items()
    assert clique == ("a", "b")
    np.testing.assert_allclose(weight, 1.25)
    np.testing.assert_allclose(
        values, [[(1 + 1) / 1.25, (2 + 1.25) / 1.25], [(3 + 1.5) / 1.25, (4 + 1.75) / 1.25]]
    )


@pytest.mark.parametrize("seed", range(5))
def test_warm_start_ends_where_a_cold_one_does(seed: int) -> None:
    rng = np.random.default_rng(seed)
    domain = random_domain(rng, 6)
    full = rng.dirichlet(np.full(domain.cells(domain), 0.3)).reshape(domain.shape(domain))
    cliques = list(dict.fromkeys(random_cliques(rng, domain, 6)))
    observations = noisy(domain, full, cliques, 500.0, rng)
    early = fit(domain, observations[:3], total=500.0, descent=FAR)
    warm = fit(domain, observations, total=500.0, start=early, descent=FAR)
    cold = fit(domain, observations, total=500.0, descent=FAR)
    assert warm.loss == pytest.approx(cold.loss, rel=1e-3, abs=1e-12)
    again = fit(domain, observations, total=500.0, start=warm)
    assert again.steps <= 20 and again.loss <= warm.loss


def test_stops_early_and_never_passes_its_steps() -> None:
    rng = np.random.default_rng(0)
    domain = Domain({"a": 5, "b": 6, "c": 7})
    full = rng.dirichlet(np.full(210, 0.1)).reshape(5, 6, 7)
    observations = noisy(domain, full, [("a", "b"), ("b", "c"), ("a", "c")], 1000.0, rng)
    assert fit(domain, observations, descent=Descent(7, 0.0)).steps == 7
    loose = fit(domain, observations, descent=Descent(5000, 0.1))
    tight = fit(domain, observations, descent=Descent(5000, 1e-6))
    assert loose.steps < tight.steps < 5000 and tight.loss <= loose.loss


def test_gradient_is_the_slope() -> None:
    rng = np.random.default_rng(1)
    domain = Domain({"a": 2, "b": 3, "c": 2})
    cliques: list[Clique] = [("a", "b"), ("b", "c"), ("b",), ("c",)]
    targets = {c: (rng.random(domain.shape(c)), rng.uniform(0.5, 2, domain.shape(c))) for c in cliques}
    problem = Problem(domain, targets)
    mu = rng.random(problem.cells)
    loss, gradient = problem.loss(mu)
    for i, step in itertools.product(range(problem.cells), [1e-6]):
        moved = mu.copy()
        moved[i] += step
        assert (problem.loss(moved)[0] - loss) / step == pytest.approx(gradient[i], abs=1e-4)


def test_a_warm_start_must_fit_into_the_new_model() -> None:
    domain = Domain({"a": 2, "b": 2})
    pair = fit(domain, [Observation.of(Measurement(("a", "b"), np.ones((2, 2)), 1.0))])
    with pytest.raises(DomainError, match="no clique"):
        fit(domain, [Observation.of(Measurement(("a",), np.ones(2), 1.0))], start=pair)
