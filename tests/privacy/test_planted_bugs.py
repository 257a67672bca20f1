"""Bugs that others shipped in private synthesisers are planted here one by one; for each, the checks that see it.

Every check passes on the code as it is and fails on the planted bug (leak_checks.py tells how often they err by chance:
less than once in a million runs). The statistical audit of test_audit.py sees B2, B7 and B8 once more, from outside.

B1  a choice whose scores move both ways is paid as if they moved one way   B2  a loss taken for the scale of noise
B3  scores without noise                                                     B4  a score with the sensitivity of another
B5  floats added to noise that was drawn at 0                                B6  a sampler that can be seeded
B7  domains read off the data                                                B8  the exact number of rows
B9  failures, columns and orders that depend on the data                     B11 the rows of a person as persons"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from leak_checks import CHECKS, whole_fit
from worlds import DB, PEOPLE, WORLD, Row, fit

from duckpaste.domain import FloatArray, IntArray
from duckpaste.errors import BudgetError
from duckpaste.fit import fit_table
from duckpaste.model import TableModel
from duckpaste.models import mst
from duckpaste.privacy import discovery, noise, source
from duckpaste.privacy.accountant import Accountant
from duckpaste.schema.view import Table

Patch = pytest.MonkeyPatch


@pytest.mark.parametrize("name", CHECKS)
def test_the_code_as_it_is(name: str) -> None:
    CHECKS[name]()


# -- bugs in the code


def one_way(patch: Patch) -> None:
    """B1: noisy max of scores that are said to be monotone, so that half the noise seems to do."""

    @cache
    def chooser(scale: float, pure: bool) -> Any:
        dp = noise._opendp()
        scores = (
            dp.vector_domain(dp.atom_domain(T="f64", nan=False)),
            dp.linf_distance(T="f64", monotonic=True),
        )
        measure = dp.max_divergence() if pure else dp.zero_concentrated_divergence()
        return dp.m.make_noisy_max(*scores, output_measure=measure, scale=scale)

    scale = Accountant.select_scale
    patch.setattr(noise, "_chooser", chooser)
    patch.setattr(Accountant, "select_scale", lambda self, loss, s: scale(self, loss, s) / 2)


def loss_for_scale(patch: Patch) -> None:
    """B2: the scale of the noise is the loss, and the ledger believes what was asked."""
    patch.setattr(Accountant, "noise_scale", lambda _, loss: loss)
    patch.setattr(
        noise, "proved_loss", lambda scale, sensitivity, *, pure: scale * PEOPLE.contributions / sensitivity
    )


def faint(patch: Patch) -> None:
    """B2: the ledger has the right scale, the sampler another."""
    add = noise.add
    patch.setattr(noise, "add", lambda counts, scale, *, pure: add(counts, scale / 10, pure=pure))


def argmax(scores: FloatArray, scale: float, *, pure: bool) -> int:
    """No noise."""
    return int(np.argmax(scores))


def greedy(patch: Patch) -> None:
    """B3: noisy max without noise."""
    patch.setattr(noise, "noisy_max", argmax)


def past_the_noise(patch: Patch) -> None:
    """B3: the door itself takes the best, and never calls the noise."""
    patch.setattr(source, "noise", SimpleNamespace(**{**vars(noise), "noisy_max": argmax}))


def entropy(shares: FloatArray) -> float:
    """In bits."""
    return float(-(shares[shares > 0] * np.log2(shares[shares > 0])).sum())


def information(counts: FloatArray, axis: int) -> tuple[float, float, float]:
    """Mutual information of the axis and all others, and both entropies."""
    joint = np.moveaxis(counts, axis, 0).reshape(counts.shape[axis], -1) / max(1.0, counts.sum())
    one, other = entropy(joint.sum(axis=1)), entropy(joint.sum(axis=0))
    return one + other - entropy(joint.ravel()), one, other


def normalised_information(patch: Patch) -> None:
    """B4: I / sqrt(H H), scaled by the sensitivity of I."""

    def score(counts: FloatArray, axis: int, _: FloatArray) -> float:
        found, one, other = information(counts, axis)
        n = max(2.0, counts.sum())
        sensitivity = 2 / n * math.log((n + 1) / 2) + (n - 1) / n * math.log((n + 1) / (n - 1))
        return found / math.sqrt(max(one * other, 1e-9)) / sensitivity

    patch.setattr(source, "dependence", score)


def information_in_rows(patch: Patch) -> None:
    """B4: n I, as if it had the sensitivity of a distance."""
    patch.setattr(source, "dependence", lambda counts, axis, _: counts.sum() * information(counts, axis)[0])


def float_noise(patch: Patch) -> None:
    """B5: noise drawn at 0.0 in float64, then added to the count."""

    def add(counts: IntArray, scale: float, *, pure: bool) -> FloatArray:
        dp = noise._opendp()
        domain = dp.vector_domain(dp.atom_domain(T="f64", nan=False))
        one = dp.m.make_laplace(domain, dp.l1_distance(T=float), scale=scale) if pure else None
        drawn = (one or dp.m.make_gaussian(domain, dp.l2_distance(T=float), scale=scale))([0.0] * counts.size)
        return counts + np.array(drawn).reshape(counts.shape)

    patch.setattr(noise, "add", add)


def through_floats(patch: Patch) -> None:
    """B5: whole noise drawn at 0, added in float64."""
    add = noise.add
    patch.setattr(
        noise, "add",
        lambda counts, scale, *, pure: (counts * 1.0 + add(np.zeros_like(counts), scale, pure=pure)).astype(np.int64),
    )  # fmt: skip


def numpy_noise(make: Callable[[], Any]) -> Callable[[Patch], None]:
    """B6: numpy's floats, rounded."""

    def plant(patch: Patch) -> None:
        def add(counts: IntArray, scale: float, *, pure: bool) -> IntArray:
            rng = make()
            drawn = (rng.laplace if pure else rng.normal)(scale=scale, size=counts.shape)
            return counts + np.rint(drawn).astype(np.int64)

        patch.setattr(noise, "add", add)

    return plant


def any_value(patch: Patch) -> None:
    """B7: values are told as soon as their noisy count is above 0."""
    patch.setattr(discovery, "value_threshold", lambda scale, delta, k: 0.0)


def rows_of_data() -> float:
    """The exact number of rows."""
    return float(DB.rows_sql("n", "select count(*) from t")[0][0])


def exact_total(patch: Patch) -> None:
    """B8: the model is scaled to the exact number of rows."""
    patch.setattr(mst, "total_of", lambda _: rows_of_data())


def exact_default(patch: Patch) -> None:
    """B8: as many rows are drawn by default as there are."""
    patch.setattr(TableModel, "rows", property(lambda _: int(rows_of_data())))


def persons(patch: Patch) -> None:
    """B11: noise for one row a person, where two may weigh."""
    protect = fit_table.__globals__["protect"]
    patch.setitem(fit_table.__globals__, "protect", lambda *a, **k: replace(protect(*a, **k), k=1))


BUGS: list[tuple[str, Callable[[Patch], None], list[str]]] = [
    ("B1 monotone scores", one_way, ["choices zCDP", "choices pure"]),
    ("B2 a loss for a scale", loss_for_scale, ["whole mst"]),
    ("B2 less noise than told", faint, ["spread zCDP", "spread pure"]),
    ("B3 argmax", greedy, ["frequencies zCDP", "frequencies pure"]),
    (
        "B3 past the noise",
        past_the_noise,
        ["choices zCDP", "whole mst", "whole privbayes", "frequencies zCDP"],
    ),
    ("B4 normalised information", normalised_information, ["dependence", "rare values"]),
    ("B4 information in rows", information_in_rows, ["dependence", "rare values"]),
    ("B5 floats", float_noise, ["lattice zCDP", "lattice pure"]),
    ("B5 through floats", through_floats, ["lattice zCDP", "lattice pure"]),
    ("B6 the global state", numpy_noise(lambda: np.random), ["sampler zCDP", "sampler pure"]),
    ("B6 a fixed seed", numpy_noise(lambda: np.random.default_rng(7)), ["sampler zCDP", "sampler pure"]),
    ("B6 no seed", numpy_noise(np.random.default_rng), ["sampler zCDP", "sampler pure"]),
    ("B7 any value", any_value, ["values"]),
    ("B8 exact total", exact_total, ["whole mst"]),
    ("B8 exact default", exact_default, ["whole mst", "whole privbayes"]),
    ("B11 rows of a person", persons, ["whole mst"]),
]


@pytest.mark.parametrize(
    ("plant", "name"), [pytest.param(p, c, id=f"{b}: {c}") for b, p, cs in BUGS for c in cs]
)
def test_a_planted_bug_is_seen(plant: Callable[[Patch], None], name: str, monkeypatch: Patch) -> None:
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        CHECKS[name]()


def test_the_ledger_refuses_a_loss_for_a_scale(monkeypatch: Patch) -> None:
    """B2 alone: the ledger has what OpenDP proves for the scale, which is far beyond the budget; nothing is drawn."""
    monkeypatch.setattr(Accountant, "noise_scale", lambda _, loss: loss)
    monkeypatch.setattr(noise, "add", None)
    with pytest.raises(BudgetError, match="would pass what this run may spend"):
        fit(WORLD)


# -- bugs in what is fitted


def with_field(name: str, **changes: Any) -> Table:
    """The table with one field declared otherwise."""
    fields = (replace(f, **changes) if f.name == name else f for f in PEOPLE.fields)
    return replace(PEOPLE, fields=tuple(fields))


def column(rows: Sequence[Row], name: str) -> list[Any]:
    """The values that are there."""
    return [value for row in rows if (value := row["pabce".index(name)]) is not None]


def categories_of_data(rows: Sequence[Row]) -> Table:
    """B7: values are those that occur."""
    return with_field("a", options={"values": sorted(set(column(rows, "a")))})


def bounds_of_data(rows: Sequence[Row]) -> Table:
    """B7: the range is that of the values."""
    return with_field("c", options={"min": min(column(rows, "c")), "max": max(column(rows, "c"))})


def without_constants(rows: Sequence[Row]) -> Table:
    """B9: a column of one value is dropped."""
    return replace(PEOPLE, fields=tuple(f for f in PEOPLE.fields if len(set(column(rows, f.name))) > 1))


def only_whole_domains(rows: Sequence[Row]) -> Table:
    """B9: a declared value that nobody has stops the fit."""
    if "z" not in column(rows, "a"):
        raise ValueError("a value that never occurs")
    return PEOPLE


def null_where_seen(rows: Sequence[Row]) -> Table:
    """B9: NULL has a code where there is one."""
    return with_field("b", nullable=any(row[2] is None for row in rows))


def by_number_of_values(rows: Sequence[Row]) -> Table:
    """B9: columns in the order of how many values they have."""
    return replace(PEOPLE, fields=tuple(sorted(PEOPLE.fields, key=lambda f: len(set(column(rows, f.name))))))


@pytest.mark.parametrize(
    "table", [categories_of_data, bounds_of_data, without_constants, only_whole_domains, null_where_seen, by_number_of_values]
)  # fmt: skip
@pytest.mark.parametrize("algorithm", ["mst", "privbayes"])
def test_a_table_read_off_the_data_is_seen(algorithm: str, table: Callable[[Sequence[Row]], Table]) -> None:
    with pytest.raises(AssertionError):
        whole_fit(algorithm, table)
