"""References into rows that may be another unit's: a transfer's receiver, a manager who is a unit too.

Such a row is never joined: removing its unit would change rows of many others. Only how often rows are referred to is
released, as one noisy histogram, and synthetic targets are drawn to be referred to as often.
"""

from __future__ import annotations

from collections.abc import Sequence

from duckpaste import sql
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
    text = sql.render(
        "times_referred", rows=family.rows_sql(member.name), targets=family.rows_sql(target.name),
        on=[list(p) for p in zip(reference.key.columns, reference.key.referenced, strict=True)],
        order_by=_order(member), target_order=_order(target), k=bounds[0], target_k=bounds[1],
    )  # fmt: skip
    what = f"{family.view.name}.{target.name} by {member.name}.{', '.join(reference.key.columns)}"
    codec = degrees()
    (want,) = [w for w in codec.wants() if isinstance(w, WantHistogram)]
    named = WantHistogram(f"times referred to: {what}", want.expression, want.cells)
    table = Protected(f"({text})", f"{family.view.name}.{target.name}", k=sensitivity(*bounds))
    (found,) = Source(db, table, run).discover([named], [loss], [0.0], "reference")
    codec.learn(want, found)
    if codec.mass is None:
        raise RuntimeError("a histogram was learnt")
    return codec.mass


def _order(member: Member) -> Sequence[str]:
    """Columns that tell a table's rows apart."""
    return list(member.table.primary_key) or [c.name for c in member.columns]
