"""Thirty generated tables at depth 5: every table and key comes out, and a table costs the same among ten as among thirty."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import duckdb

BENCH = Path(__file__).resolve().parents[1] / "bench" / "tables.py"
SPEC = importlib.util.spec_from_file_location("bench_tables", BENCH)
assert SPEC and SPEC.loader
bench = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(bench)


def test_thirty_tables_in_time_linear_in_tables(tmp_path: Path) -> None:
    seconds = {}
    for tables in (6, 30):
        folder = tmp_path / str(tables)
        folder.mkdir()
        found = bench.run(folder, tables, 100, epsilon=50.0, model="independent")
        seconds[tables] = found["fit"] + found["sample"]
    # Measured: a table costs as much or less. Twice would be time that grows with the square of the tables.
    assert seconds[30] / 30 < 2 * seconds[6] / 6
    with duckdb.connect(str(tmp_path / "30" / "synthetic.duckdb"), read_only=True) as con:
        for n in range(30):
            assert con.execute(f"select count(*) > 0 from t{n}").fetchall() == [(True,)], f"t{n}"
            if n:
                lost = f"select count(*) from t{n} where up not in (select id from t{bench.parent(n)})"
                assert con.execute(lost).fetchall() == [(0,)]
        keys = "select count(*) from duckdb_constraints() where constraint_type = 'FOREIGN KEY'"
        assert con.execute(keys).fetchall() == [(29,)]
        up, depth = 28, 1
        while up:
            up, depth = bench.parent(up), depth + 1
        assert depth == 5
