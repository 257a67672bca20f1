"""Restricted: a field whose values are drawn from the atoms of a class, in the codes that its network knows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from duckpaste.codec.atoms import Axis
from duckpaste.codec.support import Support
from duckpaste.domain import Domain, FloatArray, IntArray
from duckpaste.models.network import Expansion, Step
from duckpaste.models.rounding import deal_members
from duckpaste.sample.classes import Classes

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Group:
    """The atoms of an axis by the codes that the network draws (coarse where it compresses) and by class.

    `group` numbers (codes, class) of each atom; `share` is the atom's probability given the codes alone. `label` is
    the network's column of the class."""

    axis: Axis
    label: str
    shape: tuple[int, ...]
    classes: int
    group: IntArray
    share: FloatArray

    @classmethod
    def of(
        cls, axis: Axis, classes: Classes, label: str, domain: Domain, expansions: Mapping[str, Expansion]
    ) -> Group:
        """Fold the network's compression into the shares."""
        share = axis.share
        shape = domain.shape(c.name for c in axis.columns)
        code = np.zeros(len(axis), dtype=np.int64)
        for column, fine, size in zip(axis.columns, axis.codes, shape, strict=True):
            expansion = expansions.get(column.name)
            if expansion is not None:
                share = share * _members(expansion)[fine]
                fine = expansion.coarse[fine]
            code = code * size + fine
        return cls(axis, label, shape, len(classes), code * len(classes) + classes.of, share)

    def step(self) -> Step:
        """P(class | codes)."""
        cells = math.prod(self.shape) * self.classes
        counts: FloatArray = np.bincount(self.group, weights=self.share, minlength=cells).astype(np.float64)
        names = tuple(c.name for c in self.axis.columns)
        return Step(self.label, names, counts.reshape(*self.shape, self.classes))

    def draw(
        self, codes: Mapping[str, IntArray], n: int, alive: IntArray, rng: np.random.Generator
    ) -> IntArray:
        """An atom for each of n rows, given their codes and their class. `alive` are the atoms that may be drawn."""
        row = np.zeros(n, dtype=np.int64)
        for column, size in zip(self.axis.columns, self.shape, strict=True):
            row = row * size + codes[column.name]
        row = row * self.classes + codes.get(self.label, 0)
        return alive[deal_members(self.group[alive], self.share[alive], row, rng)]


@dataclass(frozen=True)
class Restricted:
    """A field of a conditioned table: one group an axis, and the atoms of each that any row may have."""

    support: Support
    groups: tuple[Group, ...]
    alive: tuple[IntArray, ...]

    def draw(
        self,
        codes: Mapping[str, IntArray],
        rows: range,
        rng: np.random.Generator,
        decoded: Mapping[str, pa.Array],
    ) -> tuple[dict[str, IntArray], Mapping[str, pa.Array]]:
        """The field's fine codes, and its values."""
        n = len(rows)
        picks = [g.draw(codes, n, alive, rng) for g, alive in zip(self.groups, self.alive, strict=True)]
        fine = {
            column.name: code[pick]
            for group, pick in zip(self.groups, picks, strict=True)
            for column, code in zip(group.axis.columns, group.axis.codes, strict=True)
        }
        return fine, self.support.draw(picks, rows, rng, decoded)


def _members(expansion: Expansion) -> FloatArray:
    """P(fine code | coarse code), uniform where no member has weight, as `deal_members` has it."""
    mass = np.bincount(expansion.coarse, weights=expansion.weights)[expansion.coarse]
    count = np.bincount(expansion.coarse)[expansion.coarse]
    return np.where(mass > 0, expansion.weights / np.where(mass > 0, mass, 1.0), 1.0 / count)
