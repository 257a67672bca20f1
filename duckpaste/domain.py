"""Domain: the public sizes of all code columns, and cliques over them.

A clique is a tuple of column names in the order of the domain. A marginal of a clique is a dense array whose axes
follow the clique, one cell for every combination of codes, empty ones included.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from duckpaste.errors import DomainError

Clique = tuple[str, ...]
IntArray = npt.NDArray[np.integer[Any]]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Zeros:
    """What a public rule forbids: `possible` (bool, one cell for every combination of `clique`) is false there."""

    clique: Clique
    possible: npt.NDArray[np.bool_]


class Domain:
    """Ordered column names with the number of codes of each (codes are 0..size-1).

    `ordered` names the columns whose neighbouring codes are alike, `nulls` gives the code of NULL of columns that
    have one; `zeros` are combinations that public rules forbid, so that models give them no mass and never merge
    codes of their columns. Two domains are equal when their columns and sizes are."""

    def __init__(
        self,
        sizes: Mapping[str, int],
        ordered: Iterable[str] = (),
        nulls: Mapping[str, int] | None = None,
        zeros: Iterable[Zeros] = (),
    ) -> None:
        for name, size in sizes.items():
            if size < 1:
                raise DomainError(f"column {name!r} has {size} codes")
        self.sizes: dict[str, int] = dict(sizes)
        self.ordered = frozenset(ordered)
        self.nulls: dict[str, int] = dict(nulls or {})
        self.zeros = tuple(zeros)
        for name in self.ordered.union(self.nulls) - self.sizes.keys():
            raise DomainError(f"unknown column {name!r}")
        self._rank = {name: i for i, name in enumerate(self.sizes)}
        for rule in self.zeros:
            if self.clique(rule.clique) != rule.clique or rule.possible.shape != self.shape(rule.clique):
                raise DomainError(f"a rule about {rule.clique} does not fit the domain")

    @property
    def ruled(self) -> frozenset[str]:
        """The columns of `zeros`."""
        return frozenset(name for rule in self.zeros for name in rule.clique)

    @property
    def names(self) -> Clique:
        """All columns in order."""
        return tuple(self.sizes)

    def __len__(self) -> int:
        return len(self.sizes)

    def __iter__(self) -> Iterator[str]:
        return iter(self.sizes)

    def __contains__(self, name: object) -> bool:
        return name in self.sizes

    def __getitem__(self, name: str) -> int:
        return self.sizes[name]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Domain) and list(self.sizes.items()) == list(other.sizes.items())

    def __hash__(self) -> int:
        return hash(tuple(self.sizes.items()))

    def __repr__(self) -> str:
        return f"Domain({self.sizes!r})"

    def clique(self, names: Iterable[str]) -> Clique:
        """`names` without repeats, in the order of the domain. Unknown names raise DomainError."""
        found = set(names)
        unknown = found - self._rank.keys()
        if unknown:
            raise DomainError(f"unknown columns {sorted(unknown)}")
        return tuple(sorted(found, key=self._rank.__getitem__))

    def shape(self, names: Iterable[str]) -> tuple[int, ...]:
        """Sizes of `names`, in their own order: the shape of their marginal."""
        return tuple(self.sizes[n] for n in names)

    def cells(self, names: Iterable[str]) -> int:
        """Number of cells of the marginal of `names`."""
        return math.prod(self.sizes[n] for n in names)

    def project(self, names: Iterable[str]) -> Domain:
        """The domain of `names` alone, in the order of this domain."""
        kept = self.clique(names)
        nulls = {n: code for n, code in self.nulls.items() if n in kept}
        zeros = [rule for rule in self.zeros if set(rule.clique).issubset(kept)]
        return Domain({n: self.sizes[n] for n in kept}, self.ordered.intersection(kept), nulls, zeros)

    def resized(self, sizes: Mapping[str, int]) -> Domain:
        """The same columns with new sizes where given; such columns mean something else, so their hints go."""
        same = self.sizes.keys() - sizes.keys()
        nulls = {n: code for n, code in self.nulls.items() if n in same}
        zeros = [rule for rule in self.zeros if same.issuperset(rule.clique)]
        return Domain({n: sizes.get(n, s) for n, s in self.sizes.items()}, self.ordered & same, nulls, zeros)
