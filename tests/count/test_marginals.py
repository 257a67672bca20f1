"""Counting equals brute force, whatever is asked; codes outside their domain never alias another cell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duckpaste import sql
from duckpaste.count import marginals as module
from duckpaste.count.engines.duckdb import DuckDbEngine
from duckpaste.count.marginals import Marginals
from duckpaste.count.rollup import onto
from duckpaste.db import Db
from duckpaste.domain import Clique, Domain
from duckpaste.errors import DomainError, UserError

DB = Db.open()


def stored(codes: dict[str, np.ndarray], name: str = "t", db: Db = DB) -> None:
    """The codes as a table of the narrowest unsigned types, as `encoded` makes it."""

    def narrow(name: str, c: np.ndarray) -> np.ndarray:
        if name == "weight":
            return c.astype(np.int64)
        return c.astype(
            np.uint8 if c.max(initial=0) < 256 else np.uint16 if c.max(initial=0) < 65536 else np.uint32
        )

    db.run_sql("drop", f"drop table if exists {name}")
    table = pa.table({n: pa.array(narrow(n, c)) for n, c in codes.items()})
    db.insert_arrow("made", f"create table {name} as from made", "made", table)


def brute(
    codes: dict[str, np.ndarray], domain: Domain, clique: Clique, weight: np.ndarray | None
) -> np.ndarray:
    """Counts by numpy alone."""
    counts = np.zeros(domain.shape(clique), dtype=np.int64)
    np.add.at(counts, tuple(codes[n] for n in clique), 1 if weight is None else weight)
    return counts


def domains(rng: np.random.Generator) -> Domain:
    """1 to 20 columns; sizes from 1 up to beyond 8 and 16 bits; the names need quotes."""
    width = int(rng.integers(1, 21))
    sizes = rng.choice([1, 2, 2, 3, 4, 7, 20, 255, 256, 257, 3000, 65536, 70_000], size=width)
    return Domain({f'c {i}"': int(s) for i, s in enumerate(sizes)})


def requests(rng: np.random.Generator, domain: Domain) -> list[Clique]:
    """Up to 12 cliques of any width, each of at most 2^21 cells."""
    found = []
    for _ in range(int(rng.integers(1, 13))):
        names: list[str] = []
        for name in rng.permutation(domain.names)[: rng.integers(1, len(domain) + 1)]:
            if domain.cells([*names, name]) <= 1 << 21:
                names.append(str(name))
        if names:
            found.append(domain.clique(names))
    return found


@given(st.integers(0, 2**32 - 1), st.booleans(), st.sampled_from([0, 1, 500, 3000]))
@settings(max_examples=25, deadline=None)
def test_equal_to_brute_force(seed: int, weighted: bool, rows: int) -> None:
    rng = np.random.default_rng(seed)
    domain = domains(rng)
    codes = {n: rng.integers(0, domain[n], rows) for n in domain}
    for name in codes:
        if rows and rng.random() < 0.5:
            codes[name][:] = domain[name] - 1  # the last code of the domain, for everyone
    weight = rng.integers(0, 2**40, rows) if weighted else None
    stored(codes | ({"weight": weight} if weight is not None else {}))
    counter = Marginals(DuckDbEngine(DB), "t", domain, weight="weight" if weighted else None)
    for _ in range(2):
        asked = requests(rng, domain)
        found = counter.counts(asked)
        assert list(found) == list(dict.fromkeys(asked))
        for clique, counts in found.items():
            assert counts.dtype == np.int64 and counts.shape == domain.shape(clique)
            assert np.array_equal(counts, brute(codes, domain, clique, weight)), clique
    assert counter.rows == rows


def test_blocks_beyond_the_limit_and_many_statements() -> None:
    rng = np.random.default_rng(1)
    domain = Domain({f"c{i}": s for i, s in enumerate([300] * 40 + [4000, 1000])})
    codes = {n: rng.integers(0, domain[n], 2000) for n in domain}
    stored(codes)
    asked = [(a, b) for i, a in enumerate(domain.names[:40]) for b in domain.names[i + 1 : 40 : 13]]
    asked.append(("c40", "c41"))  # 4,000,000 cells: a block by itself
    DB.trace.clear()
    found = Marginals(DuckDbEngine(DB), "t", domain).counts(asked)
    statements = [s for s in DB.trace if s.name == "marginals"]
    assert len(statements) > 1 and all(s.sql.count("group by") <= module.BRANCHES for s in statements)
    assert all(np.array_equal(found[c], brute(codes, domain, c, None)) for c in asked)


@pytest.mark.parametrize("packed", [False, True])
def test_keys_wider_than_32_bits(packed: bool) -> None:
    """Dense counts stop at 2^27 cells; the packed key itself must hold beyond 2^31, and beyond 2^32 when stored."""
    rng = np.random.default_rng(2)
    sizes = [70_000, 40_000, 3, 50]  # 4.2e11 cells
    codes = {f"c{i}": rng.integers(0, s, 1000) for i, s in enumerate(sizes)}
    codes |= {"c0": np.full(1000, sizes[0] - 1)}
    stored(codes)
    block: dict[str, object] = {
        "columns": list(codes),
        "sizes": sizes,
        "cells": int(np.prod(sizes)),
        "key": None,
    }
    relation = "t"
    if packed:
        key = block | {"name": "key"}
        DB.run_sql("drop", "drop table if exists p")
        DB.run("packed", relation="t", target="p", temporary=True, columns=[], keys=[key])
        block["key"], relation = "key", "p"
    found = DB.numpy_sql("t", sql.render("marginals", relation=relation, weight=None, blocks=[block]))
    cell = np.ravel_multi_index(tuple(codes.values()), sizes)
    assert cell.max() > 2**38
    expected = dict(zip(*np.unique(cell, return_counts=True), strict=True))
    assert dict(zip(found["cell"].tolist(), found["n"].tolist(), strict=True)) == expected


@pytest.mark.parametrize("cells", [256, 257, 65536, 65537])
def test_the_last_cell_of_each_width_of_key(cells: int) -> None:
    """Where the type of the key changes, its last value still fits."""
    sizes = next([a, cells // a] for a in range(2, cells + 1) if cells % a == 0)
    stored({"x": np.array([sizes[0] - 1]), "y": np.array([sizes[1] - 1])})
    block = {"columns": ["x", "y"], "sizes": sizes, "cells": cells, "key": None}
    DB.run_sql("drop", "drop table if exists p")
    DB.run("packed", relation="t", target="p", temporary=False, columns=["x"], keys=[block | {"name": "key"}])
    for relation, key in (("t", None), ("p", "key")):
        text = sql.render("marginals", relation=relation, weight=None, blocks=[block | {"key": key}])
        assert DB.numpy_sql("t", text)["cell"].tolist() == [cells - 1]


@pytest.mark.parametrize("value", [3, 255])
def test_a_code_outside_its_domain_is_an_error(value: int) -> None:
    stored({"a": np.array([0, 1, value]), "b": np.array([0, 0, 0])})
    domain = Domain({"a": 3, "b": 2})
    with pytest.raises(DomainError, match="'a' holds a code outside its domain of 3"):
        Marginals(DuckDbEngine(DB), "t", domain)
    # Unchecked, the packed key of (3, 0) would be that of no cell, or of another block's.
    loose = Marginals(DuckDbEngine(DB), "t", domain, checked=False)
    with pytest.raises((DomainError, IndexError)):
        loose.counts([("a",), ("a", "b")])


def test_a_negative_code_is_an_error() -> None:
    DB.run_sql("made", "create or replace table t as select -1 as a")
    with pytest.raises(DomainError, match="outside"):
        Marginals(DuckDbEngine(DB), "t", Domain({"a": 3}))


def test_each_clique_is_counted_once() -> None:
    rng = np.random.default_rng(3)
    domain = Domain({"a": 5, "b": 7, "c": 2})
    codes = {n: rng.integers(0, domain[n], 300) for n in domain}
    stored(codes)
    counter = Marginals(DuckDbEngine(DB), "t", domain)
    DB.trace.clear()
    pair = counter.counts([("b", "a"), ("a", "b")])
    assert list(pair) == [("a", "b")]
    assert (
        counter.counts([("a",), ("b",), ("a", "b")])[("b",)].tolist() == pair[("a", "b")].sum(axis=0).tolist()
    )
    assert len(DB.trace) == 1
    counter.counts([("c",)])
    assert len(DB.trace) == 2


def test_a_marginal_that_is_too_large_is_a_fault_before_anything_is_counted() -> None:
    stored({f"c{i}": np.zeros(1, dtype=np.int64) for i in range(4)})
    counter = Marginals(DuckDbEngine(DB), "t", Domain({f"c{i}": 200 for i in range(4)}))
    DB.trace.clear()
    with pytest.raises(UserError, match="1600000000 cells is too large"):
        counter.counts([("c0", "c1", "c2", "c3")])
    assert not DB.trace


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_rolling_up_equals_counting(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = rng.integers(1, 5, size=4)
    clique: Sequence[str] = ("a", "b", "c", "d")
    counts = rng.integers(0, 100, shape)
    for k in range(5):
        subset = tuple(sorted(str(n) for n in rng.choice(clique, size=k, replace=False)))
        letters = "".join(subset)
        assert np.array_equal(onto(counts, tuple(clique), subset), np.einsum(f"abcd->{letters}", counts))


def test_more_than_may_be_kept_is_counted_in_parts_and_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    names = "abcdefgh"
    codes = {n: rng.integers(0, 5, 400) for n in names}
    domain = Domain(dict.fromkeys(names, 5))
    with Db.open() as db:
        db.insert_arrow("put", "create table t as select * from given", "given", pa.table(codes))
        counter = Marginals(DuckDbEngine(db), "t", domain)
        pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
        monkeypatch.setattr(module, "KEPT_CELLS", 200)
        monkeypatch.setattr(module, "block_limit", lambda *_: 125)
        counter.counts([("a",)])
        db.trace.clear()
        found = list(counter.each([*pairs, ("a",), ("b", "a")]))
        statements = [t for t in db.trace if t.name == "marginals"]
        assert len(statements) > 5 and set(counter._cache) == {("a",)}
        assert [c for c, _ in found].count(("a",)) == 1 and len(found) == len(pairs) + 1
        for clique, counts in found:
            exact = np.zeros(domain.shape(clique), dtype=np.int64)
            np.add.at(exact, tuple(codes[n] for n in clique), 1)
            assert np.array_equal(counts, exact)
        monkeypatch.setattr(module, "KEPT_CELLS", 10_000)
        assert len(list(counter.each(pairs))) == len(pairs) == len(counter._cache) - 1
        db.trace.clear()
        assert len(list(counter.each(pairs))) == len(pairs) and not db.trace


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("least", "most"), [(0, 1 << 24), (0, 20), (10**6, 1 << 24)])
def test_coarser_codes_by_either_way(
    weighted: bool, least: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Summed from fine counts, or counted in a table that is made once: the same, and brute force's."""
    monkeypatch.setattr(module, "_COPY_BELOW", least)
    monkeypatch.setattr(module, "KEPT_CELLS", most)
    rng = np.random.default_rng(5)
    domain = Domain({"a": 7, "b": 4, "c": 9})
    codes = {n: rng.integers(0, domain[n], 300) for n in domain}
    weight = rng.integers(0, 2**40, 300) if weighted else None
    stored(codes | ({"weight": weight} if weight is not None else {}))
    maps = {"a": np.array([0, 1, 0, 3, 3, 1, 0]), "c": np.array([2, 1, 0, 2, 1, 0, 2, 2, 2])}
    coarse = {n: maps[n][c] if n in maps else c for n, c in codes.items()}
    small = domain.resized({"a": 4, "c": 3})
    made = []

    def make() -> str:
        made.append(1)
        stored(coarse | ({"weight": weight} if weight is not None else {}), "coarse")
        return "coarse"

    finer = Marginals(DuckDbEngine(DB), "t", domain, weight="weight" if weighted else None)
    finer.counts([("a", "b")])
    kept = set(finer._cache)
    counter = module.Coarser(finer, maps, small, make)
    for _ in range(2):
        for asked in ([("a", "b"), ("b",), ("a", "c")], [("a", "b", "c"), ("c",)]):
            for clique, counts in counter.counts(asked).items():
                assert counts.dtype == np.int64
                assert np.array_equal(counts, brute(coarse, small, clique, weight))
            for clique, counts in counter.each(asked):
                assert np.array_equal(counts, brute(coarse, small, clique, weight))
    assert all(set(c) <= {"a", "b"} for c in set(finer._cache) - kept), "fine counts are not kept on the way"
    assert len(made) == (0 if least == 0 and most > 20 else 1)
    assert counter.relation == "coarse" and len(made) == 1
