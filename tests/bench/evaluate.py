"""Evaluation of big tables: all 105 pairs of 15 columns of real and of synthetic rows, with the yardstick.

    python tests/bench/evaluate.py [--rows 10000000] [--threads 1]

Prints CPU seconds, wall seconds and the peak of memory. Columns: 7 ENUM, 1 BOOLEAN, 2 VARCHAR, 4 numbers, 1 DATE.
Bins, encoding, both real halves and counting are in it; making the tables is not.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from duckpaste.db import Db
from duckpaste.evaluate.run import measure
from duckpaste.schema import fields
from duckpaste.workspace import Workspace

ENUMS = (3, 4, 5, 6, 8, 12, 16)
NUMBERS = ("age", "gain", "height", "cost")


def make(path: Path, rows: int, seed: int) -> None:
    """One table, skewed and mildly correlated."""

    def u(i: int) -> str:
        return f"(((hash(r, {i + seed}) % 1000003) / 1000003.0 + 0.3 * (hash(r, {seed}) % 1000003) / 1000003.0) / 1.3)"

    with Db.open(path) as db:
        for n in ENUMS:
            values = ", ".join(f"'value {i}'" for i in range(n))
            db.run_sql("type", f"create type e{n} as enum ({values})")
        columns = [f"('value ' || floor({n} * power({u(n)}, 1.6))::int)::e{n} as enum_{n}" for n in ENUMS]
        columns += [f"'text ' || floor({n} * power({u(50 + n)}, 1.6))::int as text_{n}" for n in (4, 10)]
        columns += [
            f"{u(90)} < 0.5 as flag", f"floor(100 * {u(91)})::utinyint as age",
            f"case when {u(92)} < 0.8 then 0.0 else 1000 * {u(93)} end as gain",
            f"(50 * {u(94)} + 100 * {u(95)})::decimal(9, 2) as height", f"exp(8 * {u(96)}) as cost",
            f"date '2010-01-01' + floor(4000 * {u(97)})::int as day",
        ]  # fmt: skip
        db.run_sql("make", f"create table t as select {', '.join(columns)} from range({rows}) x(r)")


def view(folder: Path) -> Path:
    """A view of the table."""
    kinds = [f"enum_{n}: categorical" for n in ENUMS] + [f"text_{n}: categorical" for n in (4, 10)]
    kinds += ["flag: boolean", "day: {type: date, min: 2010-01-01, max: 2021-12-31}"]
    kinds += [f"{n}: {{type: numerical, min: 0, max: 10000}}" for n in NUMBERS]
    folder.mkdir()
    (folder / "fields.yml").write_text("tables: {t: {fields: {" + ", ".join(kinds) + "}}}")
    return folder


def main() -> None:
    """Make both files, each in a process of its own, then measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--make", nargs=2)
    args = parser.parse_args()
    if args.make:
        make(Path(args.make[0]), args.rows, int(args.make[1]))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, seed in (("real", "0"), ("made", "1000")):
            command = [
                sys.executable,
                __file__,
                "--rows",
                str(args.rows),
                "--make",
                str(folder / f"{file}.duckdb"),
                seed,
            ]
            subprocess.run(command, check=True)
        with Db.open(
            folder / "real.duckdb", settings={"threads": args.threads, "memory_limit": "800MB"}
        ) as db:
            found, schema = Workspace(db).resolved(fields.load(view(folder / "view")))
            cpu, wall = time.process_time(), time.perf_counter()
            scored = measure(db, found, schema, folder / "made.duckdb", metrics=["tv2"])
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            pairs = sum(s.metric == "tv2" and s.split == "syn" and bool(s.columns) for s in scored.scores)
            print(f"{args.rows:,} real and {args.rows:,} synthetic rows, {pairs} pairs, {args.threads} threads: "
                  f"{cpu:.2f} CPU s, {wall:.2f} s, {peak:,.0f} MB")  # fmt: skip
            seconds: dict[str, float] = {}
            for statement in db.trace:
                seconds[statement.name] = seconds.get(statement.name, 0.0) + statement.seconds
            for what, s in sorted(seconds.items(), key=lambda x: -x[1])[:6]:
                print(f"  {what:16} {s:8.2f} s")


if __name__ == "__main__":
    main()
