"""From a view's folder to a table that can be fitted: catalogue read, codecs made, every fault listed at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from duckpaste import buckets, sql
from duckpaste import codec as codecs
from duckpaste.buckets import Rows
from duckpaste.codec import zeros
from duckpaste.codec.base import Codec
from duckpaste.db import Db
from duckpaste.errors import Fault, UserError, raise_all
from duckpaste.model import Column
from duckpaste.privacy.unit import Unit
from duckpaste.schema import rules
from duckpaste.schema.view import Field, Table, View


@dataclass(frozen=True)
class Prepared:
    """One private table, ready to be protected: its view, place, columns and codecs (in decoding order)."""

    view: View
    table: Table
    relation: str
    columns: Sequence[Column]
    codecs: Sequence[Codec]

    @property
    def name(self) -> str:
        """The table as people write it."""
        return f"{self.view.name}.{self.table.name}"

    @property
    def unit(self) -> Unit:
        """The privacy unit: the values of a column, or each row."""
        return Unit(self.table.unit, self.table.contributions) if self.table.unit else Unit()


def resolve(db: Db, view: View, schema: str) -> View:
    """The view with all that its DDL in `schema` declares. Raises Faults."""
    from duckpaste.schema import catalog, merge

    return merge.resolve(view, catalog.read(db, schema))


def prepare(db: Db, view: View, schema: str) -> Prepared:
    """Make the codecs of the view's private table. `view` is resolved. Reads no row."""
    private = [t for t in view.tables if not t.public]
    if not private:
        raise UserError(
            "the view has no private table", view.name, "every table is public: nothing to synthesise"
        )
    if len(private) > 1:
        names = ", ".join(t.name for t in private)
        raise UserError(
            f"the view has {len(private)} private tables ({names}), and this algorithm fits one", view.name,
            f"fit them together with {view.name}.mare, mark lookups `public: true`, or join them in the view's SQL",
        )  # fmt: skip
    table = private[0]
    made: list[Codec] = []
    faults: list[Fault] = []
    for field in in_decoding_order(table):
        if field.kind == "seq":
            where = f"{field.place} {table.name}.{field.name}".strip()
            remedy = "fit it with mare, or give it another type"
            faults.append(Fault("type 'seq' needs rows below a parent", where, remedy))
            continue
        try:
            made.append(codecs.make(field))
        except UserError as error:
            faults.extend(
                Fault(f.what, f.where or f"{table.name}.{field.name}", f.remedy) for f in error.faults
            )
    raise_all([*faults, *_same_codes(table, made), *_repeated_key(table), *_rules(db, table),
               *zeros.faults_of(table, made)])  # fmt: skip
    if not any(c.columns() for c in made):
        remedy = "declare at least one field that is not a key or ignored"
        raise UserError("no column of the table is modelled", table.name, remedy)
    nulls = {f.name for f in table.fields if f.kind == "ignore"}
    columns = [
        Column(f.name, f.sql_type or "VARCHAR", not f.nullable and f.name not in nulls, f.comment)
        for f in table.fields
    ]
    return Prepared(view, table, sql.ident(db.database, schema, table.name), columns, made)


def _rules(db: Db, table: Table) -> list[Fault]:
    """Faults of the table's rules. Keys are made up, and ignored columns are NULL."""
    if not rules.declared(table):
        return []
    types = {c: f.sql_type or "VARCHAR" for f in table.fields for c in f.columns}
    made_up = {(table.name, c) for f in table.fields if f.kind in ("id", "uuid", "ignore") for c in f.columns}
    return rules.faults(db, table, rules.Scope(table.name, types, made=frozenset(made_up)))


def _same_codes(table: Table, made: Sequence[Codec]) -> list[Fault]:
    """Faults of fields whose code columns have the same name (a date `d` makes `d.years`, as may another field)."""
    owners: dict[str, str] = {}
    faults = []
    for codec in made:
        for column in codec.columns():
            owner = owners.setdefault(column.name.casefold(), codec.field.name)
            if owner != codec.field.name:
                what = f"its codes {column.name!r} have the name of codes of {owner!r}"
                remedy = "rename one of the two columns in the view's SQL"
                faults.append(Fault(what, f"{table.name}.{codec.field.name}", remedy))
    return faults


def _repeated_key(table: Table) -> list[Fault]:
    """The fault of a primary key none of whose columns is made unique."""
    kinds = {f.name: f.kind for f in table.fields}
    if not table.primary_key or any(kinds.get(c) in ("id", "uuid") for c in table.primary_key):
        return []
    what = "the primary key is modelled like other columns, so its values would repeat"
    where = f"{table.name}.{', '.join(table.primary_key)}"
    return [Fault(what, where, "declare it id or uuid, or leave the key out of the view's SQL")]


def in_decoding_order(table: Table) -> list[Field]:
    """Fields such that a field's references of the same table come before it. Raises UserError for a circle."""
    left = list(table.fields)
    names = {f.name for f in left}
    done: set[str] = set()
    out = []
    while left:
        ready = [f for f in left if all(r in done or r not in names or r == f.name for r in f.refs)]
        if not ready:
            circle = ", ".join(f.name for f in left)
            raise UserError(
                "fields reference each other in a circle", f"{table.name}: {circle}", "drop one reference"
            )
        out += ready
        done |= {f.name for f in ready}
        left = [f for f in left if f.name not in done]
    return out


def check_rows(db: Db, ready: Prepared, *, exact: bool = False) -> list[Fault]:
    """Faults that rows of the private table have: NULL or values against a declaration, no rows at all.

    Says that there are such rows, never which value; `exact` adds their number (for the owner's eyes)."""
    return faults_of(db, ready.relation, ready.name, ready.codecs, unit=ready.table.unit, exact=exact)


def faults_of(
    db: Db, relation: str | Rows, name: str, codecs: Sequence[Codec], *, unit: str | None = None, exact: bool = False
) -> list[Fault]:  # fmt: skip
    """Faults of the rows of `relation` (SQL, or a query), called `name`; see `check_rows`."""
    predicates = [
        (codec.field.name, what, p, _remedy(what)) for codec in codecs for what, p in codec.faults()
    ]
    if unit:
        what, remedy = "holds NULL although it is the privacy unit", "leave such rows out in the view's SQL"
        predicates.append((unit, what, f"{sql.ident(unit)} IS NULL", remedy))
    listed = [p for _, _, p, _ in predicates]

    def text(source: str) -> str:
        return sql.render("faults", relation=source, predicates=listed, exact=exact)

    rows = Rows(text(relation), None, relation) if isinstance(relation, str) else relation.into(text, 0)
    answers = [db.rows_sql("faults", t, values)[0] for t, values in buckets.statements(db, rows)]
    found = [sum(column) for column in zip(*answers, strict=True)]
    if not found[0]:
        return [Fault("the table has no rows", name, "ingest data first")]
    return [
        Fault(f"{what}{_exactly(n) if exact else ''}", f"{name}.{column}", remedy)
        for (column, what, _, remedy), n in zip(predicates, found[1:], strict=True)
        if n
    ]


def _remedy(what: str) -> str:
    """What helps against a fault that a codec found."""
    if "NULL" in what:
        return "declare it with '?' after its type, or correct the data"
    return "correct the declaration or the data, or say what to do with such values (outside: clamp, null or other)"


def _exactly(rows: int) -> str:
    return f" ({rows:,} row{'s' if rows > 1 else ''}; internal: exact)"
