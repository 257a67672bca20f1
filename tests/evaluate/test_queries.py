"""Queries asked of both sides: answers matched by their keys, numbers by relative error, totals at equal size."""

from __future__ import annotations

from pathlib import Path

import pytest
from planted import Planted, bootstrap, independent

from duckpaste.db import Db
from duckpaste.errors import UserError
from duckpaste.evaluate.evaluation import Evaluation
from duckpaste.evaluate.queries import Query, apart, read
from duckpaste.evaluate.score import REF

FILE = """-- people by city
select city, count(*), avg(income) from people group by all;
-- cost of old and young
select p.age > 45 as old, sum(v.cost) as total from visits v join people p using (person) group by 1 order by 1;
select max(age) from people
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    return Planted(tmp_path_factory.mktemp("planted"), 1500)


def asked(
    world: Planted, tmp_path: Path, top: object, below: object, text: str = FILE, **options: float
) -> Evaluation:
    path = tmp_path / "queries.sql"
    path.write_text(text)
    return world.score(top, below, workload=path, metrics=["workload"], **options)  # type: ignore[arg-type]


def test_the_same_rows_answer_the_same(world: Planted, tmp_path: Path) -> None:
    found = asked(world, tmp_path, world.top, world.below)
    for name in ("people by city", "cost of old and young", "query 3"):
        assert found.value("query_error", "", [name]) == pytest.approx(0, abs=1e-9)
        assert found.value("query_error", "", [name], REF) is not None
    assert found.value("query_error", "") == pytest.approx(0, abs=1e-9)


def test_lost_relations_show_in_the_query_that_needs_them(world: Planted, tmp_path: Path) -> None:
    good = asked(world, tmp_path, *bootstrap(world.top, world.below, 1))
    bad = asked(world, tmp_path, *independent(world.top, world.below, 1))
    name = ["cost of old and young"]
    assert bad.value("query_error", "", name) > 3 * good.value("query_error", "", name)
    assert good.value("query_error", "", name) < 3 * good.value("query_error", "", name, REF) + 0.02
    assert world.db.rows_sql("home", "select current_schema()") == [("main",)]


def test_totals_of_fewer_rows_are_scaled(world: Planted, tmp_path: Path) -> None:
    some = {c: v[::3] for c, v in world.top.items()}
    keys = set(some["person"].tolist())
    kept = [k in keys for k in world.below["person"].tolist()]
    below = {c: v[kept] for c, v in world.below.items()}
    found = asked(world, tmp_path, some, below, share=0.4)
    assert found.value("query_error", "", ["people by city"]) < 0.35
    assert found.value("query_error", "", ["people by city"], REF) < 0.35
    assert found.value("query_error", "", ["query 3"]) < 0.2


def test_relative_errors_by_hand() -> None:
    query = Query("q", "", (True, False, False))
    real = [("a", 10, 1.0), ("b", 30, None)]
    made = [("a", 12, 1.5), ("c", 30, 2.0)]
    # a: 0.2 and 0.5; b and c: 1 for each number.
    assert apart(query, real, made, 1.0) == pytest.approx((0.2 + 0.5 + 4) / 6)
    assert apart(query, real, real, 1.0) == 0.0
    assert apart(query, [("a", 10, 1.0)], [("a", 5, 1.0)], 2.0) == 0.0, "a total of half the rows"
    assert apart(query, [("a", 100, 1.0)], [("a", 900, 1.0)], 1.0) == 0.5, "at most 1 a number"
    assert apart(query, [], [], 1.0) == 0.0
    only_keys = Query("q", "", (True, True))
    assert apart(only_keys, [(1, 2), (3, 4)], [(1, 2)], 1.0) == 0.5


@pytest.mark.parametrize(
    ("text", "match"),
    [("delete from people", "is no SELECT"), ("select * from people", "names no columns"), ("-- nothing", "no query"),
     ("selec 1", "can't read it"), (None, "no such file"), ("attach 'x.duckdb'", "is no SELECT")],
)  # fmt: skip
def test_a_file_that_holds_no_queries(tmp_path: Path, text: str | None, match: str) -> None:
    path = tmp_path / "q.sql"
    if text is not None:
        path.write_text(text)
    with Db.open() as db, pytest.raises(UserError, match=match):
        read(db, path)


def test_a_query_that_fails_says_which_and_leaves_nothing(world: Planted, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="query 1: .*nothing"):
        asked(world, tmp_path, world.top, world.below, "select count(nothing) from people")
    names = world.db.rows_sql("t", "select database_name from duckdb_databases() where not internal")
    assert len(names) == 1 and world.db.rows_sql("home", "select current_schema()") == [("main",)]
