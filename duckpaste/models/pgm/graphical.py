"""A fitted graphical model: marginals of any clique, and the steps that generate rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from duckpaste.domain import Clique, Domain, FloatArray
from duckpaste.errors import DomainError
from duckpaste.models.network import Step
from duckpaste.models.pgm.elimination import CELLS_PER_MB
from duckpaste.models.pgm.factor import Link
from duckpaste.models.pgm.junction import JunctionTree
from duckpaste.models.pgm.query import Queries


@dataclass
class Graphical:
    """A joint distribution over a junction tree.

    `nodes` are proportions, axes as in `tree.nodes`; `potentials` are the logs that made them, by clique; `total` is
    the number of rows; `loss` and `steps` tell how the fit ended.
    """

    tree: JunctionTree
    nodes: list[FloatArray]
    potentials: Mapping[Clique, FloatArray]
    total: float
    loss: float = 0.0
    steps: int = 0
    _queries: Queries | None = field(default=None, repr=False)

    @property
    def domain(self) -> Domain:
        """The columns and their sizes."""
        return self.tree.domain

    def marginal(self, clique: Clique) -> FloatArray:
        """Expected counts in rows, axes as `clique`; cliques inside no node by variable elimination."""
        return self.proportions(clique) * self.total

    def proportions(self, clique: Clique) -> FloatArray:
        """The same with total 1."""
        home = self.tree.home(clique)
        if home is not None:
            return Link(self.domain, self.tree.nodes[home].axes, clique).narrow(self.nodes[home])
        if self._queries is None:
            self._queries = Queries(self.tree, self.nodes)
        return self._queries.proportions(clique)

    def facts(self) -> dict[str, object]:
        """What may be told of it: rows, cliques of the junction tree, its treewidth (columns of the largest clique
        less one) and megabytes (8 bytes a cell), sweeps and loss of the fit."""
        return {
            "total": self.total,
            "cliques": len(self.tree.nodes),
            "treewidth": max(len(node.axes) for node in self.tree.nodes) - 1,
            "megabytes": self.tree.cells / CELLS_PER_MB,
            "sweeps": self.steps,
            "fit_loss": self.loss,
        }

    def generation(self, evidence: Iterable[str] = ()) -> list[Step]:
        """Steps in reverse elimination order: each column given those drawn before that share a node with it.

        `evidence` columns get no step. Raises DomainError when they were not eliminated last (`last` of `fit`)."""
        given = frozenset(evidence)
        if any(name not in given for name, _ in self.tree.order[len(self.tree.order) - len(given) :]):
            raise DomainError("evidence was not eliminated last")
        steps: list[Step] = []
        for name, around in reversed(self.tree.order):
            if name in given:
                continue
            parents = self.domain.clique(around)
            steps.append(Step(name, parents, self.marginal((*parents, name))))
        return steps
