"""Rows that reach no privacy unit: their key to the parent is NULL, or that of a row above them.

The view allows them by a `?` at the key. They are outside of the release: no model sees them. Only their noisy number
is told, so that people know what was left out. No unit is moved by it, for none of these rows is a unit's; what the
noise protects is each of these rows by itself. Several that belong together are not protected as one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from duckpaste import sql
from duckpaste.codec.base import WantHistogram
from duckpaste.db import Db
from duckpaste.privacy.ledger import Run
from duckpaste.privacy.release import Protected
from duckpaste.privacy.source import Source
from duckpaste.relational.family import Family, Member

SHARE = 0.01  # of the loss of a table that may have such rows
STAGE = "left out"
WHAT = "rows that reach no unit"


@dataclass(frozen=True)
class Unreached:
    """The noisy number of a table's rows that reach no unit, and the noise's standard deviation."""

    rows: float
    sigma: float

    def __str__(self) -> str:
        rows = max(0, math.floor(self.rows + 0.5))
        noise = f" (noise sd {self.sigma:,.0f})" if self.sigma else ""
        return f"about {rows:,} rows reach no unit and were left out{noise}"


def possible(family: Family, member: Member) -> bool:
    """Whether the view allows the table rows that reach no unit: its owner key, or one above it, may be NULL."""
    return any(m.node.optional for m in (member, *family.above(member.name)))


def described(family: Family, member: Member) -> str:
    """In words, for the plan."""
    chain = [member, *family.above(member.name)]
    keys = [f"{m.name}.{', '.join(m.node.owner.columns)}" for m in chain if m.node.owner and m.node.optional]
    return (
        f"{member.name}: how many rows reach no unit, for {' or '.join(keys)} is NULL; they are left out, and only "
        f"their number is told ({SHARE:.0%} of the table's loss). They are no unit's: each of them is protected by "
        "itself alone"
    )


def release(db: Db, family: Family, member: Member, run: Run, loss: float) -> Unreached:
    """The number of rows of a table that reach no unit, through the door `discover`; spends `loss`.

    Sensitivity 1: see sql/unreached_rows.sql."""
    name = f"{family.view.name}.{member.name}"
    source = Source(db, Protected(f"({rows_sql(family, member)})", name), run)
    (found,) = source.discover([WantHistogram(f"{member.name}: {WHAT}", "0", 1)], [loss], [0.0], STAGE)
    return Unreached(float(found.counts[0]), found.sigma)


def rows_sql(family: Family, member: Member) -> str:
    """The table's rows that reach no unit. Tables above the topmost key that may be NULL are not asked."""
    parents: list[dict[str, object]] = []
    joined: list[dict[str, object]] = []
    keys: list[str] = []
    alias = "t"
    for number, here in enumerate([member, *family.above(member.name)]):
        owner = here.node.owner
        if owner is None:
            break
        if here.node.optional:
            joined = list(parents)
            keys += [f"{alias}.{sql.ident(c)}" for c in owner.columns]
        mine, above = f"p{number}", family.members[owner.table]
        on = [
            [f"{alias}.{sql.ident(a)}", f"{mine}.{sql.ident(b)}"]
            for a, b in zip(owner.columns, owner.referenced, strict=True)
        ]
        parents.append({"relation": above.relation, "alias": mine, "on": on})
        alias = mine
    return sql.render("unreached_rows", relation=member.relation, parents=joined, keys=keys)
