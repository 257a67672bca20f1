"""One table's rows from its model: chunks of codes, decoded to Arrow batches, in constant memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from duckpaste.model import TableModel

if TYPE_CHECKING:
    import pyarrow as pa

    from duckpaste.sample.keeper import RuleKeeper

# Rows drawn together. It is part of what a seed means: another value gives other rows for the same seed.
CHUNK = 131_072


def batches(
    table: TableModel, rows: int, seed: int, position: int = 0, keeper: RuleKeeper | None = None
) -> Iterator[pa.RecordBatch]:
    """Arrow batches of at most CHUNK rows with the columns of `table` in order.

    A `keeper` draws rows anew that break rules. Chunk c draws from its own streams, seeded by (seed, position of the
    table, c): the rows depend on nothing else.
    """
    for number, start in enumerate(range(0, rows, CHUNK)):
        span = range(start, min(start + CHUNK, rows))
        yield _chunk(table, span, [seed, position, number], keeper)


def _chunk(table: TableModel, rows: range, seeds: Sequence[int], keeper: RuleKeeper | None) -> pa.RecordBatch:
    import pyarrow as pa

    streams = np.random.SeedSequence(list(seeds)).spawn(len(table.codecs) + 1)
    codes = table.network.sample(len(rows), np.random.Generator(np.random.PCG64(streams[0])))
    decoded: dict[str, pa.Array] = {}
    for codec, stream in zip(table.codecs, streams[1:], strict=True):
        mine = {c.name: codes[c.name] for c in codec.columns()}
        decoded.update(codec.decode(mine, rows, np.random.Generator(np.random.PCG64(stream)), decoded))
    if keeper is not None:
        decoded = keeper.chunk(table, codes, decoded, len(rows), seeds)
    arrays = [decoded[c.name] if c.name in decoded else pa.nulls(len(rows)) for c in table.columns]
    return pa.RecordBatch.from_arrays(arrays, names=[c.name for c in table.columns])
