"""k: chosen from noisy rows a unit, between noise and what is clipped; never the largest."""

from __future__ import annotations

import math

import numpy as np
import pytest
from family_tools import fitted

from duckpaste.codec.base import Histogram
from duckpaste.db import Db
from duckpaste.relational.contribution import BIAS, POWERS, Sizes, best, sizes_of
from duckpaste.schema.view import Table


def histogram(sizes: np.ndarray, sigma: float, seed: int = 0) -> Histogram:
    exact = np.bincount(np.ceil(np.log2(sizes)).astype(int), minlength=POWERS).astype(float)
    return Histogram(exact + np.random.default_rng(seed).normal(0, 1, POWERS) * sigma, sigma)


def test_kept_and_clipped() -> None:
    sizes = Sizes(np.array([1.0, 4.0, 20.0]), np.array([100.0, 50.0, 10.0]))
    assert sizes.kept(1) == 160 and sizes.kept(4) == 340 and sizes.kept(20) == 500
    assert sizes.clipped(4) == pytest.approx(1 - 340 / 500) and sizes.clipped(20) == 0


@pytest.mark.parametrize("noise", [0.0, 1.0, 160.0, 1e4, 1e9])
def test_best_is_the_least_of_the_sum(noise: float) -> None:
    sizes = Sizes(np.arange(1.0, 201.0), 20_000 / np.arange(1.0, 201.0) ** 2)
    k = best(sizes, noise)

    def cost(k: int) -> float:
        return noise * k / sizes.kept(k) + BIAS * sizes.clipped(k)

    # Candidates are at most a factor of 1.5 apart.
    assert cost(k) <= min(cost(j) for j in range(1, 257)) * 1.05 + 1e-12
    assert (k >= 200) == (noise == 0.0) and (k == 1) == (noise >= 1e4)


def test_sizes_from_noise() -> None:
    """The mean of rows a unit and what k = 8 clips; noise of 58 units a cell is that of rho .00015. One histogram errs
    by .6 rows and .07 (1 sd), the mean of ten by .2 and .02; the seeds are fixed."""
    rng = np.random.default_rng(1)
    sizes = np.minimum(np.ceil(rng.pareto(1.12, 20_000) + 1e-9), 200)
    clipped = 1 - np.minimum(sizes, 8).sum() / sizes.sum()
    means, shares = [], []
    for seed in range(10):
        found = sizes_of(histogram(sizes, 58.0, seed))
        assert found is not None
        means.append(found.units @ found.rows / found.units.sum())
        shares.append(found.clipped(8))
    assert np.mean(means) == pytest.approx(sizes.mean(), abs=0.8)
    assert np.mean(shares) == pytest.approx(clipped, abs=0.12)
    exact = sizes_of(histogram(sizes, 0.0))
    assert exact is not None and exact.units.sum() == pytest.approx(20_000)


def test_nothing_clear_gives_nothing() -> None:
    assert sizes_of(Histogram(np.zeros(POWERS), 10.0)) is None


def family(heavy: int) -> tuple[Db, tuple[Table, ...]]:
    """2,000 units of 3 rows each, and one of `heavy`."""
    db = Db.open()
    db.run_sql("t", "create table u (id integer primary key, x boolean not null)")
    db.run_sql("t", "create table t (id integer primary key, u integer not null references u (id), y utinyint not null "
               "check (y between 0 and 9))")  # fmt: skip
    db.run_sql("t", "insert into u select i, i % 2 = 0 from range(2001) r(i)")
    db.run_sql("t", "insert into t select i, i // 3, i % 10 from range(6000) r(i)")
    db.run_sql("t", f"insert into t select 6000 + i, 2000, i % 10 from range({heavy}) r(i)")
    return db, (Table("u"), Table("t", options={"max_children": 20_000}))


@pytest.mark.parametrize("heavy", [1, 10_000])
def test_one_heavy_unit_does_not_raise_k(heavy: int) -> None:
    """10,000 rows of one unit, more than all others have: k stays near 3. (The noise of a cell is 50 units: one that is
    taken for clear by chance, of 24, has a probability below 1e-3, and would have to be far out.)"""
    db, tables = family(heavy)
    model, _ = fitted(db, tables, {"epsilon": 2.0})
    told = model.info["contributions.t"]
    assert ", chosen; about " in told and "clipped" in told
    assert 1 <= int(told.split(",")[0]) <= 6
    assert int(model.info["contributions"]) <= 6


def test_where_units_are_too_few_to_tell_k_is_1(monkeypatch: pytest.MonkeyPatch) -> None:
    """All is noise then, and each row more that a unit may weigh brings more of it."""
    monkeypatch.setattr("duckpaste.relational.contribution.sizes_of", lambda found: None)
    db, tables = family(5)
    model, ledger = fitted(db, tables, {"epsilon": 2.0})
    assert model.info["contributions.t"] == "1, for there are too few units to choose it"
    rows = "select distinct sensitivity from releases where tables = 'family.t' and stage = 'one-way'"
    assert ledger.db.rows_sql("r", rows) == [(1.0,)]


def test_declared_k_is_told_as_such() -> None:
    db, tables = family(5)
    declared = Table("t", contributions=7, options={"max_children": 20_000, "contributions": 7})
    model, ledger = fitted(db, (tables[0], declared), {"epsilon": 2.0})
    assert model.info["contributions.t"] == "7, declared"
    assert not ledger.db.rows_sql("r", "select 1 from releases where stage = 'bound'")


def test_without_noise_nothing_is_clipped() -> None:
    db, tables = family(50)
    model, _ = fitted(db, tables, {"epsilon": math.inf})
    assert int(model.info["contributions.t"].split(",")[0]) >= 50
