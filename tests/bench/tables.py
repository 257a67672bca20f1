"""Many related tables: generated schemas of 10, 20 and 30 tables at depth 5, from `init` to a synthetic database.

    python tests/bench/tables.py [--units 500] [--model mst] [--tables 10 20 30]

Prints CPU seconds of init, fit and sample, and what a table costs. Time must grow as the tables do: each sees only its own
ancestors. The same generator is used by tests/relational/test_many_tables.py.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import duckdb

import duckpaste
from duckpaste.schema.init import write

DEPTH = 5


def parent(number: int) -> int:
    """The table above table `number`: chains of four hang below table 0, so the deepest is the fifth."""
    return 0 if number % (DEPTH - 1) == 1 else number - 1


def generate(path: Path, tables: int, units: int) -> None:
    """A database of `tables` tables with keys: each row has none to two rows in each table below, and copies its unit's x."""
    with duckdb.connect(str(path)) as con:
        for n in range(tables):
            above = f"t{parent(n)}"
            key = f", up integer not null references {above} (id)" if n else ""
            con.execute(f"create table t{n} (id integer primary key{key}, x enum ('a', 'b', 'c', 'd') not null, "
                        "y smallint check (y between 0 and 9), day date not null)")  # fmt: skip
            source = (
                f"select p.id * 2 + c, p.id, p.x, (p.id + {n}) % 10, p.day + c::integer from {above} p, range(2) k(c) "
                f"where c < hash(p.id, {n}) % 3"
            )
            if not n:
                source = (
                    f"select i, ['a', 'b', 'c', 'd'][i % 4 + 1], i % 10, date '2020-01-01' + (i % 300)::integer "
                    f"from range({units}) r(i)"
                )
            con.execute(f"insert into t{n} {source}")


def declare(folder: Path, tables: int) -> None:
    """Complete the draft that `init` wrote: the days' range and the bounds, which no catalogue knows."""
    path = folder / "fields.yml"
    text = path.read_text(encoding="utf-8")
    text = text.replace("day: date\n", "day: {type: date, min: 2020-01-01, max: 2020-12-31}\n")
    for n in range(1, tables):
        text = text.replace(f"\n  t{n}:\n", f"\n  t{n}:\n    contributions: 2\n    max_children: 2\n")
    path.write_text(text, encoding="utf-8")


def run(folder: Path, tables: int, units: int, **options: object) -> dict[str, float]:
    """CPU seconds of each stage, in `folder`."""
    generate(folder / "private.duckdb", tables, units)
    start = time.process_time()
    write(folder / "private.duckdb", folder / "views" / "many")
    declare(folder / "views" / "many", tables)
    drafted = time.process_time()
    model = duckpaste.fit(folder / "work.duckdb", folder / "views" / "many", "mare", **options)  # type: ignore[arg-type]
    fitted = time.process_time()
    duckpaste.sample(model, folder / "synthetic.duckdb", seed=1)
    return {"init": drafted - start, "fit": fitted - drafted, "sample": time.process_time() - fitted}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=500)
    parser.add_argument("--model", default="mst")
    parser.add_argument("--tables", type=int, nargs="+", default=[10, 20, 30])
    given = parser.parse_args()
    first = 0.0
    print("tables     init      fit   sample   a table   to the first")
    for tables in given.tables:
        with tempfile.TemporaryDirectory() as folder:
            found = run(Path(folder), tables, given.units, epsilon=10.0, model=given.model)
        whole = sum(found.values()) / tables
        first = first or whole
        print(f"{tables:6}", *(f"{s:8.2f}" for s in found.values()), f"{whole:9.3f} {whole / first:9.2f}")


if __name__ == "__main__":
    main()
