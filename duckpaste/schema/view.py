"""View, Table and Field: what a view's files and its DDL declare. All of it is public knowledge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

KINDS = (
    "numerical", "categorical", "ordinal", "boolean", "date", "time", "datetime",
    "fixed", "id", "seq", "uuid", "text", "ignore",
)  # fmt: skip
# Kinds whose values are made up, copied or left out: they tell nothing but whether they are NULL.
MADE_UP = ("id", "uuid", "text", "ignore", "fixed")


@dataclass(frozen=True)
class Place:
    """Where a declaration stands: file and line (1-based; 0 = unknown)."""

    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True)
class Field:
    """One column of a table (or one field over several columns, `columns`), as declared.

    `sql_type` is the column's DuckDB type as the catalogue prints it ("" until the catalogue is read). `options`
    holds the declared options under their own names (values, min, max, bins, edges, span, unknown, ...), those that
    the DDL adds (ENUM, CHECK, BOOLEAN) included. `refs` are "column" or "table.column".
    """

    name: str
    kind: str
    nullable: bool = False
    refs: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    sql_type: str = ""
    comment: str = ""
    place: Place = Place()

    @property
    def columns(self) -> tuple[str, ...]:
        """The SQL columns that this field reads and writes."""
        return tuple(part.strip() for part in self.name.split(","))

    def option(self, name: str, default: Any = None) -> Any:
        """The declared option `name`, or `default` when absent or null."""
        value = self.options.get(name)
        return default if value is None else value


@dataclass(frozen=True)
class ForeignKey:
    """Columns of this table that reference columns of another."""

    columns: tuple[str, ...]
    table: str
    referenced: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """One table of a view.

    `unit` names the column that identifies the privacy unit a row belongs to; None means that each row is a unit.
    `contributions` is k, the contribution bound; `bound` is "weights" or "rows". A `public` table is copied.
    `options["rules"]` are the conditions that synthetic rows shall meet, and `rule_places` tells where each stands.
    """

    name: str
    fields: tuple[Field, ...] = ()
    primary_key: tuple[str, ...] = ()
    unit: str | None = None
    contributions: int = 1
    bound: str = "weights"
    public: bool = False
    foreign_keys: tuple[ForeignKey, ...] = ()
    checks: tuple[str, ...] = ()
    comment: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    place: Place = Place()
    rule_places: tuple[Place, ...] = ()

    def field_of(self, name: str) -> Field | None:
        """The field called `name`, or None."""
        return next((f for f in self.fields if f.name == name), None)


@dataclass(frozen=True)
class View:
    """A folder of SQL and fields.yml. `budget` is the declared limit over all runs (epsilon, delta), or empty;
    `unit` the table whose rows are the privacy units, when the view says so."""

    name: str
    path: Path
    tables: tuple[Table, ...]
    dataset: str | None = None
    database: str | None = None
    unit: str | None = None
    sql: tuple[Path, ...] = ()
    algs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    alg: Mapping[str, Any] = field(default_factory=dict)
    budget: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    def table(self, name: str) -> Table | None:
        """The table called `name`, or None."""
        return next((t for t in self.tables if t.name == name), None)
