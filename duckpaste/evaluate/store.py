"""Store: scores as rows of a DuckDB file, appended run by run."""

from __future__ import annotations

from pathlib import Path

from duckpaste import sql
from duckpaste.db import Db
from duckpaste.errors import UserError
from duckpaste.evaluate.evaluation import Evaluation
from duckpaste.evaluate.score import INTERNAL
from duckpaste.files import check_folder
from duckpaste.target import tables

_BATCH = 500


def save(found: Evaluation, path: Path) -> None:
    """Append the scores of `found` to the table `scores` of the file, which is made when missing.

    Raises UserError for a file of another kind."""
    check(path)
    with Db.open(path) as db:
        stamp = _stamp(db, str(found.facts.get("stamp", INTERNAL)))
        with db.transaction():
            db.script_sql("scores_table", sql.render("scores_table", stamp=stamp))
            rows = [
                f"({sql.literal(found.run)}, {sql.literal(s.metric)}, {sql.literal(s.table)}, "
                f"{sql.literal(list(s.columns))}::varchar[], {sql.literal(s.split)}, {sql.literal(s.value)})"
                for s in found.scores
            ]
            for start in range(0, len(rows), _BATCH):
                text = ", ".join(rows[start : start + _BATCH])
                db.run_sql("scores", f"insert into scores values {text}")


def check(path: Path) -> None:
    """Raise UserError when `path` can't be written, or is something else than a file of scores (or an empty one)."""
    check_folder(path)
    if not path.exists():
        return
    with Db.open(path, read_only=True, sandbox=True) as db:
        if tables(db) - {("main", "scores")}:
            raise UserError("exists and is not a file of scores", str(path), "choose another with --out")


def _stamp(db: Db, stamp: str) -> str:
    """The stamp of the whole file: internal as soon as any of its runs is."""
    text = "select comment from duckdb_tables() where table_name = 'scores' and comment is not null"
    before = [str(c) for (c,) in db.rows_sql("comment", text)]
    if not before or stamp in before[0]:
        return before[0] if before else stamp
    return INTERNAL if INTERNAL in (stamp, before[0]) else f"{before[0]} | {stamp}"
