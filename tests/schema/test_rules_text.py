"""Rules as text: what they may speak of, and every fault told before anything is spent."""

from __future__ import annotations

from pathlib import Path

import pytest
from testkit import put

from duckpaste import route
from duckpaste.db import Db
from duckpaste.errors import Faults, UserError
from duckpaste.fit import request
from duckpaste.schema.fields import load
from duckpaste.schema.rules import Scope, parse, scopes, types
from duckpaste.schema.view import Field, ForeignKey, Table, View
from duckpaste.workspace import Workspace

SCOPES = scopes(
    [
        ("people", {"born": "DATE", "n": "INTEGER"}, []),
        ("orders", {"n": "VARCHAR", "total": "DECIMAL(9,2)", "placed": "DATE", "sent": "DATE", "odd name": "INTEGER"}, ["people"]),
        ("lines", {"amount": "DECIMAL(9,2)", "kind": "VARCHAR"}, ["orders", "people"]),
    ],
    frozenset({("lines", "kind")}),
    {"Products": {"id": "INTEGER", "price": "DECIMAL(9,2)"}, "sites": {"a": "VARCHAR", "b": "DATE", "tax": "DOUBLE"}},
    {
        "orders": [ForeignKey(("n", "placed"), "sites", ("a", "b"))],
        "lines": [ForeignKey(("kind",), "Products", ("id",))],
        "people": [ForeignKey(("n",), "Products", ("id",))],
    },
)  # fmt: skip
ORDERS: Scope = SCOPES["orders"]


def test_columns_get_the_names_that_the_rows_have() -> None:
    rule = parse('Placed >= People.BORN and orders.total < 3 or "odd name" is null', ORDERS)
    assert rule.sql == '"placed" >= "people.born" AND "total" < 3 OR "odd name" IS NULL'
    assert rule.own == ("placed", "total", "odd name") and rule.above == (("people", "born"),)


def test_public_tables_that_a_key_leads_to() -> None:
    """By a key of the row, or of a row above it; with the columns of the row that a join needs."""
    rule = parse("total <= products.PRICE * 3 and total > sites.tax", ORDERS)
    assert rule.sql == '"total" <= "Products.price" * 3 AND "total" > "sites.tax"'
    assert rule.own == ("total",) and rule.above == ()
    assert rule.public == (("Products", "price"), ("sites", "tax"))
    assert types(rule, ORDERS) == {
        "total": "DECIMAL(9,2)",
        "Products.price": "DECIMAL(9,2)",
        "sites.tax": "DOUBLE",
    }
    assert ORDERS.public["sites"].keys == ((("n", "VARCHAR", "a"), ("placed", "DATE", "b")),)
    assert ORDERS.public["Products"].keys == ((("people.n", "INTEGER", "id"),),)
    assert [(m.column, m.expression) for m in parse("total = products.price * 2", ORDERS).mends] == [
        ("total", '"Products.price" * 2')
    ]
    with pytest.raises(UserError, match="to which kind and people.n lead: of which row is not said"):
        parse("amount < Products.price", SCOPES["lines"])


def test_totals_over_tables_below() -> None:
    rule = parse("total = sum(lines.amount) and count(lines) < 3", ORDERS)
    assert [(t.table, t.expression, t.columns, t.counts) for t in rule.totals] == [
        ("lines", 'SUM("amount")', ("amount",), False), ("lines", "count(*)", (), True),
    ]  # fmt: skip
    assert parse("n = count(lines)", SCOPES["people"]).totals[0].table == "lines", "at any depth"


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("sent >= placed", [("placed", '"sent"', "sent"), ("sent", '"placed"', "placed")]),
        ("sent > placed", [("placed", "", "sent"), ("sent", "", "placed")]),
        ("(total = sum(lines.amount))", [("total", '"SUM(lines.amount)"', "")]),
        ("total = total + 1", []),
        ("placed > people.born", []),
        ("placed >= people.born + interval 3 day", [("placed", "\"people.born\" + INTERVAL '3' DAY", "")]),
        ("sent = placed or total = 3", []),
    ],
)  # fmt: skip
def test_what_mends_a_comparison(text: str, columns: list[tuple[str, str, str]]) -> None:
    assert sorted((m.column, m.expression, m.swap) for m in parse(text, ORDERS).mends) == sorted(columns)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "no condition"),
        ("total = ", "can't be read"),
        ("total = 1; drop table orders", "no condition"),
        ("total in (from orders)", "holds a query"),
        ("total = (select 1)", "holds a query"),
        ("exists (select 1)", "holds a query"),
        ("read_text('/etc/passwd') = 'a'", "calls read_text"),
        ("'a'.getenv() = 'b'", "calls getenv"),
        ("\"getenv\"('HOME') = 'x'", "calls getenv"),
        ("nextval('s') = 1", "calls nextval"),
        ("random() < 0.5", "calls random"),
        ("placed < current_date", "another each time"),
        ("placed < now()", "calls now"),
        ("total = ?", "parameter"),
        ("sum(total) over () > 1", "window"),
        ("count(*) > 1", "no table below"),
        ("sum(total) > 1", "no table below"),
        ("sum(lines.amount + total) > 1", "no table below"),
        ("median(lines.amount) > 1", "calls median"),
        ("lines.amount > 1", r"no table above 'orders'.*sum\(lines.amount\)"),
        ("nobody.born < placed", "no table above"),
        ("totl = 1", "no column 'totl' of 'orders'; did you mean 'total'"),
        ("people.bron < placed", "no column 'bron' of 'people'"),
        ("count(distinct lines.kind) = 1", "made up"),
        ("#1 = 3", "number of a column"),
        ("columns(*) > 3", "holds"),
    ],
)  # fmt: skip
def test_what_a_rule_may_not_hold(text: str, what: str) -> None:
    with pytest.raises(UserError, match=what):
        parse(text, ORDERS)


FIELDS = """
tables:
  t:
    rules:
      - b >= a
      - c > 3
      - a + b
      - a = 'x'
      - id > 1
      - b >= day(a
    fields: {id: id, a: {type: numerical, min: 0, max: 9}, b: {type: numerical, min: 0, max: 9}}
"""


def test_all_faults_at_once_each_with_its_line(tmp_path: Path) -> None:
    db = Db.open()
    put(db, "t", {"id": [1], "a": [1], "b": [2]}, dict.fromkeys(("id", "a", "b"), "integer"))
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "fields.yml").write_text(FIELDS)
    view = load(tmp_path / "shop")
    with pytest.raises(Faults) as error:
        route.ready(Workspace(db), view, request("independent", {}))
    lines = [str(fault) for fault in error.value.faults]
    assert [line.split(" t: ")[0] for line in lines] == [f"shop/fields.yml:{n}" for n in (6, 7, 8, 9, 10)]
    for line, what in zip(lines, ("no column 'c'", "no condition but a value", "can't be evaluated", "made up", "can't be read"), strict=True):  # fmt: skip
        assert what in line


def test_of_related_tables_too() -> None:
    db = Db.open()
    db.script_sql("t", "create table p (id integer primary key, x integer check (x between 0 and 9)); "
                  "create table c (id integer primary key, p integer not null references p (id), y date)")  # fmt: skip
    tables = (
        Table("p", options={"rules": ("x = sum(c.z)", "x > count(c)")}),
        Table("c", (Field("y", "date", True, options={"min": "2020-01-01", "max": "2020-12-31"}),),
              options={"rules": ("p.x < y", "p.x > 3", "p.x < 3 or p = 2")}),
    )  # fmt: skip
    with pytest.raises(Faults) as error:
        route.ready(Workspace(db), View("v", Path("v"), tables), request("mare", {}))
    found = [f.what for f in error.value.faults]
    assert len(found) == 3
    assert "no column 'z' of 'c'" in found[0] and "INTEGER" in found[1] and "made up" in found[2]
