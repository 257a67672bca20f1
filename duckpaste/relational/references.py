"""References into rows that may be another unit's: a transfer's receiver, a manager who is a unit too.

Such a row is never joined: removing its unit would change rows of many others. Only how often rows are referred to is
released, as one noisy histogram, and synthetic targets are drawn to be referred to as often.
"""

from __future__ import annotations

from collections.abc import Sequence

from duckpaste import buckets, sql
from duckpaste.buckets import Held, Rows
from duckpaste.codec.base import WantHistogram
from duckpaste.codec.tally import degrees
from duckpaste.db import Db
from duckpaste.domain import FloatArray
from duckpaste.privacy.ledger import Run
from duckpaste.privacy.release import Protected
from duckpaste.privacy.source import Source
from duckpaste.relational.family import Family, Member
from duckpaste.schema.graph import Kind, Reference

SHARE = 0.05  # of the loss of the referring table, for each reference


def crossing(member: Member) -> list[Reference]:
    """The table's references whose targets may be other units' rows."""
    return [r for r in member.node.references if r.kind in (Kind.OTHER, Kind.SELF)]


def described(name: str, reference: Reference) -> str:
    """In words, for the plan."""
    own = ", ".join(reference.key.columns)
    return (
        f"{name}.{own}: how often rows of {reference.key.table} are referred to; they may be another unit's, so they "
        "are never joined, and targets are drawn by that alone"
    )


def sensitivity(k: int, target_k: int) -> int:
    """How far one unit moves the histogram: see sql/times_referred.sql."""
    return target_k + 2 * k


def release(
    db: Db, family: Family, member: Member, reference: Reference, run: Run, loss: float, bounds: tuple[int, int]
) -> FloatArray:  # fmt: skip
    """The noisy, smoothed number of target rows that are referred to so often, one for each cell of
    `codec.tally.degrees`; spends `loss`. `bounds` are k of the referring table and of the target's."""
    target = family.members[reference.key.table]
    text = _degrees(db, family, member, reference, bounds)
    what = f"{family.view.name}.{target.name} by {member.name}.{', '.join(reference.key.columns)}"
    codec = degrees()
    (want,) = [w for w in codec.wants() if isinstance(w, WantHistogram)]
    named = WantHistogram(f"times referred to: {what}", want.expression, want.cells)
    table = Protected(text, f"{family.view.name}.{target.name}", k=sensitivity(*bounds))
    (found,) = Source(db, table, run).discover([named], [loss], [0.0], "reference")
    codec.learn(want, found)
    if codec.mass is None:
        raise RuntimeError("a histogram was learnt")
    return codec.mass


def _degrees(db: Db, family: Family, member: Member, reference: Reference, bounds: tuple[int, int]) -> str:
    """How often each target is referred to, as a relation (see sql/times_referred.sql)."""
    target, key = family.members[reference.key.table], reference.key
    rows = _keys(db, family, member, key.columns, bounds[0])
    targets = _keys(db, family, target, key.referenced, bounds[1])
    on = [list(pair) for pair in zip(key.columns, key.referenced, strict=True)]

    def text(upper: str, lower: str) -> str:
        return sql.render("times_referred", rows=lower, targets=upper, on=on)

    parts = buckets.joined(db, targets, rows, [[b, a] for a, b in on])
    width = buckets.width(["UUID"] * len(on) + ["BIGINT"])
    whole = Rows(
        text(targets, rows), text(*(f"({p})" for p in parts)), target.relation,
        (Held(target.relation, width), Held(member.relation, width)),
    )  # fmt: skip
    return buckets.relation(db, "times_referred", whole)


def _keys(db: Db, family: Family, member: Member, columns: Sequence[str], k: int) -> str:
    """Columns of a table's rows, k of a unit at most, as a relation (see sql/ranked_keys.sql)."""
    order = _order(member)

    rank = sql.free("_rank", columns)

    def ranked(rows: str) -> str:
        return sql.render("ranked_keys", rows=rows, columns=list(columns), order_by=order, k=k, rank=rank)

    width = buckets.width(["UUID"] * (len(order) + len(columns)) + ["VARCHAR"])
    return buckets.relation(db, "ranked_keys", family.rows(member.name, lags=False).into(ranked, width))


def _order(member: Member) -> Sequence[str]:
    """Columns that tell a table's rows apart."""
    return list(member.table.primary_key) or [c.name for c in member.columns]
