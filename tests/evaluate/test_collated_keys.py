"""Keys that a collation holds for equal are one key."""

from __future__ import annotations

from duckpaste import sql
from duckpaste.db import Db


def test_children_below_a_collated_key_are_counted_once() -> None:
    db = Db.open()
    db.run_sql("t", "create table p as select 'a' collate nocase as id, 0 as _part")
    db.run_sql("t", "create table c (p varchar collate nocase)")
    db.run_sql("t", "insert into c values ('a'), ('A')")
    text = sql.render("child_counts", parent="p", child="c", on=[["id", "p"]])
    assert db.rows_sql("child_counts", text) == [(0, 2, 1)]
