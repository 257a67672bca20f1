"""Whether keys tell rows apart and lead to rows: exact numbers, in buckets where the keys do not fit into memory."""

from __future__ import annotations

from collections.abc import Sequence

from duckpaste import buckets, sql
from duckpaste.buckets import Held, Rows
from duckpaste.db import Db


def orphans(db: Db, child: str, parent: str, on: Sequence[Sequence[str]]) -> int:
    """How many rows of `child` (SQL of a table) have a key that no row of `parent` has, by [own column, its column]."""

    def text(child: str, parent: str) -> str:
        return sql.render("orphans", child=child, parent=parent, on=on)

    theirs, mine = buckets.types(db, parent), buckets.types(db, child)
    keys = [(b, buckets.kind(theirs, b)) for _, b in on]
    own = [(a, buckets.kind(mine, a)) for a, _ in on]
    part = None
    if buckets.same([t for _, t in own], [t for _, t in keys]):
        part = text(f"({buckets.by(child, own)})", f"({buckets.by(parent, keys)})")
    held = Held(parent, buckets.width(t for _, t in keys))
    return _summed(db, "orphans", Rows(text(child, parent), part, parent, (held,)))[0]


def repeated(db: Db, relation: str, columns: Sequence[str]) -> tuple[int, int]:
    """How many values of a key stand in more than one row, and in how many rows it is NULL."""

    def text(relation: str) -> str:
        return sql.render("repeated_keys", relation=relation, columns=list(columns))

    found = buckets.types(db, relation)
    keys = [(c, buckets.kind(found, c)) for c in columns]
    held = Held(relation, buckets.width([*(t for _, t in keys), "BIGINT"]))
    rows = Rows(text(relation), text(f"({buckets.by(relation, keys)})"), relation, (held,))
    first, second = _summed(db, "repeated_keys", rows)
    return first, second


def _summed(db: Db, name: str, rows: Rows) -> list[int]:
    """The one row of a query, summed over buckets."""
    answers = [db.rows_sql(name, text, values)[0] for text, values in buckets.statements(db, rows)]
    return [int(sum(column)) for column in zip(*answers, strict=True)]
