"""From a view's folder to a table that can be fitted: catalogue read, codecs made, every fault listed at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from duckpaste import codec as codecs
from duckpaste import sql
from duckpaste.codec.base import Codec
from duckpaste.db import Db
from duckpaste.errors import Fault, UserError, raise_all
from duckpaste.model import Column
from duckpaste.schema.view import Table, View


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
    def unit(self) -> str:
        """The privacy unit in a word: a column, or "row"."""
        return self.table.unit or "row"


def resolve(db: Db, view: View, schema: str) -> View:
    """The view with all that its DDL in `schema` declares. Raises Faults."""
    from duckpaste.schema import catalog, merge

    return merge.resolve(view, catalog.read(db, schema))


def prepare(db: Db, view: View, schema: str) -> Prepared:
    """Make the codecs of the view's private table. `view` is resolved. Reads no row."""
    private = [t for t in view.tables if not t.public]
    if not private:
        raise UserError("the view has no private table", view.name, "every table is public: nothing to synthesise")
    if len(private) > 1:
        names = ", ".join(t.name for t in private)
        raise UserError(
            f"the view has {len(private)} private tables ({names}); models of this version fit one", view.name,
            "mark lookups `public: true`, or join the tables in the view's SQL",
        )  # fmt: skip
    table = private[0]
    made, faults = [], []
    for field in in_decoding_order(table):
        try:
            made.append(codecs.make(field))
        except UserError as error:
            faults.extend(Fault(f.what, f.where or f"{table.name}.{field.name}", f.remedy) for f in error.faults)
    raise_all(faults)
    if not any(c.columns() for c in made):
        raise UserError("no column of the table is modelled", table.name, "declare at least one field that is not a key or ignored")
    nulls = {f.name for f in table.fields if f.kind == "ignore"}
    columns = [
        Column(f.name, f.sql_type or "VARCHAR", not f.nullable and f.name not in nulls, f.comment) for f in table.fields
    ]
    return Prepared(view, table, sql.ident(db.database, schema, table.name), columns, made)


def in_decoding_order(table: Table) -> list:  # type: ignore[type-arg]
    """Fields such that a field's references of the same table come before it. Raises UserError for a circle."""
    left = list(table.fields)
    names = {f.name for f in left}
    done: set[str] = set()
    out = []
    while left:
        ready = [f for f in left if all(r in done or r not in names or r == f.name for r in f.refs)]
        if not ready:
            circle = ", ".join(f.name for f in left)
            raise UserError("fields reference each other in a circle", f"{table.name}: {circle}", "drop one reference")
        out += ready
        done |= {f.name for f in ready}
        left = [f for f in left if f.name not in done]
    return out


def check_rows(db: Db, ready: Prepared, *, exact: bool = False) -> list[Fault]:
    """Faults that rows of the private table have: NULL or values against a declaration, no rows at all.

    Says that there are such rows, never which value; `exact` adds their number (for the owner's eyes)."""
    predicates = [(codec.field.name, what, p) for codec in ready.codecs for what, p in codec.faults()]
    if ready.table.unit:
        unit = sql.ident(ready.table.unit)
        predicates.append((ready.table.unit, "holds NULL although it is the privacy unit", f"{unit} IS NULL"))
    found = db.rows("faults", relation=ready.relation, predicates=[p for *_, p in predicates], exact=exact)[0]
    if not found[0]:
        return [Fault("the table has no rows", ready.name, "ingest data first")]
    remedy = "correct the data, or the field in fields.yml (nullable: '?'; outside: clamp | other | null)"
    return [
        Fault(f"{what}{f' ({n:,} rows; internal: exact)' if exact else ''}", f"{ready.name}.{column}", remedy)
        for (column, what, _), n in zip(predicates, found[1:], strict=True)
        if n
    ]
