"""Buckets: a table that does not fit into memory while it is made is made piece by piece.

Windows, joins and groups hold rows. How many bytes that takes is told beforehand, from the number of rows and the types
of their columns. Where it is more than DuckDB's memory limit allows, rows are parted by a hash of their unit's key, and
the same SQL makes one bucket after the other: all rows that a window or a join needs are in one. The number of buckets
tells about how many rows there are. It is secret, and a parameter of statements: it stands in none of their texts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from duckpaste import sql
from duckpaste.db import Db

SHARE = 0.5  # of the memory limit, less what threads take, for what one statement holds
THREAD = 12 << 20  # bytes that a thread takes for its buffers
MOST = 1024  # buckets
ROW = 40  # bytes that a row takes in a sort or a hash table, beyond its columns
_TEXT = 32  # of a VARCHAR: a reference, and a word or two
_OTHER = 64
_BYTES = {
    "BOOLEAN": 1, "TINYINT": 1, "UTINYINT": 1, "SMALLINT": 2, "USMALLINT": 2, "INTEGER": 4, "UINTEGER": 4, "BIGINT": 8,
    "UBIGINT": 8, "HUGEINT": 16, "UHUGEINT": 16, "FLOAT": 4, "DOUBLE": 8, "DATE": 4, "TIME": 8, "UUID": 16,
    "INTERVAL": 16, "VARCHAR": _TEXT, "TIMESTAMP": 8,
}  # fmt: skip
# Values of these types are equal exactly where their hashes are.
_PLAIN = re.compile(
    r"U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?|UUID|DATE|TIME|TIMESTAMP[A-Z_ ]*|BOOLEAN|DECIMAL\(.*\)"
)
_UNITS = {"bytes": 1, **{f"{p}iB": 1024**n for n, p in enumerate("KMGTPE", start=1)}}


@dataclass(frozen=True)
class Held:
    """What a statement holds in memory: every row of `relation` (SQL), with so many bytes. The bytes are public."""

    relation: str
    width: int


@dataclass(frozen=True)
class Rows:
    """A query: the SQL of all its rows, that of bucket $1 of $2 (none where it can't be parted), a relation (SQL) that
    has at least as many rows, and what the query holds in memory when it runs."""

    whole: str
    part: str | None
    base: str
    held: tuple[Held, ...] = ()

    def into(self, render: Callable[[str], str], width: int) -> Rows:
        """A query over this one, `render` of a relation, that holds `width` bytes for each row besides."""
        part = None if self.part is None else render(f"({self.part})")
        return Rows(render(f"({self.whole})"), part, self.base, (*self.held, Held(self.base, width)))


def width(types: Iterable[str]) -> int:
    """Bytes of a row with columns of these DuckDB types, about. Text is taken to be short."""
    return sum(_width(t.upper()) for t in types)


def _width(kind: str) -> int:
    if kind.startswith("DECIMAL"):
        digits = int(next(iter(re.findall(r"\d+", kind)), 18))
        return 2 if digits <= 4 else 4 if digits <= 9 else 8 if digits <= 18 else 16
    if kind.startswith("ENUM"):
        return 2
    if kind.startswith("TIMESTAMP"):
        return 8
    return _BYTES.get(kind, _OTHER)


def room(db: Db) -> float:
    """Bytes that a statement may hold under DuckDB's memory limit; infinite where there is none that can be read."""
    text = "select current_setting('memory_limit'), current_setting('threads')"
    limit, threads = db.rows_sql("memory_limit", text)[0]
    found = re.fullmatch(r"([\d.]+) ?([A-Za-z]+)", str(limit))
    if not found or found[2] not in _UNITS:
        return math.inf
    whole = float(found[1]) * _UNITS[found[2]]
    return float(SHARE * max(whole - THREAD * int(threads), whole / 8))


def number(db: Db, held: Iterable[Held]) -> int:
    """How many buckets what is held must be parted into, from 1. Secret."""
    rows: dict[str, int] = {}
    whole = 0.0
    for h in held:
        if h.relation not in rows:
            rows[h.relation] = int(db.rows_sql("table_size", f"select count(*) from {h.relation}")[0][0])
        whole += rows[h.relation] * (h.width + ROW)
    return max(1, min(math.ceil(whole / room(db)), MOST))


def statements(db: Db, rows: Rows) -> list[tuple[str, list[int] | None]]:
    """The SQL of all rows; where they do not fit into memory, of one bucket after the other, with its parameters."""
    part, many = rows.part, 1 if rows.part is None else number(db, rows.held)
    return [(rows.whole, None)] if part is None or many == 1 else [(part, [b, many]) for b in range(many)]


def keep(db: Db, name: str, rows: Rows) -> str:
    """The rows of a query in a temporary table (its quoted name). `name` is for the trace and for errors."""
    target = db.temporary(name)
    _fill(db, name, statements(db, rows), target)
    return target


def relation(db: Db, name: str, rows: Rows) -> str:
    """A query as a relation (SQL): the query itself where it fits into memory, else a temporary table of its rows."""
    target, texts = db.temporary(name), statements(db, rows)
    if len(texts) == 1:
        return f"({rows.whole})"
    _fill(db, name, texts, target)
    return target


def _fill(db: Db, name: str, texts: Sequence[tuple[str, list[int] | None]], target: str) -> None:
    for place, (text, parameters) in enumerate(texts):
        db.run_sql(name, sql.render("kept_rows", rows=text, target=target, more=place > 0), parameters)


def types(db: Db, relation: str) -> dict[str, str]:
    """The columns of a relation (SQL), each with its type."""
    text = f"select column_name, column_type from (describe select * from {relation})"
    return {str(name): str(kind) for name, kind in db.rows_sql("columns", text)}


def same(left: Sequence[str], right: Sequence[str]) -> bool:
    """Whether equal keys of these types have equal hashes, so that both sides of a join can be parted by their own."""
    return list(left) == list(right) and all(_PLAIN.fullmatch(t.upper()) for t in left)


def by(relation: str, keys: Sequence[tuple[str, str]]) -> str:
    """A bucket of a relation by its own columns, given as names with types (SQL with $1 and $2)."""
    return sql.render("bucket_rows", relation=relation, keys=[_hashed(*k) for k in keys], above=None, on=[])


def below(relation: str, above: str, on: Sequence[Sequence[str]]) -> str:
    """The rows of a relation that belong to a bucket of another (SQL with $1 and $2), by [own column, other column]."""
    return sql.render("bucket_rows", relation=relation, keys=[], above=above, on=on)


def _hashed(name: str, kind: str) -> str:
    """A column as it is hashed. Texts that a collation holds for equal must have one hash."""
    own = f"b.{sql.ident(name)}"
    return f"lower(strip_accents(nfc_normalize({own})))" if kind.upper() == "VARCHAR" else own


def joined(
    db: Db, upper: str, lower: str, on: Sequence[Sequence[str]], among: Sequence[str] = ()
) -> tuple[str, str]:
    """A bucket of each of two relations that are joined by [upper column, lower column]: by that key, or by columns
    `among` which rows of the upper one are to stay together."""
    tops, lows = types(db, upper), types(db, lower)
    keys = [(a, kind(tops, a)) for a, _ in on]
    if not among and same([t for _, t in keys], [kind(lows, b) for _, b in on]):
        return by(upper, keys), by(lower, [(b, kind(lows, b)) for _, b in on])
    part = by(upper, [(c, kind(tops, c)) for c in among] or keys)
    return part, below(lower, part, [[b, a] for a, b in on])


def kind(found: dict[str, str], name: str) -> str:
    """A column's type. DuckDB ignores case."""
    return next((t for n, t in found.items() if n.casefold() == name.casefold()), "VARCHAR")


def parted(db: Db, relation: str, column: str) -> str:
    """A bucket of a relation that keeps rows of the same `column` together (SQL with $1 and $2)."""
    return by(relation, [(column, kind(types(db, relation), column))])
