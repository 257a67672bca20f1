"""Sides: the real rows, split in two parts by unit, and the synthetic ones, as SQL over decoded tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from duckpaste import holdout, sql
from duckpaste.db import Db
from duckpaste.errors import Fault, UserError, raise_all
from duckpaste.schema.graph import Node, build
from duckpaste.schema.names import fold
from duckpaste.schema.view import MADE_UP, Table, View

PART = "_part"
LAG = "@1."  # before the name of a column: the row before, in a sequence


@dataclass(frozen=True)
class Subject:
    """A private table: its columns with their types, real and synthetic, the columns that are compared (with their
    kinds), and its ancestors, nearest first."""

    table: Table
    types: Mapping[str, str]
    fake_types: Mapping[str, str]
    compared: Mapping[str, str]
    node: Node | None = None
    above: tuple[Subject, ...] = ()

    @property
    def name(self) -> str:
        """The table's name."""
        return self.table.name

    @property
    def path(self) -> tuple[Table, ...]:
        """The table and those above it, the unit's last."""
        return (self.table, *(s.table for s in self.above))

    def sequencer(self) -> tuple[str, ...]:
        """The columns that order rows below one parent row; empty for a table that is no sequence."""
        declared = self.table.options.get("sequencer") or ()
        names = [declared] if isinstance(declared, str) else list(declared)
        names = names or [f.name for f in self.table.fields if f.kind == "seq"][:1]
        known = {fold(c): c for c in self.types}
        return tuple(known[fold(n)] for n in names if fold(n) in known) if self.above else ()


@dataclass(frozen=True)
class Sides:
    """Where the rows are. `share` is the held-out share of units: part 1. Without one the parts are halves, by unit.

    Of a view with a single table `graph` links nothing."""

    db: Db
    view: View
    schema: tuple[str, ...]
    alias: str
    share: float
    seed: int = 0
    subjects: tuple[Subject, ...] = ()
    public: tuple[Table, ...] = field(default_factory=tuple)
    sql_views: frozenset[str] = frozenset()  # real tables that are none, but views of the database

    @property
    def held_out(self) -> bool:
        """Whether part 1 was held out from the model."""
        return self.share > 0

    def real(self, table: str) -> str:
        """The real table (SQL), all parts of it."""
        return sql.ident(*self.schema, table)

    def fake(self, table: str) -> str:
        """The synthetic table (SQL)."""
        return f"{self.alias}.main.{sql.ident(table)}"

    def rows(
        self, subject: Subject, *, synthetic: bool = False, lags: bool = False, unit: bool = False
    ) -> str:
        """Rows of a table with its ancestors' columns and their part (see sql/evaluated_rows.sql); with `unit`, the
        key of the privacy unit too, unless every row is one."""
        where = self.fake if synthetic else self.real
        parents, alias, below = [], "t", subject
        for number, ancestor in enumerate(subject.above):
            key = below.node.owner if below.node else None
            if key is None:
                raise UserError("has no key to its parent", below.name)
            mine = f"p{number}"
            on = [[f"{alias}.{sql.ident(a)}", f"{mine}.{sql.ident(b)}"]
                  for a, b in zip(key.columns, key.referenced, strict=True)]  # fmt: skip
            columns = [{"name": c, "label": f"{ancestor.name}.{c}"} for c in ancestor.compared]
            parents.append({"relation": where(ancestor.name), "alias": mine, "on": on, "columns": columns})
            alias, below = mine, ancestor
        part = "0" if synthetic else self.part(below.table, alias)
        own = (holdout.ROWID,) if synthetic else holdout.row_key(subject.table)
        row = self._hash([f"t.{sql.ident(c)}" for c in own], subject.name, synthetic)
        return sql.render(
            "evaluated_rows", relation=where(subject.name), columns=list(subject.types), parents=parents, part=part,
            row=row, unit=_unit(subject, alias) if unit else None, lags=_lags(subject) if lags else None,
        )  # fmt: skip

    def part(self, top: Table, alias: str = "") -> str:
        """SQL of the part of a unit's rows: 0 or 1."""
        key = [f"{alias}.{sql.ident(c)}" if alias else sql.ident(c) for c in holdout.key_of(top)]
        if self.held_out:
            return f"{holdout.predicate(key, self.share)}::utinyint"
        # Any split will do for halves, and hash is a tenth of the price of md5.
        return f"{self._hash(key, top.name)} % 2"

    def _hash(self, key: Sequence[str], table: str, synthetic: bool = False) -> str:
        """SQL of a hash of a row's key; of its place, for rows of an SQL view, which have no other number."""
        if table in self.sql_views and not synthetic and key[0].endswith(sql.ident(holdout.ROWID)):
            key = ["row_number() over ()"]
        return f"hash({', '.join([*key, str(self.seed)])})"


def has_unit(subject: Subject) -> bool:
    """Whether several rows of a table may belong to one privacy unit."""
    return bool(subject.above or subject.table.unit)


def _unit(subject: Subject, alias: str) -> str | None:
    """SQL of the unit's key, in rows where the topmost table is called `alias`."""
    if not has_unit(subject):
        return None
    key = [f"{alias}.{sql.ident(c)}" for c in holdout.key_of(subject.path[-1])]
    return key[0] if len(key) == 1 else f"[{', '.join(f'{k}::varchar' for k in key)}]"


def _lags(subject: Subject) -> dict[str, object] | None:
    order = subject.sequencer()
    if not order or subject.node is None or subject.node.owner is None:
        return None
    key = [c for c in subject.table.primary_key if c not in order]
    return {
        "partition": list(subject.node.owner.columns), "order_by": [*order, *key],
        "columns": [{"name": c, "label": f"{LAG}{c}"} for c in subject.compared],
    }  # fmt: skip


@contextmanager
def opened(
    db: Db, view: View, schema: tuple[str, ...], synthetic: Path, share: float, seed: int
) -> Iterator[Sides]:
    """Attach the synthetic file, read-only, for the length of the block. `view` is resolved. Raises UserError."""
    alias = sql.ident("duckpaste_synthetic")
    if not synthetic.is_file():
        raise UserError("no such file", str(synthetic), "write one with: duckpaste sample model.duckdb")
    Db.open(synthetic, read_only=True, sandbox=True).close()  # which says what is wrong with it
    db.run_sql("attach", f"attach {sql.literal(str(synthetic))} as {alias} (read_only)")
    try:
        text = f"select view_name from duckdb_views() where schema_name = {sql.literal(schema[-1])}"
        named = frozenset(str(n) for (n,) in db.rows_sql("views", text))
        sides = Sides(db, view, schema, alias, share, seed, sql_views=named)
        public = tuple(t for t in view.tables if t.public)
        yield replace(sides, subjects=_subjects(sides, synthetic), public=public)
    finally:
        db.run_sql("detach", f"detach {alias}")


def _subjects(sides: Sides, synthetic: Path) -> tuple[Subject, ...]:
    """All private tables, parents first."""
    private = [t for t in sides.view.tables if not t.public]
    nodes = {n.table.name: n for n in build(sides.view).nodes} if len(private) > 1 else {}
    there = {str(n) for (n,) in sides.db.rows_sql(
        "tables", f"select table_name from duckdb_tables() where database_name = {sql.literal('duckpaste_synthetic')}"
    )}  # fmt: skip
    faults = [
        Fault(f"has no table {t.name!r}", str(synthetic), "name a file that was sampled from this view")
        for t in private
        if t.name not in there
    ]
    raise_all(faults)
    found: dict[str, Subject] = {}
    for table in [n.table for n in nodes.values()] or private:
        types = _types(sides.db, sides.real(table.name))
        fake = _types(sides.db, sides.fake(table.name))
        faults += [
            Fault(f"has no column {table.name}.{c}", str(synthetic), "sample it anew from this view")
            for c in types
            if c not in fake
        ]
        node = nodes.get(table.name)
        above = tuple(found[p] for p in node.path) if node else ()
        found[table.name] = Subject(table, types, fake, _compared(table, types, node), node, above)
    raise_all(faults)
    return tuple(found.values())


def _types(db: Db, relation: str) -> dict[str, str]:
    rows = db.rows_sql("columns", f"select column_name, column_type from (describe select * from {relation})")
    return {str(name): str(kind) for name, kind in rows}


def _compared(table: Table, types: Mapping[str, str], node: Node | None) -> dict[str, str]:
    """Columns whose values mean something: no keys, nothing that is made up."""
    keys = {*table.primary_key, *([table.unit] if table.unit else [])}
    keys |= set(node.owner.columns) if node and node.owner else set()
    kinds = {c: f.kind for f in table.fields for c in f.columns}
    for reference in node.references if node else ():
        # A key to a public table is a category like any other.
        if reference.kind.value == "public":
            kinds |= dict.fromkeys(reference.key.columns, "categorical")
    known = {c: kinds.get(c, "categorical") for c in types if c not in keys}
    return {c: kind for c, kind in known.items() if kind not in MADE_UP}
