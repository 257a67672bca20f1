"""Belief propagation: the marginals of exp(sum of log-potentials) on every node of a junction tree."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from duckpaste.domain import FloatArray
from duckpaste.models.pgm.factor import Link
from duckpaste.models.pgm.junction import JunctionTree


class Propagation:
    """Two passes in log space over `tree`; the index maps are made once.

    Up: each node's log-sum-exp over its own columns goes to its parent, which keeps P(node | separator). Down: that
    conditional times the separator's marginal. So a sweep takes one exp a cell and no difference of potentials:
    forbidden cells (-inf) are safe.
    """

    def __init__(self, tree: JunctionTree) -> None:
        self._tree = tree
        domain = tree.domain
        self._shapes = [domain.shape(node.axes) for node in tree.nodes]
        self._rows = [math.prod(domain.shape(node.separator)) for node in tree.nodes]
        self._borders = [domain.shape(node.separator) for node in tree.nodes]
        self._links = [
            None if node.parent < 0 else Link(domain, tree.nodes[node.parent].axes, node.separator)
            for node in tree.nodes
        ]

    def marginals(self, potentials: Sequence[FloatArray | None]) -> list[FloatArray]:
        """Proportions on each node, axes as the node's; `potentials` likewise (None for zeros).

        The arrays given are not changed."""
        nodes = self._tree.nodes
        beliefs = list(potentials)
        owned = [False] * len(nodes)
        local: list[FloatArray] = []
        sums: list[FloatArray] = []
        for i, node in enumerate(nodes):
            belief, beliefs[i] = beliefs[i], None
            values = np.zeros(self._shapes[i]) if belief is None else belief
            flat = values.reshape(self._rows[i], -1)
            top = flat.max(axis=1)
            if not np.isfinite(top).all():
                top = np.where(np.isfinite(top), top, 0.0)
            flat = flat - top[:, None]
            np.exp(flat, out=flat)
            mass = flat.sum(axis=1)
            local.append(flat)
            sums.append(mass)
            link = self._links[i]
            if link is not None:
                with np.errstate(divide="ignore"):
                    message = (np.log(mass) + top).reshape(self._borders[i])
                up = node.parent
                beliefs[up], owned[up] = self._add(up, beliefs[up], owned[up], link.widen(message))
        return self._down(local, sums)

    def _add(
        self, i: int, belief: FloatArray | None, owned: bool, message: FloatArray
    ) -> tuple[FloatArray, bool]:
        """Node i's belief with a message added, in place when the array is this sweep's own."""
        if belief is None:
            return np.broadcast_to(message, self._shapes[i]).copy(), True
        if owned:
            belief += message
            return belief, True
        return belief + message, True

    def _down(self, local: list[FloatArray], sums: list[FloatArray]) -> list[FloatArray]:
        out: list[FloatArray] = [np.empty(0)] * len(local)
        for i in range(len(local) - 1, -1, -1):
            link, flat, mass = self._links[i], local[i], sums[i]
            if link is None:
                share = 1.0 / mass
            else:
                border = link.narrow(out[self._tree.nodes[i].parent]).reshape(-1)
                share = np.divide(border, mass, out=np.zeros_like(mass), where=mass > 0)
            flat *= share[:, None]
            out[i] = flat.reshape(self._shapes[i])
        return out
