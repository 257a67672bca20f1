"""Writes related tables: chunk by chunk, parents first, with keys that DuckDB itself proves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from duckpaste import keycheck, sql
from duckpaste.db import Db, EngineError
from duckpaste.errors import UserError, nearest
from duckpaste.model import Model, TableModel
from duckpaste.sample.codes import Coder
from duckpaste.sample.relational import Keeper, chunks
from duckpaste.schema.view import ForeignKey

if TYPE_CHECKING:
    from duckpaste.sample.picker import Picker

KEYS = ("declared", "checked", "none")


def check_keys(keys: str) -> None:
    """Raise UserError for an unknown way of keeping keys."""
    if keys not in KEYS:
        raise UserError(f"unknown way of keeping keys {keys!r}", "--keys", nearest(keys, KEYS))


def write(
    db: Db, model: Model, units: int, seed: int, keys: str = "declared",
    progress: Callable[[int, int], None] | None = None, picker: Picker | None = None, keeper: Keeper | None = None,
) -> dict[str, int]:  # fmt: skip
    """Fill one table for each of the model's tables and lookups; rows of each.

    `keys`: "declared" puts PRIMARY KEY, FOREIGN KEY and CHECK into the tables (a key that leads to its own table, or
    closes a circle, is checked instead, and so are CHECKs that a row breaks); "checked" only looks for orphans at the
    end; "none" does neither."""
    for lookup in model.lookups:
        columns = [{"name": c.name, "sql_type": c.sql_type, "not_null": c.not_null} for c in lookup.columns]
        primary = list(lookup.primary_key) if keys == "declared" else []
        db.run(
            "synthetic_table", target=sql.ident(lookup.name), columns=columns, primary_key=primary, checks=[]
        )
        _insert(db, lookup.name, columns, lookup.rows)
    checked = keys == "declared" and any(t.checks for t in model.tables)
    for checks in (True, False) if checked else (False,):
        _create(db, model, keys, checks)
        try:
            rows = _fill(db, model, units, seed, progress, picker, keeper)
            break
        except EngineError:
            if not checks:
                raise
        for table in reversed(model.tables):
            db.run_sql("synthetic_table", f"drop table {sql.ident(table.name)}")
        if keeper is not None:
            keeper.forget()
    if keys != "none":
        check(db, model)
    return {**{lookup.name: lookup.rows.num_rows for lookup in model.lookups}, **rows}


def _create(db: Db, model: Model, keys: str, checks: bool) -> None:
    """Make the tables, empty."""
    made = {lookup.name for lookup in model.lookups}
    for table in model.tables:
        foreign = [k for k in _foreign(table) if k.table in made] if keys == "declared" else []
        primary = list(table.primary_key) if keys == "declared" else []
        db.run("synthetic_table", target=sql.ident(table.name), columns=_columns(table), primary_key=primary,
               checks=list(table.checks) if checks else [], foreign_keys=foreign)  # fmt: skip
        made.add(table.name)


def _fill(
    db: Db, model: Model, units: int, seed: int, progress: Callable[[int, int], None] | None, picker: Picker | None,
    keeper: Keeper | None,
) -> dict[str, int]:  # fmt: skip
    """Insert all rows; how many each table has."""
    rows = dict.fromkeys((t.name for t in model.tables), 0)
    done = 0
    # One thread: the tables are small, and so it takes no more of the machine than was asked for.
    with Db.open(settings={"threads": 1}, sandbox=True) as scratch:
        for batch in chunks(model, units, seed, picker, keeper, Coder(scratch, model)):
            for table in model.tables:
                if batch[table.name].num_rows:
                    _insert(db, table.name, _columns(table), batch[table.name])
                    rows[table.name] += batch[table.name].num_rows
            done += batch[model.tables[0].name].num_rows
            if progress is not None:
                progress(done, units)
    return rows


def check(db: Db, model: Model) -> None:
    """Raise RuntimeError for an orphan: a fault of duckpaste."""
    for table in model.tables:
        for key in _foreign(table):
            on = [list(pair) for pair in zip(key.columns, key.referenced, strict=True)]
            found = keycheck.orphans(db, sql.ident(table.name), sql.ident(key.table), on)
            if found:
                raise RuntimeError(f"{found} rows of {table.name} point at no row of {key.table}")


def _foreign(table: TableModel) -> list[ForeignKey]:
    keys = []
    if table.lineage is not None:
        lineage = table.lineage
        keys.append(ForeignKey(tuple(lineage.owner), lineage.parent, tuple(lineage.referenced)))
    return keys + [ForeignKey(tuple(k.columns), k.table, tuple(k.referenced)) for k in table.links]


def _columns(table: TableModel) -> list[Mapping[str, object]]:
    return [{"name": c.name, "sql_type": c.sql_type, "not_null": c.not_null} for c in table.columns]


def _insert(db: Db, name: str, columns: object, batch: object) -> None:
    source = sql.free("_batch", [name])
    text = sql.render("synthetic_rows", target=sql.ident(name), source=sql.ident(source), columns=columns)
    db.insert_arrow("synthetic_rows", text, source, batch)
