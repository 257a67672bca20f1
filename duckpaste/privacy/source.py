"""The three doors: measure, select, discover. The only code that may read private tables for a release.

Each door counts exactly, writes the ledger, and only then draws noise: a kill at any moment leaves at least as much
in the ledger as went out. Nothing exact leaves an object of this file.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from duckpaste import buckets, sql
from duckpaste.buckets import Held, Rows
from duckpaste.codec.base import (
    LEVEL,
    Codec,
    CodeColumn,
    Histogram,
    Level,
    Want,
    WantBounds,
    WantHistogram,
    WantValues,
)  # fmt: skip
from duckpaste.count.engines.duckdb import DuckDbEngine
from duckpaste.count.marginals import Coarser, Marginals
from duckpaste.count.planner import block_limit, cover
from duckpaste.count.recode import recode_sql
from duckpaste.db import Db
from duckpaste.domain import Clique, Domain, FloatArray, IntArray, Zeros
from duckpaste.models.base import Measurement
from duckpaste.privacy import discovery, noise
from duckpaste.privacy.accountant import Accountant
from duckpaste.privacy.ledger import Release, Run
from duckpaste.privacy.release import ONE, Protected, Vector, release, release_scores

_STORE_KEYS_ABOVE = 1_000_000  # rows from which stored block keys are worth their writing
_BRANCHES = 32
ROWS = "@rows"  # the code column of a table that has no other: always 0


def protect(
    db: Db,
    relation: str | Rows,
    name: str,
    *,
    unit: str | None = None,
    k: int = 1,
    bound: str = "weights",
    order_by: Sequence[str] = (),
) -> Protected:
    """Bound what a unit contributes: nothing to do when each row is a unit; else weights or rows (see the SQL).

    `relation` is SQL, or a query with buckets that keep a unit's rows together."""
    whole = relation if isinstance(relation, str) else f"({relation.whole})"
    if unit is None:
        return Protected(whole, name)
    taken = buckets.types(db, whole)
    weight, rank = sql.free("_weight", taken), sql.free("_rank", taken)

    def bounded(source: str) -> str:
        return sql.render(
            "bounded_rows", source=source, unit=unit, k=k, one=ONE, bound=bound, order_by=list(order_by),
            weight=weight, rank=rank,
        )  # fmt: skip

    # Ranks sort whole rows; weights need no more than the number of rows of each unit.
    held = buckets.width(taken.values() if bound == "rows" else ["UUID", "BIGINT"])
    if isinstance(relation, str):
        part = buckets.parted(db, relation, unit)
        rows = Rows(bounded(relation), bounded(f"({part})"), relation, (Held(relation, held),))
    else:
        rows = relation.into(bounded, held)
    return Protected(buckets.keep(db, "bounded_rows", rows), name, unit, k, weight)


class Source:
    """A protected table before it is encoded: the door `discover`, then `encode`."""

    def __init__(self, db: Db, table: Protected, run: Run) -> None:
        self._db = db
        self.table = table
        self.run = run

    def discover(
        self, wants: Sequence[Want], losses: Sequence[float], deltas: Sequence[float], stage: str
    ) -> list[Any]:
        """Noisy answers to `wants` (see codec.base), in order; spends `losses` and, for values, `deltas`."""
        answers: dict[int, Any] = {}
        cells = [i for i, w in enumerate(wants) if isinstance(w, WantHistogram | WantBounds)]
        noisy = iter(self._cells([wants[i] for i in cells], [losses[i] for i in cells], stage))
        for i in cells:
            want, (values, sigma) = wants[i], next(noisy)
            if isinstance(want, WantBounds):
                pure = self.run.guarantee.pure
                answers[i] = discovery.bounds(values, sigma, want.integer, pure=pure)
            elif isinstance(want, WantHistogram):
                answers[i] = Histogram(values, sigma, [Level(b, *next(noisy)) for b in want.blocks])
        for i, want in enumerate(wants):
            if isinstance(want, WantValues):
                answers[i] = self._values(want, losses[i], deltas[i], stage)
        return [answers[i] for i in range(len(wants))]

    def _cells(
        self, wants: Sequence[Want], losses: Sequence[float], stage: str
    ) -> list[tuple[FloatArray, float]]:
        """Noisy fine histograms, each followed by its coarser levels, and bucket counts, in order."""
        vectors: list[Vector] = []
        for start in range(0, len(wants), _BRANCHES):
            batch = [_cells_of(w) for w in wants[start : start + _BRANCHES]]
            expressions = [e for e, _ in batch]
            found = self._db.numpy_sql(
                "cell_counts",
                sql.render(
                    "cell_counts",
                    relation=self.table.relation,
                    expressions=expressions,
                    weight=self.table.weight,
                ),
            )
            block, cell = np.asarray(found["block"]), np.asarray(found["cell"], dtype=np.int64)
            for i, (expression, size) in enumerate(batch):
                dense = np.zeros(size, dtype=np.int64)
                dense[cell[block == i]] = np.asarray(found["n"])[block == i]
                vectors += self._levels(wants[start + i], expression, dense, losses[start + i])
        return release(self.run, self.table, vectors, stage) if vectors else []

    def _levels(self, want: Want, expression: str, dense: IntArray, loss: float) -> Iterator[Vector]:
        """Counts of all cells, then of blocks of them; the losses sum to `loss`."""
        query = f"select {expression} as cell, count(*) from {self.table.name} group by 1"
        if not isinstance(want, WantHistogram):
            yield Vector(dense, loss, want.label, query)
            return
        yield Vector(dense, loss * want.fine, want.label, query)
        for block in want.blocks:
            query = f"select {expression} // {block} as cell, count(*) from {self.table.name} group by 1"
            sums = np.add.reduceat(dense[: want.leading], np.arange(0, want.leading, block))
            yield Vector(sums, loss * LEVEL, f"{want.label} by {block}", query)

    def _values(self, want: WantValues, loss: float, delta: float, stage: str) -> list[str]:
        """Values that enough units share: noisy counts above a threshold (see discovery.value_threshold)."""
        k = self.table.k if self.table.unit else 1
        found = self._value_counts(want.expression, k)
        rows = sorted(found.items())
        counts = np.array([n for _, n in rows], dtype=np.int64)
        if math.isinf(loss):
            self.run.spend([self._values_entry(want, stage, "none", 0, 1.0, 0.0, 0.0, 0.0)])
            return [value for value, _ in rows]
        # One unit adds 1 to at most k values: L2 distance sqrt(k).
        scale = math.sqrt(k / (2 * loss)) * (1 + 1e-9)
        threshold = discovery.value_threshold(scale, delta, k)
        proved = noise.proved_loss(scale, 1, pure=False) * k
        self.run.spend(
            [
                self._values_entry(
                    want, stage, "thresholded discrete gaussian", 0, math.sqrt(k), scale, proved, delta
                )
            ]
        )
        noisy = noise.add(counts, scale, pure=False) if len(counts) else counts
        return [value for (value, _), there in zip(rows, noisy > threshold, strict=True) if there]

    def _value_counts(self, expression: str, k: int) -> dict[str, int]:
        """How many units have each value. A unit's rows are in one bucket, so counts of buckets add up."""
        unit = self.table.unit

        def counted(relation: str) -> str:
            return sql.render("value_counts", relation=relation, expression=expression, unit=unit, k=k)

        relation = self.table.relation
        rows = Rows(counted(relation), None, relation)
        if unit:
            part = counted(f"({buckets.parted(self._db, relation, unit)})")
            rows = Rows(rows.whole, part, relation, (Held(relation, buckets.width(["UUID", "VARCHAR"])),))
        found: dict[str, int] = {}
        for text, parameters in buckets.statements(self._db, rows):
            for value, n in self._db.rows_sql("value_counts", text, parameters):
                found[value] = found.get(value, 0) + n
        return found

    def _values_entry(
        self,
        want: Want,
        stage: str,
        mechanism: str,
        cells: int,
        sensitivity: float,
        scale: float,
        loss: float,
        delta: float,
    ) -> Release:
        query = f"select value, count(distinct unit) from {self.table.name} group by 1"
        return Release(
            stage, mechanism, self.table.name, want.label, query, cells, sensitivity, scale, loss, delta
        )

    def encode(
        self,
        codecs: Sequence[Codec],
        evidence: Sequence[tuple[CodeColumn, str]] = (),
        zeros: Sequence[Zeros] = (),
    ) -> Encoded:
        """The table as codes (a temporary table), behind the doors measure and select.

        `evidence` are further code columns with their SQL: what a row knows of its parents. They come first. `zeros`
        are what public rules forbid. A table
        without code columns of its own gets one that is always 0."""
        made = [*evidence]
        for codec in codecs:
            expressions = codec.encode()
            made += [(column, expressions[column.name]) for column in codec.columns()]
        if len(made) == len(evidence):  # nothing but keys: there is still a number of rows
            made.append((CodeColumn(ROWS, 1), "0"))
        sizes = {column.name: column.size for column, _ in made}
        columns = [{"name": c.name, "size": c.size, "expression": expression} for c, expression in made]
        target = self._db.temporary("encoded")
        weight = sql.free("_weight", sizes) if self.table.weight else None
        self._db.run(
            "encoded",
            relation=self.table.relation,
            target=target,
            columns=columns,
            weight=self.table.weight,
            weight_name=weight,
        )
        ordered = [c.name for c, _ in made if c.ordered]
        domain = Domain(sizes, ordered, {c.name: c.null for c, _ in made if c.null is not None}, zeros)
        counter = Marginals(DuckDbEngine(self._db), target, domain, weight=weight)
        return Encoded(self._db, self.table, self.run, domain, counter, math.inf)


def _cells_of(want: Want) -> tuple[str, int]:
    if isinstance(want, WantHistogram):
        return want.expression, want.cells
    if isinstance(want, WantBounds):
        return discovery.bucket_sql(want.expression, want.integer), discovery.bucket_count(want.integer)
    raise TypeError(type(want).__name__)


class Encoded:
    """An encoded table behind the doors `measure`, `select` and `errors` (see models.base.Doors)."""

    def __init__(
        self,
        db: Db,
        table: Protected,
        run: Run,
        domain: Domain,
        counter: Marginals,
        loss: float,
    ) -> None:
        self._db = db
        self.table = table
        self.run = run
        self._domain = domain
        self._counter = counter
        self._loss = loss
        self._errors: tuple[Mapping[Clique, FloatArray] | None, dict[tuple[Clique, str], float]] = (None, {})
        self._accountant = Accountant(run.guarantee.pure, float(table.k))

    def limited(self, loss: float) -> Encoded:
        """The same doors for a model that may spend `loss` in all."""
        return Encoded(self._db, self.table, self.run, self._domain, self._counter, loss)

    @property
    def domain(self) -> Domain:
        """Public sizes of the code columns."""
        return self._domain

    @property
    def loss(self) -> float:
        """What a model may spend, unless the run has less left."""
        return min(self._loss, self.run.left)

    def sigma(self, loss: float) -> float:
        """Noise sd a cell of a marginal measured at `loss`, in rows."""
        return 0.0 if math.isinf(loss) else self._accountant.sigma(loss)

    def measure(self, cliques: Sequence[Clique], losses: Sequence[float], stage: str) -> list[Measurement]:
        """Noisy counts of each clique over all its cells."""
        exact = self._counter.counts(cliques)
        vectors: list[Vector] = []
        for clique, loss in zip(cliques, losses, strict=True):
            names = ", ".join(clique)
            query = f"select {names}, count(*) from {self.table.name} group by all"
            vectors.append(Vector(exact[self._domain.clique(clique)], loss, names, query))
        noisy = release(self.run, self.table, vectors, stage)
        return [
            Measurement(self._domain.clique(c), values, sigma)
            for c, (values, sigma) in zip(cliques, noisy, strict=True)
        ]

    def select(
        self,
        candidates: Sequence[Clique],
        estimates: Mapping[Clique, FloatArray],
        loss: float,
        stage: str,
        weights: Sequence[float] | None = None,
        penalties: Sequence[float] | None = None,
        targets: Sequence[str] | None = None,
    ) -> int:
        """Index of a candidate r with a large w_r * (||M_r(D) - estimate_r||_1 - penalty_r), by noisy max; with
        `targets`, of one whose target depends much on its other columns (see models.base.Doors).

        Adding or removing a unit changes the score by at most w_r k, in either direction."""
        errors = self._exact_errors(candidates, estimates, targets)
        weight = np.ones(len(candidates)) if weights is None else np.asarray(weights, dtype=np.float64)
        scores = weight * (errors - (0.0 if penalties is None else np.asarray(penalties, dtype=np.float64)))
        sensitivity = float(weight.max()) * self.table.k
        columns = f"{len(candidates)} candidates"
        query = "select sum(abs(count - estimate)) of each candidate"
        if targets is not None:
            query = "select sum(abs(count - share of target * count of others)) / 2 of each candidate"
        if math.isinf(loss):
            self.run.spend(
                [Release(stage, "none", self.table.name, columns, query, 1, sensitivity, 0.0, 0.0)]
            )
            return int(scores.argmax())
        pure = self.run.guarantee.pure
        scale = noise.select_scale_for(self._accountant.select_scale(loss, sensitivity))
        proved = noise.proved_select_loss(scale, sensitivity, pure=pure)
        self.run.spend(
            [Release(stage, "noisy max", self.table.name, columns, query, 1, sensitivity, scale, proved)]
        )
        return noise.noisy_max(scores, scale, pure=pure)

    def errors(
        self, cliques: Sequence[Clique], estimates: Mapping[Clique, FloatArray], loss: float, stage: str
    ) -> tuple[FloatArray, float]:
        """Noisy ||M_r(D) - estimate_r||_1 of all cliques in one release, in rows, and the noise's sd.

        Estimates are rounded to 1/ONE of a row beforehand, so that exact errors are integers and one unit changes
        each by at most k, with nothing lost to the rounding of floats."""
        unit = ONE // self.table.one
        places: dict[Clique, list[int]] = {}
        for i, clique in enumerate(cliques):
            places.setdefault(self._domain.clique(clique), []).append(i)
        found = np.zeros(len(cliques), dtype=np.int64)
        for clique, exact in self._counter.each(cliques):
            counts = exact.astype(np.int64) * unit
            for i in places[clique]:
                expected = np.rint(np.asarray(estimates[cliques[i]], dtype=np.float64) * ONE)
                found[i] = np.abs(counts - expected.astype(np.int64)).sum()
        query = "select sum(abs(count - estimate)) of each column set"
        return release_scores(self.run, self.table, found, loss, stage, query)

    def _exact_errors(
        self,
        candidates: Sequence[Clique],
        estimates: Mapping[Clique, FloatArray],
        targets: Sequence[str] | None,
    ) -> FloatArray:
        """Exact scores without weights and penalties, in rows; kept while the same mapping is passed. Secret."""
        if self._errors[0] is not estimates:
            self._errors = (estimates, {})
        known = self._errors[1]
        keys = list(zip(candidates, [""] * len(candidates) if targets is None else targets, strict=True))
        missing = [key for key in dict.fromkeys(keys) if key not in known]
        asked: dict[Clique, list[tuple[Clique, str]]] = {}
        for key in missing:
            asked.setdefault(self._domain.clique(key[0]), []).append(key)
        for whole, exact in self._counter.each(list(asked)):
            counts = exact / self.table.one
            for clique, target in asked[whole]:
                if target:
                    found = dependence(counts, whole.index(target), estimates[(target,)])
                else:
                    found = float(np.abs(counts - estimates[clique]).sum())
                known[clique, target] = found
        return np.array([known[key] for key in keys])

    def recoded(self, maps: Mapping[str, IntArray], ask: Sequence[Clique] = ()) -> Encoded:
        """The same doors over coarser codes. `ask` are cliques whose keys may be stored, which pays when they are
        counted many times over."""
        sizes = {name: int(np.max(to)) + 1 for name, to in maps.items()}
        domain = self._domain.resized(sizes)
        counter = self._counter
        if any(len(to) != sizes[name] for name, to in maps.items()):
            counter = Coarser(counter, maps, domain, lambda: self._coarse_table(maps, domain))
        if ask and counter.rows >= _STORE_KEYS_ABOVE:
            counter = self._packed(counter, ask, domain)
        elif counter is self._counter:
            counter = Marginals(
                counter.engine, counter.relation, domain, weight=counter.weight, rows=counter.rows
            )
        return Encoded(self._db, self.table, self.run, domain, counter, self._loss)

    def _coarse_table(self, maps: Mapping[str, IntArray], domain: Domain) -> str:
        """A table of coarser codes."""
        target = self._db.temporary("recoded")
        columns = [
            {
                "name": n,
                "size": domain[n],
                "expression": recode_sql(sql.ident(n), maps[n]) if n in maps else sql.ident(n),
            }
            for n in domain
        ]
        weight = self._counter.weight
        self._db.run(
            "encoded",
            relation=self._counter.relation,
            target=target,
            columns=columns,
            weight=weight,
            weight_name=weight,
        )
        return target

    def _packed(self, counter: Marginals, ask: Sequence[Clique], domain: Domain) -> Marginals:
        """Counts of a table that stores the keys of the blocks that hold `ask`."""
        blocks = cover(ask, domain, block_limit(counter.rows), restarts=20).blocks
        keys = {b: sql.free(f"_key_{i}", domain) for i, b in enumerate(blocks)}
        packed, weight = self._db.temporary("packed"), counter.weight
        self._db.run(
            "packed",
            relation=counter.relation,
            target=packed,
            temporary=True,
            columns=[*domain, *([weight] if weight else [])],
            keys=[
                {"columns": b, "sizes": domain.shape(b), "name": n, "cells": domain.cells(b)}
                for b, n in keys.items()
            ],
        )
        return Marginals(counter.engine, packed, domain, weight=weight, keys=keys, rows=counter.rows)

    def derived(self, columns: Mapping[str, tuple[str, IntArray]]) -> Encoded:
        """The same doors with more, coarser columns: new name -> (column, new code of every code of it)."""
        sizes = {name: int(np.max(to)) + 1 for name, (_, to) in columns.items()}
        old = self._domain
        domain = Domain({**old.sizes, **sizes}, old.ordered, old.nulls, old.zeros)
        weight = self._counter.weight
        relation = self._db.temporary("derived")
        made = [{"name": n, "size": domain[n], "expression": sql.ident(n)} for n in self._domain]
        made += [
            {"name": n, "size": domain[n], "expression": recode_sql(sql.ident(of), to)}
            for n, (of, to) in columns.items()
        ]
        self._db.run(
            "encoded",
            relation=self._counter.relation,
            target=relation,
            columns=made,
            weight=weight,
            weight_name=weight,
        )
        counter = Marginals(DuckDbEngine(self._db), relation, domain, weight=weight, rows=self._counter.rows)
        return Encoded(self._db, self.table, self.run, domain, counter, self._loss)


def dependence(counts: FloatArray, axis: int, estimate: FloatArray) -> float:
    """Half the L1 distance of `counts` from (the shares of `estimate` along `axis`) times (its sum over `axis`).

    One row more in cell (x, p) changes the cells (., p) alone: by 1 - s(x) in x and by s(.) in the others. As shares
    s are >= 0 and sum to 1, which this function sees to, the result changes by at most 1 - s(x) <= 1 (the score R of
    Zhang et al. 2017, with a public marginal in place of the exact one)."""
    shares = np.maximum(estimate, 0.0)
    total = float(shares.sum())
    shares = shares / total if total > 0 else np.full(len(shares), 1 / len(shares))
    shape = [1] * counts.ndim
    shape[axis] = -1
    expected = shares.reshape(shape) * counts.sum(axis=axis, keepdims=True)
    return float(np.abs(counts - expected).sum()) / 2
