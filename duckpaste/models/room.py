"""Room: how large the junction tree becomes when a clique joins it, and which candidates a size limit allows.

Only cliques that are chosen already and public sizes matter, so a size limit costs no privacy.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from duckpaste.domain import Clique, Domain
from duckpaste.models.pgm.elimination import CELLS_PER_MB, eliminate, size_mb


class Room:
    """Sizes of junction trees over `cliques` and one more.

    Adding a clique under the elimination order at hand only lengthens the borders on one path towards the root, so
    an upper bound takes microseconds; where it is too large, a new order is sought.
    """

    def __init__(self, domain: Domain, cliques: Sequence[Clique], last: Iterable[str] = ()) -> None:
        self._domain = domain
        self._cliques = list(cliques)
        self._last = tuple(last)
        order = eliminate(domain, cliques, self._last)
        self._rank = {name: i for i, (name, _) in enumerate(order)}
        self._sizes = [domain[name] for name, _ in order]
        # Borders and bags as bit masks over places in the order: the lowest bit is what goes next.
        self._borders = [self._mask(around) for _, around in order]
        self._absorbed = [False] * len(order)
        for border in self._borders:
            up = _lowest(border)
            if border and border == self._bag(up):
                self._absorbed[up] = True
        self._cells = sum(self._count(self._bag(i)) for i in range(len(order)) if not self._absorbed[i])

    @property
    def megabytes(self) -> float:
        """JT-SIZE of the cliques at hand."""
        return self._cells / CELLS_PER_MB

    def inside(self, clique: Clique) -> bool:
        """Whether a node holds the clique already: it then costs nothing."""
        mask = self._mask(clique)
        first = _lowest(mask)
        return not (mask & ~(1 << first)) & ~self._borders[first]

    def bound(self, clique: Clique) -> float:
        """Megabytes with `clique` added and the order kept: at least what `exact` finds by the same order."""
        mask = self._mask(clique)
        place = _lowest(mask)
        carry = mask & ~(1 << place)
        cells = self._cells
        below = 0  # the border of the column before, lengthened
        while carry & ~self._borders[place]:
            border = self._borders[place] | carry
            if not self._absorbed[place]:
                cells -= self._count(self._bag(place))
            bag = border | 1 << place
            if bag != below:
                cells += self._count(bag)
            below = border
            place = _lowest(border)
            carry = border & ~(1 << place)
        if below and below == self._bag(place) and not self._absorbed[place]:
            cells -= self._count(below)
        return cells / CELLS_PER_MB

    def exact(self, clique: Clique) -> float:
        """Megabytes with `clique` added, by a new order."""
        return size_mb(self._domain, [*self._cliques, clique], self._last)

    def _mask(self, names: Iterable[str]) -> int:
        mask = 0
        for name in names:
            mask |= 1 << self._rank[name]
        return mask

    def _bag(self, place: int) -> int:
        return self._borders[place] | 1 << place

    def _count(self, mask: int) -> int:
        cells = 1
        while mask:
            low = mask & -mask
            cells *= self._sizes[low.bit_length() - 1]
            mask ^= low
        return cells


def _lowest(mask: int) -> int:
    """The place of the lowest bit; -1 for no bit."""
    return (mask & -mask).bit_length() - 1
