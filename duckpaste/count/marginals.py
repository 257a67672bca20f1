"""Marginals: exact dense counts of cliques of an encoded table, through the cover, cached. Secret state."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from duckpaste import sql
from duckpaste.count.engines import Engine
from duckpaste.count.planner import block_limit, cover
from duckpaste.count.rollup import coarsen, onto
from duckpaste.domain import Clique, Domain, IntArray
from duckpaste.errors import DomainError, UserError

BRANCHES = 32  # GROUP BYs a statement: beyond it planning time grows faster than the scan's saving
MAX_CELLS = 1 << 27  # 1 GiB of int64
KEPT_CELLS = 1 << 24  # 128 MiB: more is not kept, and not counted at a time
_COPY_BELOW = (
    200_000  # rows up to which a table of coarser codes costs less than the longer counts of fine ones
)


class Marginals:
    """Counts cliques of `relation` (SQL: a quoted table), whose columns hold codes 0..size-1 and are never NULL.

    `weight` names a column of integer weights (sums of it are counted instead of rows). `keys` maps blocks whose
    packed key is stored as a column to that column's name. Codes are checked against their domain unless `checked`
    is false or `rows`, the number of rows of a relation made from a checked one, is given.
    """

    def __init__(
        self,
        engine: Engine,
        relation: str,
        domain: Domain,
        *,
        weight: str | None = None,
        keys: Mapping[Clique, str] | None = None,
        rows: int | None = None,
        checked: bool = True,
    ) -> None:
        self.engine = engine
        self._relation = relation
        self.domain = domain
        self.weight = weight
        self.keys = dict(keys or {})
        self._cache: dict[Clique, IntArray] = {}
        self._rows = rows
        if checked and rows is None:
            self.check()

    def check(self) -> None:
        """Raise DomainError when any code lies outside its domain (a packed key would alias another cell)."""
        names = list(self.domain)
        text = sql.render("code_ranges", relation=self.relation, columns=names)
        found = self.engine.count("code_ranges", text)
        self._rows = int(found["n"][0])
        if self._rows == 0:
            return
        for i, name in enumerate(names):
            low, high = int(found[f"low_{i}"][0]), int(found[f"high_{i}"][0])
            if low < 0 or high >= self.domain[name]:
                raise DomainError(f"column {name!r} holds a code outside its domain of {self.domain[name]}")

    @property
    def relation(self) -> str:
        """The relation that is counted."""
        return self._relation

    @property
    def rows(self) -> int:
        """The exact number of rows. Secret."""
        if self._rows is None:
            self._rows = int(
                self.engine.count(
                    "code_ranges", sql.render("code_ranges", relation=self.relation, columns=[])
                )["n"][0]
            )
        return self._rows

    def counts(self, cliques: Sequence[Clique]) -> dict[Clique, IntArray]:
        """Dense int64 counts of each clique, shape `domain.shape(clique)`. Each is counted once, then cached."""
        wanted = [self.domain.clique(c) for c in cliques]
        missing = self._missing(wanted)
        for clique, counts in self._counted(missing):
            self._cache[clique] = counts
        return {c: self._cache[c] for c in wanted}

    def each(self, cliques: Sequence[Clique]) -> Iterator[tuple[Clique, IntArray]]:
        """Counts of each clique, once each, in any order. They are cached as by `counts` while all that is missing has
        at most KEPT_CELLS; else nothing is kept, so that memory stays bounded whatever is asked."""
        wanted = [self.domain.clique(c) for c in dict.fromkeys(cliques)]
        if sum(map(self.domain.cells, self._missing(wanted))) <= KEPT_CELLS:
            yield from self.counts(wanted).items()
        else:
            yield from self.passing(wanted)

    def passing(self, cliques: Sequence[Clique]) -> Iterator[tuple[Clique, IntArray]]:
        """As `each`, and nothing is kept that was not."""
        wanted = [self.domain.clique(c) for c in dict.fromkeys(cliques)]
        missing = self._missing(wanted)
        left = set(missing)
        yield from ((c, self._cache[c]) for c in dict.fromkeys(wanted) if c not in left)
        yield from self._counted(missing)

    def _missing(self, wanted: Sequence[Clique]) -> list[Clique]:
        """Those that no cached clique gives. Raises UserError when one is too large to count."""
        missing = [c for c in dict.fromkeys(wanted) if c not in self._cache and not self._from_cache(c)]
        for clique in missing:
            if self.domain.cells(clique) > MAX_CELLS:
                raise UserError(
                    f"a marginal of {self.domain.cells(clique)} cells is too large",
                    ", ".join(clique),
                    "declare fewer values or bins",
                )
        return missing

    def _counted(self, missing: Sequence[Clique]) -> Iterator[tuple[Clique, IntArray]]:
        """Counts each clique from the block that holds it; a statement counts few blocks of few cells in all."""
        members: dict[Clique, list[Clique]] = {}
        for clique, block in self._homes(missing).items():
            members.setdefault(block, []).append(clique)
        batch: list[Clique] = []
        blocks = list(members)
        for i, block in enumerate(blocks):
            batch.append(block)
            cells = sum(map(self.domain.cells, batch)) + (
                self.domain.cells(blocks[i + 1]) if i + 1 < len(blocks) else 0
            )
            if len(batch) == BRANCHES or cells > KEPT_CELLS or i + 1 == len(blocks):
                for home, dense in zip(batch, self._count_blocks(batch), strict=True):
                    for clique in members[home]:
                        yield clique, onto(dense, home, clique)
                batch = []

    def _homes(self, cliques: Sequence[Clique]) -> dict[Clique, Clique]:
        """The block that each clique is summed from: one whose key is stored if there is one, else one of a cover."""
        home = {c: b for c in cliques for b in self.keys if set(c) <= set(b)}
        rest = [c for c in cliques if c not in home]
        if rest:
            limit = block_limit(self.rows, len(rest))
            plan = cover(rest, self.domain, limit, restarts=max(1, min(100, self.rows // 50_000)))
            home |= {c: plan.blocks[block] for c, block in plan.home.items()}
        return home

    def _from_cache(self, clique: Clique) -> bool:
        """Whether a cached clique holds this one; if so its sum is cached too."""
        need = set(clique)
        for other, counts in self._cache.items():
            if len(other) > len(clique) and need <= set(other):
                self._cache[clique] = onto(counts, other, clique)
                return True
        return False

    def _count_blocks(self, blocks: Sequence[Clique]) -> list[IntArray]:
        """One statement for all `blocks`; int64 arrays in the shape of each."""
        cells = [self.domain.cells(b) for b in blocks]
        offsets = np.concatenate([[0], np.cumsum(cells)])
        text = sql.render(
            "marginals",
            relation=self.relation,
            weight=self.weight,
            blocks=[
                {"columns": b, "sizes": self.domain.shape(b), "cells": n, "key": self.keys.get(b)}
                for b, n in zip(blocks, cells, strict=True)
            ],
        )
        found = self.engine.count("marginals", text)
        flat = np.zeros(int(offsets[-1]), dtype=np.int64)
        if len(found["cell"]):
            flat[offsets[np.asarray(found["block"])] + np.asarray(found["cell"], dtype=np.int64)] = found["n"]
        out: list[IntArray] = []
        for i, block in enumerate(blocks):
            dense = flat[offsets[i] : offsets[i + 1]].reshape(self.domain.shape(block))
            if self.weight is None and int(dense.sum()) != self.rows:
                raise DomainError(f"the counts of {block} do not sum to the number of rows")
            out.append(dense)
        return out


class Coarser(Marginals):
    """Counts over coarser codes of what `finer` counts: `maps[column]` gives the new code of every old one.

    Marginals that are small by their fine codes are counted by these and summed, which saves a pass over the rows and
    a copy of them. For others `make` makes the table of coarser codes, once, and gives its name."""

    def __init__(
        self, finer: Marginals, maps: Mapping[str, IntArray], domain: Domain, make: Callable[[], str]
    ) -> None:
        super().__init__(finer.engine, "", domain, weight=finer.weight, rows=finer.rows)
        self._finer = finer
        self._maps = dict(maps)
        self._make = make

    @property
    def relation(self) -> str:
        """The table of coarser codes; it is made when it is first asked for."""
        if not self._relation:
            self._relation = self._make()
        return self._relation

    def _counted(self, missing: Sequence[Clique]) -> Iterator[tuple[Clique, IntArray]]:
        cells = sum(map(self._finer.domain.cells, missing))
        if self._relation or self.rows < _COPY_BELOW or cells > KEPT_CELLS:
            yield from super()._counted(missing)
            return
        for clique, counts in self._finer.passing(missing):
            yield clique, coarsen(counts, clique, self._maps)
