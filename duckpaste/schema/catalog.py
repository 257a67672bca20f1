"""Catalogue: what a database says about its tables by itself. No value of any row is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from duckpaste.db import Db
from duckpaste.schema import conditions, sqltypes
from duckpaste.schema.names import fold, lookup
from duckpaste.schema.view import ForeignKey


@dataclass(frozen=True)
class ColumnFacts:
    """A column: its type as DuckDB prints it, and what ENUM and CHECK say of its values.

    `values` are the only ones allowed (None = not said); `low` and `high` are inclusive bounds of the
    column's own type (None = not said). All are Python objects of that type.
    """

    name: str
    sql_type: str
    not_null: bool = False
    values: tuple[Any, ...] | None = None
    low: Any = None
    high: Any = None
    default: str | None = None
    comment: str = ""


@dataclass(frozen=True)
class TableFacts:
    """A table or view: columns in order, keys, and the text of every CHECK."""

    name: str
    columns: tuple[ColumnFacts, ...]
    primary_key: tuple[str, ...] = ()
    uniques: tuple[tuple[str, ...], ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    checks: tuple[str, ...] = ()
    comment: str = ""
    view: bool = False

    def column(self, name: str) -> ColumnFacts | None:
        """The column called `name`, as DuckDB compares names (without regard to case), or None."""
        found = lookup(name, (c.name for c in self.columns))
        return next((c for c in self.columns if c.name == found), None)


def schemas(db: Db, database: str | None = None) -> list[str]:
    """The schemas of a database that hold a table or view, sorted."""
    found = db.rows_sql(
        "catalog_schemas",
        "select distinct schema_name from duckdb_columns() "
        "where database_name = coalesce(?, current_database()) and not internal order by schema_name",
        [database],
    )
    return [str(row[0]) for row in found]


def read(db: Db, schema: str, database: str | None = None) -> dict[str, TableFacts]:
    """The tables and views of one schema (by default of the current database), in order of creation."""
    if database is None:
        database = str(db.rows_sql("current_database", "select current_database()")[0][0])
    where = {"database": database, "schema": schema}
    columns: dict[str, list[ColumnFacts]] = {}
    views: set[str] = set()
    for table, is_view, name, sql_type, not_null, default, comment in db.rows("catalog_columns", **where):
        fact = ColumnFacts(
            name,
            sql_type,
            bool(not_null),
            sqltypes.enum_values(sql_type),
            default=default,
            comment=comment or "",
        )
        columns.setdefault(table, []).append(fact)
        if is_view:
            views.add(table)
    comments: Mapping[str, str] = dict(db.rows("catalog_comments", **where))
    constraints: dict[str, list[tuple[Any, ...]]] = {}
    for table, *rest in db.rows("catalog_constraints", **where):
        constraints.setdefault(table, []).append(tuple(rest))
    return {
        table: _table(TableFacts(table, tuple(found), comment=comments.get(table, ""), view=table in views),
                      constraints.get(table, ()))
        for table, found in columns.items()
    }  # fmt: skip


def _table(table: TableFacts, constraints: Iterable[tuple[Any, ...]]) -> TableFacts:
    """`table` with its constraints."""
    key: tuple[str, ...] = ()
    uniques, foreign, checks = [], [], []
    for kind, expression, columns, referenced_table, referenced in constraints:
        if kind == "PRIMARY KEY":
            key = tuple(columns)
        elif kind == "UNIQUE":
            uniques.append(tuple(columns))
        elif kind == "FOREIGN KEY":
            foreign.append(ForeignKey(tuple(columns), referenced_table, tuple(referenced)))
        elif kind == "CHECK":
            checks.append(str(expression))
    limits = [limit for check in checks for limit in conditions.limits(check)]
    facts = tuple(narrow(c, limits) for c in table.columns)
    return replace(
        table,
        columns=facts,
        primary_key=key,
        uniques=tuple(uniques),
        foreign_keys=tuple(foreign),
        checks=tuple(checks),
    )


def narrow(column: ColumnFacts, limits: Iterable[conditions.Limit]) -> ColumnFacts:
    """`column` with the limits that speak of it. A limit that its type cannot hold says nothing."""
    for limit in limits:
        if fold(limit.column) != fold(column.name):
            continue
        try:
            column = _narrowed(column, limit)
        except ValueError:
            continue
    return column


def _narrowed(column: ColumnFacts, limit: conditions.Limit) -> ColumnFacts:
    if limit.values is not None:
        allowed = dict.fromkeys(sqltypes.coerce(v, column.sql_type) for v in limit.values)
        kept = tuple(allowed) if column.values is None else tuple(v for v in column.values if v in allowed)
        return replace(column, values=kept)
    if limit.low is not None:
        low = sqltypes.bound(limit.low, column.sql_type, upper=False, open_=limit.open)
        return replace(column, low=low if column.low is None else max(low, column.low))
    high = sqltypes.bound(limit.high, column.sql_type, upper=True, open_=limit.open)
    return replace(column, high=high if column.high is None else min(high, column.high))


def find(facts: Mapping[str, TableFacts], name: str) -> TableFacts | None:
    """The table called `name`, as DuckDB compares names."""
    known = lookup(name, facts)
    return None if known is None else facts[known]
