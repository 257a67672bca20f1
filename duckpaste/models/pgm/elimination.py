"""Elimination orders: which column to sum out next, and how large the junction tree becomes.

Depends on the public domain and on cliques that are already released, so it costs no privacy.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator

from duckpaste.domain import Clique, Domain

Elimination = list[tuple[str, frozenset[str]]]
"""Columns in the order of their elimination, each with its neighbours at that time (all eliminated later)."""

CELLS_PER_MB = 2**17  # of 8 bytes


def eliminate(domain: Domain, cliques: Iterable[Clique], last: Iterable[str] = ()) -> Elimination:
    """A greedy order for the graph that joins all pairs inside a clique, or inside a rule of the domain.

    A column whose neighbours are joined already goes first (it adds no edge, so trees and chordal graphs stay as
    they are); else the one whose clique has the fewest cells. Columns in `last` (evidence) wait for all others, so
    that each column is drawn given evidence and never the other way round.
    """
    names = domain.names
    order = _order(domain, cliques, last)
    return [(names[place], frozenset(names[i] for i in _places(around))) for place, around in order]


def size_mb(domain: Domain, cliques: Iterable[Clique], last: Iterable[str] = ()) -> float:
    """JT-SIZE: megabytes of the junction tree over `cliques`, 8 bytes a cell of its maximal cliques."""
    sizes = list(domain.sizes.values())
    rest: set[int] = set()  # what the columns so far had around them
    cells = 0
    for place, around in _order(domain, cliques, last):
        bag = around | 1 << place
        if bag not in rest:  # else an earlier column's clique holds it: all of its neighbours were these
            cells += math.prod(sizes[i] for i in _places(bag))
        rest.add(around)
    return cells / CELLS_PER_MB


def _order(domain: Domain, cliques: Iterable[Clique], last: Iterable[str]) -> list[tuple[int, int]]:
    """`eliminate` in places of columns, their neighbours as bits: quick enough to try many cliques."""
    graph = _graph(domain, [*cliques, *(rule.clique for rule in domain.zeros)])
    place = {name: i for i, name in enumerate(domain)}
    waiting = {place[name] for name in last}
    log_size = [math.log(size) for size in domain.sizes.values()]

    def cost(here: int) -> tuple[bool, bool, float, int]:
        around = left = graph[here]
        cells, joined = log_size[here], True
        while left:
            bit = left & -left
            left ^= bit
            other = bit.bit_length() - 1
            cells += log_size[other]
            joined = joined and not around & ~(graph[other] | bit)
        return here in waiting, not joined, cells, here

    costs: list[tuple[bool, bool, float, int] | None] = [cost(i) for i in range(len(graph))]
    heap = [c for c in costs if c is not None]
    heapq.heapify(heap)
    order: list[tuple[int, int]] = []
    while heap:
        least = heapq.heappop(heap)
        here = least[3]
        if costs[here] is not least:  # done, or another cost by now
            continue
        costs[here] = None
        around = touched = graph[here]
        order.append((here, around))
        for other in _places(around):
            graph[other] = (graph[other] | around) & ~(1 << here | 1 << other)
            if least[1]:  # new edges may have joined the neighbours of columns one step further
                touched |= graph[other]
        for other in _places(touched):
            found = cost(other)
            if found != costs[other]:
                costs[other] = found
                heapq.heappush(heap, found)
    return order


def maximal(sets: Iterable[Iterable[str]]) -> list[frozenset[str]]:
    """The sets that are part of no other, once each, largest first (equal sizes in the order given)."""
    kept: list[frozenset[str]] = []
    holders: dict[str, list[frozenset[str]]] = {}
    for one in sorted(dict.fromkeys(frozenset(s) for s in sets), key=len, reverse=True):
        near = min((holders.get(n, []) for n in one), key=len, default=kept)
        if not any(one <= other for other in near):
            kept.append(one)
            for name in one:
                holders.setdefault(name, []).append(one)
    return kept


def _graph(domain: Domain, cliques: Iterable[Clique]) -> list[int]:
    """The neighbours of every column, as bits."""
    place = {name: i for i, name in enumerate(domain)}
    graph = [0] * len(place)
    for clique in cliques:
        mask = 0
        for name in clique:
            mask |= 1 << place[name]
        for name in clique:
            graph[place[name]] |= mask
    return [mask & ~(1 << i) for i, mask in enumerate(graph)]


def _places(mask: int) -> Iterator[int]:
    """The places of the bits of `mask`, lowest first."""
    while mask:
        bit = mask & -mask
        yield bit.bit_length() - 1
        mask ^= bit
