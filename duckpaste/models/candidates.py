"""Candidates: the marginals that may be chosen, capped by public rules, and those that a size limit allows now."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from duckpaste.domain import Clique, Domain, FloatArray
from duckpaste.models.pgm import Graphical
from duckpaste.models.room import Room
from duckpaste.models.workload import Workload

_ALL_CELLS = 1 << 24  # of all candidates together: 128 MB of exact counts


@dataclass(frozen=True)
class Candidates:
    """Cliques and the weights of their scores."""

    cliques: Sequence[Clique]
    weights: Sequence[float]

    @staticmethod
    def of(
        domain: Domain, workload: Workload, evidence: Collection[str], max_cells: int, most: int
    ) -> Candidates:
        """The downward closure of the workload, at most `max_cells` cells each.

        When it has more than `most` sets, those of most columns go, a whole width at a time, down to pairs; of what is
        left the largest go until `most` sets of 2^24 cells in all remain."""
        widest = workload.largest
        while widest > 2 and sum(workload.count(k) for k in range(1, widest + 1)) > most:
            widest -= 1
        found = []
        for clique in workload.closure(domain, evidence, max_cells):
            if len(clique) > widest:
                break
            found.append(clique)
        kept: list[Clique] = []
        cells = 0
        for clique in sorted(found, key=lambda c: (len(c) > 1, domain.cells(c))):
            cells += domain.cells(clique)
            if len(kept) == most or cells > _ALL_CELLS:
                break
            kept.append(clique)
        kept.sort(key=lambda c: [len(c), *map(domain.names.index, c)])
        return Candidates(kept, [workload.weight(c) for c in kept])

    def within(self, room: Room, limit_mb: float, sizes: dict[Clique, float]) -> Candidates:
        """Those inside a node already, and those with which the junction tree has at most `limit_mb`.

        `sizes` remembers what was found too large, so that it is measured again only when the limit has passed it."""
        allowed = []
        for i, clique in enumerate(self.cliques):
            if room.inside(clique) or room.bound(clique) <= limit_mb:
                allowed.append(i)
            elif sizes.get(clique, 0.0) <= limit_mb:
                sizes[clique] = room.exact(clique)
                if sizes[clique] <= limit_mb:
                    allowed.append(i)
        return self.subset(allowed)

    def subset(self, numbers: Sequence[int]) -> Candidates:
        """The candidates of these numbers."""
        return Candidates([self.cliques[i] for i in numbers], [self.weights[i] for i in numbers])

    def apart_from(self, chosen: Clique) -> Candidates:
        """Those that share at most one column with `chosen`, and are not the same."""
        taken = set(chosen)
        keep = [i for i, c in enumerate(self.cliques) if len(taken.intersection(c)) < 2 and c != chosen]
        return self.subset(keep)


class Estimates(Mapping[Clique, FloatArray]):
    """What a model expects of cliques, in rows: computed when asked for, and not kept."""

    def __init__(self, model: Graphical, cliques: Sequence[Clique]) -> None:
        self._model = model
        self._cliques = cliques
        self._members = frozenset(cliques)

    def __getitem__(self, clique: Clique) -> FloatArray:
        if clique not in self._members:
            raise KeyError(clique)
        return self._model.marginal(clique)

    def __contains__(self, clique: object) -> bool:
        return clique in self._members

    def __iter__(self) -> Iterator[Clique]:
        return iter(self._cliques)

    def __len__(self) -> int:
        return len(self._cliques)
