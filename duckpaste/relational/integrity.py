"""Integrity: whether the keys of related tables are what they are declared to be, before anything is spent.

A parent's key that stands in two rows would join a unit's rows twice, beyond its bound; a row that points at no row has
no unit. Tables whose DDL declares the keys pass by construction.
"""

from __future__ import annotations

from collections.abc import Iterator

from duckpaste import keycheck, sql
from duckpaste.db import Db
from duckpaste.errors import Fault
from duckpaste.prepare import faults_of
from duckpaste.relational.family import Family, Member
from duckpaste.schema.view import ForeignKey


def faults(db: Db, family: Family, *, exact: bool = False) -> list[Fault]:
    """All faults of the private rows: keys, then values against declarations. `exact` adds how many rows there are."""
    broken = [f for member in family.members.values() for f in _keys(db, family, member, exact)]
    broken += _public_keys(db, family)
    if broken:
        return broken  # what follows joins by these keys
    return [
        fault
        for name, member in family.members.items()
        for fault in faults_of(
            db, family.rows(name), f"{family.view.name}.{name}", member.codecs, exact=exact
        )
    ]


def _keys(db: Db, family: Family, member: Member, exact: bool) -> Iterator[Fault]:
    """Faults of the keys of one table: those that tell its rows apart, and those that point at others."""
    asked = [member.table.primary_key] if member.table.primary_key else []
    for other in family.members.values():
        asked += [k.referenced for k in _foreign(other) if k.table == member.name]
    place = f"{family.view.name}.{member.name}"
    for columns in dict.fromkeys(asked):
        where = f"{place}.{', '.join(columns)}"
        repeated, missing = keycheck.repeated(db, member.relation, columns)
        if repeated:
            what = f"two rows have the same key{_number(repeated, 'value', exact)}"
            yield Fault(what, where, "correct the data, or the key that is declared")
        if missing and columns == member.table.primary_key:
            yield Fault(
                f"the key is NULL{_number(missing, 'row', exact)}",
                where,
                "leave such rows out in the view's SQL",
            )
    for key in _foreign(member):
        where = f"{place}.{', '.join(key.columns)}"
        if key == member.node.owner and not member.node.optional:
            _, missing = keycheck.repeated(db, member.relation, key.columns)
            if missing:
                what = f"holds NULL although it leads to {key.table}{_number(missing, 'row', exact)}"
                remedy = "declare it with '?' (such rows are left out, and counted), or correct the data"
                yield Fault(what, where, remedy)
        on = [list(pair) for pair in zip(key.columns, key.referenced, strict=True)]
        parent = sql.ident(*family.schema, key.table)
        lost = keycheck.orphans(db, member.relation, parent, on)
        if lost:
            what = f"points at no row of {key.table}{_number(lost, 'row', exact)}"
            yield Fault(what, where, _remedy(key))


def _public_keys(db: Db, family: Family) -> Iterator[Fault]:
    """Faults of the keys of public tables, to which rows lead that are told from them."""
    for table in family.graph.public:
        referring = [k for m in family.members.values() for k in _foreign(m) if k.table == table.name]
        asked = [*([table.primary_key] if table.primary_key else []), *(k.referenced for k in referring)]
        for columns in dict.fromkeys(asked):
            relation = sql.ident(*family.schema, table.name)
            repeated, _ = keycheck.repeated(db, relation, columns)
            if repeated:
                where = f"{family.view.name}.{table.name}.{', '.join(columns)}"
                yield Fault(
                    "two rows have the same key", where, "correct the table, or the key that is declared"
                )


def _remedy(key: ForeignKey) -> str:
    """What to do about rows that point at no row. They are not left out of themselves, as NULLs are where a `?` allows
    them: they are somebody's, of whom several may be, and so they would count for more than one row."""
    on = " and ".join(f"p.{b} = t.{a}" for a, b in zip(key.columns, key.referenced, strict=True))
    return f"leave such rows out in the view's SQL (where exists (from {key.table} p where {on})), or correct the data"


def _foreign(member: Member) -> list[ForeignKey]:
    """The key to the parent, and the references."""
    owner = [member.node.owner] if member.node.owner else []
    return owner + [r.key for r in member.node.references]


def _number(n: int, of: str, exact: bool) -> str:
    """How many, for the owner's eyes."""
    return f" ({n:,} {of}{'s' if n > 1 else ''}; internal: exact)" if exact else ""
