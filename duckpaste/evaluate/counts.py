"""Counts: marginals of both real parts and of the synthetic rows, over common bins, by the cover planner."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from duckpaste import sql
from duckpaste.count.engines.duckdb import DuckDbEngine
from duckpaste.count.marginals import BRANCHES, Marginals
from duckpaste.count.planner import block_limit, cover
from duckpaste.count.recode import recode_sql
from duckpaste.count.rollup import onto
from duckpaste.db import Db
from duckpaste.domain import Clique, Domain, FloatArray, IntArray
from duckpaste.evaluate import distances
from duckpaste.evaluate.bins import Bin
from duckpaste.evaluate.sides import PART

COARSE = 7  # codes of a column in sets of three, NULL's included
_NUMBERS = itertools.count()
Rows = tuple[int, int, int]  # of parts 0 and 1, and synthetic


@dataclass(frozen=True)
class Three:
    """Counts of one set of columns: real parts 0 and 1, and synthetic. `held_out`: part 1 was not seen by the model;
    else the parts are halves, and both were."""

    first: IntArray
    second: IntArray
    fake: IntArray
    held_out: bool

    @cached_property
    def real(self) -> IntArray:
        """What the synthetic rows are compared with: the rows that the model saw."""
        return self.first if self.held_out else self.first + self.second

    @cached_property
    def sizes(self) -> tuple[float, float, float, float]:
        """Rows: real, synthetic, part 0, part 1."""
        n, m, a, b = (float(x.sum()) for x in (self.real, self.fake, self.first, self.second))
        return n, m, a, b

    @cached_property
    def chance(self) -> float:
        """Total variation that chance alone makes of honest rows, as many as the synthetic ones."""
        n, m, _, _ = self.sizes
        return distances.chance(self._pooled, n, m)

    @cached_property
    def _pooled(self) -> FloatArray:
        """Shares of all real rows, of the cells that have any."""
        both = self.first + self.second
        return distances.shares(both[both > 0])

    @cached_property
    def factor(self) -> float:
        """What a statistic of the two parts that scales like a total variation is multiplied by."""
        _, _, a, b = self.sizes
        here = distances.chance(self._pooled, a, b)
        return self.chance / here if here > 0 else 1.0

    @cached_property
    def yardstick(self) -> float:
        """Total variation that honest rows would have, at the synthetic size: that of the two parts, corrected; at
        least what chance alone makes of independent rows, for two parts may be near each other by luck."""
        return max(distances.total_variation(self.first, self.second) * self.factor, self.chance)

    @property
    def cells(self) -> int:
        """Cells that any real row is in."""
        return int(np.count_nonzero(self.first + self.second))


class Tallies:
    """Codes of one table: a temporary table of the real rows, with the column _part, and one of the synthetic ones.
    Use `tallied`."""

    def __init__(self, db: Db, real: str, fake: str, domain: Domain, held_out: bool, rows: Rows) -> None:
        self._db = db
        self.relations = (real, fake)
        self.domain = domain
        self.held_out = held_out
        self.rows = rows

    def counts(self, cliques: Sequence[Clique], limit: int | None = None) -> dict[Clique, Three]:
        """Counts of each set of columns, in the order of the domain; through blocks of at most `limit` cells.

        Both real parts are counted in one scan: the part is one more column of every block."""
        wanted = [self.domain.clique(c) for c in cliques]
        if not wanted:
            return {}
        most = max(self.rows[0] + self.rows[1], self.rows[2])
        bound = max((limit or block_limit(most, len(wanted))) // 2, max(self.domain.cells(c) for c in wanted))
        plan = cover(wanted, self.domain, bound, restarts=max(1, min(100, most // 50_000)))
        engine = DuckDbEngine(self._db)
        whole = Domain({**self.domain.sizes, PART: 2})
        found: dict[Clique, Three] = {}
        for start in range(0, len(plan.blocks), BRANCHES):
            blocks = plan.blocks[start : start + BRANCHES]
            # Bins give no code outside their size, so that nothing is left to check.
            real = Marginals(engine, self.relations[0], whole, rows=self.rows[0] + self.rows[1])
            fake = Marginals(engine, self.relations[1], self.domain, rows=self.rows[2])
            a = real.counts([(*b, PART) for b in blocks])
            b = fake.counts(blocks)
            for clique in wanted:
                block = plan.blocks[plan.home[clique]]
                if block in blocks and clique not in found:
                    parts = a[(*block, PART)]
                    first, second, made = (
                        onto(x, block, clique) for x in (parts[..., 0], parts[..., 1], b[block])
                    )
                    found[clique] = Three(first, second, made, self.held_out)
        return found

    @contextmanager
    def coarse(self, columns: Sequence[str], ordered: Mapping[str, bool]) -> Iterator[Tallies]:
        """The same rows with at most COARSE codes a column, merged by what the real rows hold."""
        singles = self.counts([(c,) for c in columns])
        maps = {c: merged(singles[(c,)].first + singles[(c,)].second, ordered.get(c, False)) for c in columns}
        sizes = {c: int(m.max()) + 1 for c, m in maps.items()}
        made = [
            {"name": c, "size": sizes[c], "expression": recode_sql(sql.ident(c), m)} for c, m in maps.items()
        ]
        part = {"name": PART, "size": 2, "expression": PART}
        with _tables(self._db, [(self.relations[0], [*made, part]), (self.relations[1], made)]) as (
            real,
            fake,
        ):
            yield Tallies(self._db, real, fake, Domain(sizes), self.held_out, self.rows)


def merged(counts: IntArray, ordered: bool) -> IntArray:
    """The new code of each code: neighbours of equal mass where they are ordered, else the most frequent ones and a
    rest. The last code (NULL) stays by itself."""
    size = len(counts)
    if size <= COARSE:
        return np.arange(size)
    rest = counts[:-1].astype(np.float64)
    if ordered:
        middle = (np.cumsum(rest) - rest / 2) / max(rest.sum(), 1.0)
        new = np.minimum((middle * (COARSE - 1)).astype(np.int64), COARSE - 2)
        new = np.unique(new, return_inverse=True)[1]
    else:
        new = np.full(size - 1, COARSE - 2, dtype=np.int64)
        new[np.argsort(-rest, kind="stable")[: COARSE - 2]] = np.arange(COARSE - 2)
    return np.append(new, new.max() + 1)


@contextmanager
def tallied(
    db: Db, real: str, fake: str, bins: Sequence[Bin], held_out: bool, rows: Rows
) -> Iterator[Tallies]:
    """Encode both sides of a table (SQL, the real one with the column _part) for the length of the block.

    `rows`: how many there are of parts 0 and 1, and synthetic."""

    def columns(synthetic: bool) -> list[dict[str, object]]:
        return [{"name": b.name, "size": b.size, "expression": b.expression(synthetic)} for b in bins]

    part = {"name": PART, "size": 2, "expression": PART}
    with _tables(db, [(f"({real})", [*columns(False), part]), (f"({fake})", columns(True))]) as (ours, made):
        yield Tallies(db, ours, made, Domain({b.name: b.size for b in bins}), held_out, rows)


@contextmanager
def _tables(db: Db, wanted: Sequence[tuple[str, Sequence[Mapping[str, object]]]]) -> Iterator[list[str]]:
    """A temporary table of codes for each (relation, columns), dropped at the end."""
    names: list[str] = []
    try:
        for relation, columns in wanted:
            name = sql.ident(f"_compared_{next(_NUMBERS)}")
            db.run("encoded", relation=relation, target=name, columns=columns, weight=None)
            names.append(name)
        yield names
    finally:
        for name in names:
            db.run_sql("drop", f"drop table if exists {name}")
