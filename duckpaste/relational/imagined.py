"""Imagined rows: what the models fitted so far say of the rows above a table, for nothing.

A table's model needs to know how its evidence is distributed, to see what depends on it. The models of the tables
above tell that already: some of their synthetic rows are drawn, as codes, with children and positions, weighed as
private rows are. Post-processing of releases, which saves the loss of measuring evidence again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from duckpaste.codec.sequence import POSITION
from duckpaste.codec.slots import Slots
from duckpaste.domain import FloatArray, IntArray
from duckpaste.model import Lineage, Model, TableModel
from duckpaste.models.network import Network
from duckpaste.sample import siblings
from duckpaste.sample.relational import Rows, evidence, numbers, placed, unrolled

UNITS = 6_000
ROWS = 60_000  # of one table, about
_SEED = 20_240_229  # nothing private is drawn here


@dataclass(frozen=True)
class Drawn:
    """A table's imagined rows: codes of its own columns, of what stands above them (and their positions), and of
    earlier rows of a sequence, each `same` as an own column; their weights; how many units they are worth (Kish)."""

    own: Mapping[str, IntArray]
    evidence: Mapping[str, IntArray]
    lags: Mapping[str, IntArray]
    same: Mapping[str, str]
    weight: FloatArray
    units: float


class Imagined:
    """Synthetic rows of all tables fitted so far."""

    def __init__(self) -> None:
        self._tables: dict[str, TableModel] = {}
        self._rows: dict[str, Rows] = {}
        self._weight: dict[str, float] = {}
        self._rng = np.random.default_rng(_SEED)

    def evidence(self, table: TableModel, k: int) -> dict[str, FloatArray]:
        """For each evidence column of `table`'s rows (its network may be missing still) the share of each code; of an
        own earlier row only the position is told. `k` is what private rows of a unit weigh together."""
        lineage = table.lineage
        if lineage is None:
            return {}
        model = Model(list(self._tables.values()), {})
        parent = self._rows[lineage.parent]
        at: IntArray = np.zeros(0, dtype=np.int64)
        told: dict[str, IntArray] = {}
        if parent.n and isinstance(lineage.codec, Slots):
            at, told = unrolled(model, lineage, self._rows, self._rng)
            at, told = at[:ROWS], {n: c[:ROWS] for n, c in told.items()}
        elif parent.n:  # else noise left the table above without rows, and so without codes
            given = evidence(model, lineage.parent, self._rows, np.arange(parent.n))
            number = numbers(lineage, parent, given, self._rng)
            number[np.searchsorted(np.cumsum(number), ROWS) + 1 :] = 0
            at = np.repeat(np.arange(parent.n), number)
        rows = Rows(len(at), 0, codes=told, parent=at)
        if table.siblings is not None:
            rows.position = siblings.positions(at)
        self._rows[table.name] = rows
        self._tables[table.name] = replace(table, network=Network(table.network.domain, (), []))
        if not rows.n:
            return {}
        found = evidence(model, lineage.parent, self._rows, at)
        if table.siblings is not None and rows.position is not None:
            found[f"{table.name}{POSITION}"] = siblings.coded(table.siblings, rows.position)
        weight = self._weights(table.name, k)
        self._weight[table.name] = float(weight.sum())
        sizes = self._sizes(table)
        return {
            name: np.bincount(codes, weights=weight, minlength=sizes.get(name, 0)) / weight.sum()
            for name, codes in found.items()
        }

    def _sizes(self, table: TableModel) -> dict[str, int]:
        """Numbers of codes of a table's position, and of its ancestors' columns and positions."""
        found: dict[str, int] = {}
        here: TableModel | None = table
        while here is not None:
            if here.siblings is not None:
                found[f"{here.name}{POSITION}"] = len(here.siblings.starts)
            found |= {f"{here.name}.{c.name}": c.size for codec in here.codecs for c in codec.columns()}
            here = self._tables.get(here.lineage.parent) if here.lineage else None
        return found

    def rows(self, name: str) -> float:
        """About how many private rows a table has, as they weigh; 0 where none was imagined."""
        top = next((t for t in self._tables.values() if t.lineage is None), None)
        if top is None or name not in self._weight:
            return 0.0
        return self._weight[name] * top.network.total / self._rows[top.name].n

    def fill(self, table: TableModel) -> None:
        """Draw the codes of a table whose rows are fitted."""
        self._tables[table.name] = table
        if table.lineage is None:
            rows = Rows(UNITS, 0)
            rows.codes = table.network.sample(rows.n, self._rng)
            self._rows[table.name] = rows
            return
        rows = self._rows[table.name]
        if rows.n and rows.parent is not None:
            model = Model(list(self._tables.values()), {})
            above = evidence(model, table.lineage.parent, self._rows, rows.parent)
            seen = {n: codes for n, codes in above.items() if n in table.network.evidence}
            rows.codes = {
                **rows.codes,
                **siblings.draw(table.network, *placed(table, rows, seen), self._rng),
            }

    def drawn(self, name: str, k: int) -> Drawn:
        """A table's imagined rows; what rows of a unit weigh together is at most `k`."""
        rows, table = self._rows[name], self._tables[name]
        if table.lineage is None or rows.parent is None or not rows.n:
            return Drawn({}, {}, {}, {}, np.zeros(0), 0.0)
        model = Model(list(self._tables.values()), {})
        above = evidence(model, table.lineage.parent, self._rows, rows.parent)
        looks = {}
        if table.siblings is not None and rows.position is not None:
            above[f"{name}{POSITION}"] = siblings.coded(table.siblings, rows.position)
            looks = siblings.lags(table.codecs, name, table.siblings.order)
        return self._drawn(name, k, rows.codes, above, looks)

    def counts(self, lineage: Lineage, k: int) -> Drawn:
        """Rows of a parent, with numbers of children drawn anew; what rows of a unit weigh together is at most `k`."""
        name, parent = lineage.parent, self._rows[lineage.parent]
        if not parent.n:
            return Drawn({}, {}, {}, {}, np.zeros(0), 0.0)
        above = evidence(Model(list(self._tables.values()), {}), name, self._rows, np.arange(parent.n))
        place = np.zeros(parent.n, dtype=np.int64) if parent.position is None else parent.position
        looks = {} if parent.position is None else siblings.lags([lineage.codec], name, 1)
        own = siblings.draw(lineage.network, above, place, looks, self._rng)
        return self._drawn(name, k, own, above, looks)

    def _drawn(
        self, name: str, k: int, own: Mapping[str, IntArray], above: Mapping[str, IntArray],
        looks: Mapping[str, tuple[str, int, int]],
    ) -> Drawn:  # fmt: skip
        rows, lags = self._rows[name], {}
        for lag, (column, back, absent) in looks.items():
            before = own[column][np.maximum(np.arange(rows.n) - back, 0)]
            lags[lag] = (
                np.where(rows.position >= back, before, absent) if rows.position is not None else before
            )
        weight = self._weights(name, k)
        heavy = np.bincount(self._unit(name), weights=weight)
        same = {lag: column for lag, (column, _, _) in looks.items()}
        return Drawn(
            dict(own), above, lags, same, weight, float(heavy.sum() ** 2 / max(heavy @ heavy, 1e-300))
        )

    def _weights(self, name: str, k: int) -> FloatArray:
        """k / n for each row of a unit with n > k rows, else 1; kept rows weigh as much on average."""
        unit = self._unit(name)
        sizes = np.bincount(unit)
        out: FloatArray = np.minimum(1.0, k / sizes[unit])
        return out

    def _unit(self, name: str) -> IntArray:
        """The number of each row's unit."""
        unit: IntArray = np.arange(self._rows[name].n)
        here: str | None = name
        while here is not None:
            above = self._rows[here].parent
            if above is None:
                break
            unit = above[unit]
            lineage = self._tables[here].lineage
            here = lineage.parent if lineage else None
        return unit
