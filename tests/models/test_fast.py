"""Fast: which pairs it chooses, what it keeps that a tree loses, and sizes that must not break it."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Mapping

import numpy as np
import pytest
from fake_doors import ArrayDoors, count

from duckpaste.domain import Domain, IntArray
from duckpaste.errors import UserError
from duckpaste.models import registry
from duckpaste.models.base import Doors
from duckpaste.models.fast import Fast
from duckpaste.models.mst import MST
from duckpaste.models.pairing import Pairing
from duckpaste.models.pgm import size_mb
from duckpaste.privacy.accountant import rho_of


def cycle(columns: int, size: int, rows: int, seed: int = 0) -> tuple[dict[str, IntArray], Domain]:
    """Columns in a ring, each close to the one before; the last depends on the first as much."""
    rng = np.random.default_rng(seed)
    codes = [rng.integers(0, size, rows)]
    for _ in range(columns - 2):
        codes.append(np.where(rng.random(rows) < 0.7, codes[-1], rng.integers(0, size, rows)))
    pick = rng.random(rows)
    codes.append(
        np.where(pick < 0.45, codes[-1], np.where(pick < 0.9, codes[0], rng.integers(0, size, rows)))
    )
    return {f"x{i}": c for i, c in enumerate(codes)}, Domain({f"x{i}": size for i in range(columns)})


def doors_of(codes: Mapping[str, IntArray], domain: Domain, epsilon: float, seed: int = 0) -> ArrayDoors:
    loss = epsilon if math.isinf(epsilon) else rho_of(epsilon, 1e-9)
    return ArrayDoors(codes, domain, loss, np.random.default_rng(seed))


def error(codes: dict[str, IntArray], domain: Domain, rows: dict[str, IntArray]) -> float:
    """Mean total variation over all pairs."""
    n, m = (len(next(iter(c.values()))) for c in (codes, rows))
    pairs = itertools.combinations(domain, 2)
    return float(np.mean([
        np.abs(count(codes, domain, p) / n - count(rows, domain, p) / m).sum() / 2 for p in pairs
    ]))  # fmt: skip


def test_a_ring_is_kept_that_a_tree_must_cut() -> None:
    codes, domain = cycle(5, 4, 20_000)
    found = {}
    for model in (Fast(), MST()):
        network = model.fit(doors_of(codes, domain, 2.0)).network
        found[type(model)] = error(codes, domain, network.sample(20_000, np.random.default_rng(1)))
    assert found[Fast] < 0.6 * found[MST]


def test_two_passes_and_one_choice() -> None:
    """1-ways, all errors at once, all pairs at once: three calls, whatever the columns."""
    codes, domain = cycle(6, 4, 20_000)
    calls: list[str] = []

    class Counted(ArrayDoors):
        def measure(self, *given: object) -> list:  # type: ignore[type-arg]
            calls.append(str(given[2]))
            return super().measure(*given)  # type: ignore[arg-type]

        def errors(self, *given: object) -> tuple:  # type: ignore[type-arg]
            calls.append("errors")
            return super().errors(*given)  # type: ignore[arg-type]

        def recoded(self, maps: object, ask: object = ()) -> Doors:  # type: ignore[override]
            raise AssertionError("all codes are frequent")

    fitted = Fast().fit(Counted(codes, domain, 1.0, np.random.default_rng(0)))
    assert calls == ["one-way", "errors", "pairs"]
    assert len(fitted.facts["edges"]) > 5


def test_the_model_stays_within_its_size() -> None:
    codes, domain = cycle(9, 12, 20_000)
    for limit in (0.01, 0.1, 1.0):
        fitted = Fast(max_mb=limit, threshold=0.0).fit(doors_of(codes, domain, math.inf))
        assert fitted.facts["megabytes"] <= limit
        assert fitted.facts["megabytes"] == pytest.approx(
            size_mb(domain, [tuple(e) for e in fitted.facts["edges"]])
        )


def test_nothing_is_measured_that_is_not_worth_its_noise() -> None:
    """Independent columns: the loss goes to the 1-ways again."""
    rng = np.random.default_rng(0)
    domain = Domain({f"x{i}": 20 for i in range(6)})
    codes = {n: rng.integers(0, 20, 3000) for n in domain}
    doors = doors_of(codes, domain, 1.0)
    fitted = Fast().fit(doors)
    assert fitted.facts["edges"] == [] and doors.spent > 0.99 * doors.loss
    assert all(len(m.clique) == 1 for m in fitted.measurements)


def test_choices_against_all_sets_of_pairs() -> None:
    """On four columns the greedy choice reaches most of what the best of all sets of pairs reaches."""
    rng = np.random.default_rng(3)
    domain = Domain({"a": 3, "b": 9, "c": 2, "d": 30})
    pairs: list[tuple[str, ...]] = list(itertools.combinations(domain, 2))
    weight = np.array([domain.cells(p) for p in pairs]) ** (2 / 3)
    for _ in range(50):
        errors = rng.gamma(1.0, 1000.0, len(pairs))
        noise = rng.uniform(1, 30)

        def worth(some: list[int], errors: np.ndarray = errors, noise: float = noise) -> float:
            return float(errors[some].sum() - noise * weight[some].sum() ** 1.5)

        sets = [list(s) for k in range(7) for s in itertools.combinations(range(6), k)]
        best = max(worth(s) for s in sets)
        chosen = Pairing(domain, pairs, errors, 1e4).choose(noise, 1e9, 6, 0.0)
        assert worth([pairs.index(c) for c in chosen]) >= 0.9 * best


def test_what_a_chain_tells_already_is_taken_off() -> None:
    domain = Domain({"a": 5, "b": 5, "c": 5})
    errors = np.array(
        [9000.0, 4000.0, 9000.0]
    )  # ab, ac, bc; a chain of 9000 each tells 9000 * 9000 / 20000 of ac
    pairs = [("a", "b"), ("a", "c"), ("b", "c")]
    assert len(Pairing(domain, pairs, errors, 1e4).choose(1.0, 1.0, 3, 0.0)) == 3
    assert Pairing(domain, pairs, errors, 1e4).choose(1.0, 1.0, 3, 1.0) == [("a", "b"), ("b", "c")]


def test_the_pairs_are_never_left_without_a_loss() -> None:
    domain = Domain({"a": 3, "b": 4, "c": 3})
    with pytest.raises(UserError, match=r"alg\.share_select.*nothing for the pairs"):
        registry.make("fast", {"share_one_way": 0.6, "share_select": 0.4})
    for loss in (1e-9, 1e-4, 1.0):  # where noise is large the 1-ways get most
        plan = Fast(share_select=0.5).plan(domain, lambda part: math.sqrt(1 / (2 * part)), loss)
        assert all(r.loss > 0.09 * loss for r in plan) and len(plan) == 3
        assert math.isclose(sum(r.loss for r in plan), loss)


def test_evidence_is_never_linked_to_evidence() -> None:
    codes, domain = cycle(6, 4, 20_000)
    given = ("x0", "x1", "x2")
    fitted = Fast().fit(doors_of(codes, domain, 5.0), given)
    assert not [e for e in fitted.facts["edges"] if set(e) <= set(given)]
    rows = {n: codes[n][:5000] for n in given}
    drawn = fitted.network.sample(5000, np.random.default_rng(0), rows)
    near = np.mean(drawn["x3"] == rows["x2"])
    assert near > 0.65  # 0.7 + 0.3 / 4 in the data


def test_a_hundred_columns_in_little_time() -> None:
    codes, domain = cycle(100, 6, 4000)
    doors = doors_of(codes, domain, 10.0)
    start = time.process_time()
    fitted = Fast(steps=20).fit(doors)
    assert time.process_time() - start < 30  # about 3
    edges = [(int(a[1:]), int(b[1:])) for a, b in fitted.facts["edges"]]
    assert sum((b - a) % 98 in (1, 97) for a, b in edges) > 80  # most of the ring is found


def test_ten_thousand_codes() -> None:
    rng = np.random.default_rng(0)
    domain = Domain({"wide": 10_000, "a": 5, "b": 3})
    wide = (rng.random(50_000) ** 6 * 10_000).astype(np.int64)
    codes = {"wide": wide, "a": np.minimum(wide // 100, 4), "b": rng.integers(0, 3, 50_000)}
    for epsilon in (1.0, math.inf):
        fitted = Fast().fit(doors_of(codes, domain, epsilon))
        rows = fitted.network.sample(50_000, np.random.default_rng(0))
        exact, found = (count(c, domain, ("a",)) / 50_000 for c in (codes, rows))
        assert np.abs(exact - found).sum() < 0.02
        assert rows["wide"].max() < 10_000
