"""Queries: a file of SQL asked of the real and of the synthetic tables; how far the answers are apart.

Columns of an answer that hold no aggregate are its keys: rows are matched by them. Numbers are compared by relative
error, at most 1; a row that one side lacks counts as 1 for each of its numbers. Answers that grow with the number of
rows (counts, sums) are scaled to the real size first.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from duckpaste import sql
from duckpaste.db import Db
from duckpaste.errors import UserError
from duckpaste.evaluate.sides import Sides
from duckpaste.evaluate.work import Work

# An error of a number is relative to itself, but to no less than this share of its column's mean: else a group that
# is nearly empty would decide.
_FLOOR = 0.01
MOST_ROWS = 100_000


@dataclass(frozen=True)
class Query:
    """A query: its name (the comment before it, else "query 1", ...), its text, and which columns are keys."""

    name: str
    text: str
    keys: tuple[bool, ...]


def read(db: Db, path: Path) -> list[Query]:
    """The queries of a file. Raises UserError for one that is no SELECT, or that DuckDB can't read."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise UserError("no such file, or it is not text", str(path), "name a file of SQL queries") from None
    found = []
    for number, query in enumerate(_parted(text, path), start=1):
        where = f"{path.name}, query {number}"
        try:
            kinds = [s.type for s in db.con.extract_statements(query)]
        except duckdb.Error:
            raise UserError("DuckDB can't read it as SQL", where, "part queries by semicolons") from None
        if kinds != [duckdb.StatementType.SELECT]:
            raise UserError("is no SELECT", where, "only queries that read can be compared")
        comment = re.match(r"\s*--\s*(.+)", query)
        found.append(Query(comment[1].strip() if comment else f"query {number}", query, _keys(query, where)))
    if not found:
        raise UserError("holds no query", str(path), "write SELECT statements, parted by semicolons")
    return found


def _parted(text: str, path: Path) -> list[str]:
    """The statements of a script, each with the comments before it; without those that hold nothing."""
    import sqlglot

    try:
        tokens = sqlglot.tokenize(text, read="duckdb")
    except sqlglot.errors.SqlglotError:
        raise UserError("can't be read as SQL", str(path), "part queries by semicolons") from None
    ends = [t.start for t in tokens if t.text == ";"]
    starts = [t.start for t in tokens if t.text != ";"]
    bounds = itertools.pairwise([-1, *ends, len(text)])
    return [text[a + 1 : b].strip() for a, b in bounds if any(a < s < b for s in starts)]


def _keys(query: str, where: str) -> tuple[bool, ...]:
    """Which columns of the answer hold no aggregate."""
    import sqlglot
    from sqlglot import expressions as exp

    try:
        tree = sqlglot.parse_one(query, dialect="duckdb")
    except sqlglot.errors.SqlglotError:
        raise UserError("can't be read", where, "simplify it") from None
    selected = tree.selects if isinstance(tree, exp.Query) else []
    if not selected or any(isinstance(s, exp.Star | exp.Column) and s.is_star for s in selected):
        raise UserError("names no columns", where, "list what to select: keys and aggregates")
    return tuple(s.find(exp.AggFunc, exp.Window) is None for s in selected)


def measure(work: Work, path: Path) -> None:
    """Score `query_error` of every query of a file, and their mean."""
    asked = read(work.db, path)
    sides = work.sides
    with _views(sides, "wrk") as wrk, _views(sides, "first") as first, _views(sides, "second") as second:
        errors: dict[str, list[float]] = {"syn": [], "ref": []}
        top = sides.subjects[0].name
        (a, b), (real, fake) = work.sizes(top)
        for query in asked:
            answers = {
                name: _answer(work.db, query, schema)
                for name, schema in (("wrk", wrk), ("first", first), ("second", second),
                                     ("syn", f"{sides.alias}.main"))
            }  # fmt: skip
            error = apart(query, answers["wrk"], answers["syn"], real / max(fake, 1))
            honest = apart(query, answers["first"], answers["second"], a / max(b, 1))
            work.add("query_error", "", (query.name,), error, honest)
            errors["syn"].append(error)
            errors["ref"].append(honest)
    means = {k: math.fsum(v) / len(v) for k, v in errors.items()}
    work.add("query_error", "", (), means["syn"], means["ref"])


@contextmanager
def _views(sides: Sides, side: str) -> Iterator[str]:
    """A schema in memory with a view for each table of a side, under the tables' own names."""
    db = sides.db
    name = sql.ident(f"duckpaste_{side}")
    db.run_sql("attach", f"attach ':memory:' as {name}")
    try:
        for subject in sides.subjects:
            columns = ", ".join(sql.ident(c) for c in subject.types)
            rows = f"({sides.rows(subject)})"
            part = {"first": " where _part = 0", "second": " where _part = 1",
                    "wrk": " where _part = 0" if sides.held_out else ""}[side]  # fmt: skip
            db.run_sql(
                "side_view",
                f"create view {name}.main.{sql.ident(subject.name)} as select {columns} from {rows}{part}",
            )
        for table in sides.public:
            db.run_sql(
                "side_view",
                f"create view {name}.main.{sql.ident(table.name)} as from {sides.real(table.name)}",
            )
        yield f"{name}.main"
    finally:
        db.run_sql("detach", f"detach {name}")


def _answer(db: Db, query: Query, schema: str) -> list[tuple[Any, ...]]:
    """The rows of a query whose table names mean those of `schema`."""
    home = db.rows_sql("home", "select current_database(), current_schema()")[0]
    db.run_sql("use", f"use {schema}")
    try:
        rows = db.rows_sql(query.name, f"select * from ({query.text}) limit {MOST_ROWS + 1}")
    finally:
        db.run_sql("use", f"use {sql.ident(*home)}")
    if len(rows) > MOST_ROWS:
        raise UserError(
            f"answers with more than {MOST_ROWS:,} rows", query.name, "add LIMIT or a coarser GROUP BY"
        )
    return rows


def apart(
    query: Query, real: Sequence[tuple[Any, ...]], other: Sequence[tuple[Any, ...]], scale: float
) -> float:
    """The mean relative error of an answer's numbers, each at most 1."""
    a, b = _numbers(query, real), _numbers(query, other)
    every = list(dict.fromkeys([*a, *b]))
    width = query.keys.count(False)
    if not width:  # only keys: which of them both sides have
        return 1 - len(a.keys() & b.keys()) / max(len(every), 1)
    if not every:
        return 0.0
    errors = []
    for column in range(width):
        known = [(a[k][column], b[k][column]) for k in a.keys() & b.keys()]
        pairs = [(x, y) for x, y in known if x is not None and y is not None]
        factor = _factor(pairs, scale)
        values = [abs(x) for v in a.values() if (x := v[column]) is not None]
        floor = _FLOOR * math.fsum(values) / len(values) if values else 0.0
        for key in every:
            x, y = (side[key][column] if key in side else None for side in (a, b))
            if x is None or y is None:
                errors.append(0.0 if x is y and key in a and key in b else 1.0)
                continue
            below = max(abs(x), floor)
            errors.append(min(1.0, abs(x - y * factor) / below) if below else float(y != 0))
    return math.fsum(errors) / len(errors)


def _factor(pairs: Sequence[tuple[float, float]], scale: float) -> float:
    """`scale` for numbers that grow with the rows, else 1: whichever brings the answers nearer to each other."""
    ratios = sorted(math.log(x / y) for x, y in pairs if x > 0 and y > 0)
    if not ratios or scale <= 0:
        return 1.0
    middle = ratios[len(ratios) // 2]
    return scale if abs(middle - math.log(scale)) < abs(middle) else 1.0


def _numbers(query: Query, rows: Sequence[tuple[Any, ...]]) -> Mapping[tuple[Any, ...], list[float | None]]:
    found: dict[tuple[Any, ...], list[float | None]] = {}
    for row in rows:
        key = tuple(str(v) for v, is_key in zip(row, query.keys, strict=True) if is_key)
        found[key] = [_number(v) for v, is_key in zip(row, query.keys, strict=True) if not is_key]
    return found


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, int | float | Decimal):
        return float(value) if math.isfinite(value) else None
    if hasattr(value, "toordinal"):
        return float(value.toordinal())
    return None
