"""k, the contribution bound of a table below the unit, and the most children of a parent row: declared, or chosen from
a noisy histogram of rows a unit."""

from __future__ import annotations

import numpy as np

from duckpaste import sql
from duckpaste.codec.base import Histogram, WantBounds, WantHistogram
from duckpaste.db import Db
from duckpaste.privacy.ledger import Run
from duckpaste.privacy.release import Protected
from duckpaste.privacy.source import Source
from duckpaste.relational.family import Family, Member

POWERS = 24  # rows a unit up to 2^23
# Units whose rows all weigh fully. Noise grows with k, and few heavy units would cost all the others accuracy.
COVERED = 0.95
NEARLY_ALL = 0.9999  # of units: what bounds the number of children of one parent row
UNKNOWN = 16  # where there are too few units to tell
SHARE = 0.03  # of a table's own loss


def declared(member: Member) -> bool:
    """Whether the view says what k is (the unit's own table needs none)."""
    return member.node.owner is None or "contributions" in member.table.options


def unsettled(member: Member) -> bool:
    """Whether k, or the most children that a parent row can have, is to be chosen."""
    if member.node.owner is None:
        return False
    return not declared(member) or any(
        isinstance(w, WantBounds) for c in (member.children,) if c for w in c.wants()
    )


def settle(db: Db, family: Family, member: Member, run: Run, loss: float) -> int:
    """Choose k, unless it is declared, and tell the number of children its range, from one noisy histogram of rows a
    unit (one cell a power of two; a unit is in one cell); spends `loss`. Returns k."""
    name = f"{family.view.name}.{member.name}"
    text = sql.render("unit_sizes", rows=family.rows_sql(member.name))
    source = Source(db, Protected(f"({text})", name), run)
    want = WantHistogram(f"{member.name}: rows a {family.graph.unit}", f"least(size, {POWERS - 1})", POWERS)
    (found,) = source.discover([want], [loss], [0.0], "bound")
    if member.children is not None:
        for asked in member.children.wants():
            if isinstance(asked, WantBounds):
                member.children.learn(asked, (0, covering(found, NEARLY_ALL)))
    return member.table.contributions if declared(member) else covering(found, COVERED)


def covering(sizes: Histogram, share: float) -> int:
    """The smallest power of two at which the cumulative share of units reaches `share`; UNKNOWN when no cell stands
    four standard deviations above zero, which noise alone does in fewer than one run in a thousand."""
    clear = np.where(sizes.counts > 4 * sizes.sigma, sizes.counts, 0.0)
    if clear.sum() <= 0:
        return UNKNOWN
    return 1 << int(np.argmax(np.cumsum(clear) / clear.sum() >= share))
