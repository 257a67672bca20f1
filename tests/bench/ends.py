"""When the clinic's admissions are, real and synthetic: after tests/bench/relations.py has run with the same --work.

    python tests/bench/ends.py [--patients 20000] [--way mst] [--work DIR]

Total variation distances of the year of admission (all, first, fourth to sixth, seventh and later ones), of the days
since the one before, and of these with the number of admissions; then the shares of admissions after the data's end, and
before the patient is registered.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from duckpaste import sql
from duckpaste.db import Db

EDGES = (7, 14, 28, 56, 84, 112, 168, 224, 336, 448, 560, 728, 1000, 1500)
MEASURES = {
    "year": ("year", "true"),
    "first": ("year", "place = 0"),
    "4th to 6th": ("year", "place between 3 and 5"),
    "7th on": ("year", "place > 5"),
    "gap": ("gap", "place > 0"),
    "7th on, gap": ("gap", "place > 5"),
    "number, gap": ("[least(number, 12), gap]", "place > 0"),
}


def admissions(schema: str) -> str:
    """Each admission's year, place, number of its patient's admissions, and coded gap (SQL)."""
    codes = " + ".join(f"(days >= {edge})::int" for edge in EDGES)
    return f"""(select *, {codes} as gap from (
        select year(admitted) as year, admitted, registered, row_number() over w - 1 as place,
          count(*) over (partition by patient_id) as number,
          date_diff('day', lag(admitted) over w, admitted) as days
        from {schema}.admissions join {schema}.patients using (patient_id)
        window w as (partition by patient_id order by admitted)))"""


def distance(db: Db, what: str, where: str, real: str, fake: str) -> float:
    """Total variation of `what` over the rows that `where` is true of."""
    share = "select {0} as x, count(*) / sum(count(*)) over () as p from {1} where {2} group by all"
    text = f"""select sum(abs(coalesce(a.p, 0) - coalesce(b.p, 0))) / 2 from ({share.format(what, real, where)}) a
      full join ({share.format(what, fake, where)}) b using (x)"""
    return float(db.rows_sql("distance", text)[0][0])


def main() -> None:
    """Print a line a measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--patients", type=int, default=20_000)
    parser.add_argument("--way", default="mst")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "duckpaste-relations")
    given = parser.parse_args()
    with Db.open() as db:
        for alias, name in (
            ("real_", f"clinic-{given.patients}"),
            ("fake_", f"{given.way}-{given.patients}"),
        ):
            path = sql.literal(str(given.work / f"{name}.duckdb"))
            db.run_sql("attach", f"attach {path} as {alias} (read_only)")
        real, fake = admissions("real_.clinic"), admissions("fake_.main")
        for name, (what, where) in MEASURES.items():
            print(f"{name:<12} {distance(db, what, where, real, fake):.3f}")
        for name, where in (
            ("past the end", "year > 2024"),
            ("before registration", "admitted < registered"),
        ):
            share = db.rows_sql("share", f"select avg(({where})::int) from {fake}")[0][0]
            print(f"{name}: {share:.1%}")


if __name__ == "__main__":
    main()
