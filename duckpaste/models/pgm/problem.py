"""The fit as a convex problem over one flat vector: the cells of all heads, one after another.

A head is a maximal measured clique. Potentials, marginals, targets and weights live on heads; marginals measured
inside a head are read off it, which keeps the steps long (aim_mst_spec, section 1: smallest containing clique).
Everything is in proportions: counts divided by the total.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from duckpaste.domain import Clique, Domain, FloatArray, Zeros
from duckpaste.errors import DomainError, UserError
from duckpaste.models.pgm.elimination import maximal
from duckpaste.models.pgm.factor import Link
from duckpaste.models.pgm.gather import Gather
from duckpaste.models.pgm.junction import JunctionTree
from duckpaste.models.pgm.propagation import Propagation
from duckpaste.models.pgm.squares import Squares


class Problem(Squares):
    """Least squares of marginals over a junction tree, whose tables are the heads.

    `targets` are clique -> (proportions, weight), axes in domain order; `structure` are cliques without a target
    that the model must hold as well. Weights are divided by `scale`, so that they are at most 1. Cells that the
    domain's rules forbid get the log-potential -inf, whatever `theta` says. Raises UserError when nothing is left.
    """

    def __init__(
        self,
        domain: Domain,
        targets: Mapping[Clique, tuple[FloatArray, FloatArray]],
        structure: Iterable[Clique] = (),
        last: Iterable[str] = (),
    ) -> None:
        self.domain = domain
        single = [(name,) for name in domain]
        found = maximal([*targets, *structure, *single])
        self.heads: list[Clique] = [domain.clique(h) for h in found]
        self.tree = JunctionTree(domain, self.heads, last)
        self.propagation = Propagation(self.tree)
        super().__init__([domain.shape(h) for h in self.heads])
        self._route_heads()
        self._set_targets(targets)
        self._forbidden: dict[int, FloatArray] = {}
        for rule in domain.zeros:
            self._forbid(rule)

    def _route_heads(self) -> None:
        self._hosted: list[list[int]] = [[] for _ in self.tree.nodes]
        for i, head in enumerate(self.heads):
            node = self.tree.home(head)
            if node is not None:
                self._hosted[node].append(i)
        self._gathers = [
            Gather(self.domain, node.axes, [self.heads[i] for i in hosted])
            for node, hosted in zip(self.tree.nodes, self._hosted, strict=True)
        ]

    def _forbid(self, rule: Zeros) -> None:
        """Adds a rule to the node that holds it. An order of elimination joins the columns of every rule."""
        node = self.tree.home(rule.clique)
        if node is None:
            raise DomainError(f"no clique of the model holds the rule about {rule.clique}")
        axes = self.tree.nodes[node].axes
        cells = Link(self.domain, axes, rule.clique).widen(np.where(rule.possible, 0.0, -np.inf))
        before = self._forbidden.get(node)
        self._forbidden[node] = cells if before is None else before + cells
        with np.errstate(divide="ignore", invalid="ignore"):
            _, nodes = self.marginals(np.zeros(self.cells))
        if not all(np.isfinite(values).all() and values.sum() > 0.5 for values in nodes):
            raise UserError(
                "the rules leave no row possible", "zeros", "look for two that contradict each other"
            )

    def _set_targets(self, targets: Mapping[Clique, tuple[FloatArray, FloatArray]]) -> None:
        self.scale = scale = max((float(w.max()) for _, w in targets.values() if w.size), default=1.0)
        number = {head: i for i, head in enumerate(self.heads)}
        for clique, (value, weight) in targets.items():
            if clique in number:
                self.aim_at(number[clique], value, weight / scale)
            else:
                head = self.host(clique)
                self.aim_at(head, value, weight / scale, Link(self.domain, self.heads[head], clique))

    def hosted(self, node: int) -> list[int]:
        """The numbers of the heads whose potentials add up on a node."""
        return self._hosted[node]

    def host(self, clique: Clique) -> int:
        """The number of the smallest head that holds `clique`; raises DomainError when none does."""
        wanted = set(clique)
        inside = [i for i, head in enumerate(self.heads) if wanted.issubset(head)]
        if not inside:
            raise DomainError(f"no clique of the model holds {clique}")
        return min(inside, key=lambda i: self.domain.cells(self.heads[i]))

    def marginals(self, theta: FloatArray) -> tuple[FloatArray, list[FloatArray]]:
        """The model of the log-potentials `theta`: proportions of the heads (flat) and of the nodes."""
        potentials: list[FloatArray | None] = []
        for number, gather in enumerate(self._gathers):
            mine = [self.view(theta, i) for i in self._hosted[number]]
            total = gather.widen(mine) if mine else None
            forbidden = self._forbidden.get(number)
            if forbidden is not None:
                shape = self.domain.shape(gather.axes)
                total = np.broadcast_to(forbidden, shape).copy() if total is None else total + forbidden
            potentials.append(total)
        nodes = self.propagation.marginals(potentials)
        mu = np.empty(self.cells)
        for values, gather, hosted in zip(nodes, self._gathers, self._hosted, strict=True):
            for i, found in zip(hosted, gather.narrow(values), strict=True):
                self.view(mu, i)[...] = found
        return mu, nodes

    def log_mass(self, theta: FloatArray, nodes: Sequence[FloatArray]) -> float:
        """log of sum over x of exp(theta(x)) = theta(x) - log p(x), whatever x; here a likely one."""
        codes: dict[str, int] = {}
        out = 0.0
        for node, values in zip(reversed(self.tree.nodes), reversed(nodes), strict=True):
            rest = values[tuple(codes[name] for name in node.separator)]
            best = int(rest.argmax())
            out -= math.log(float(rest.flat[best]) / float(rest.sum()))
            own = np.unravel_index(best, rest.shape)
            codes.update(zip(node.axes[len(node.separator) :], map(int, own), strict=True))
        for i, head in enumerate(self.heads):
            out += float(self.view(theta, i)[tuple(codes[name] for name in head)])
        return out
