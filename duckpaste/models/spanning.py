"""Spanning forests over columns: Kruskal's algorithm with a choice that comes from outside."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

import numpy as np

from duckpaste.domain import Clique, Domain


class Forest:
    """Components that grow together as edges are added.

    `joined` columns (evidence) start as one component, so every other column ends with one path to them and no two
    of them are ever linked. Pairs of more than `max_cells` cells and constant columns make no edge.
    """

    def __init__(self, domain: Domain, max_cells: float, joined: Iterable[str] = ()) -> None:
        names = domain.names
        together = set(joined)
        root = next((i for i, n in enumerate(names) if n in together), 0)
        self._component = np.array(
            [root if n in together else i for i, n in enumerate(names)], dtype=np.int64
        )
        sizes = np.array([domain[n] for n in names], dtype=np.float64)
        useful = np.flatnonzero(sizes > 1)
        pairs = np.array(list(itertools.combinations(useful, 2)), dtype=np.int64).reshape(-1, 2)
        small = sizes[pairs[:, 0]] * sizes[pairs[:, 1]] <= max_cells
        self._pairs = pairs[small]
        self.cliques: list[Clique] = [(names[a], names[b]) for a, b in self._pairs]
        self._open = np.arange(len(self.cliques))
        self._close()

    def candidates(self) -> tuple[list[int], Sequence[Clique]]:
        """Numbers and cliques of the pairs that join two components."""
        numbers = self._open.tolist()
        return numbers, [self.cliques[i] for i in numbers]

    def add(self, number: int) -> None:
        """Join the components of a pair."""
        one, other = self._component[self._pairs[number]]
        self._component[self._component == other] = one
        self._close()

    def edges_left(self) -> int:
        """How many edges can still be added: known before any is chosen, whatever the choices."""
        pairs = self._component[self._pairs[self._open]]
        parent: dict[int, int] = {}

        def top(i: int) -> int:
            while parent.setdefault(i, i) != i:
                i = parent[i]
            return i

        count, most = 0, len(np.unique(pairs)) - 1
        for a, b in pairs.tolist():
            if count == most:
                break
            one, other = top(a), top(b)
            if one != other:
                parent[one] = other
                count += 1
        return count

    def _close(self) -> None:
        a, b = self._component[self._pairs[self._open]].T
        self._open = self._open[a != b]
