"""The greedy search for families: which column comes next, and with which parents at which heights.

A column's parents lie in one earlier family (or are evidence), so that families form a tree. Each step chooses the
column with its strongest single parent among all pairs, then the maximal set of parents around that one. A score is
how much the column depends on its parents, R of PrivBayes (half the L1 distance from independence, in rows; Zhang et
al. 2017), less what chance and the noise to come would make of it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from duckpaste.domain import Clique, FloatArray
from duckpaste.models.base import Doors
from duckpaste.models.bayes.heights import Heights
from duckpaste.models.bayes.parents import ABSENT, maximal_sets
from duckpaste.models.bayes.tree import Family
from duckpaste.models.pgm.factor import outer
from duckpaste.models.shares import ABSOLUTE

_FEWEST = 8  # sets of parents from each earlier family, however many there are


@dataclass(frozen=True)
class Terms:
    """What the search goes by: `room` cells a family, `pair` cells one with a single parent, at most `limit` sets of
    parents a choice, `loss` a choice, `chance` and `noise` (rows a cell) to be taken off scores, which weigh as the
    number of parents ** `breadth`."""

    room: float
    pair: float
    limit: int
    loss: float
    chance: float
    noise: float
    breadth: float


@dataclass(frozen=True)
class _Candidate:
    """A family that may be chosen, with what its score needs. All public."""

    family: Family
    clique: Clique
    penalty: float
    weight: float


class Search:
    """Grows families over `doors`, whose domain is that of `heights`.

    `singles` are public 1-way counts in rows of all columns at height 0. `evidence` columns are parents only.
    `spent` is the loss of all choices so far: a choice without an alternative is free."""

    def __init__(
        self,
        doors: Doors,
        heights: Heights,
        singles: Mapping[str, FloatArray],
        evidence: Clique,
        terms: Terms,
    ) -> None:
        self.families: list[Family] = []
        self.spent = 0.0
        self._doors = doors
        self._heights = heights
        self._evidence = evidence
        self._terms = terms
        self._estimates: dict[Clique, FloatArray] = {(name,): counts for name, counts in singles.items()}
        self._total = max(1.0, max(float(counts.sum()) for counts in singles.values()))
        self._shares = {
            name: np.bincount(heights.codes(name), singles[heights.column(name)]) / self._total
            for name in heights.domain
        }

    def grow(self, columns: Sequence[str]) -> list[Family]:
        """Families of `columns`, homes first."""
        left = list(columns)
        if not self._evidence:
            self._begin(left)
        placed = (*self._evidence, *(f.child for f in self.families))
        pairs = [pair for x in left for a in placed if (pair := self._pair(x, a))]
        without = {x: self._candidate(Family(x)) for x in left}
        while pairs:
            chosen = self._select([*pairs, *(without[x] for x in left)]).family
            if chosen.parents:
                chosen = self._select(self._around(chosen.child, chosen.parents[0])).family
            self._place(chosen, left)
            pairs = [p for p in pairs if p.family.child != chosen.child]
            pairs += [pair for x in left if (pair := self._pair(x, chosen.child))]
        for x in list(left):
            self._place(Family(x), left)
        return self.families

    def _begin(self, left: list[str]) -> None:
        """Places the two columns that depend on each other most, the larger one as the parent; else any one."""
        size = self._heights.domain
        ranked = sorted(left, key=size.__getitem__)
        pairs = [pair for x, a in itertools.combinations(ranked, 2) if (pair := self._pair(x, a))]
        if pairs:
            first = self._select(pairs).family
            self._place(Family(self._heights.column(first.parents[0])), left)
            self._place(Family(first.child, first.parents, 0, 1), left)
        elif left:
            self._place(Family(left[0]), left)

    def _place(self, family: Family, left: list[str]) -> None:
        left.remove(family.child)
        self.families.append(family)

    def _pair(self, child: str, parent: str) -> _Candidate | None:
        """`child` with one parent as fine as there is room for."""
        room = self._terms.pair / self._heights.domain[child]
        fits = (name for name in self._heights.names(parent) if self._heights.domain[name] <= room)
        name = next(fits, None)
        return None if name is None else self._candidate(Family(child, (name,)))

    def _around(self, child: str, parent: str) -> list[_Candidate]:
        """`child` with maximal sets of parents that hold the column of `parent`, inside an earlier family or evidence;
        and with `parent` alone, where no set has room for it."""
        anchor = self._heights.column(parent)
        given = anchor in self._evidence
        homes = [i for i, f in enumerate(self.families) if given or anchor in self._columns(f)]
        homes += [-1] if given else []
        each = max(_FEWEST, self._terms.limit // len(homes))
        own = next((i for i in homes if i >= 0 and self.families[i].child == anchor), -1)
        alone = Family(child, (parent,), own, int(own >= 0))
        found = {frozenset(alone.parents): alone}
        for home in homes:
            for family in self._inside(child, anchor, home, each):
                found.setdefault(frozenset(family.parents), family)
        return [self._candidate(f) for f in self._best(list(found.values()))]

    def _inside(self, child: str, anchor: str, home: int, limit: int) -> Iterator[Family]:
        """Maximal families whose parents are columns of one family, no finer than there, and evidence."""
        heights = self._heights
        choices: dict[str, tuple[str, ...]] = {}
        for name in self.families[home].clique if home >= 0 else ():
            choices[heights.column(name)] = heights.names(heights.column(name))[heights.height(name) :]
        shared = len(choices)
        for column in self._evidence:
            choices.setdefault(column, heights.names(column))
        sizes = [[heights.domain[name] for name in names] for names in choices.values()]
        room = self._terms.room / heights.domain[child]
        for places in maximal_sets(sizes, room, limit, [list(choices).index(anchor)]):
            names = [None if h == ABSENT else c[h] for h, c in zip(places, choices.values(), strict=True)]
            inside = [name for name in names[:shared] if name is not None]
            beyond = [name for name in names[shared:] if name is not None]
            yield Family(child, (*inside, *beyond), home if inside else -1, len(inside))

    def _best(self, found: Sequence[Family]) -> list[Family]:
        """Without sets of parents that are part of another; of many, those with the most entropy."""
        columns = {
            c: i for i, c in enumerate(sorted({self._heights.column(n) for f in found for n in f.parents}))
        }
        table = np.full((len(found), len(columns)), np.inf)
        for i, family in enumerate(found):
            for name in family.parents:
                table[i, columns[self._heights.column(name)]] = self._heights.height(name)
        covered = [np.any(np.all(table <= row, axis=1) & np.any(table < row, axis=1)) for row in table]
        kept = [family for family, part in zip(found, covered, strict=True) if not part]
        if len(kept) > self._terms.limit:
            kept.sort(key=lambda family: -sum(self._entropy(name) for name in family.parents))
        return kept[: self._terms.limit]

    def _columns(self, family: Family) -> set[str]:
        return {self._heights.column(name) for name in family.clique}

    def _entropy(self, name: str) -> float:
        shares = self._shares[name][self._shares[name] > 0]
        return float(-(shares * np.log(shares)).sum())

    def _select(self, among: Sequence[_Candidate]) -> _Candidate:
        """One of the candidates, through the door."""
        if len(among) == 1:
            return among[0]
        self.spent += self._terms.loss
        return among[
            self._doors.select(
                [c.clique for c in among], self._estimates, self._terms.loss, "select",
                [c.weight for c in among], [c.penalty for c in among], [c.family.child for c in among],
            )
        ]  # fmt: skip

    def _candidate(self, family: Family) -> _Candidate:
        """Taken off are half of what chance (E|X - x| of Poisson counts, see `SamplingErrors`) and noise add to the
        L1 distance."""
        cells = outer((self._shares[name] for name in family.clique), self._total)
        by_chance = self._terms.chance * float(np.minimum(2 * cells, np.sqrt(2 * cells / math.pi)).sum())
        penalty = (by_chance + ABSOLUTE * self._terms.noise * cells.size) / 2
        weight = float(max(1, len(family.parents))) ** self._terms.breadth
        return _Candidate(family, self._heights.domain.clique(family.clique), penalty, weight)
