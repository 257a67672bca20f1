"""Switched: a network for each code of one evidence column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from duckpaste.domain import Domain, IntArray
from duckpaste.models.network import Network


@dataclass
class Switched(Network):
    """Rows with code c of `column` are drawn by `branches[c]`. `steps` are those of one branch: they only tell which
    columns are drawn, which are the same in all."""

    column: str = ""
    branches: Mapping[int, Network] = field(default_factory=dict)

    def sample(
        self, n: int, rng: np.random.Generator, evidence: Mapping[str, IntArray] | None = None
    ) -> dict[str, IntArray]:
        """As Network.sample."""
        given = evidence or {}
        code = np.asarray(given[self.column])
        out: dict[str, IntArray] = {step.column: np.zeros(n, dtype=np.int64) for step in self.steps}
        for number, branch in self.branches.items():
            rows = np.flatnonzero(code == number)
            if not rows.size:
                continue
            mine = {name: np.asarray(given[name])[rows] for name in branch.evidence}
            for name, codes in branch.sample(rows.size, rng, mine).items():
                out[name][rows] = codes
        return out


def switched(column: str, branches: Mapping[int, Network], size: int) -> Switched:
    """The network of all `branches`; `size` is the number of codes of `column`."""
    first = next(iter(branches.values()))
    sizes: dict[str, int] = {}
    evidence: dict[str, None] = {column: None}
    for branch in branches.values():
        sizes |= branch.domain.sizes
        evidence |= dict.fromkeys(branch.evidence)
    return Switched(
        Domain({**sizes, column: size}), tuple(evidence), first.steps, {},
        sum(b.total for b in branches.values()), column, branches,
    )  # fmt: skip
