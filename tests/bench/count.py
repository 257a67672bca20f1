"""Counting all pairs of 15 columns: the cover with keys computed, with keys stored, and numpy bincount, in one run.

    python tests/bench/count.py [--rows 10000000] [--repeat 5]

Prints million row-marginals (rows x marginals) per CPU second and per wall second. Every way is checked against
numpy's counts, array by array. "A plain cover" is the yardstick of one run: blocks of 65,536 cells from one greedy try,
counted by the same SQL; `--columns 12` takes the table whose figures on an idle machine are known.
"""

from __future__ import annotations

import argparse
import itertools
import resource
import time
from collections.abc import Callable, Sequence

import numpy as np

from duckpaste import sql
from duckpaste.count.engines.duckdb import DuckDbEngine
from duckpaste.count.marginals import Marginals
from duckpaste.count.planner import block_limit, cover
from duckpaste.db import Db
from duckpaste.domain import Clique, Domain

SIZES = {
    12: (2, 3, 4, 6, 8, 10, 13, 16, 24, 32, 48, 64),
    15: (2, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 40, 64, 100),
}


def make_table(db: Db, rows: int, sizes: tuple[int, ...]) -> Domain:
    """Skewed, mildly correlated UTINYINT codes."""
    domain = Domain({f"c{i}": s for i, s in enumerate(sizes)})
    shared = "(hash(r) % 1000003) / 1000003.0"
    codes = ", ".join(
        f"floor({s} * power(((hash(r, {i}) % 1000003) / 1000003.0 + 0.3 * {shared}) / 1.3, 1.6))::utinyint as c{i}"
        for i, s in enumerate(sizes)
    )
    db.run_sql("bench", f"create table enc as select {codes} from range({rows}) t(r)")
    return domain


def timed(what: str, rows: int, marginals: int, repeat: int, work) -> None:
    """Best of `repeat` runs."""
    best = (float("inf"), float("inf"))
    for _ in range(repeat):
        cpu, wall = time.process_time(), time.perf_counter()
        work()
        best = min(best, (time.process_time() - cpu, time.perf_counter() - wall))
    total = rows * marginals / 1e6
    print(
        f"{what:44} {best[0]:8.3f} CPU s {best[1]:8.3f} s {total / best[0]:8.0f} M/CPU-s {total / best[1]:8.0f} M/s"
    )


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--columns", type=int, default=15, choices=sorted(SIZES))
    args = parser.parse_args()
    db = Db.open(settings={"threads": args.threads})
    domain = make_table(db, args.rows, SIZES[args.columns])
    pairs = list(itertools.combinations(domain.names, 2))
    engine = DuckDbEngine(db)
    blocks = cover(pairs, domain, block_limit(args.rows), restarts=100).blocks
    print(f"{args.rows:,} rows, {len(pairs)} pairs, {len(blocks)} blocks, {args.threads} threads")

    columns = db.numpy_sql("bench", "select * from enc")

    def bincount() -> dict:  # type: ignore[type-arg]
        out = {p: np.zeros(domain.cells(p), dtype=np.int64) for p in pairs}
        for at in range(0, args.rows, 65536):
            part = {n: columns[n][at : at + 65536].astype(np.int32) for n in domain}
            for a, b in pairs:
                out[a, b] += np.bincount(part[a] * domain[b] + part[b], minlength=domain.cells((a, b)))
        return out

    def bincount_cover() -> None:
        for block in blocks:
            out = np.zeros(domain.cells(block), dtype=np.int64)
            for at in range(0, args.rows, 65536):
                key = columns[block[0]][at : at + 65536].astype(np.int32)
                for name in block[1:]:
                    key = key * domain[name] + columns[name][at : at + 65536]
                out += np.bincount(key, minlength=len(out))

    truth = bincount()

    def computed() -> Marginals:
        counter = Marginals(engine, '"enc"', domain, checked=False)
        counter.counts(pairs)
        return counter

    def check(counter: Marginals) -> None:
        for pair, counts in counter.counts(pairs).items():
            if not np.array_equal(counts.ravel(), truth[pair]):
                raise SystemExit(f"wrong counts for {pair}")

    check(computed())
    timed("duckpaste, keys computed", args.rows, len(pairs), args.repeat, computed)

    def store(target: str, blocks: Sequence[Clique]) -> Callable[[], Marginals]:
        """Store the blocks' keys; gives the counting of all pairs from them."""
        keys = {b: f"k{i}" for i, b in enumerate(blocks)}
        packed = [
            {"columns": b, "sizes": domain.shape(b), "name": n, "cells": domain.cells(b)}
            for b, n in keys.items()
        ]
        text = sql.render("packed", relation='"enc"', target=target, columns=[], temporary=False, keys=packed)
        db.run_sql("packed", text)

        def stored() -> Marginals:
            counter = Marginals(engine, target, domain, keys=keys, checked=False)
            counter.counts(pairs)
            return counter

        return stored

    cpu = time.process_time()
    stored = store('"packed"', blocks)
    print(f"{'storing the keys, once':44} {time.process_time() - cpu:8.3f} CPU s")
    check(stored())
    timed("duckpaste, block keys stored", args.rows, len(pairs), args.repeat, stored)
    plain = cover(pairs, domain, 65536, restarts=1).blocks

    def plainly() -> None:
        Marginals(engine, '"enc"', domain, checked=False)._count_blocks(plain)

    what = f"a plain cover of {len(plain)} blocks"
    timed(f"{what}, computed", args.rows, len(pairs), args.repeat, plainly)
    timed(f"{what}, stored", args.rows, len(pairs), args.repeat, store('"plain"', plain))
    timed("numpy bincount a pair, arrays in memory", args.rows, len(pairs), 2, bincount)
    timed("numpy bincount over the cover", args.rows, len(pairs), 2, bincount_cover)
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


if __name__ == "__main__":
    main()
