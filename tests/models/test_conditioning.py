"""Conditioning against brute force: every cell of the joint of small random networks, with and without expansions."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from brute import random_cliques, random_domain
from hypothesis import given
from hypothesis import strategies as st

from duckpaste.domain import Domain, FloatArray
from duckpaste.models.base import Measurement
from duckpaste.models.conditioning import Evidence, condition, conditional, fits
from duckpaste.models.network import Network, Step
from duckpaste.models.pgm import Observation, fit

seeds = st.integers(0, 2**32 - 1)


def joint(network: Network) -> FloatArray:
    """The distribution over all columns that are drawn (axes in the order of the domain), by multiplying it out."""
    domain = network.domain
    out = np.ones(domain.shape(domain))
    for step in network.steps:
        names = (*step.parents, step.column)
        ranks = [domain.names.index(n) for n in names]
        table = conditional(step, domain).transpose(np.argsort(ranks))
        out = out * table.reshape([domain[n] if n in names else 1 for n in domain])
    return out


def seen(domain: Domain, evidence: Sequence[Evidence]) -> FloatArray:
    """The product of all evidence, cell by cell."""
    out = np.ones(domain.shape(domain))
    for e in evidence:
        ranks = [domain.names.index(n) for n in e.columns]
        out = out * e.weights.transpose(np.argsort(ranks)).reshape(
            [domain[n] if n in e.columns else 1 for n in domain]
        )
    return out


def bayesian(rng: np.random.Generator, columns: int, zeros: float = 0.3) -> Network:
    """A random network: up to three parents a column, tables with zeros and with parents of no mass at all."""
    domain = random_domain(rng, columns)
    names = list(rng.permutation(domain.names))
    steps = []
    for i, name in enumerate(names):
        parents = tuple(str(p) for p in rng.permutation(names[:i])[: rng.integers(0, 4)])
        counts = rng.random(domain.shape((*parents, name)))
        counts = counts * (rng.random(counts.shape) >= zeros) * 10.0 ** rng.integers(-3, 4)
        steps.append(Step(str(name), parents, counts))
    return Network(domain, (), steps)


def some_evidence(rng: np.random.Generator, domain: Domain) -> list[Evidence]:
    """On one to three sets of columns, hard (0 and 1) or soft."""
    found = []
    for scope in random_cliques(rng, domain, int(rng.integers(1, 4))):
        turned = tuple(str(n) for n in rng.permutation(scope))
        weights = rng.random(domain.shape(turned))
        found.append(Evidence(turned, (weights > 0.4).astype(float) if rng.random() < 0.5 else weights))
    return found


@given(seeds)
def test_conditioned_joint_is_the_conditional_joint(seed: int) -> None:
    rng = np.random.default_rng(seed)
    network = bayesian(rng, int(rng.integers(1, 6)))
    evidence = some_evidence(rng, network.domain)
    wanted = joint(network) * seen(network.domain, evidence)
    found = condition(network, evidence)
    if wanted.sum() == 0:
        assert found.log_share == -math.inf
        return
    assert math.isclose(found.log_share, math.log(wanted.sum()), rel_tol=1e-9, abs_tol=1e-9)
    assert np.allclose(joint(found.network), wanted / wanted.sum(), atol=1e-12)
    assert sorted(s.column for s in found.network.steps) == sorted(network.domain)


def test_parents_are_drawn_before_their_children() -> None:
    for seed in range(50):
        rng = np.random.default_rng(seed)
        network = bayesian(rng, 5)
        found = condition(network, some_evidence(rng, network.domain)).network
        drawn: set[str] = set()
        for step in found.steps:
            assert drawn.issuperset(step.parents)
            drawn.add(step.column)


def test_rows_follow_the_conditional_and_never_leave_the_evidence() -> None:
    network = bayesian(np.random.default_rng(3), 4, zeros=0.0)
    names = network.domain.names
    weights = np.zeros(network.domain.shape(names[:2]))
    weights[-1, :1] = weights[0, -1] = 1
    wanted = joint(network) * seen(network.domain, [Evidence(names[:2], weights)])
    n = 200_000
    rows = condition(network, [Evidence(names[:2], weights)]).network.sample(n, np.random.default_rng(0))
    shape = network.domain.shape(names)
    found = np.bincount(np.ravel_multi_index([rows[k] for k in names], shape), minlength=wanted.size) / n
    # sd of a cell at most 0.5 / sqrt(n); 6.5 sd, at most 256 cells: false alarm below 1e-7.
    assert np.abs(found - wanted.ravel() / wanted.sum()).max() < 6.5 * 0.5 / np.sqrt(n)
    assert np.all(found[wanted.ravel() == 0] == 0)


def test_columns_without_evidence_below_keep_their_tables() -> None:
    steps = [Step("a", (), np.ones(2)), Step("b", ("a",), np.ones((2, 2))), Step("c", ("b",), np.eye(2))]
    network = Network(Domain({"a": 2, "b": 2, "c": 2}), (), steps)
    found = condition(network, [Evidence(("a",), np.array([1.0, 0.0]))])
    assert found.network.steps[1:] == steps[1:]
    assert math.exp(found.log_share) == pytest.approx(0.5)


def test_no_table_of_a_junction_tree_grows() -> None:
    for seed in range(30):
        rng = np.random.default_rng(seed)
        domain = random_domain(rng, 7)
        cliques = random_cliques(rng, domain, 6)
        measured = [Observation.of(Measurement(c, rng.random(domain.shape(c)) * 100, 1.0)) for c in cliques]
        network = Network(domain, (), fit(domain, measured).generation())
        widest = max(s.counts.size for s in network.steps)
        evidence = [Evidence((n,), rng.random(domain[n])) for n in domain]
        found = condition(network, evidence).network
        assert max(s.counts.size for s in found.steps) <= widest
        assert fits(network, [e.columns for e in evidence])


def test_a_table_that_is_too_large_is_seen_before_it_is_made() -> None:
    causes, effects = [f"p{i}" for i in range(30)], [f"x{i}" for i in range(120)]
    # Each effect joins two causes at random: with all effects seen, all causes hang together.
    steps = [Step(n, (), np.ones(50)) for n in causes]
    rng = np.random.default_rng(0)
    pairs = [tuple(str(n) for n in rng.choice(causes, 2, replace=False)) for _ in effects]
    steps += [Step(n, pair, np.ones((50, 50, 2))) for n, pair in zip(effects, pairs, strict=True)]
    network = Network(Domain(dict.fromkeys(causes, 50) | dict.fromkeys(effects, 2)), (), steps)
    assert not fits(network, [(n,) for n in effects])
    assert fits(network, [("x0",)])
    assert fits(network, [])


def test_evidence_far_from_likely_does_not_underflow() -> None:
    names = [f"c{i}" for i in range(300)]
    steps = [Step("c0", (), np.array([1.0, 1e-9]))]
    steps += [Step(n, (names[i],), np.array([[1.0, 1e-9], [1.0, 1e-9]])) for i, n in enumerate(names[1:])]
    network = Network(Domain(dict.fromkeys(names, 2)), (), steps)
    found = condition(network, [Evidence((n,), np.array([0.0, 1.0])) for n in names])
    assert found.log_share == pytest.approx(300 * math.log(1e-9), rel=1e-6)
    rows = found.network.sample(10, np.random.default_rng(0))
    assert all(np.all(rows[n] == 1) for n in names)


def test_given_columns_stay_given() -> None:
    network = Network(
        Domain({"e": 2, "t": 2}), ("e",), [Step("t", ("e",), np.array([[3.0, 1.0], [1.0, 1.0]]))]
    )
    found = condition(network, [Evidence(("t",), np.array([1.0, 2.0]))])
    assert math.isnan(found.log_share)
    table = conditional(found.network.steps[0], network.domain)
    assert np.allclose(table, [[3 / 5, 2 / 5], [1 / 3, 2 / 3]])


def test_parents_that_count_by_groups_of_codes() -> None:
    """A step may join codes of a parent; the joint is that of the rows all the same."""
    coarsen = {"a": np.array([0, 1, 1, 0])}
    steps = [
        Step("a", (), np.array([1.0, 2, 3, 4])),
        Step("b", ("a",), np.array([[1.0, 0, 2], [0, 0, 0]]), coarsen),
        Step("c", ("b", "a"), np.arange(12.0).reshape(3, 2, 2), coarsen),
    ]
    network = Network(Domain({"a": 4, "b": 3, "c": 2}), (), steps)
    evidence = [Evidence(("c", "a"), np.array([[1.0, 0, 1, 1], [0, 1, 0.5, 1]]))]
    wanted = joint(network) * seen(network.domain, evidence)
    assert np.allclose(joint(condition(network, evidence).network), wanted / wanted.sum())
    n = 100_000
    rows = network.sample(n, np.random.default_rng(0))
    found = np.bincount(np.ravel_multi_index([rows[k] for k in "abc"], (4, 3, 2)), minlength=24) / n
    # sd at most 0.5 / sqrt(n); 6.5 sd, 24 cells: false alarm 2e-9.
    assert np.abs(found - joint(network).ravel()).max() < 6.5 * 0.5 / np.sqrt(n)
