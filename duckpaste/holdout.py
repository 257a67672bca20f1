"""Hold-out: a share of the privacy units that a model does not see, so that evaluation has a yardstick.

Whether a unit is held out follows from the md5 of its key alone: the same units are held out by every command, on
every version of DuckDB, whatever other units there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from duckpaste import sql
from duckpaste.errors import UserError
from duckpaste.model import Model
from duckpaste.prepare import Prepared
from duckpaste.relational.family import Family
from duckpaste.schema.view import Table

INFO = "held_out"  # the name under which a model, and a synthetic file, tell the share
SALT = "duckpaste held out"
ROWID = "rowid"


def check(share: float) -> float:
    """`share`, when it can be one. Raises UserError."""
    if not 0 <= share < 1:
        raise UserError(
            "the held-out share must be at least 0 and below 1", "--hold-out", "for example --hold-out 0.2"
        )
    return share


def key_of(table: Table) -> tuple[str, ...]:
    """The columns that tell a unit of `table` from others: its unit column, its primary key, or the row's number."""
    return (table.unit,) if table.unit else row_key(table)


def row_key(table: Table) -> tuple[str, ...]:
    """The columns that tell a row of `table` from others. What a row holds would not do: equal rows are two units."""
    return table.primary_key or (ROWID,)


def predicate(key: Sequence[str], share: float, salt: str = SALT) -> str:
    """SQL that is true for a `share` of units; `key` are quoted columns."""
    texts = ", ".join(f"{k}::varchar" for k in key)
    limit = min(int(share * 2**64), 2**64 - 1)
    return f"(md5_number_upper(concat_ws('|', {sql.literal(salt)}, {texts})) < {limit}::ubigint)"


def fitted(what: Prepared | Family, share: float) -> Prepared | Family:
    """`what` without the units that are held out."""
    if not share:
        return what
    if isinstance(what, Prepared):
        return replace(what, relation=_kept(what.relation, key_of(what.table), share))
    top = what.members[what.graph.unit]
    mine = replace(top, relation=_kept(top.relation, key_of(top.table), share))
    return replace(what, members={**what.members, top.name: mine})


def _kept(relation: str, key: Sequence[str], share: float) -> str:
    return f"(select * from {relation} where not {predicate([sql.ident(c) for c in key], share)})"


def stamped(model: Model, share: float) -> Model:
    """`model`, which tells that a share of the units was held out from it."""
    return replace(model, info={**model.info, INFO: f"{share:g}"}) if share else model
