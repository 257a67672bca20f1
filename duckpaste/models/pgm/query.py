"""Marginals of cliques that lie in no node of the junction tree: variable elimination on the calibrated tree."""

from __future__ import annotations

from collections.abc import Sequence

from duckpaste.domain import Clique, FloatArray
from duckpaste.models.pgm.factor import Factor, Link, contract, divide, spread
from duckpaste.models.pgm.junction import JunctionTree

_Key = tuple[int, int, int]


class Queries:
    """Answers queries on a calibrated junction tree and keeps what queries have in common.

    A node sends its neighbour P(wanted columns beyond | separator). Such a message depends only on the edge and the
    wanted columns, not on the query, so all pairs or triples share them (Koller and Friedman, section 10.3). Messages
    of at most `limit_mb` in all are kept.
    """

    def __init__(self, tree: JunctionTree, nodes: Sequence[FloatArray], limit_mb: float = 64.0) -> None:
        self._tree = tree
        self._domain = tree.domain
        self._nodes = nodes
        self._bit = {name: 1 << i for i, name in enumerate(tree.domain)}
        self._names = tree.domain.names
        self._below = [self._mask(node.axes) for node in tree.nodes]  # columns of the subtree of each node
        self._root = list(range(len(tree.nodes)))
        self._near: list[list[int]] = [[] for _ in tree.nodes]
        for i, node in enumerate(tree.nodes):
            if node.parent >= 0:
                self._below[node.parent] |= self._below[i]
                self._near[i].append(node.parent)
                self._near[node.parent].append(i)
        for i in range(len(tree.nodes) - 1, -1, -1):
            parent = tree.nodes[i].parent
            self._root[i] = i if parent < 0 else self._root[parent]
        self._inside: dict[int, list[int]] = {}
        for i, root in enumerate(self._root):
            self._inside.setdefault(root, []).append(i)
        self._home = {name: self._root[i] for i, node in enumerate(tree.nodes) for name in node.axes}
        self._axes = [self._mask(node.axes) for node in tree.nodes]
        self._kept: dict[_Key, Factor] = {}
        self._singles: dict[int, Factor] = {}
        self._room = int(limit_mb * 2**20)

    def proportions(self, clique: Clique) -> FloatArray:
        """The marginal of `clique` with total 1, axes as `clique`."""
        parts: dict[int, int] = {}
        for name in clique:
            root = self._home[name]
            parts[root] = parts.get(root, 0) | self._bit[name]
        return spread([self._part(part, root) for root, part in parts.items()], clique)

    def _part(self, wanted: int, root: int) -> Factor:
        """The marginal of columns of one component; those of single columns are kept, as most queries want some."""
        if wanted & (wanted - 1):
            return self._component(wanted, root)
        if wanted not in self._singles:
            self._singles[wanted] = self._component(wanted, root)
        return self._singles[wanted]

    def _component(self, wanted: int, root: int) -> Factor:
        """The marginal of columns of one component, gathered at the node that holds most of them."""
        centre = max(
            self._inside[root],
            key=lambda i: ((wanted & self._axes[i]).bit_count(), -self._nodes[i].size),
        )
        # Walk outwards to what is not known yet, then send the messages inwards.
        sends: list[_Key] = []
        heads = [(centre, -1)]
        for here, back in heads:  # grows while it is walked
            for near in self._near[here]:
                if near == back:
                    continue
                beyond = self._beyond(near, here) & wanted
                if beyond and (near, here, beyond) not in self._kept:
                    sends.append((near, here, beyond))
                    heads.append((near, here))
        fresh: dict[_Key, Factor] = {}
        for key in reversed(sends):
            fresh[key] = self._message(key, wanted, fresh)
            self._keep(key, fresh[key])
        keep = self._clique(wanted)
        return keep, contract(self._around(centre, -1, wanted, fresh), keep)

    def _message(self, key: _Key, wanted: int, fresh: dict[_Key, Factor]) -> Factor:
        source, goal, beyond = key
        border = self._border(source, goal)
        axes = (*border, *self._clique(beyond))
        joint = contract(self._around(source, goal, wanted, fresh), axes)
        node = Link(self._domain, self._tree.nodes[source].axes, border).narrow(self._nodes[source])
        return axes, divide(joint, node.reshape(node.shape + (1,) * (joint.ndim - node.ndim)))

    def _around(self, here: int, back: int, wanted: int, fresh: dict[_Key, Factor]) -> list[Factor]:
        """The node's own marginal and the messages of all its neighbours but `back`."""
        found: list[Factor] = [(self._tree.nodes[here].axes, self._nodes[here])]
        for near in self._near[here]:
            beyond = self._beyond(near, here) & wanted
            if near != back and beyond:
                key = (near, here, beyond)
                found.append(fresh[key] if key in fresh else self._kept[key])
        return found

    def _beyond(self, near: int, here: int) -> int:
        """Columns on the side of `near` of the edge to `here` that are not in the separator."""
        if self._tree.nodes[near].parent == here:
            return self._below[near] & ~self._mask(self._tree.nodes[near].separator)
        return self._below[self._root[here]] & ~self._below[here]

    def _border(self, one: int, other: int) -> Clique:
        nodes = self._tree.nodes
        return nodes[one].separator if nodes[one].parent == other else nodes[other].separator

    def _keep(self, key: _Key, factor: Factor) -> None:
        if factor[1].nbytes <= self._room:
            self._room -= factor[1].nbytes
            self._kept[key] = factor

    def _mask(self, names: Clique) -> int:
        mask = 0
        for name in names:
            mask |= self._bit[name]
        return mask

    def _clique(self, mask: int) -> Clique:
        return tuple(name for name in self._names if mask & self._bit[name])
