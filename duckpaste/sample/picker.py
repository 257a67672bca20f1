"""Picker: rows of a conditioned table for which the predicate is true, in batches until there are enough."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from duckpaste.domain import IntArray
from duckpaste.errors import UserError
from duckpaste.sample.predicate import WHERE
from duckpaste.sample.tabular import CHUNK
from duckpaste.sample.where import Where

if TYPE_CHECKING:
    import pyarrow as pa

    from duckpaste.sample.keeper import RuleKeeper

LEAST = 1024  # rows drawn at a time when some are dropped
PATIENCE = 4_000_000  # rows drawn in vain before giving up,
TRIES = 1000  # and this many more for each row that was found


@dataclass(frozen=True)
class Rows:
    """Codes by code column and decoded values by column; both grow while codecs decode."""

    codes: dict[str, IntArray]
    values: dict[str, pa.Array]


class Picker:
    """Draws from a `Where`. The rows depend on the seeds given and on the order of the calls, on nothing else.

    What is written should come from one picker: how many rows it draws at a time depends on how many were dropped."""

    def __init__(self, where: Where) -> None:
        self.where = where
        self.drawn = 0
        self.kept = 0

    def batches(
        self, rows: int, seed: int, position: int = 0, keeper: RuleKeeper | None = None
    ) -> Iterator[pa.RecordBatch]:
        """As `tabular.batches`. Raises UserError when rows are too rare."""
        for number, start in enumerate(range(0, rows, CHUNK)):
            span = range(start, min(start + CHUNK, rows))
            seeds = [seed, position, number]
            found = self.pick(span, seeds)
            if keeper is not None:
                values = keeper.chunk(self.where.table, found.codes, found.values, len(span), seeds, self)
                found = Rows(found.codes, values)
            yield self._batch(found, len(span))

    def example(self) -> pa.RecordBatch:
        """A batch of one row, which the predicate need not hold for: its types are those of all batches."""
        rows = self._candidates(1, [0])
        self._finish(rows, range(1), [0])
        return self._batch(rows, 1)

    def pick(self, span: range, seeds: Sequence[int]) -> Rows:
        """Rows with the numbers `span` in the table that is written."""
        found: list[Rows] = []
        got = 0
        while got < len(span):
            size = self._size(len(span) - got)
            rows = self._candidates(size, [*seeds, len(found)])
            right = self._right(rows, size)
            self.drawn += size
            self.kept += len(right)
            right = right[: len(span) - got]
            got += len(right)
            found.append(rows if len(right) == size else _taken(rows, right))
            if got < len(span) and self.drawn > PATIENCE + TRIES * self.kept:
                raise self._rare()
        rows = _joined(found)
        self._finish(rows, span, seeds)
        return rows

    def _size(self, missing: int) -> int:
        """How many rows to draw for `missing` ones: a few more than it seems to take, once some were dropped."""
        if not self.where.left and self.kept == self.drawn:
            return min(missing, CHUNK)
        rate = (self.kept + 1) / (self.drawn + 2)
        return min(max(int(missing / rate * 1.05) + 16, LEAST), CHUNK)

    def _rare(self) -> UserError:
        what = f"is true of {self.kept:,} of {self.drawn:,} rows drawn"
        if self.where.left:
            what += f"; {' and '.join(self.where.left)[:200]} has to be tried out"
        return UserError(what, WHERE, "ask for fewer rows with -n, or for something less rare")

    @property
    def note(self) -> str:
        """How rows were found, for a person."""
        kept = self.kept / max(self.drawn, 1)
        share = f"true of {self.where.share * kept:.3g} of the model's rows"
        if not self.where.left:
            return f"{WHERE}: {share}"
        left = " and ".join(self.where.left)[:200]
        return f"{WHERE}: {share}; {left} was tried out, {self.drawn:,} rows drawn for {self.kept:,}"

    def _candidates(self, n: int, seeds: Sequence[int]) -> Rows:
        """Rows given the evidence, without keys. Codes are fine ones, as an unconditioned network's are."""
        where = self.where
        codecs = where.table.codecs
        streams = np.random.SeedSequence(list(seeds)).spawn(len(codecs) + 1)
        rngs = [np.random.Generator(np.random.PCG64(s)) for s in streams]
        codes = where.network.sample(n, rngs[0])
        rows = Rows({}, {})
        for codec, rng in zip(codecs, rngs[1:], strict=True):
            restricted = where.restricted.get(codec.field.name)
            if restricted is not None:
                mine, values = restricted.draw(codes, range(n), rng, rows.values)
            else:
                mine = {c.name: codes[c.name] for c in codec.columns()}
                values = {} if codec in where.late else codec.decode(mine, range(n), rng, rows.values)
            rows.codes.update(mine)
            rows.values.update(values)
        return rows

    def _right(self, rows: Rows, n: int) -> IntArray:
        """The rows for which the predicate is true."""
        import pyarrow as pa

        read = {c: rows.values[c] if c in rows.values else pa.nulls(n) for c in self.where.predicate.columns}
        return self.where.judge.holds(read, self.where.predicate, n)

    def _finish(self, rows: Rows, span: range, seeds: Sequence[int]) -> None:
        """Decode what depends on the rows' numbers."""
        streams = np.random.SeedSequence([*seeds, 0, 1]).spawn(len(self.where.late))
        for codec, stream in zip(self.where.late, streams, strict=True):
            mine = {c.name: rows.codes[c.name] for c in codec.columns()}
            rows.values.update(
                codec.decode(mine, span, np.random.Generator(np.random.PCG64(stream)), rows.values)
            )

    def _batch(self, rows: Rows, n: int) -> pa.RecordBatch:
        """The table's columns in order."""
        import pyarrow as pa

        columns = self.where.table.columns
        arrays = [rows.values[c.name] if c.name in rows.values else pa.nulls(n) for c in columns]
        return pa.RecordBatch.from_arrays(arrays, names=[c.name for c in columns])


def _taken(rows: Rows, at: IntArray) -> Rows:
    import pyarrow as pa

    index = pa.array(at)
    return Rows({n: c[at] for n, c in rows.codes.items()}, {n: v.take(index) for n, v in rows.values.items()})


def _joined(parts: Sequence[Rows]) -> Rows:
    import pyarrow as pa

    if len(parts) == 1:
        return parts[0]
    codes = {n: np.concatenate([p.codes[n] for p in parts]) for n in parts[0].codes}
    return Rows(codes, {n: pa.concat_arrays([p.values[n] for p in parts]) for n in parts[0].values})
