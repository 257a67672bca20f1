"""Rules that speak of public tables, to which a key of the row, or of one above it, leads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from family_tools import fitted

from duckpaste import load
from duckpaste.db import Db
from duckpaste.errors import Faults, UserError
from duckpaste.model import Model
from duckpaste.output.writer import sample
from duckpaste.schema.view import Field, ForeignKey, Table

INF = float("inf")
# Items cost 10 to 20 times their number; a visit goes to one of four sites, whose fee is paid by each of its lines.
SHOP = """
create table items (id tinyint primary key, low integer not null, high integer not null, name varchar);
create table sites (id varchar primary key, fee integer not null);
create table people (id integer primary key, x boolean not null);
create table visits (id integer primary key, person integer not null references people (id), site varchar not null
    references sites (id));
create table lines (id integer primary key, visit integer not null references visits (id), item tinyint references items (id),
    price integer not null check (price between 0 and 200), fee integer not null check (fee between 0 and 200));
insert into items select i, i * 10, i * 20, 'item ' || i from range(1, 9) r(i);
insert into sites select 's' || i, i * 30 from range(4) r(i);
insert into people select i, i % 2 = 0 from range(900) r(i);
insert into visits select i, i % 900, 's' || (i * 7 % 4) from range(1500) r(i);
insert into lines select i, i % 1500, case when i % 10 > 0 then 1 + i * 13 % 8 end, 0, 0 from range(4000) r(i);
update lines set price = (1 + id * 13 % 8) * (10 + id % 11), fee = (id % 1500) * 7 % 4 * 30 + id % 20;
"""
PRICES = ("price >= items.low", "Price <= ITEMS.high")


def shop(rules: tuple[str, ...], more: str = "") -> tuple[Db, tuple[Table, ...]]:
    db = Db.open()
    db.script_sql("shop", SHOP + more)
    four = {"contributions": 4, "max_children": 4}
    return db, (
        Table("items", public=True),
        Table("sites", public=True),
        Table("people"),
        Table("visits", contributions=4, options=four),
        Table("lines", contributions=4, options={**four, "rules": rules}),
    )


def made(rules: tuple[str, ...], model: str = "independent") -> Model:
    return fitted(*shop(rules), {"model": model, "epsilon": INF})[0]


def test_columns_of_what_a_row_refers_to(tmp_path: Path) -> None:
    """Prices are drawn apart from items: rows are drawn anew, and mended to the item's own bound in the end. Where the
    key is NULL the rule holds."""
    done = sample(made(PRICES), tmp_path / "s.duckdb", n=900, seed=1)
    for count in done.rules:
        assert count.before > 500 and count.after == 0
    with duckdb.connect(str(tmp_path / "s.duckdb")) as con:
        text = "from lines l left join items i on i.id = l.item"
        ((wrong, free, rows),) = con.execute(
            f"select count(*) filter (price not between low and high), count(*) filter (item is null), count(*) {text}"
        ).fetchall()
        assert wrong == 0 and free > 200 and rows > 2000


def test_columns_of_what_a_row_above_refers_to(tmp_path: Path) -> None:
    """`sites` hangs on the visit. An equation mends every row that does not come to hold."""
    done = sample(made(("fee = sites.fee",)), tmp_path / "s.duckdb", n=900, seed=1)
    (count,) = done.rules
    assert count.before > 1000 and count.after == 0
    with duckdb.connect(str(tmp_path / "s.duckdb")) as con:
        joined = "from lines l join visits v on v.id = l.visit join sites s on s.id = v.site"
        ((wrong, rows),) = con.execute(
            f"select count(*) filter (l.fee <> s.fee), count(*) {joined}"
        ).fetchall()
        assert wrong == 0 and rows == count.rows


def test_models_from_a_file_keep_them_alike(tmp_path: Path) -> None:
    model = made((*PRICES, "fee >= sites.fee + items.low * 0"))
    model.save(tmp_path / "m.duckdb")
    tables = []
    for name, which in (("one", model), ("two", load(tmp_path / "m.duckdb"))):
        sample(which, tmp_path / f"{name}.duckdb", n=200, seed=3)
        with duckdb.connect(str(tmp_path / f"{name}.duckdb")) as con:
            tables.append(con.execute("from lines order by id").fetchall())
    assert tables[0] == tables[1]


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        ("price <= items.top", "speaks of no column 'top' of 'items'"),
        (
            "price <= shops.high",
            "'shops', which is no table above 'lines', and no public one that a key leads to",
        ),
        ("price < items.name + 1", "can't be evaluated"),
        ("items.low + price", "no condition but a value"),
        ("price = sum(items.low)", "takes SUM(items.low) of no table below"),
    ],
)
def test_faults(rule: str, what: str) -> None:
    with pytest.raises(Faults) as error:
        made((rule,))
    (fault,) = error.value.faults
    assert what in fault.what


@pytest.mark.parametrize("above", [False, True])
def test_two_ways_to_one_public_table_are_refused(above: bool) -> None:
    """By two keys of the row, or one of it and one of the row above: each with a table of its own it is told apart."""
    rule = "price <= items.high"
    more = f"alter table {'visits' if above else 'lines'} add column other tinyint;"
    db, tables = shop((rule,), more)
    key = ForeignKey(("other",), "items", ("id",))
    table = "visits" if above else "lines"

    def with_key(to: str) -> tuple[Table, ...]:
        keys = (replace(key, table=to),)
        return tuple(replace(t, foreign_keys=keys) if t.name == table else t for t in tables)

    with pytest.raises(Faults) as error:
        fitted(db, with_key("items"), {"model": "independent", "epsilon": INF})
    (fault,) = error.value.faults
    label = "visits.other" if above else "other"
    assert "speaks of 'items', to which" in fault.what and "item" in fault.what and label in fault.what
    assert fault.remedy == "give each key a public table of its own in the view's SQL"
    db.run_sql("t", "create table others as from items")
    again = (*with_key("others"), Table("others", (Field("id", "id"),), ("id",), public=True))
    assert fitted(db, again, {"model": "independent", "epsilon": INF})[0]["lines"].rules == (rule,)


def test_repeated_keys_of_a_public_table_are_told() -> None:
    """Rows would be joined twice, and the key could not be declared in the synthetic tables."""
    twice = (
        "create table kinds as from items union all from items; alter table lines add column kind tinyint;"
    )
    db, tables = shop(("price <= kinds.high",), twice)
    lines = replace(tables[-1], foreign_keys=(ForeignKey(("kind",), "kinds", ("id",)),))
    kinds = Table(
        "kinds", (Field("id", "id"), Field("high", "numerical", sql_type="INTEGER")), ("id",), public=True
    )
    with pytest.raises(Faults) as error:
        fitted(db, (*tables[:-1], lines, kinds), {"model": "independent", "epsilon": INF})
    assert [str(f) for f in error.value.faults if "two rows" in f.what] and len(error.value.faults) == 1


def test_a_model_whose_public_rows_repeat_a_key(tmp_path: Path) -> None:
    """A model file may have been edited."""
    model = made(PRICES)
    items = next(k for k in model.lookups if k.name == "items")
    import pyarrow as pa

    twice = replace(items, rows=pa.concat_tables([items.rows, items.rows]), primary_key=())
    edited = replace(model, lookups=[twice if k.name == "items" else k for k in model.lookups])
    with pytest.raises(UserError, match="two rows of a public table have the same key"):
        sample(edited, tmp_path / "s.duckdb", n=50, seed=1, keys="none")
