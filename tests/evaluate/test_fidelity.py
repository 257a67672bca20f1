"""Scores against brute force over all rows; the synthetic file is only read, and let go of."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from testkit import INF, category, fitted, put, ready

from duckpaste.db import Db
from duckpaste.errors import UserError
from duckpaste.evaluate import fidelity
from duckpaste.evaluate.fidelity import Fidelity, compare
from duckpaste.model import Model
from duckpaste.schema.view import Field, Table

N = 700
RNG = np.random.default_rng(2)
KINDS = {"a": range(3), "b": range(5), "c": range(2)}
TABLE = Table("t", tuple(category(n, v) if n != "c" else Field("c", "categorical", True, options={"values": [0, 1]})
                         for n, v in KINDS.items()))  # fmt: skip


def columns(rows: int, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    c = [None if x == 2 else int(x) for x in rng.integers(0, 3, rows)]
    return {"a": rng.integers(0, 3, rows), "b": rng.integers(0, 2 + seed % 4, rows), "c": c}


@pytest.fixture
def db() -> Iterator[Db]:
    with Db.open() as made:
        put(made, "t", columns(N, 3), {"a": "integer", "b": "integer", "c": "integer"})
        yield made


def synthetic(path: Path, made: dict[str, Any], types: dict[str, str] | None = None, name: str = "t") -> Path:
    path.unlink(missing_ok=True)
    with Db.open(path) as db:
        put(db, name, made, types or {"a": "integer", "b": "integer", "c": "integer"})
    return path


def scores(db: Db, table: Table, path: Path) -> Fidelity:
    model: Model = fitted(db, table, epsilon=INF)
    return compare(db, ready(db, table), model["t"], path)


def brute(real: dict[str, Any], fake: dict[str, Any], names: tuple[str, ...]) -> float:
    """Total variation of the joint distribution of `names`, NULL as a value of its own."""

    def shares(made: dict[str, Any]) -> dict[tuple[Any, ...], float]:
        keys = list(zip(*([None if v is None else int(v) for v in made[n]] for n in names), strict=True))
        return {k: keys.count(k) / len(keys) for k in set(keys)}

    p, q = shares(real), shares(fake)
    return sum(abs(p.get(k, 0) - q.get(k, 0)) for k in p.keys() | q.keys()) / 2


@pytest.mark.parametrize("rows", [90, N, 3000])
def test_equal_to_brute_force(db: Db, tmp_path: Path, rows: int) -> None:
    real, fake = columns(N, 3), columns(rows, 9)
    found = scores(db, TABLE, synthetic(tmp_path / "s.duckdb", fake))
    one = {n: brute(real, fake, (n,)) for n in KINDS}
    two = {p: brute(real, fake, p) for p in itertools.combinations(KINDS, 2)}
    assert found.tv1 == pytest.approx(np.mean(list(one.values())))
    assert found.tv2 == pytest.approx(np.mean(list(two.values())))
    assert (found.table, found.pairs, found.all_pairs) == ("t", 3, 3)
    for score in found.columns:
        assert score.tv1 == pytest.approx(one[score.name])
        assert score.tv2 == pytest.approx(np.mean([v for p, v in two.items() if score.name in p]))
    nulls = next(s for s in found.columns if s.name == "c")
    assert nulls.null_real == pytest.approx(sum(v is None for v in real["c"]) / N)
    assert nulls.null_synthetic == pytest.approx(sum(v is None for v in fake["c"]) / rows)


def test_the_same_rows_and_disjoint_rows(db: Db, tmp_path: Path) -> None:
    same = scores(db, TABLE, synthetic(tmp_path / "s.duckdb", columns(N, 3)))
    assert same.tv1 == same.tv2 == 0.0
    put(
        db,
        "t",
        {"a": [0] * 10, "b": [0] * 10, "c": [0] * 10},
        {"a": "integer", "b": "integer", "c": "integer"},
    )
    other = scores(db, TABLE, synthetic(tmp_path / "o.duckdb", {"a": [1], "b": [1], "c": [1]}))
    assert other.tv1 == other.tv2 == 1.0


def test_a_shift_of_a_year_is_seen(db: Db, tmp_path: Path) -> None:
    """Scores are over what the file holds, not over codes that never left the model."""
    days = [
        f"{2010 + int(y)}-06-{1 + int(d):02}"
        for y, d in zip(RNG.integers(0, 3, N), RNG.integers(0, 28, N), strict=True)
    ]
    later = [f"{int(d[:4]) + 1}{d[4:]}" for d in days]
    put(db, "t", {"d": days}, {"d": "date"})
    table = Table("t", (Field("d", "date", options={"min": "2005-01-01", "max": "2020-12-31"}),))
    same, shifted = (
        scores(db, table, synthetic(tmp_path / f"{i}.duckdb", {"d": made}, {"d": "date"}))
        for i, made in enumerate((days, later))
    )
    assert same.tv1 == 0.0 and shifted.tv1 > 0.1  # the mean of year, week and day


def test_many_pairs_are_a_fixed_selection_and_said_to_be_one(
    db: Db, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fidelity, "MAX_PAIRS", 2)
    path = synthetic(tmp_path / "s.duckdb", columns(90, 9))
    first, second = (scores(db, TABLE, path) for _ in range(2))
    assert (first.pairs, first.all_pairs) == (2, 3) and first == second


def test_the_synthetic_file_is_only_read_and_let_go_of(db: Db, tmp_path: Path) -> None:
    path = synthetic(tmp_path / "it's.duckdb", columns(90, 9))
    before = path.read_bytes()
    scores(db, TABLE, path)
    with pytest.raises(UserError, match="does not exist"):
        scores(db, TABLE, synthetic(tmp_path / "o.duckdb", {"a": [1], "b": [1], "c": [1]}, name="wrong"))
    assert path.read_bytes() == before
    names = db.rows_sql("t", "select database_name from duckdb_databases() where not internal")
    assert names == [("memory",)]
    assert db.rows_sql("t", "select table_name from duckdb_tables() where table_name = '_compared'") == []
    assert "internal" in fidelity.INTERNAL and "exact" in fidelity.INTERNAL
