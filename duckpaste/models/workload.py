"""Workloads: the column sets that a synthetic table should answer well, each with a weight."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from duckpaste.domain import Clique, Domain
from duckpaste.workload import Asked, lists, read

Sets = tuple[tuple[Clique, float], ...]
"""Column sets with their weights."""


@dataclass(frozen=True)
class Workload:
    """Column sets and how much each counts; `pull` gives, for each column, the sum of the weights of its sets.

    `largest` is the number of columns of the widest subsets worth measuring."""

    pull: Mapping[str, float]
    sets: tuple[Clique, ...]
    every: int
    largest: int

    def weight(self, clique: Clique) -> float:
        """sum over sets s of weight(s) * |clique & s|: how much of the workload a marginal serves (AIM, section 4)."""
        return sum(self.pull.get(name, 0.0) for name in clique)

    def closure(self, domain: Domain, evidence: Collection[str], max_cells: int) -> Iterator[Clique]:
        """Non-empty parts of the sets with at most `max_cells` cells, fewest columns first, none twice.

        A part of evidence columns alone tells nothing about the others, so only its 1-ways count (which shape how
        others depend on it)."""
        given = set(evidence)
        for size in range(1, self.largest + 1):
            for clique in self._parts(size):
                if size > 1 and given.issuperset(clique):
                    continue
                if domain.cells(clique) <= max_cells:
                    yield clique

    def count(self, size: int) -> int:
        """An upper bound of the number of parts of `size` columns."""
        if self.every:
            return math.comb(len(self.pull), size)
        return sum(math.comb(len(s), size) for s in self.sets)

    def _parts(self, size: int) -> Iterable[Clique]:
        if self.every:
            return itertools.combinations(self.pull, size)
        return dict.fromkeys(part for s in self.sets for part in itertools.combinations(s, size))


def all_ways(domain: Domain, degree: int, evidence: Collection[str] = ()) -> Workload:
    """All sets of `degree` columns with more than one code (of all columns when there are fewer), each of weight 1.

    Sets of evidence alone don't count."""
    names = [name for name in domain if domain[name] > 1]
    degree = min(degree, len(names))
    given = sum(name in evidence for name in names)
    sets = math.comb(len(names) - 1, degree - 1) if names else 0
    lost = math.comb(given - 1, degree - 1) if given else 0
    pull = {name: float(sets - lost if name in evidence else sets) for name in names}
    return Workload({name: pulled for name, pulled in pull.items() if pulled > 0}, (), degree, degree)


def listed(domain: Domain, sets: Sets, degree: int, evidence: Collection[str] = ()) -> Workload:
    """The given sets with their weights. Their parts are candidates up to `degree` columns.

    A name stands for its code columns: the column itself and those called `name.something`; a column of another table
    ("patients.sex") for the evidence of that name, else for the column after the dot. Names that are not here are
    left out, as are columns with one code, and sets of evidence alone."""
    given = set(evidence)
    weights: dict[Clique, float] = {}
    for names, weight in sets:
        found = {code for name in names for code in code_columns(domain, name)}
        clique = domain.clique(n for n in found if domain[n] > 1)
        if clique and not given.issuperset(clique):
            weights[clique] = weights.get(clique, 0.0) + weight
    pull: dict[str, float] = {name: 0.0 for name in domain if any(name in c for c in weights)}
    for clique, weight in weights.items():
        for name in clique:
            pull[name] += weight
    widest = max((len(c) for c in weights), default=0)
    return Workload(pull, tuple(weights), 0, min(widest, degree))


def code_columns(names: Iterable[str], name: str) -> list[str]:
    """Those of `names` that a field's name stands for."""
    known = list(names)
    for wanted in (name, name.rpartition(".")[2]):
        found = [n for n in known if n == wanted or n.startswith(f"{wanted}.")]
        if found:
            return found
    return []


def read_sets(value: Any) -> Sets | Asked:
    """Column sets from what a person gave: a file's name (`Asked`, to be resolved by a view), or a list of lists of
    names, of {columns: [...], weight: 2}, or of (names, weight).

    Raises ValueError with what is wrong with a list, Faults with everything that is wrong in a file."""
    if isinstance(value, str | Path | Asked):
        return value if isinstance(value, Asked) else read(value)
    if not isinstance(value, Sequence):
        raise ValueError("is neither a list of column sets nor a file")
    found = []
    for one in value:
        named = isinstance(one, tuple) and len(one) == 2 and not isinstance(one[0], str)
        item, wrong = lists.item({"columns": one[0], "weight": one[1]} if named else one)
        if item is None:
            raise ValueError(f"holds {one!r}, which {wrong}")
        found.append((item.names, item.weight))
    return tuple(found)
