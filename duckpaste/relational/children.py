"""Rows of a parent with what stands below each: how many rows of a table, or which slots of an unrolled one."""

from __future__ import annotations

from duckpaste import buckets, sql
from duckpaste.buckets import Held, Rows
from duckpaste.db import Db
from duckpaste.privacy.release import Protected
from duckpaste.relational import unroll
from duckpaste.relational.family import Family, Member, owner_of

_COUNT = ["BIGINT", "BIGINT"]  # a key and a number, for each row below


def counted(db: Db, family: Family, member: Member, above: Protected) -> Protected:
    """The protected rows of the table over `member`, with their children (see sql/children_counts.sql) or slots (see
    sql/children_slots.sql). They stand in a temporary table where they do not fit into memory."""
    key, name = owner_of(member), f"{family.view.name}.{member.name} per {owner_of(member).table}"
    on = [list(pair) for pair in zip(key.referenced, key.columns, strict=True)]
    lower, among = member.relation, tuple[str, ...]()
    if unroll.slots_of(member):
        through = unroll.through(family, member)
        if through is not None:
            lower, on = through

        def text(upper: str, lower: str) -> str:
            return unroll.rows_sql(family, member, upper, lower)
    else:
        siblings = family.order_of(key.table)
        if siblings is not None:
            among = owner_of(family.members[key.table]).columns

        def text(upper: str, lower: str) -> str:
            return sql.render("children_counts", parent=upper, child=lower, on=on, siblings=siblings)

    width = buckets.width(buckets.types(db, above.relation).values())
    held = (Held(above.relation, width), Held(member.relation, buckets.width(_COUNT)))
    parts = buckets.joined(db, above.relation, lower, on, among)
    rows = Rows(text(above.relation, lower), text(*(f"({p})" for p in parts)), above.relation, held)
    return Protected(buckets.relation(db, "children", rows), name, above.unit, above.k, above.weight)
