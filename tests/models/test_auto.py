"""Auto: what it takes where, that it is the algorithm it takes, and that no private number sways it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from fake_doors import ArrayDoors

from duckpaste.domain import Domain
from duckpaste.models import registry
from duckpaste.models.auto import Auto
from duckpaste.privacy.accountant import Accountant, rho_of


def gaussian(loss: float) -> float:
    return 0.0 if math.isinf(loss) else Accountant(False).sigma(loss)


def laplace(loss: float) -> float:
    return Accountant(True).sigma(loss)


def many(columns: int, size: int = 4) -> Domain:
    return Domain({f"x{i}": size for i in range(columns)})


@pytest.mark.parametrize(("columns", "epsilon", "name"), [
    (1, 1.0, "independent"), (2, 1.0, "fast"), (14, 0.1, "fast"), (14, 1.0, "fast"), (14, 10.0, "aim"),
    (30, 10.0, "aim"), (31, 10.0, "fast"), (300, 1.0, "fast"), (301, 1.0, "mst"), (14, math.inf, "aim"),
])  # fmt: skip
def test_by_columns_and_noise(columns: int, epsilon: float, name: str) -> None:
    choice = Auto().choice(many(columns), gaussian, rho_of(epsilon, 1e-9))
    assert choice.name == name and type(choice.model) is type(registry.make(name, {}))
    assert str(choice).startswith(f"{name}, because of ")
    if columns > 1:
        assert f"{columns} columns" in choice.why


@pytest.mark.parametrize(("columns", "epsilon", "name"), [
    (14, 1.0, "fast"), (24, 1.0, "fast"), (25, 1.0, "mst"), (14, 10.0, "aim"), (1, 1.0, "independent"),
])  # fmt: skip
def test_under_pure_epsilon(columns: int, epsilon: float, name: str) -> None:
    assert Auto().choice(many(columns), laplace, epsilon).name == name


def test_evidence_alone_makes_no_pair() -> None:
    domain = many(3)
    assert Auto().choice(domain, gaussian, 0.01, ("x0", "x1")).name == "mst"
    assert Auto().choice(domain, gaussian, 0.01, ("x0", "x1", "x2")).name == "independent"
    assert Auto().choice(Domain({"a": 1, "b": 1, "c": 5}), gaussian, 0.01).name == "independent"


@pytest.mark.parametrize("loss", [0.01, math.inf])
def test_it_is_what_it_takes(loss: float) -> None:
    rng = np.random.default_rng(0)
    domain = many(4)
    codes = {n: rng.integers(0, 4, 2000) for n in domain}
    codes["x1"] = np.where(rng.random(2000) < 0.8, codes["x0"], codes["x1"])
    auto = ArrayDoors(codes, domain, loss, np.random.default_rng(1))
    name = Auto().choice(domain, auto.sigma, loss).name
    model = registry.make(name, {})
    assert Auto().plan(domain, auto.sigma, loss) == model.plan(domain, auto.sigma, loss, ())
    assert Auto().expected(domain, auto.sigma, loss) == model.expected(domain, auto.sigma, loss)
    assert Auto().shape(domain, auto.sigma, loss) == model.shape(domain, auto.sigma, loss)
    own = ArrayDoors(codes, domain, loss, np.random.default_rng(1))
    made, told = Auto().fit(auto), model.fit(own)
    assert auto.spends == own.spends and made.facts["chosen"].startswith(f"{name}, because of")
    rows = [f.network.sample(100, np.random.default_rng(0)) for f in (made, told)]
    assert all(np.array_equal(rows[0][n], rows[1][n]) for n in domain)


def test_rows_do_not_sway_it() -> None:
    """The same choice for a table and for nothing."""
    domain = many(5)
    told = []
    for rows in (0, 1, 5000):
        codes = {n: np.zeros(rows, dtype=np.int64) for n in domain}
        doors = ArrayDoors(codes, domain, 0.02, np.random.default_rng(0))
        told.append(Auto().fit(doors).facts["chosen"])
    assert len(set(told)) == 1
