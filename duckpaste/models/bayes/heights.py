"""Heights: the names, sizes and codes of columns at every height of their hierarchies."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from duckpaste.domain import Domain, IntArray
from duckpaste.models.coding.hierarchy import Hierarchy


class Heights:
    """Each height above 0 of a column is a column of its own, made from it: "age" at height 2 is "age@2".

    `domain` has the columns themselves and all of these; `made` is what `Doors.derived` needs to make them.
    """

    def __init__(self, domain: Domain, hierarchies: Mapping[str, Hierarchy]) -> None:
        sizes = dict(domain.sizes)
        self.made: dict[str, tuple[str, IntArray]] = {}
        self._names: dict[str, tuple[str, ...]] = {name: (name,) for name in domain}
        self._place: dict[str, tuple[str, int]] = {name: (name, 0) for name in domain}
        for column, tree in hierarchies.items():
            for height, level in enumerate(tree.levels[1:], 1):
                name = f"{column}@{height}"
                while name in sizes:
                    name += "@"
                sizes[name] = tree.sizes[height]
                self.made[name] = (column, level)
                self._names[column] = (*self._names[column], name)
                self._place[name] = (column, height)
        self.domain = Domain(sizes)

    def names(self, column: str) -> tuple[str, ...]:
        """The names of `column` at heights 0, 1, ... (sizes fall)."""
        return self._names[column]

    def column(self, name: str) -> str:
        """The column that `name` is a height of."""
        return self._place[name][0]

    def height(self, name: str) -> int:
        """The height of `name`."""
        return self._place[name][1]

    def codes(self, name: str) -> IntArray:
        """The code of `name` for every code of its column."""
        return self.made[name][1] if name in self.made else np.arange(self.domain[name])

    def between(self, fine: str, coarse: str) -> IntArray:
        """The code of `coarse` for every code of `fine`, a lower height of the same column."""
        out = np.zeros(self.domain[fine], dtype=np.int64)
        out[self.codes(fine)] = self.codes(coarse)
        return out
