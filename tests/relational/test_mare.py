"""MARE: grandparents are kept, childless parents exist, keys hold, units are bounded, and the ledger says all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from family_tools import drawn, fitted

from duckpaste.db import Db
from duckpaste.errors import UserError
from duckpaste.model_file import load
from duckpaste.schema.view import Field, ForeignKey, Table


def chain(db: Db, depth: int, units: int) -> tuple[Table, ...]:
    """t0 <- t1 <- ... ; every table's x is the root's, and each row has 0 to 3 children (none for a quarter)."""
    tables = []
    for level in range(depth):
        key = f", p integer not null references t{level - 1} (id)" if level else ""
        db.run_sql(
            "chain",
            f"create table t{level} (id integer primary key{key}, x enum ('a', 'b', 'c', 'd') not null)",
        )
        if level == 0:
            db.run_sql(
                "chain",
                f"insert into t0 select i, ['a','b','c','d'][(i * 7 + i // 5) % 4 + 1] from range({units}) r(i)",
            )
        else:
            db.run_sql("chain", f"insert into t{level} select p.id * 4 + c, p.id, p.x from t{level - 1} p, range(3) k(c) "
                       f"where c < [0, 1, 2, 3][(p.id * 13 + p.id // 7) % 4 + 1]")  # fmt: skip
        tables.append(Table(f"t{level}", contributions=1 + 3 * level))
    return tuple(tables)


@pytest.mark.parametrize("depth", [3, 4, 5])
def test_a_leaf_copies_its_root(tmp_path: Path, depth: int) -> None:
    """Agreement of every table's x with the root's is at least 0.99 at epsilon 100."""
    db = Db.open()
    model, _ = fitted(db, chain(db, depth, 4000), {"epsilon": 100.0})
    with drawn(model, tmp_path / "s.duckdb") as synthetic:
        joins = "".join(f" join t{i - 1} on t{i}.p = t{i - 1}.id" for i in range(depth - 1, 0, -1))
        leaf = depth - 1
        agree, rows = synthetic.rows_sql(
            "agree", f"select avg((t{leaf}.x = t0.x)::int), count(*) from t{leaf}{joins}"
        )[0]
    assert rows > 1000
    assert agree >= 0.99


def test_childless_parents_and_means(tmp_path: Path) -> None:
    """The childless share is within two points at epsilon 10, the mean within 5 %. Noise alone moves them by a tenth."""
    db = Db.open()
    model, _ = fitted(db, chain(db, 2, 4000), {"epsilon": 10.0})
    text = "select avg((n = 0)::int), avg(n) from (select (select count(*) from t1 where p = t0.id) as n from t0)"
    real = db.rows_sql("n", text)[0]
    with drawn(model, tmp_path / "s.duckdb") as synthetic:
        found = synthetic.rows_sql("n", text)[0]
        keys = synthetic.rows_sql(
            "k", "select constraint_type from duckdb_constraints() where table_name = 't1'"
        )
    assert abs(found[0] - real[0]) < 0.02 and abs(found[1] / real[1] - 1) < 0.05
    assert {"PRIMARY KEY", "FOREIGN KEY"} <= {k for (k,) in keys}


def test_no_noise_recovers_the_counts(tmp_path: Path) -> None:
    """At epsilon inf numbers of children have the exact distribution, up to rounding."""
    db = Db.open()
    model, ledger = fitted(db, chain(db, 2, 1000), {"epsilon": float("inf")})
    lineage = model["t1"].lineage
    assert lineage is not None
    counts = np.asarray(lineage.measurements[-1].values).sum()
    assert counts == 1000
    assert ledger.totals().noiseless == 1


def test_one_heavy_unit_moves_no_count_by_more_than_k() -> None:
    """A unit of 500 rows in a table with k = 4: the exact weighted counts that are measured change by at most 4."""
    from duckpaste.count.engines.duckdb import DuckDbEngine
    from duckpaste.count.marginals import Marginals
    from duckpaste.privacy import source
    from duckpaste.privacy.release import ONE
    from duckpaste.relational.family import family
    from duckpaste.schema import catalog, merge
    from duckpaste.schema.view import View

    found = []
    for heavy in (0, 500):
        db = Db.open()
        db.run_sql("t", "create table u (id integer primary key, x utinyint check (x between 0 and 3))")
        db.run_sql(
            "t",
            "create table v (id integer primary key, p integer references u (id), y utinyint check (y between 0 and 5))",
        )
        db.run_sql("t", "insert into u select i, i % 4 from range(50) r(i)")
        db.run_sql("t", "insert into v select i, i % 50, i % 6 from range(100) r(i)")
        if heavy:
            db.run_sql("t", "insert into u values (999, 1)")
            db.run_sql("t", f"insert into v select 1000 + i, 999, i % 6 from range({heavy}) r(i)")
        view = View("f", Path("f"), (Table("u"), Table("v", contributions=4)))
        kin = family(db, merge.resolve(view, catalog.read(db, "main")), (db.database, "main"))
        table = source.protect(db, f"({kin.rows_sql('v')})", "v", unit="_unit", k=4)
        db.run_sql("t", f'create temp table e as select y, "u.x", {table.weight} as w from {table.relation}')
        from duckpaste.domain import Domain

        counter = Marginals(DuckDbEngine(db), "e", Domain({"y": 6, "u.x": 4}), weight="w")
        found.append(counter.counts([("y", "u.x"), ("y",)]))
    for clique in found[0]:
        assert 0 < np.abs(found[1][clique] - found[0][clique]).sum() <= 4 * ONE


def test_the_model_file_holds_relations(tmp_path: Path) -> None:
    """A saved and loaded model samples the same bytes; a public table is copied; the ledger's rho is within the budget."""
    db = Db.open()
    db.run_sql("t", "create table item (id varchar primary key, name varchar)")
    db.run_sql("t", "insert into item select 'k' || i, 'n' || i from range(5) r(i)")
    db.run_sql("t", "create table person (id integer primary key, x boolean not null)")
    db.run_sql("t", "insert into person select i, i % 3 = 0 from range(500) r(i)")
    db.run_sql("t", "create table buy (id integer primary key, who integer not null references person (id), "
               "what varchar references item (id))")  # fmt: skip
    db.run_sql(
        "t",
        "insert into buy select i, i % 400, case when i % 9 > 0 then 'k' || (i % 4) end from range(900) r(i)",
    )
    tables = (Table("item", public=True), Table("person"), Table("buy", contributions=3))
    model, ledger = fitted(db, tables, {"epsilon": 5.0, "delta": 1e-6})
    assert ledger.totals().epsilon(1e-6) <= 5.0 + 1e-6
    model.save(tmp_path / "m.duckdb")
    texts = []
    for number, one in enumerate((model, load(tmp_path / "m.duckdb"))):
        with drawn(one, tmp_path / f"{number}.duckdb", n=300) as synthetic:
            texts.append(
                [
                    synthetic.rows_sql("all", f"select * from {t} order by all")
                    for t in ("item", "person", "buy")
                ]
            )
            assert synthetic.rows_sql("n", "select count(*) from person") == [(300,)]
            assert synthetic.rows_sql(
                "o", "select count(*) from buy anti join item on what = item.id where what is not null"
            ) == [(0,)]
    assert texts[0] == texts[1]
    assert texts[0][0] == [(f"k{i}", f"n{i}") for i in range(5)]


def test_references_to_oneself_and_to_siblings(tmp_path: Path) -> None:
    """A boss, an order of the same firm, a circle broken at a nullable key: every key is valid."""
    db = Db.open()
    db.run_sql("t", "create table firm (id integer primary key, x boolean not null, best integer)")
    db.run_sql(
        "t", "insert into firm select i, i % 2 = 0, case when i % 3 > 0 then i * 2 end from range(200) r(i)"
    )
    db.run_sql(
        "t",
        "create table staff (id integer primary key, firm integer not null, boss integer, y boolean not null)",
    )
    db.run_sql(
        "t",
        "insert into staff select i, i // 2, case when i % 2 = 1 then i - 1 end, i % 3 = 0 from range(400) r(i)",
    )
    db.run_sql(
        "t",
        "create table job (id integer primary key, firm integer not null, who integer, z boolean not null)",
    )
    db.run_sql(
        "t",
        "insert into job select i, i // 3, case when i % 4 > 0 then 2 * (i // 3) end, true from range(600) r(i)",
    )
    tables = (
        Table("firm", primary_key=("id",), foreign_keys=(ForeignKey(("best",), "staff", ("id",)),),
              fields=(Field("best", "id", True, refs=("staff.id",)),)),
        Table("staff", primary_key=("id",), contributions=3, foreign_keys=(
            ForeignKey(("firm",), "firm", ("id",)), ForeignKey(("boss",), "staff", ("id",)))),
        Table("job", primary_key=("id",), contributions=4, foreign_keys=(
            ForeignKey(("firm",), "firm", ("id",)), ForeignKey(("who",), "staff", ("id",)))),
    )  # fmt: skip
    model, _ = fitted(db, tables, {"epsilon": 50.0}, unit="firm")
    with drawn(model, tmp_path / "s.duckdb") as synthetic:
        for child, key, parent in (
            ("staff", "firm", "firm"),
            ("staff", "boss", "staff"),
            ("job", "who", "staff"),
            ("firm", "best", "staff"),
        ):
            text = f"select count(*), count({key}), count(*) filter ({key} is not null and {key} not in (select id from {parent})) from {child}"
            rows, present, orphans = synthetic.rows_sql("keys", text)[0]
            assert (orphans == 0 and 0 < present < rows) or (key == "firm" and orphans == 0)
        same = synthetic.rows_sql(
            "same", "select count(*) from job join staff on who = staff.id where staff.firm <> job.firm"
        )
        assert same == [(0,)]


def test_a_unit_column_is_refused() -> None:
    """The table's rows would be taken for units."""
    db = Db.open()
    db.run_sql("t", "create table a (id integer primary key, who integer not null, x boolean not null)")
    with pytest.raises(UserError, match="the unit is the column 'who'"):
        fitted(db, (Table("a", unit="who"),), {"epsilon": 1.0})
