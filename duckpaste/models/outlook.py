"""What can be said of a model before it is fitted: the error that noise makes in each column set, and its size.

All is made from the public domain and the noise alone. A marginal of n cells with noise of standard deviation sigma a
cell is off by sqrt(2/pi) sigma n rows in L1, on average (less under Laplace noise); a fit that weighs several
marginals against each other, and knows that counts are not negative, is off by less. What a model leaves out is not in
it: a set that is not measured is only as good as the model implies.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from duckpaste.domain import Clique, Domain
from duckpaste.models.network import Network
from duckpaste.models.pgm.elimination import CELLS_PER_MB, maximal
from duckpaste.models.shares import ABSOLUTE


@dataclass(frozen=True)
class Shape:
    """Size of a model: cliques, treewidth (columns of the largest clique less one), megabytes (8 bytes a cell).

    `exact` is false for upper bounds, known before a fit."""

    cliques: int
    treewidth: int
    megabytes: float
    exact: bool = True

    def __str__(self) -> str:
        size = f"{self.megabytes:.2f}" if self.megabytes < 10 else f"{self.megabytes:,.0f}"
        most = "" if self.exact else "at most "
        return f"{most}{self.cliques:,} cliques, treewidth {self.treewidth}, {size} MB"


def shape_of(network: Network) -> Shape:
    """The size of a fitted model; of a graphical one that of its junction tree."""
    scopes = maximal((*step.parents, step.column) for step in network.steps)
    cells = sum(network.domain.cells(scope) for scope in scopes)
    return Shape(len(scopes), max((len(s) for s in scopes), default=1) - 1, cells / CELLS_PER_MB)


def bounded(domain: Domain, megabytes: float) -> Shape:
    """The most that a junction tree of at most `megabytes` can be: codes may be merged down to two a column. Rules
    are kept whatever their size."""
    megabytes += sum(domain.cells(rule.clique) for rule in domain.zeros) / CELLS_PER_MB
    varied = [name for name, size in domain.sizes.items() if size > 1]
    widest = min(len(varied), int(math.log2(max(2.0, megabytes * CELLS_PER_MB))))
    cells = math.prod(float(domain[name]) for name in varied) + len(domain) - len(varied)
    return Shape(len(domain), max(0, widest - 1), min(megabytes, cells / CELLS_PER_MB), exact=False)


def set_errors(domain: Domain, sigma: float, cliques: Iterable[Clique]) -> dict[Clique, float]:
    """L1 errors in rows of sets that are measured with noise of `sigma` a cell."""
    return {c: ABSOLUTE * sigma * domain.cells(c) for c in cliques}
