"""k, the contribution bound of a table below the unit, and the most children of a parent row: declared, or chosen from
a noisy histogram of rows a unit.

A large k lets noise in, a small one clips what heavy units say. k is the one that makes the sum least of the noise to
come in a pair of columns, and of BIAS times the share of rows that weights take away; both follow from the histogram.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from duckpaste import buckets, sql
from duckpaste.budget import Split, portion
from duckpaste.codec.base import Codec, Histogram, WantBounds, WantHistogram
from duckpaste.codec.trend import Counts, smoothed
from duckpaste.db import Db
from duckpaste.domain import FloatArray
from duckpaste.privacy.accountant import Accountant
from duckpaste.privacy.ledger import Run
from duckpaste.privacy.release import Protected
from duckpaste.privacy.source import Source
from duckpaste.relational import references, unreached
from duckpaste.relational.family import Family, Member

POWERS = 24  # rows a unit up to 2^23
NEARLY_ALL = 0.9999  # of units: what bounds the number of children of one parent row
UNKNOWN = 16  # children of one parent row, where there are too few units to tell
SHARE = 0.03  # of a table's own loss
# How far the rows that weights take away are from the others, as a total variation distance of one column; that of a
# pair is about twice it. Measured where a column of 40 codes follows the number of rows (tests/bench/contribution.py);
# where rows do not depend on it, it is 0.
BIAS = 0.2
_MEAN = 0.5 * math.sqrt(2 / math.pi)  # of |x| / 2 for a standard normal


@dataclass(frozen=True)
class Bound:
    """A table's k; when it was chosen, also noisy facts: the mean of rows a unit that has any, and the share of rows
    that weights take away."""

    k: int
    mean: float | None = None
    clipped: float | None = None
    few: bool = False  # too few units to tell anything

    def __str__(self) -> str:
        if self.few:
            return f"{self.k}, for there are too few units to choose it"
        if self.mean is None or self.clipped is None:
            return f"{self.k}, declared"
        return f"{self.k}, chosen; about {self.mean:.1f} rows a unit that has any, {self.clipped:.0%} of them clipped"


@dataclass(frozen=True)
class Sizes:
    """How many `units` have `rows` rows, about; estimates."""

    rows: FloatArray
    units: FloatArray

    def kept(self, k: int) -> float:
        """The weight of all rows when a unit's weigh at most k."""
        return float(self.units @ np.minimum(self.rows, k))

    def clipped(self, k: int) -> float:
        """The share of rows that k takes away."""
        whole = float(self.units @ self.rows)
        return 1 - self.kept(k) / whole if whole > 0 else 0.0


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


def rows_share(
    family: Family, member: Member, codecs: Sequence[Codec], share: Split, discover: float | None, *, settled: bool
) -> Split:  # fmt: skip
    """What is left of a table's `share` for the `codecs` of its rows when k was chosen (`settled`), references are
    released, and rows that reach no unit are counted."""
    spent = SHARE * settled + references.SHARE * len(references.crossing(member))
    spent += unreached.SHARE * unreached.possible(family, member)
    return portion(share.total * (1 - spent), codecs, discover, share.delta) if spent else share


def settle(db: Db, family: Family, member: Member, run: Run, share: Split) -> Bound:
    """Choose k, unless it is declared, and tell the number of children its range, from one noisy histogram of rows a
    unit (one cell a power of two; a unit is in one cell); spends SHARE of the table's loss."""
    name = f"{family.view.name}.{member.name}"
    rows = family.rows(member.name, lags=False).into(sizes_sql, buckets.width(["UUID", "BIGINT"]))
    source = Source(db, Protected(buckets.relation(db, "unit_sizes", rows), name), run)
    want = WantHistogram(f"{member.name}: rows a unit", f"least(size, {POWERS - 1})", POWERS)
    (found,) = source.discover([want], [share.total * SHARE], [0.0], "bound")
    if member.children is not None:
        for asked in member.children.wants():
            if isinstance(asked, WantBounds):
                member.children.learn(asked, (0, covering(found, NEARLY_ALL)))
    if declared(member):
        return Bound(member.table.contributions)
    sizes = sizes_of(found)
    if sizes is None:
        return Bound(1, few=True)  # all is noise, of which 1 brings the least
    columns = sum(len(codec.columns()) for codec in member.codecs)
    noise = noise_of(member.codecs, share.model * (1 - SHARE), run.guarantee.pure)
    k = best(sizes, noise, BIAS * min(columns, 2))
    units = float(sizes.units.sum())
    return Bound(k, float(sizes.units @ sizes.rows) / units, sizes.clipped(k))


def sizes_sql(rows: str) -> str:
    """How many rows each unit has (see sql/unit_sizes.sql)."""
    return sql.render("unit_sizes", rows=rows)


def noise_of(codecs: Sequence[Codec], loss: float, pure: bool) -> float:
    """The total variation, in rows, that noise makes of a marginal at k = 1: of the mean pair of a table's columns,
    when half of `loss` goes to as many pairs as there are columns."""
    cells = np.array([c.size for codec in codecs for c in codec.columns()], dtype=np.float64)
    if math.isinf(loss) or not len(cells):
        return 0.0
    n = len(cells)
    mean = (cells.sum() ** 2 - (cells**2).sum()) / (n * (n - 1)) if n > 1 else float(cells[0])
    return _MEAN * float(mean) * Accountant(pure, 1.0).sigma(loss / 2 / n)


def best(sizes: Sizes, noise: float, bias: float = BIAS) -> int:
    """The k (1, 2, 3, 4, 6, 8, 12, ...) that minimises noise * k / kept + bias * clipped."""
    most = int(sizes.rows.max())
    tried = sorted({1} | {n for e in range(POWERS) for n in (2**e, 3 * 2**e // 2) if n <= 2 * most})
    return min(tried, key=lambda k: noise * k / max(sizes.kept(k), 1e-9) + bias * sizes.clipped(k))


def sizes_of(found: Histogram) -> Sizes | None:
    """Rows a unit from their noisy histogram, whose tail follows a smooth curve (codec.trend). Inside a cell they are
    spread evenly over logarithms. None when no cell stands clear of the noise."""
    clear = np.flatnonzero(found.counts > 4 * found.sigma)
    if not clear.size:
        return None
    # Beyond four times the last clear cell there may be units, but the curve tells more of noise than of them.
    last = min(int(clear[-1]) + 2, POWERS - 1) if found.sigma > 0 else int(clear[-1])
    starts = [1, *(2 ** (e - 1) + 1 for e in range(1, last + 1))]
    ends = [2**e for e in range(last + 1)]
    points = np.array([(a + b) / 2 for a, b in zip(starts, ends, strict=True)])
    widths = np.array([b - a + 1.0 for a, b in zip(starts, ends, strict=True)])
    units = smoothed(points, widths, [Counts(np.eye(last + 1), found.counts[: last + 1], found.sigma)])
    rows, counts = [], []
    for a, b, n in zip(starts, ends, units, strict=True):
        inside = np.unique(np.round(np.geomspace(a, b, min(b - a + 1, 16))))
        rows.append(inside)
        counts.append(np.full(len(inside), n / len(inside)))
    return Sizes(np.concatenate(rows), np.concatenate(counts))


def covering(sizes: Histogram, share: float) -> int:
    """The smallest power of two at which the cumulative share of units reaches `share`; UNKNOWN when no cell stands
    four standard deviations above zero, which noise alone does in fewer than one run in a thousand."""
    clear = np.where(sizes.counts > 4 * sizes.sigma, sizes.counts, 0.0)
    if clear.sum() <= 0:
        return UNKNOWN
    return 1 << int(np.argmax(np.cumsum(clear) / clear.sum() >= share))
