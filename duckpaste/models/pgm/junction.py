"""Junction trees: maximal cliques of an elimination order, joined so that each column's cliques hang together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from duckpaste.domain import Clique, Domain
from duckpaste.models.pgm.elimination import Elimination, eliminate


@dataclass(frozen=True)
class Node:
    """A maximal clique. Its axes are `separator` (shared with the node `parent`) and then the other columns.

    A root has no separator and parent -1."""

    axes: Clique
    separator: Clique
    parent: int


class JunctionTree:
    """A forest of nodes, children before parents, over all columns of `domain`."""

    def __init__(self, domain: Domain, cliques: Iterable[Clique], last: Iterable[str] = ()) -> None:
        self.domain = domain
        self.order: Elimination = eliminate(domain, cliques, last)
        self.nodes: list[Node] = _nodes(domain, self.order)
        self.cells = sum(domain.cells(node.axes) for node in self.nodes)
        self._holders: dict[str, set[int]] = {name: set() for name in domain}
        for i, node in enumerate(self.nodes):
            for name in node.axes:
                self._holders[name].add(i)

    def home(self, clique: Iterable[str]) -> int | None:
        """The smallest node that holds all of `clique`, or None."""
        found = [self._holders[name] for name in clique]
        inside = set.intersection(*found) if found else set(range(len(self.nodes)))
        return min(inside, key=lambda i: (self.domain.cells(self.nodes[i].axes), i), default=None)


def _nodes(domain: Domain, order: Elimination) -> list[Node]:
    """Walks up the elimination tree and merges each clique that is part of a child's."""
    home: dict[str, int] = {}  # column -> the node where it was eliminated
    members: list[set[str]] = []
    borders: list[frozenset[str]] = []
    rank = {name: i for i, (name, _) in enumerate(order)}
    # Place in the order -> nodes whose border loses its first column there.
    above: list[list[int]] = [[] for _ in order]
    for place, (name, around) in enumerate(order):
        own = around | {name}
        same = next((i for i in above[place] if borders[i] == own), None)
        if same is None:
            same = len(members)
            members.append(set(own))
            borders.append(around)
        else:
            borders[same] = around
        home[name] = same
        if around:
            above[min(rank[n] for n in around)].append(same)
    first = [min(border, key=rank.__getitem__) if border else None for border in borders]
    parents = [-1 if name is None else home[name] for name in first]
    return _sorted(domain, members, borders, parents)


def _sorted(
    domain: Domain, members: list[set[str]], borders: list[frozenset[str]], parents: list[int]
) -> list[Node]:
    """Nodes renumbered so that children come before parents."""
    children: list[list[int]] = [[] for _ in parents]
    for i, parent in enumerate(parents):
        if parent >= 0:
            children[parent].append(i)
    reached = [i for i, parent in enumerate(parents) if parent < 0]
    for i in reached:  # grows while it is walked
        reached.extend(children[i])
    number = {old: new for new, old in enumerate(reversed(reached))}
    nodes = []
    for old in reversed(reached):
        border = domain.clique(borders[old])
        axes = border + domain.clique(members[old] - borders[old])
        nodes.append(Node(axes, border, number.get(parents[old], -1)))
    return nodes
