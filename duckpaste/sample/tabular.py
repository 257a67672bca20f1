"""One table's rows from its model: chunks of codes, decoded to Arrow batches, in constant memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from duckpaste.model import TableModel

if TYPE_CHECKING:
    import pyarrow as pa

# Rows drawn together. It is part of what a seed means: another value gives other rows for the same seed.
CHUNK = 131_072


def batches(table: TableModel, rows: int, seed: int, position: int = 0) -> Iterator[pa.RecordBatch]:
    """Arrow batches of at most CHUNK rows with the columns of `table` in order.

    Chunk c draws from its own streams, seeded by (seed, position of the table, c): the rows depend on nothing else.
    """
    for number, start in enumerate(range(0, rows, CHUNK)):
        yield _chunk(table, range(start, min(start + CHUNK, rows)), seed, position, number)


def _chunk(table: TableModel, rows: range, seed: int, position: int, number: int) -> pa.RecordBatch:
    import pyarrow as pa

    streams = np.random.SeedSequence([seed, position, number]).spawn(len(table.codecs) + 1)
    codes = table.network.sample(len(rows), np.random.Generator(np.random.PCG64(streams[0])))
    decoded: dict[str, pa.Array] = {}
    for codec, stream in zip(table.codecs, streams[1:], strict=True):
        mine = {c.name: codes[c.name] for c in codec.columns()}
        decoded.update(codec.decode(mine, rows, np.random.Generator(np.random.PCG64(stream)), decoded))
    arrays = [decoded[c.name] if c.name in decoded else pa.nulls(len(rows)) for c in table.columns]
    return pa.RecordBatch.from_arrays(arrays, names=[c.name for c in table.columns])
