"""Elimination orders: which column to sum out next, and how large the junction tree becomes.

Depends on the public domain and on cliques that are already released, so it costs no privacy.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from duckpaste.domain import Clique, Domain

Elimination = list[tuple[str, frozenset[str]]]
"""Columns in the order of their elimination, each with its neighbours at that time (all eliminated later)."""

_BYTES_PER_MB = 2**20


def eliminate(domain: Domain, cliques: Iterable[Clique], last: Iterable[str] = ()) -> Elimination:
    """A greedy order for the graph that joins all pairs inside a clique, or inside a rule of the domain.

    A column whose neighbours are joined already goes first (it adds no edge, so trees and chordal graphs stay as
    they are); else the one whose clique has the fewest cells. Columns in `last` (evidence) wait for all others, so
    that each column is drawn given evidence and never the other way round.
    """
    graph = _graph(domain, [*cliques, *(rule.clique for rule in domain.zeros)])
    waiting = frozenset(last)
    log_size = {name: math.log(size) for name, size in domain.sizes.items()}
    rank = {name: i for i, name in enumerate(domain)}

    def cost(name: str) -> tuple[bool, bool, float, int]:
        around = graph[name]
        cells = log_size[name] + sum(log_size[n] for n in around)
        return name in waiting, not _joined(graph, around), cells, rank[name]

    costs = {name: cost(name) for name in domain}
    order: Elimination = []
    while costs:
        name = min(costs, key=costs.__getitem__)
        filled = costs.pop(name)[1]
        around = frozenset(graph.pop(name))
        order.append((name, around))
        for neighbour in around:
            graph[neighbour] |= around
            graph[neighbour] -= {name, neighbour}
        touched = set(around)
        if filled:  # new edges may have joined the neighbours of columns one step further
            touched.update(*(graph[n] for n in around))
        for other in touched:
            costs[other] = cost(other)
    return order


def size_mb(domain: Domain, cliques: Iterable[Clique], last: Iterable[str] = ()) -> float:
    """JT-SIZE: megabytes of the junction tree over `cliques`, 8 bytes a cell of its maximal cliques."""
    found = maximal({name} | around for name, around in eliminate(domain, cliques, last))
    return 8 * sum(domain.cells(clique) for clique in found) / _BYTES_PER_MB


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


def _graph(domain: Domain, cliques: Iterable[Clique]) -> dict[str, set[str]]:
    """The neighbours of every column."""
    graph: dict[str, set[str]] = {name: set() for name in domain}
    for clique in cliques:
        for name in clique:
            graph[name].update(clique)
    for name, around in graph.items():
        around.discard(name)
    return graph


def _joined(graph: dict[str, set[str]], names: set[str]) -> bool:
    """Whether all pairs among `names` are edges."""
    wanted = len(names) - 1
    return all(len(graph[n] & names) == wanted for n in names)
