"""Counts: marginals of both real parts and of the synthetic rows, over common bins, by the cover planner."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from duckpaste import sql
from duckpaste.count.engines.duckdb import DuckDbEngine
from duckpaste.count.marginals import Marginals
from duckpaste.count.planner import cover
from duckpaste.count.recode import recode_sql
from duckpaste.count.rollup import onto
from duckpaste.db import Db
from duckpaste.domain import Clique, Domain, FloatArray, IntArray
from duckpaste.evaluate import distances
from duckpaste.evaluate.bins import Bin
from duckpaste.evaluate.sides import PART

COARSE = 7  # codes of a column in sets of three, NULL's included
_NUMBERS = itertools.count()


@dataclass(frozen=True)
class Three:
    """Counts of one set of columns: real parts 0 and 1, and synthetic. `held_out`: part 1 was not seen by the model;
    else the parts are halves, and both were."""

    first: IntArray
    second: IntArray
    fake: IntArray
    held_out: bool

    @property
    def real(self) -> IntArray:
        """What the synthetic rows are compared with: the rows that the model saw."""
        return self.first if self.held_out else self.first + self.second

    @property
    def sizes(self) -> tuple[float, float, float, float]:
        """Rows: real, synthetic, part 0, part 1."""
        return tuple(float(x.sum()) for x in (self.real, self.fake, self.first, self.second))  # type: ignore[return-value]

    @property
    def pooled(self) -> FloatArray:
        """Shares of all real rows."""
        return distances.shares(self.first + self.second)

    def yardstick(self) -> float:
        """Total variation that honest rows would have, at the synthetic size: that of the two parts, corrected; at
        least what chance alone makes of independent rows, for two parts may be near each other by luck."""
        n, m, _, _ = self.sizes
        measured = distances.total_variation(self.first, self.second) * self.factor()
        return max(measured, distances.chance(self.pooled, n, m))

    @property
    def cells(self) -> int:
        """Cells that any real row is in."""
        return int(np.count_nonzero(self.first + self.second))

    def factor(self) -> float:
        """What a statistic of the two parts that scales like a total variation is multiplied by."""
        n, m, a, b = self.sizes
        return distances.correction(self.pooled, (a, b), (n, m))


class Tallies:
    """Codes of one table: temporary tables for both real parts and the synthetic rows. Use `tallied`."""

    def __init__(self, db: Db, relations: Sequence[str], domain: Domain, held_out: bool) -> None:
        self._db = db
        self.relations = tuple(relations)
        self.domain = domain
        self.held_out = held_out
        engine = DuckDbEngine(db)
        self._counters = [Marginals(engine, r, domain) for r in relations]

    @property
    def rows(self) -> tuple[int, int, int]:
        """Rows of parts 0 and 1, and synthetic ones."""
        a, b, c = (x.rows for x in self._counters)
        return a, b, c

    def counts(self, cliques: Sequence[Clique]) -> dict[Clique, Three]:
        """Counts of each set of columns, in the order of the domain."""
        wanted = [self.domain.clique(c) for c in cliques]
        a, b, c = (x.counts(wanted) for x in self._counters)
        return {w: Three(a[w], b[w], c[w], self.held_out) for w in wanted}

    def blocks(self, cliques: Sequence[Clique], limit: int) -> dict[Clique, Three]:
        """The same by blocks of up to `limit` cells, whatever the rows: for many sets of few cells."""
        plan = cover(cliques, self.domain, limit)
        blocks = self.counts(plan.blocks)
        found = {}
        for clique in cliques:
            block = self.domain.clique(plan.blocks[plan.home[clique]])
            three = blocks[block]
            a, b, c = (onto(x, block, clique) for x in (three.first, three.second, three.fake))
            found[clique] = Three(a, b, c, self.held_out)
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
        with _tables(self._db, [(r, made) for r in self.relations]) as names:
            yield Tallies(self._db, names, Domain(sizes), self.held_out)


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
def tallied(db: Db, real: str, fake: str, bins: Sequence[Bin], held_out: bool) -> Iterator[Tallies]:
    """Encode both sides of a table (SQL with the column _part) for the length of the block."""
    domain = Domain({b.name: b.size for b in bins})

    def columns(synthetic: bool) -> list[dict[str, object]]:
        return [{"name": b.name, "size": b.size, "expression": b.expression(synthetic)} for b in bins]

    whole = [*columns(False), {"name": PART, "size": 2, "expression": PART}]
    names = [sql.ident(b.name) for b in bins]
    kept = ", ".join(names)
    with _tables(db, [(f"({fake})", columns(True)), (f"({real})", whole)]) as (made, both):
        parts = []
        try:
            for part in (0, 1):
                name = sql.ident(f"_part_{part}_{next(_NUMBERS)}")
                db.run_sql(
                    "part", f"create temp table {name} as select {kept} from {both} where {PART} = {part}"
                )
                parts.append(name)
            db.run_sql("drop", f"drop table {both}")
            yield Tallies(db, [*parts, made], domain, held_out)
        finally:
            for name in parts:
                db.run_sql("drop", f"drop table if exists {name}")


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
