"""Decoding and writing synthetic rows: 15 decoded columns (9 texts, 3 dates, 3 reals) into a typed DuckDB file.

    python tests/bench/write.py [--rows 2000000]

Prints rows per CPU second of drawing codes, decoding them to Arrow, inserting them into a typed table in memory and in
a file (where DuckDB's compression is most of the cost), beside a CASE decode in SQL, all in the same run.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from duckpaste import codec as codecs
from duckpaste import sql
from duckpaste.codec.base import Codec, Histogram
from duckpaste.db import Db
from duckpaste.sample.tabular import CHUNK
from duckpaste.schema.view import Field

TEXTS = (2, 2, 3, 5, 8, 12, 20, 40, 100)


def make_codecs() -> list[Codec]:
    """Nine categories, three dates (year, week and weekday each), three reals, ready to decode."""
    made = [
        codecs.make(
            Field(
                f"text_{i}",
                "categorical",
                options={"values": [f"label {i} {j}" for j in range(n)]},
                sql_type="VARCHAR",
            )
        )
        for i, n in enumerate(TEXTS)
    ]
    made += [
        codecs.make(
            Field(f"date_{i}", "date", options={"min": "2000-01-01", "max": "2024-12-31"}, sql_type="DATE")
        )
        for i in range(3)
    ]
    made += [
        codecs.make(Field(f"real_{i}", "numerical", options={"min": 0, "max": 1000}, sql_type="DOUBLE"))
        for i in range(3)
    ]
    for codec in made:
        while codec.wants():
            for want in codec.wants():
                codec.learn(want, Histogram(np.ones(want.cells) * 100.0, 0.0))  # type: ignore[attr-defined]
    return made


def main() -> None:
    """Time the three parts over all chunks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    args = parser.parse_args()
    made = make_codecs()
    columns = [{"name": c.field.name, "sql_type": c.field.sql_type, "not_null": False} for c in made]
    best = dict.fromkeys(("draw", "decode", "insert, memory", "insert, file", "case, memory"), float("inf"))
    for _ in range(args.repeat):
        spent = dict.fromkeys(best, 0.0)
        batches = []
        for number, start in enumerate(range(0, args.rows, CHUNK)):
            rows = range(start, min(start + CHUNK, args.rows))
            rng = np.random.default_rng(number)
            at = time.process_time()
            codes = {k.name: rng.integers(0, k.size, len(rows)) for c in made for k in c.columns()}
            spent["draw"] += time.process_time() - at
            at = time.process_time()
            decoded: dict[str, pa.Array] = {}
            for codec in made:
                decoded.update(
                    codec.decode({k.name: codes[k.name] for k in codec.columns()}, rows, rng, decoded)
                )
            batches.append(pa.RecordBatch.from_arrays(list(decoded.values()), names=list(decoded)))
            spent["decode"] += time.process_time() - at
        with tempfile.TemporaryDirectory() as folder:
            for where, path in (("memory", None), ("file", Path(folder) / "out.duckdb")):
                with Db.open(path) as db:
                    db.run("synthetic_table", target="out", columns=columns, primary_key=[], checks=[])
                    text = sql.render("synthetic_rows", target="out", source="_batches", columns=columns)
                    at = time.process_time()
                    reader = pa.RecordBatchReader.from_batches(batches[0].schema, batches)
                    db.insert_arrow("insert", text, "_batches", reader)
                    spent[f"insert, {where}"] = time.process_time() - at
                    if path is None:
                        spent["case, memory"] = _case(db, args.rows)
        best = {k: min(best[k], spent[k]) for k in best}
    print(f"{args.rows:,} rows of {len(made)} columns")
    sums = [(f"decode + insert, {w}", best["decode"] + best[f"insert, {w}"]) for w in ("memory", "file")]
    for what, seconds in [*best.items(), *sums]:
        print(f"{what:26} {seconds:7.3f} CPU s {args.rows / 1e6 / seconds:7.2f} M rows/CPU-s")
    print(
        f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB (all batches are held for timing)"
    )


def label(i: int, j: int) -> str:
    """A label as a literal."""
    return sql.literal(f"label {i} {j}")


def _case(db: Db, rows: int) -> float:
    """The same nine texts decoded by CASE in SQL, scaled to fifteen columns: what others do."""
    codes = ", ".join(f"(range * {7 + i}) % {n} as t{i}" for i, n in enumerate(TEXTS))
    db.run_sql("bench", f"create temp table codes as select {codes} from range({rows})")
    cases = ", ".join(
        f"case t{i} {' '.join(f'when {j} then {label(i, j)}' for j in range(n))} end as t{i}"
        for i, n in enumerate(TEXTS)
    )
    at = time.process_time()
    db.run_sql("bench", f"create table cased as select {cases} from codes")
    return (time.process_time() - at) * 15 / 9


if __name__ == "__main__":
    main()
