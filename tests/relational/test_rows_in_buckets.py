"""Related rows made in buckets are the rows that one query makes, and they are made where one query is out of memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import test_references
import test_unroll
from family_tools import fitted

from duckpaste import buckets, route, sql
from duckpaste.db import Db
from duckpaste.fit import request
from duckpaste.model import Model
from duckpaste.privacy.ledger import Ledger
from duckpaste.privacy.source import protect
from duckpaste.relational import contribution
from duckpaste.relational.children import counted
from duckpaste.relational.family import UNIT, Family, family
from duckpaste.relational.integrity import faults
from duckpaste.relational.plan import plan_family
from duckpaste.schema import catalog, merge
from duckpaste.schema.view import Field, ForeignKey, Table, View
from duckpaste.workspace import Workspace


@contextmanager
def parted(many: int) -> Iterator[None]:
    """All tables are made in so many buckets, whether they fit into memory or not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(buckets, "number", lambda *_: many)
        yield


def same(db: Db, left: str, right: str) -> int:
    """How many rows two relations have, when they are the same rows as often."""
    for a, b in ((left, right), (right, left)):
        assert db.rows_sql("d", f"select count(*) from (from {a} except all from {b})") == [(0,)]
    return int(db.rows_sql("n", f"select count(*) from {left}")[0][0])


@pytest.fixture(scope="module")
def clinic() -> Iterator[tuple[Db, Family]]:
    """200 patients: three levels, sequences with lags."""
    with Db.open() as db:
        space = Workspace(db)
        view = space.load("clinic")
        space.ingest(view, parameters={"patients": 200})
        found = route.ready(space, view, request("mare", {}))
        assert isinstance(found, Family)
        yield db, found


KEYS = """
    create table tops (a integer, b varchar, x integer not null, primary key (a, b));
    create table mids (id varchar primary key, ta integer, tb varchar, day integer, y integer not null);
    create table lows (mid varchar, n bigint, day integer, z integer, boss varchar, primary key (mid, n));
    create table ends (id hugeint primary key, mid varchar, n integer, w double);
    create table ones (a bigint, b varchar, v integer, primary key (a, b));
    insert into tops select i, chr((65 + i % 3)::integer), i % 5 from range(60) r(i);
    insert into mids select 'm' || i, (hash(i) % 60)::integer as k, chr(65 + k % 3), i % 4, i % 7 from range(400) r(i)
        where i % 11 > 0;
    insert into mids select 'x' || i, case when i % 2 = 0 then i end, null, 1, 1 from range(20) r(i);
    insert into lows select id, i, (hash(i) % 5)::integer, i % 9, null from mids, range(1, 6) r(i) where hash(id, i) % 3 > 0;
    insert into ends select row_number() over (order by mid, n), mid, n, n / 2 from lows where day < 3;
    insert into ones select a, b, a % 8 from tops where a % 3 > 0;"""


def keyed() -> tuple[Db, Family]:
    """Keys of two columns, text keys, keys of another type than the one they lead to, NULL keys, one to one; four levels,
    three of them sequences."""
    db = Db.open()
    db.script_sql("t", KEYS)
    seq = {"sequencer": "day", "order": 2, "contributions": 4}
    tables = (
        Table("tops"),
        Table("mids", (Field("id", "id"), Field("ta", "id", nullable=True), Field("tb", "id", nullable=True)),
              ("id",), contributions=4, options=seq, foreign_keys=(ForeignKey(("ta", "tb"), "tops", ("a", "b")),)),
        Table("lows", (Field("boss", "ignore", nullable=True), Field("z", "categorical", options={"values": [1, 2, 3]})), ("mid", "n"), contributions=4, options=seq,
              foreign_keys=(ForeignKey(("mid",), "mids", ("id",)),)),
        Table("ends", (Field("id", "id"),), ("id",), contributions=4, options={"sequencer": "w", "contributions": 4},
              foreign_keys=(ForeignKey(("mid", "n"), "lows", ("mid", "n")),)),
        Table("ones", (), ("a", "b"), contributions=2, foreign_keys=(ForeignKey(("a", "b"), "tops", ("a", "b")),)),
    )  # fmt: skip
    return db, resolved(db, tables, "tops")


def resolved(db: Db, tables: tuple[Table, ...], unit: str) -> Family:
    view = merge.resolve(View("f", Path("f"), tables, unit=unit), catalog.read(db, "main"))
    return family(db, view, (db.database, "main"))


def check(db: Db, kin: Family, many: int) -> int:
    """All tables of a family, made at once and in buckets. How many rows there were."""
    rows = 0
    for name, member in kin.members.items():
        order = list(member.table.primary_key)
        for bound in ("weights", "rows") if member.node.owner else ():
            made = []
            for n in (1, many):
                with parted(n):
                    made.append(
                        protect(
                            db, kin.rows(name), name, unit=UNIT, k=3, bound=bound, order_by=order
                        ).relation
                    )
            rows += same(db, *made)
        for made_sql in (contribution.sizes_sql, lambda r: f"select * from {r}"):
            query = kin.rows(name).into(made_sql, 0)
            with parted(many):
                rows += same(db, f"({query.whole})", buckets.relation(db, "made", query))
        below = [m for m in kin.members.values() if m.node.path[:1] == (name,)]
        above = protect(db, kin.rows(name), name, unit=UNIT if member.node.owner else None, k=3)
        for child in below:
            made = []
            for n in (1, many):
                with parted(n):
                    made.append(counted(db, kin, child, above).relation)
            rows += same(db, *made)
    return rows


def test_the_clinic(clinic: tuple[Db, Family]) -> None:
    db, kin = clinic
    assert check(db, kin, 5) > 10_000
    with parted(5):
        assert faults(db, kin) == []


def test_keys_of_every_kind() -> None:
    db, kin = keyed()
    with db:
        assert check(db, kin, 5) > 2000
        reached = db.rows_sql("n", f"select count(*) from ({kin.rows_sql('lows')})")[0][0]
        assert 0 < reached < db.rows_sql("n", "select count(*) from lows")[0][0], "some reach no unit"


def test_faults_are_found_in_any_bucket() -> None:
    """As often as they are; with `exact` counts of buckets add up."""
    db, kin = keyed()
    with db:
        expected = faults(db, kin, exact=True)
        with parted(4):
            assert faults(db, kin, exact=True) == expected
    assert any("lows.z" in f.where for f in expected)


def released(model: Model) -> list[Any]:
    """All that a model was told, in order."""
    found: list[Any] = []
    for table in model.tables:
        found += [m.values for m in table.measurements]
        found += [m.values for m in (table.lineage.measurements if table.lineage else ())]
        found += [np.array(link.degrees) for link in table.links]
    return found


@pytest.mark.parametrize("room", [test_references, test_unroll])
def test_the_same_is_released(room: Any) -> None:
    """Without noise: how often rows are referred to, slots of unrolled rows, rows a unit, and all marginals."""
    seen, left = [], []
    for many in (1, 6):
        with Db.open() as db, parted(many):
            if room is test_references:
                tables, unit = room.bank(db), "customers"
            else:
                room.stored(db)
                tables, unit = room.tables(), "u"
            model, _ = fitted(db, tables, {"epsilon": float("inf"), "model": "independent"}, unit=unit)
            seen.append(released(model))
            left.append(db.rows_sql("n", "select count(*) from duckdb_tables() where temporary"))
    assert left == [[(0,)], [(0,)]], "temporary tables are dropped"
    assert len(seen[0]) == len(seen[1]) > 5
    for a, b in zip(*seen, strict=True):
        np.testing.assert_array_equal(a, b)


def test_only_what_later_steps_read_stays() -> None:
    """When a step begins, rows of the tables are there that it or a later one reads, and nothing else."""
    db, kin = keyed()
    db.run_sql("t", "update lows set z = 1 + z % 3")
    there: dict[str, list[str]] = {}

    @contextmanager
    def stage(name: str) -> Iterator[None]:
        found = db.rows_sql("n", "select table_name from duckdb_tables() where temporary order by 1")
        there[name] = [re.sub(r"_\d+", "", n) for (n,) in found]
        yield

    with db:
        route.fit(db, kin, request("mare", {"epsilon": 5.0, "model": "independent"}), Ledger(None), stage)
        assert db.rows_sql("n", "select count(*) from duckdb_tables() where temporary") == [(0,)]
    rows = ["_bounded_rows"]
    assert there["fit mids per tops"] == there["fit mids"] == []
    assert there["fit lows per mids"] == rows, "their children are to be counted"
    assert there["fit lows"] == [], "mids are not read any more"
    assert there["fit ends per lows"] == rows and there["fit ends"] == []


def test_a_query_that_fits_is_as_it_was(clinic: tuple[Db, Family]) -> None:
    """No bucket stands in its SQL."""
    db, kin = clinic
    db.trace.clear()
    protect(db, kin.rows("lab_events"), "lab_events", unit=UNIT, k=3)
    made = [s.sql for s in db.trace if s.name == "bounded_rows"]
    rows = sql.render("bounded_rows", source=f"({kin.rows_sql('lab_events')})", unit=UNIT, k=3, one=1 << 20, bound="weights",
                      order_by=[], weight="_weight", rank="_rank")  # fmt: skip
    assert len(made) == 1 and made[0].split("\n", 1)[1] == rows and "$1" not in rows


def test_the_plan_tells_bytes_of_rows_and_nothing_of_their_number() -> None:
    told = []
    for kept in (1, 10):
        db, kin = keyed()
        with db:
            db.run_sql("t", f"delete from ends where id % {kept} <> 0")
            told.append(
                [line for line in plan_family(kin, request("mare", {})).public if "bytes a row" in line]
            )
    assert told[0] == told[1] and len(told[0]) == 5
    assert told[0][0] == "tops: about 40 bytes a row, with what stands above it, while it is encoded"
