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


def block_limit(rows: int, cliques: int = 0) -> int:
    """Largest block in cells for a table of `rows`: clamp(rows / 40, 4096, 262144); at least 65536 for thousands of
    cliques, where the number of statements counts for more than their rows.

    Larger blocks than that lose more to cache misses than they save in scans (tests/bench/count.py)."""
    return max(65536 if cliques > 2000 else 4096, min(rows // 40, 262144))


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
    pairs = all(len(c) <= 2 for c in wanted)
    if not pairs or (restarts < 2 and len(wanted) <= 2000):
        tries.append(_first_fit(columns, bits, limit))
    if pairs and wanted:
        tries += _grow(columns, bits, limit, restarts)
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
    cliques: Sequence[npt.NDArray[np.int64]], bits: npt.NDArray[np.float64], limit: int, tries: int
) -> list[Mask]:
    """Covers of cliques of at most two columns, `tries` of them side by side; all but the first with random jitter.

    A block starts from the column with most uncovered weight and its heaviest pair, and takes columns by uncovered
    weight a bit, while they fit. The weight of a pair is (bits x bits)^1.5: pairs of large columns are the hard ones
    to place. Every step serves all tries at once, so a hundred cost little more than one."""
    d = len(bits)
    weight = np.zeros((d, d))
    for cols in cliques:
        weight[cols[0], cols[-1]] = weight[cols[-1], cols[0]] = (bits[cols[0]] * bits[cols[-1]] + 1e-3) ** 1.5
    jitter = 1 + 0.3 * np.random.default_rng(0).random((tries, d))
    jitter[0] = 1.0
    left = np.repeat(weight[None], tries, axis=0)
    total = left.sum(axis=2)
    block = np.zeros((tries, d), dtype=bool)
    room = np.zeros(tries)
    gain = np.zeros((tries, d))
    found: list[list[Mask]] = [[] for _ in range(tries)]
    live = np.arange(tries)
    while live.size:
        fits = ~block[live] & (bits <= room[live, None]) & (gain[live] > 0)
        score = np.where(fits, gain[live] / (bits + 0.1) * jitter[live], 0.0)
        best = score.argmax(axis=1)
        grows = score[np.arange(live.size), best] > 0
        more, chosen = live[grows], best[grows]
        block[more, chosen] = True
        room[more] -= bits[chosen]
        gain[more] += left[more, chosen]
        for r in live[~grows]:
            if block[r].any():
                left[r][np.ix_(block[r], block[r])] = 0.0
                found[r].append(block[r].copy())
                total[r, block[r]] = left[r][block[r]].sum(axis=1)
            first = int((total[r] * jitter[r]).argmax())
            second = int((left[r, first] * jitter[r]).argmax())
            block[r] = False
            if left[r, first, second] <= 0:
                continue
            block[r, [first, second]] = True
            room[r] = np.log2(limit) + 1e-9 - bits[block[r]].sum()
            gain[r] = left[r, first] + left[r, second] if first != second else left[r, first]
        live = np.array([r for r in live if block[r].any()], dtype=np.int64)
    return [np.array(blocks) for blocks in found]
