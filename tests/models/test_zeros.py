"""Structural zeros: what public rules forbid gets no mass, whatever the noise, and the fit is still the optimum."""

from __future__ import annotations

import csv
import itertools
import math
import os
from pathlib import Path

import numpy as np
import pytest
from fake_doors import ArrayDoors, count
from hypothesis import given, settings
from hypothesis import strategies as st

from duckpaste.domain import Domain, IntArray, Zeros
from duckpaste.errors import DomainError, UserError
from duckpaste.models import registry
from duckpaste.models.conditioning import Evidence, condition
from duckpaste.models.pgm import Descent, Observation, fit
from duckpaste.privacy.accountant import rho_of

SIZES = {"a": 3, "b": 4, "c": 2, "d": 3}


def brute(domain: Domain) -> np.ndarray:
    """Which rows are possible, over all columns."""
    allowed = np.ones(domain.shape(domain), dtype=bool)
    for rule in domain.zeros:
        shape = [domain[n] if n in rule.clique else 1 for n in domain]
        allowed &= rule.possible.reshape(shape)
    return allowed


@st.composite
def ruled(draw: st.DrawFn) -> Domain:
    """One to three rules over random columns; never so many that no row is left."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    zeros = []
    for _ in range(draw(st.integers(1, 3))):
        names = sorted(rng.choice(list(SIZES), size=int(rng.integers(1, 4)), replace=False))
        zeros.append(Zeros(tuple(names), rng.random([SIZES[n] for n in names]) < 0.7))
    return Domain(SIZES, zeros=zeros)


def noisy(domain: Domain, cliques: list[tuple[str, ...]], seed: int) -> list[Observation]:
    rng = np.random.default_rng(seed)
    return [
        Observation(c, 50 * rng.random(domain.shape(c)) + rng.normal(0, 20, domain.shape(c)),
                    np.full(domain.shape(c), 400.0)) for c in cliques
    ]  # fmt: skip


@given(domain=ruled(), seed=st.integers(0, 100))
@settings(max_examples=40, deadline=None)
def test_no_mass_where_rules_forbid(domain: Domain, seed: int) -> None:
    allowed = brute(domain)
    cliques: list[tuple[str, ...]] = [("a", "b"), ("b", "c"), ("d",)]
    if not allowed.any():
        with pytest.raises(UserError, match="rules leave no row possible"):
            fit(domain, noisy(domain, cliques, seed))
        return
    model = fit(domain, noisy(domain, cliques, seed), descent=Descent(60))
    whole = model.proportions(domain.names)
    assert np.isfinite(whole).all() and whole.sum() == pytest.approx(1)
    assert whole[~allowed].sum() == 0
    assert (whole >= 0).all()


def test_the_optimum_is_that_of_the_joint_distribution() -> None:
    """Against a slow projected descent over all cells that are possible."""
    possible = np.ones((3, 4), dtype=bool)
    possible[0, 1:] = possible[2, :2] = False
    domain = Domain(SIZES, zeros=[Zeros(("a", "b"), possible)])
    observations = noisy(domain, [("a", "b"), ("b", "c"), ("c", "d")], 3)
    model = fit(domain, observations, total=300.0, descent=Descent(5000, 1e-12))
    allowed = brute(domain)

    def loss(p: np.ndarray) -> float:
        out = 0.0
        for o in observations:
            axes = tuple(i for i, n in enumerate(domain) if n not in o.clique)
            out += float(((300 * p.sum(axis=axes) - o.values) ** 2 / (2 * o.variance)).sum())
        return out

    theta = np.where(allowed, 0.0, -np.inf)
    best, step = math.inf, 0.5
    for _ in range(20_000):
        p = np.exp(theta - theta.max())
        p /= p.sum()
        best = min(best, loss(p))
        gradient = np.zeros(p.shape)
        for o in observations:
            axes = tuple(i for i, n in enumerate(domain) if n not in o.clique)
            off = 300 * (300 * p.sum(axis=axes) - o.values) / o.variance
            gradient += np.expand_dims(off, axes)
        theta = theta - step * gradient / 300
    assert loss(model.proportions(domain.names)) == pytest.approx(best, rel=1e-3)


def table(rows: int = 4000, seed: int = 0) -> tuple[dict[str, IntArray], Domain]:
    """`grade` follows from `school`; a child is never married; two columns more."""
    rng = np.random.default_rng(seed)
    school = rng.integers(0, 8, rows)
    age = rng.integers(0, 5, rows)
    codes = {
        "age": age, "school": school, "grade": school // 2, "wed": np.where(age == 0, 0, rng.integers(0, 3, rows)),
        "x": (school + rng.integers(0, 3, rows)) % 6,
    }  # fmt: skip
    fixed = np.arange(8)[:, None] // 2 == np.arange(4)[None, :]
    child = np.ones((5, 3), dtype=bool)
    child[0, 1:] = False
    sizes = {"age": 5, "school": 8, "grade": 4, "wed": 3, "x": 6}
    return codes, Domain(sizes, zeros=[Zeros(("school", "grade"), fixed), Zeros(("age", "wed"), child)])


def broken(rows: dict[str, IntArray], domain: Domain) -> int:
    """Rows that break a rule."""
    wrong = np.zeros(len(rows["school"]), dtype=bool)
    for rule in domain.zeros:
        wrong |= ~rule.possible[tuple(rows[n] for n in rule.clique)]
    return int(wrong.sum())


@pytest.mark.parametrize("name", registry.names())
@pytest.mark.parametrize("loss", [1e-5, 0.01, math.inf])
@pytest.mark.parametrize("evidence", [(), ("x",)])
def test_no_algorithm_draws_what_is_forbidden(name: str, loss: float, evidence: tuple[str, ...]) -> None:
    codes, domain = table()
    doors = ArrayDoors(codes, domain, loss, np.random.default_rng(1))
    fitted = registry.make(name, {}).fit(doors, evidence)
    assert fitted.network.domain["school"] == 8, "codes that a rule speaks of are not merged"
    given = {n: np.random.default_rng(2).integers(0, domain[n], 20_000) for n in evidence}
    rows = {**fitted.network.sample(20_000, np.random.default_rng(0), given), **given}
    assert broken(rows, domain) == 0
    assert np.array_equal(rows["grade"], rows["school"] // 2), "a function holds in every row"


@pytest.mark.parametrize("name", registry.names())
def test_rules_mend_what_noise_breaks(name: str) -> None:
    codes, domain = table(3000)
    free = Domain(domain.sizes)
    off = {}
    for d in (domain, free):
        errors, wrong = [], 0
        for seed in range(3):
            doors = ArrayDoors(codes, d, rho_of(1.0, 1e-9), np.random.default_rng(seed))
            rows = registry.make(name, {}).fit(doors).network.sample(3000, np.random.default_rng(seed))
            pair = ("school", "grade")
            errors.append(np.abs(count(codes, d, pair) - count(rows, d, pair)).sum() / 6000)
            wrong += broken(rows, domain)
        off[d is domain] = (float(np.mean(errors)), wrong)
    assert off[False][1] > 50 and off[True][1] == 0
    assert off[True][0] < off[False][0]


def test_impossible_evidence_is_told() -> None:
    """What `sample --where` asks: a row that no rule allows has probability zero."""
    codes, domain = table()
    for name in registry.names():
        network = (
            registry.make(name, {}).fit(ArrayDoors(codes, domain, 0.1, np.random.default_rng(1))).network
        )
        wanted = np.zeros((8, 4))
        wanted[0, 3] = 1.0  # a school whose grade is 0
        assert condition(network, [Evidence(("school", "grade"), wanted)]).log_share == -math.inf
        wanted[0, 0] = 1.0
        assert condition(network, [Evidence(("school", "grade"), wanted)]).log_share > -math.inf


def test_a_rule_must_fit_its_domain() -> None:
    with pytest.raises(DomainError, match="does not fit"):
        Domain({"a": 2, "b": 2}, zeros=[Zeros(("b", "a"), np.ones((2, 2), dtype=bool))])
    with pytest.raises(DomainError, match="does not fit"):
        Domain({"a": 2, "b": 2}, zeros=[Zeros(("a",), np.ones(3, dtype=bool))])


def test_rules_follow_the_columns_that_stay_as_they_are() -> None:
    _, domain = table()
    assert [z.clique for z in domain.project(["age", "wed", "x"]).zeros] == [("age", "wed")]
    assert [z.clique for z in domain.resized({"age": 2, "x": 2}).zeros] == [("school", "grade")]


LEVELS = (
    "Preschool", "1st-4th", "5th-6th", "7th-8th", "9th", "10th", "11th", "12th", "HS-grad", "Some-college",
    "Assoc-voc", "Assoc-acdm", "Bachelors", "Masters", "Prof-school", "Doctorate",
)  # fmt: skip


def adult() -> tuple[dict[str, IntArray], Domain]:
    """Five columns of Adult; `education-num` numbers the levels of `education`."""
    folder = os.environ.get("DUCKPASTE_TEST_DATA")
    if not folder:
        pytest.skip("DUCKPASTE_TEST_DATA is not set")
    with (Path(folder) / "adult" / "adult.data").open(newline="") as file:
        rows = [[cell.strip() for cell in row] for row in csv.reader(file) if len(row) == 15]
    level = {name: i for i, name in enumerate(LEVELS)}
    relations = {name: i for i, name in enumerate(sorted({row[7] for row in rows}))}
    codes: dict[str, IntArray] = {
        "age": np.array([min(int(row[0]) // 5, 17) for row in rows]),
        "education": np.array([level[row[3]] for row in rows]),
        "education-num": np.array([int(row[4]) - 1 for row in rows]),
        "relationship": np.array([relations[row[7]] for row in rows]),
        "income": np.array([row[14].startswith(">") for row in rows]).astype(np.int64),
    }
    sizes = {"age": 18, "education": 16, "education-num": 16, "relationship": len(relations), "income": 2}
    return codes, Domain(sizes, zeros=[Zeros(("education", "education-num"), np.eye(16, dtype=bool))])


@pytest.mark.parametrize("name", ["mst", "fast", "privbayes", "independent"])
def test_a_rule_makes_adult_better(name: str) -> None:
    """At epsilon .3: no contradiction where there were some, and the pair and all pairs closer, mean of 3 runs."""
    codes, domain = adult()
    n = len(codes["age"])
    pairs = list(itertools.combinations(domain, 2))
    real = {p: count(codes, domain, p) / n for p in pairs}
    off, wrong = {}, {}
    for d in (domain, Domain(domain.sizes)):
        errors = []
        wrong[d is domain] = 0
        for seed in range(3):
            rng = np.random.default_rng(seed)
            doors = ArrayDoors(codes, d, rho_of(0.3, 1e-9), rng)
            rows = registry.make(name, {}).fit(doors).network.sample(n, rng)
            wrong[d is domain] += int((rows["education"] != rows["education-num"]).sum())
            errors.append([np.abs(real[p] - count(rows, d, p) / n).sum() / 2 for p in pairs])
        off[d is domain] = np.mean(errors, axis=0)
    assert wrong[True] == 0 and wrong[False] > 20
    pair = pairs.index(("education", "education-num"))
    assert off[True][pair] < off[False][pair]
    if name != "privbayes":  # whose network is fitted without the rule, and conditioned on it afterwards
        assert off[True].mean() < off[False].mean()
