"""The parts that models share: compression, 1-way fits, chance errors, forests, shares of a loss."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from duckpaste.domain import Domain
from duckpaste.models.base import Measurement, Sigma
from duckpaste.models.coding.compress import compress
from duckpaste.models.one_way import OneWay
from duckpaste.models.pgm import Observation
from duckpaste.models.shares import Stages, divided, fall, is_pure, one_way_share
from duckpaste.models.singles import OuterProducts, SamplingErrors, fitted_singles
from duckpaste.models.spanning import Forest


def single(name: str, values: list[float], sigma: float) -> Observation:
    return Observation.of(Measurement((name,), np.array(values), sigma))


# -- compression ----------------------------------------------------------------------------------------------------


def test_rare_codes_share_a_bucket() -> None:
    domain = Domain({"a": 6, "b": 2})
    one = single("a", [50.0, 2.0, 6.0, -3.0, 5.9, 40.0], 2.0)
    found = compress(domain, [one, single("b", [50.0, 50.0], 2.0)], 100.0, threshold=3.0)
    assert found.domain.sizes == {"a": 4, "b": 2}
    assert {n: m.tolist() for n, m in found.maps.items()} == {"a": [0, 3, 1, 3, 3, 2]}  # 6 >= 3 * 2 is kept
    coarse = found.observation(one)
    assert coarse.values.tolist() == [50.0, 6.0, 40.0, pytest.approx(2 - 3 + 5.9)]
    assert coarse.variance.tolist() == [4.0, 4.0, 4.0, 12.0]  # the sum of three: their variances add
    expansion = found.expansions["a"]
    assert expansion.coarse.tolist() == [0, 3, 1, 3, 3, 2]
    assert expansion.weights[3] == 0 and expansion.weights[4] > expansion.weights[1] > 0
    other = single("b", [1.0, 2.0], 1.0)
    assert found.observation(other) is other


@pytest.mark.parametrize(
    ("values", "sigma", "size"),
    [
        ([1.0, -2.0, 0.5], 1.0, 3),  # nothing passes: everything stays
        ([9.0, 9.0, 0.5], 1.0, 3),  # a bucket of one is no gain
        ([9.0, 9.0, 9.0], 1.0, 3),
        ([9.0, 0.0, 0.0], 0.0, 3),  # exact counts are kept
        ([9.0, 0.0, 0.0], 1.0, 2),
        ([9.0], 1.0, 1),
    ],
)
def test_when_compression_stays_away(values: list[float], sigma: float, size: int) -> None:
    found = compress(Domain({"a": len(values)}), [single("a", values, sigma)], 10.0, threshold=3.0)
    assert found.domain["a"] == size and bool(found.maps) == (size != len(values))


# -- 1-ways ---------------------------------------------------------------------------------------------------------


def test_constant_columns_are_not_measured() -> None:
    domain = Domain({"a": 1, "b": 3, "c": 1, "d": 2})
    assert OneWay(domain, 0.5).cliques == [("b",), ("d",)]
    assert OneWay(domain, 0.5, ("a", "c")).cliques == [("a",)]
    assert OneWay(domain, 0.5, ()).cliques == []


def test_fitted_singles_weigh_cells_by_their_variance() -> None:
    domain = Domain({"a": 2, "b": 2})
    bucket = Observation(("a",), np.array([5.0, 5.0]), np.array([1.0, 3.0]))
    found = fitted_singles(domain, [bucket], 6.0)
    assert found["a"].tolist() == [4.0, 2.0] and found["b"].tolist() == [3.0, 3.0]


def test_outer_products_are_made_when_asked() -> None:
    singles = {"a": np.array([1.0, 3.0]), "b": np.array([2.0, 2.0]), "c": np.array([4.0])}
    products = OuterProducts(singles, 4.0, [("a", "b")])
    assert products[("a", "b")].tolist() == [[0.5, 0.5], [1.5, 1.5]]
    assert list(products) == [("a", "b")] and len(products) == 1
    with pytest.raises(KeyError):
        products[("a", "c")]


def test_chance_errors() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.dirichlet(np.ones(7)) * 500, rng.dirichlet(np.full(40, 0.2)) * 500
    a[0] = 0.0
    found = SamplingErrors({"a": a, "b": b}, 500.0).of(("a", "b"))
    cells = np.outer(a, b) / 500
    assert found == pytest.approx(np.minimum(2 * cells, np.sqrt(2 * cells / math.pi)).sum())
    drawn = [np.abs(rng.poisson(cells) - cells).sum() for _ in range(200)]
    assert np.mean(drawn) < found < 1.25 * np.mean(drawn)


# -- forests --------------------------------------------------------------------------------------------------------


def test_forests_are_kruskals() -> None:
    domain = Domain(dict.fromkeys("abcdef", 2))
    rng = np.random.default_rng(0)
    for evidence in ("", "b", "bd", "abcde"):
        forest = Forest(domain, 10, evidence)
        edges = []
        most = forest.edges_left()
        while forest.candidates()[1]:
            numbers, cliques = forest.candidates()
            assert all(forest.cliques[i] == c for i, c in zip(numbers, cliques, strict=True))
            pick = int(rng.integers(len(numbers)))
            edges.append(cliques[pick])
            forest.add(numbers[pick])
        assert len(edges) == most == (6 - len(evidence) if evidence else 5)
        assert not any(set(edge) <= set(evidence) for edge in edges)
        component = {n: "evidence" if n in evidence else n for n in domain}
        for one, other in edges:  # never a cycle, evidence counted as one
            assert component[one] != component[other]
            component = {n: component[one] if c == component[other] else c for n, c in component.items()}
        assert len(set(component.values())) == 1


def test_forests_leave_out_large_pairs_and_constants() -> None:
    domain = Domain({"a": 100, "b": 100, "c": 3, "d": 1, "e": 90})
    forest = Forest(domain, 300)
    assert forest.cliques == [("a", "c"), ("b", "c"), ("c", "e")] and forest.edges_left() == 3
    assert Forest(domain, 200).cliques == []
    assert Forest(domain, 200).edges_left() == 0
    assert Forest(Domain({"a": 2}), 200).candidates() == ([], [])


def test_edges_left_against_brute_force() -> None:
    rng = np.random.default_rng(0)
    for _ in range(30):
        domain = Domain({f"c{i}": int(rng.integers(1, 30)) for i in range(8)})
        forest = Forest(domain, 100, domain.names[: int(rng.integers(0, 4))])
        expected = forest.edges_left()
        for done in itertools.count():
            numbers, _ = forest.candidates()
            assert forest.edges_left() == expected - done
            if not numbers:
                break
            forest.add(int(rng.choice(numbers)))


# -- shares ---------------------------------------------------------------------------------------------------------


def test_losses_are_divided() -> None:
    domain = Domain({"a": 4, "b": 1, "c": 9})
    cliques = [("a",), ("b",), ("c",)]
    assert divided(6.0, domain, cliques, 0.5) == [2.0, 1.0, 3.0]
    assert divided(6.0, domain, cliques, 0.0) == [2.0, 2.0, 2.0]
    assert divided(math.inf, domain, cliques, 0.5) == [math.inf] * 3
    assert divided(1.0, domain, [], 0.5) == []


def test_losses_of_stages() -> None:
    stages = Stages.of(2.0, 3.0, 0.0, 1.0)
    assert (stages.one_way, stages.select, stages.joint) == (1.5, 0.0, 0.5)
    free = Stages.of(math.inf, 3.0, 0.0, 1.0)
    assert (free.one_way, free.select, free.joint) == (math.inf, 0.0, math.inf), "no 0 x inf"


@pytest.mark.parametrize(("sigma", "power"), [(lambda x: 3 * x**-0.5, 0.5), (lambda x: 2 / x, 1.0)])
def test_kinds_of_noise_are_told_apart(sigma: Sigma, power: float) -> None:
    assert fall(sigma) == pytest.approx(power) and is_pure(sigma) == (power == 1.0)


def test_the_share_of_the_1_ways_grows_with_the_noise_between_bounds() -> None:
    shares = [one_way_share(ratio, 0.4, 0.2) for ratio in (0.0, 1e-9, 0.1, 1.0, 2.0, 1e9)]
    assert shares == sorted(shares) and shares[0] == 0.1 and shares[3] == 0.4 and shares[-1] == 0.6
