"""What a run at epsilon 1 leaves behind holds no exact count: the model file, the model, the doors' public side.

The table has 60 distinct counts above 1000 and 20,011 rows; by chance alone a count comes out unchanged with a
probability of about 1 in 40."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from scipy import stats
from testkit import INF, begin, category, fitted, number, put, ready

from duckpaste.budget import split
from duckpaste.count.marginals import Marginals
from duckpaste.db import Db
from duckpaste.fit import discover
from duckpaste.model import Model
from duckpaste.privacy.accountant import Guarantee
from duckpaste.privacy.ledger import Ledger, Run
from duckpaste.privacy.source import Encoded, Source, protect
from duckpaste.schema.view import Table

N = 20_011
RNG = np.random.default_rng(11)
COLUMNS: dict[str, Any] = {
    "a": RNG.permutation(np.repeat(np.arange(5), [3001, 3517, 4211, 4273, 5009])),
    "b": RNG.permutation(np.repeat(np.arange(6), [1913, 2677, 3299, 3727, 4003, 4392])),
    "c": RNG.permutation(np.repeat([f"v{i}" for i in range(7)], [1531, 1901, 2129, 2663, 3571, 3919, 4297])),
    "x": RNG.permutation(np.repeat([0, 1000, 2000, 5000, 9999], [1787, 2339, 3461, 5021, 7403])),
}
FIELDS = (category("a", range(5)), category("b", range(6)), category("c"), number("x", 0, 10_000))


def exact_counts() -> set[int]:
    """Of single values and of pairs."""
    found: set[int] = set()
    names = list(COLUMNS)
    for i, first in enumerate(names):
        found |= set(np.unique(COLUMNS[first], return_counts=True)[1].tolist())
        for second in names[i + 1 :]:
            pairs = np.char.add(COLUMNS[first].astype(str), np.char.add("|", COLUMNS[second].astype(str)))
            found |= set(np.unique(pairs, return_counts=True)[1].tolist())
    return {c for c in found if c > 1000}


EXACT = exact_counts()


def fit(algorithm: str, epsilon: float) -> Model:
    with Db.open() as db:
        put(db, "t", COLUMNS, {"x": "integer"})
        return fitted(db, Table("t", FIELDS), algorithm, epsilon=epsilon)


def numbers(path: Path) -> Iterator[float]:
    """Every number in every table of a file, those inside texts too (but for the run's name and its time)."""
    con = duckdb.connect(str(path), read_only=True)
    for (table,) in con.sql("select table_name from duckdb_tables()").fetchall():
        result = con.sql(f'from "{table}"')
        result = result.select(
            ", ".join(f'"{c}"' for c in result.columns if c != "cell")
        )  # positions, 0 to 4095
        for row in result.fetchall():
            if table == "info" and row[0] in ("run", "created"):
                continue
            for value in row:
                if isinstance(value, int | float):
                    yield float(value)
                elif value is not None:
                    yield from (
                        float(text) for text in re.findall(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])", str(value))
                    )
    con.close()


@pytest.mark.parametrize("algorithm", ["independent", "mst"])
def test_the_model_file(algorithm: str, tmp_path: Path) -> None:
    path = tmp_path / "m.duckdb"
    fit(algorithm, 1.0).save(path)
    found = set(numbers(path))
    assert len(EXACT) >= 25
    same = len(EXACT & found)
    # sigma is above 10 for every marginal of the plan, so that a count stays with 4 % at most.
    assert stats.binomtest(same, len(EXACT), 0.06, alternative="greater").pvalue > 1e-7
    assert N not in found
    # The test can fail: without noise the same file holds them.
    plain = tmp_path / "p.duckdb"
    fit(algorithm, INF).save(plain)
    left = set(numbers(plain))
    singles = {int(c) for v in COLUMNS.values() for c in np.unique(v, return_counts=True)[1]}
    assert singles <= left and N in left


def test_info_tells_no_number_of_rows(tmp_path: Path) -> None:
    model = fit("independent", 1.0)
    assert not any(str(N) in text for key, text in model.info.items() if key not in ("run", "created"))
    assert model["t"].rows != N or model["t"].network.total != N
    assert "rows" not in model.info and "n" not in model.info


def test_two_runs_differ() -> None:
    """Equal vectors of 23 cells by chance: below 1e-30."""
    first, second = (fit("independent", 1.0)["t"] for _ in range(2))
    for a, b in zip(first.measurements, second.measurements, strict=True):
        assert a.clique == b.clique and not np.array_equal(a.values, b.values)
    assert not np.array_equal(first.network.steps[0].counts, second.network.steps[0].counts)


# -- objects


def reached(start: Any, *, public: bool = False) -> Iterator[Any]:
    """Everything that attributes, items and fields lead to; with `public` only through names without underscore."""
    seen: set[int] = set()
    stack = [start]
    while stack:
        thing = stack.pop()
        if id(thing) in seen or isinstance(thing, str | bytes | int | float | type | None):
            continue
        seen.add(id(thing))
        yield thing
        if isinstance(thing, Mapping):
            stack += [*thing.keys(), *thing.values()]
        elif isinstance(thing, list | tuple | set | frozenset):
            stack += list(thing)
        held = getattr(thing, "__dict__", {})
        if callable(thing) and getattr(thing, "__closure__", None):
            stack += [c.cell_contents for c in thing.__closure__]
        stack += [v for k, v in dict(held).items() if not (public and k.startswith("_"))]


@pytest.mark.parametrize("algorithm", ["independent", "mst"])
def test_nothing_private_is_in_reach_of_a_model(algorithm: str) -> None:
    things = list(reached(fit(algorithm, 1.0)))
    arrays = [t for t in things if isinstance(t, np.ndarray)]
    assert len(arrays) > 5, "the walk finds what there is"
    assert not [t for t in things if isinstance(t, Db | Encoded | Source | Marginals | Run | Ledger)]
    same = EXACT & {float(v) for a in arrays for v in a.ravel()}
    assert stats.binomtest(len(same), len(EXACT), 0.06, alternative="greater").pvalue > 1e-7


def test_the_public_side_of_the_doors_holds_no_count() -> None:
    with Db.open() as db:
        put(db, "t", COLUMNS, {"x": "integer"})
        prepared = ready(db, Table("t", FIELDS))
        run = begin(1.0)
        source = Source(db, protect(db, prepared.relation, "v.t"), run)
        discover(source, prepared.codecs, split(Guarantee(1.0), prepared.codecs))
        encoded = source.encode(prepared.codecs)
        encoded.measure([("a",), ("a", "b")], [run.loss / 10] * 2, "test")
        encoded.select(
            [("a", "b"), ("a",)], {("a",): np.zeros(5), ("a", "b"): np.zeros((5, 6))}, run.loss / 10, "s"
        )
        coarse = encoded.recoded({"b": np.array([0, 0, 1, 1, 2, 2])}, [("a", "b")])
        for door in (source, encoded, encoded.limited(0.1), coarse):
            things = list(reached(door, public=True))
            assert not [t for t in things if isinstance(t, Marginals | np.ndarray)]
            assert not any(t == N for name in dir(door) if not name.startswith("_") for t in [getattr(door, name)]
                           if isinstance(t, int | float))  # fmt: skip
        hidden = [t for t in reached(encoded) if isinstance(t, np.ndarray)]
        assert any(a.sum() == N for a in hidden), "the walk would see them"
