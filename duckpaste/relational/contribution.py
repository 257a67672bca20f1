"""k, the contribution bound of a table below the unit: declared, or chosen from a noisy histogram of rows a unit."""

from __future__ import annotations

import numpy as np

from duckpaste import sql
from duckpaste.codec.base import Histogram, WantHistogram
from duckpaste.codec.smooth import denoise
from duckpaste.db import Db
from duckpaste.privacy.ledger import Run
from duckpaste.privacy.release import Protected
from duckpaste.privacy.source import Source
from duckpaste.relational.family import Family, Member

POWERS = 24  # rows a unit up to 2^23
# Units whose rows all weigh fully. Noise grows with k, and few heavy units would cost all the others accuracy.
COVERED = 0.95
SHARE = 0.03  # of a table's own loss


def declared(member: Member) -> bool:
    """Whether the view says what k is (the unit's own table needs none)."""
    return member.node.owner is None or "contributions" in member.table.options


def chosen(db: Db, family: Family, member: Member, run: Run, loss: float) -> int:
    """The power of two that covers 95 % of the units which have rows at all, by noisy counts; spends `loss`."""
    name = f"{family.view.name}.{member.name}"
    text = sql.render("unit_sizes", rows=family.rows_sql(member.name))
    source = Source(db, Protected(f"({text})", name), run)
    want = WantHistogram(f"{member.name}: rows a {family.graph.unit}", f"least(size, {POWERS - 1})", POWERS)
    (found,) = source.discover([want], [loss], [0.0], "bound")
    return covering(found)


def covering(sizes: Histogram) -> int:
    """The smallest power of two at which the cumulative (denoised) share of units reaches COVERED."""
    mass = denoise(sizes.counts, sizes.sigma)
    if mass.sum() <= 0:
        return 1
    share = np.cumsum(mass) / mass.sum()
    return 1 << int(np.argmax(share >= COVERED))
