"""Related tables under a memory limit: what each SQL table of a fit costs, in CPU seconds and memory.

    python tests/bench/buckets.py [--rows 3000000] [--limits 150MB none] [--steps positions rows counts referred fit]

Three levels: units, visits (a sequence, six a unit), events (a sequence, `--rows` in all, half a million visits a
million). A step runs in a process of its own, by default with one thread: `positions` are the events with two lags, positions and
all ancestors' columns, weighted; `rows` the same with `bound: rows`; `counts` the visits with their number of events
and that of the visit before; `referred` how often events are named by others; `fit` all of it, with a model of
independent columns.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from pathlib import Path

from duckpaste.db import Db
from duckpaste.errors import UserError
from duckpaste.fit import request
from duckpaste.privacy.accountant import Guarantee
from duckpaste.privacy.ledger import Ledger
from duckpaste.relational import mare, references
from duckpaste.relational.children import counted
from duckpaste.relational.family import Family, family
from duckpaste.route import fit
from duckpaste.schema import catalog, merge
from duckpaste.schema.view import Field, ForeignKey, Table, View

DAY = "timestamp '2020-01-01' + interval (hash({0}) % 90000000) second"
TABLES = {
    "units": "select i as id, (i % 10)::utinyint as x, 'unit ' || i as name, (i % 90)::utinyint as age from range({units}) r(i)",
    "visits": f"""select i as id, (hash(i) % {{units}})::bigint as unit, {DAY.format("i + 1")} as day,
        (hash(i + 2) % 8)::utinyint as ward, (hash(i + 3) % 5)::utinyint as kind, 'note ' || i % 1000 as note
        from range({{visits}}) r(i)""",
    "events": f"""select i as id, (hash(i) % {{visits}})::bigint as visit, {DAY.format("i + 1")} as taken,
        (hash(i + 2) % 24)::utinyint as item, (hash(i + 3) % 1000)::integer as value, (hash(i + 4) % 3)::utinyint as flag,
        (hash(i + 5) % {{rows}})::bigint as seen, 'remark ' || i % 1000 as remark from range({{rows}}) r(i)""",
}  # fmt: skip

KEY = Field("id", "id")


def number(name: str, most: int) -> Field:
    """A whole number from 0 to `most`."""
    return Field(name, "numerical", options={"min": 0, "max": most, "bins": 8})


def tables(bound: str) -> tuple[Table, ...]:
    """The declared tables."""
    remark = {"values": [f"remark {i}" for i in range(20)], "outside": "other"}
    time = {"min": "2020-01-01", "max": "2023-01-01", "span": "day.hour", "bins": 16}
    more = {"contributions": 20, "bound": bound, "max_children": 100, "order": 2}
    return (
        Table("units", (KEY, number("x", 9), Field("name", "ignore"), number("age", 89)), ("id",)),
        Table(
            "visits",
            (KEY, Field("unit", "id"), Field("day", "datetime", options=time), number("ward", 7), number("kind", 4),
             Field("note", "ignore")),
            ("id",), contributions=20, bound=bound, foreign_keys=(ForeignKey(("unit",), "units", ("id",)),),
            options={**more, "sequencer": "day"},
        ),
        Table(
            "events",
            (KEY, Field("visit", "id"), Field("taken", "datetime", options=time), number("item", 23), number("value", 999),
             number("flag", 2), Field("seen", "id"), Field("remark", "categorical", options=remark)),
            ("id",), contributions=20, bound=bound,
            foreign_keys=(ForeignKey(("visit",), "visits", ("id",)), ForeignKey(("seen",), "events", ("id",))),
            options={**more, "sequencer": "taken"},
        ),
    )  # fmt: skip


def positions(db: Db, kin: Family) -> None:
    """Events with positions and lags, and all that stands above them."""
    mare._rows(db, kin, kin.members["events"], 20)


def counts(db: Db, kin: Family) -> None:
    """Visits with their number of events, and that of the visit before."""
    found = counted(db, kin, kin.members["events"], mare._rows(db, kin, kin.members["visits"], 20))
    db.rows_sql(
        "counts", f'select ward, _children, "@1._children", sum(_weight) from {found.relation} group by all'
    )


def referred(db: Db, kin: Family) -> None:
    """How often events are named by others."""
    member = kin.members["events"]
    (reference,) = references.crossing(member)
    run = Ledger(None).begin(
        view="f", unit="units", contributions=1, algorithm="mare", guarantee=Guarantee(1.0, 1e-9), loss=1.0, delta=0.0,
        budget={},
    )  # fmt: skip
    references.release(db, kin, member, reference, run, 0.1, (20, 20))


def whole(db: Db, kin: Family) -> None:
    """All of a fit."""
    fit(
        db,
        kin,
        request("mare", {"model": "independent", "epsilon": 10}),
        Ledger(None),
        lambda _: nullcontext(),
    )


STEPS: dict[str, Callable[[Db, Family], None]] = {
    "positions": positions, "counts": counts, "referred": referred, "fit": whole,
}  # fmt: skip


def stored(path: Path, rows: int) -> None:
    """The private tables, made in SQL."""
    sizes = {"rows": rows, "visits": rows // 5, "units": rows // 30}
    with Db.open(path, settings={"threads": 1}) as db:
        for name, text in TABLES.items():
            db.run_sql(name, f"create table {name} as {text.format(**sizes)}")


def step(name: str, path: Path, limit: str, bound: str, threads: int) -> tuple[float, float, float, str]:
    """Run one step in this process, and tell its CPU seconds, peak memory of it in MB, and what went wrong."""
    settings = {"threads": threads, "temp_directory": str(path.parent / "spill")}
    if limit != "none":
        settings["memory_limit"] = limit
    with Db.open(path, settings=settings) as db:
        view = View("f", Path("f"), tables(bound), unit="units")
        kin = family(db, merge.resolve(view, catalog.read(db, "main")), (db.database, "main"))
        before, start, wrong = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time(), ""
        try:
            STEPS[name](db, kin)
        except UserError as error:
            wrong = str(error)[:100]
        seconds = time.process_time() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return seconds, before / 1024, peak / 1024, wrong


def run(name: str, path: Path, limit: str, bound: str, threads: int) -> None:
    """Print one row of the table."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as child:
        seconds, before, peak, wrong = child.submit(step, name, path, limit, bound, threads).result()
    shutil.rmtree(path.parent / "spill", ignore_errors=True)
    print(
        f"| {name} | {bound} | {limit} | {seconds:.1f} | {peak:.0f} ({before:.0f} before) | {wrong} |",
        flush=True,
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=3_000_000)
    parser.add_argument("--limits", nargs="+", default=["150MB", "none"])
    parser.add_argument("--steps", nargs="+", default=list(STEPS))
    parser.add_argument("--bounds", nargs="+", default=["weights", "rows"])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--work", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = (given.work or Path(folder)) / f"buckets-{given.rows}.duckdb"
        if not path.exists():
            stored(path, given.rows)
        print("| step | bound | limit | CPU s | peak MB | |\n|---|---|---|---|---|---|")
        for name in given.steps:
            for bound in given.bounds if name in ("positions", "fit") else given.bounds[:1]:
                for limit in given.limits:
                    run(name, path, limit, bound, given.threads)


if __name__ == "__main__":
    main()
