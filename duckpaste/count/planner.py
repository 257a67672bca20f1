"""The cover: few bigger GROUP BYs (blocks) from which every requested marginal is summed.

Counting fewer, bigger marginals is what pays: the scan and the key are shared, and numpy sums the axes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from duckpaste.domain import Clique, Domain

Mask = npt.NDArray[np.bool_]
# Cost of a block in nanoseconds a row, measured: one aggregation, and the arithmetic of each column of its key.
_AGGREGATE, _COLUMN = 4.2, 0.75


@dataclass(frozen=True)
class Cover:
    """`blocks` to count, and the block that holds each requested clique."""

    blocks: tuple[Clique, ...]
    home: Mapping[Clique, int]


def block_limit(rows: int) -> int:
    """Largest block in cells for a table of `rows`: clamp(rows / 40, 4096, 65536).

    Larger blocks than that lose more to cache misses than they save in scans (tests/bench/count.py)."""
    return max(4096, min(rows // 40, 65536))


def cover(cliques: Sequence[Clique], domain: Domain, limit: int, restarts: int = 1) -> Cover:
    """Blocks of at most `limit` cells that hold every clique (a larger clique is a block by itself).

    Two heuristics, the cheaper result wins: first-fit decreasing, and for cliques of at most two columns the growth
    of blocks by uncovered pairs, tried `restarts` times. Public input only, and the same output every time.
    """
    wanted = sorted(set(cliques), key=lambda c: (-domain.cells(c), c))
    rank = {name: i for i, name in enumerate(domain)}
    bits = np.log2(np.array([domain[n] for n in domain], dtype=np.float64))
    columns = [np.array([rank[n] for n in c], dtype=np.int64) for c in wanted]
    tries = []
    if restarts < 2 or any(len(c) > 2 for c in wanted):
        tries.append(_first_fit(columns, bits, limit))
    if all(len(c) <= 2 for c in wanted) and wanted:
        noise = np.random.default_rng(0)
        tries += [_grow(columns, bits, limit, noise if i else None) for i in range(restarts)]
    blocks = min(tries, key=_cost)
    names = np.array(domain.names, dtype=object)
    home = {}
    for clique, cols in zip(wanted, columns, strict=True):
        home[clique] = int(np.argmax(blocks[:, cols].all(axis=1)))
    return Cover(tuple(tuple(names[b]) for b in blocks), home)


def _cost(blocks: Mask) -> float:
    return len(blocks) * _AGGREGATE + float(blocks.sum()) * _COLUMN


def _first_fit(cliques: Sequence[npt.NDArray[np.int64]], bits: npt.NDArray[np.float64], limit: int) -> Mask:
    """Each clique, largest first, joins the block that grows least. Time O(cliques x blocks) in numpy."""
    member = np.zeros((len(cliques), len(bits)), dtype=bool)
    room = np.full(len(cliques), np.log2(limit) + 1e-9)
    used = 0
    for cols in cliques:
        missing = ~member[:used, cols]
        growth = missing @ bits[cols]
        if used and not missing.any(axis=1).all():
            continue
        fits = np.flatnonzero(growth <= room[:used])
        if fits.size:
            chosen = int(fits[np.argmin(growth[fits])])
            room[chosen] -= growth[chosen]
        else:
            chosen, used = used, used + 1
            room[chosen] -= bits[cols].sum()
        member[chosen, cols] = True
    return member[:used]


def _grow(
    cliques: Sequence[npt.NDArray[np.int64]], bits: npt.NDArray[np.float64], limit: int,
    noise: np.random.Generator | None,
) -> Mask:  # fmt: skip
    """A block starts from the heaviest uncovered pair and takes columns by uncovered weight a bit.

    The weight of a pair is (bits x bits)^1.5: pairs of large columns are the hard ones to place."""
    d = len(bits)
    weight = np.zeros((d, d))
    for cols in cliques:
        weight[cols[0], cols[-1]] = weight[cols[-1], cols[0]] = (bits[cols[0]] * bits[cols[-1]] + 1e-3) ** 1.5
    blocks = []
    while weight.any():
        jitter = 1.0 if noise is None else 1 + 0.3 * noise.random(d)
        first, second = np.unravel_index(int(np.argmax(weight * jitter)), weight.shape)
        block = np.zeros(d, dtype=bool)
        block[[first, second]] = True
        room = np.log2(limit) + 1e-9 - bits[block].sum()
        gain = weight[:, block].sum(axis=1)
        while True:
            score = np.where(~block & (bits <= room) & (gain > 0), gain / (bits + 0.1) * jitter, 0.0)
            best = int(np.argmax(score))
            if score[best] <= 0:
                break
            block[best] = True
            room -= bits[best]
            gain = gain + weight[:, best]
        weight[np.ix_(block, block)] = 0.0
        blocks.append(block)
    return np.array(blocks)
