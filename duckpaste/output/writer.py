"""Writes samples into a new DuckDB file, typed and commented; built under a temporary name, renamed at the end."""

from __future__ import annotations

import operator
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from duckpaste import sql
from duckpaste.db import Db, EngineError
from duckpaste.errors import UserError
from duckpaste.files import built
from duckpaste.model import MARK, Model, TableModel
from duckpaste.output import kin
from duckpaste.sample.tabular import batches
from duckpaste.target import Kind, check, tables

if TYPE_CHECKING:
    import pyarrow as pa

    from duckpaste.sample.keeper import RuleKeeper
    from duckpaste.sample.picker import Picker
    from duckpaste.sample.rules import Count

MOST_UNASKED = 1_000_000_000  # rows; with little privacy budget the fitted number may be anything
COPIED = "public; copied as it is"  # the comment of a lookup
Progress = Callable[[int, int], None]  # rows written, rows in all


@dataclass(frozen=True)
class Sample:
    """What was written: the file, the seed, rows of each table; with a predicate, how its rows were found; with rules,
    how many rows broke each as they were first drawn, and how many still do."""

    path: Path
    seed: int
    rows: dict[str, int]
    note: str = ""
    rules: Sequence[Count] = ()


def sample(
    model: Model, path: str | Path, *, n: int | None = None, seed: int | None = None,
    settings: dict[str, Any] | None = None, progress: Progress | None = None, overwrite: bool = False,
    keys: str = "declared", scale: float = 1.0, where: str | None = None,
) -> Sample:  # fmt: skip
    """Draw `n` rows of each table (default: the noisy number that was fitted) into the DuckDB file `path`.

    The same model and seed give the same tables at any number of threads. Without a seed one is drawn, and told.
    A file that exists is only replaced with `overwrite`, and when it is such a file (see target). Of related tables
    `n` is the number of units (rows of the top table), `scale` multiplies the fitted number, and `keys` is declared,
    checked or none.
    `where` is a predicate in SQL: all rows (of related tables: all units) are such that it is true. They are drawn from
    the model given the predicate, which costs no budget: it is post-processing.
    """
    out = Path(path)
    kin.check_keys(keys)
    if not 0 < scale < float("inf"):
        raise UserError("--scale must be above 0", remedy="leave it out for the fitted number of rows")
    if n is not None and _whole(n, "-n") < 1:
        raise UserError("-n must be at least 1", remedy="leave it out for the fitted number of rows")
    check(out, SYNTHETIC, overwrite=overwrite)
    chosen = secrets.randbits(63) if seed is None else _whole(seed, "the seed")
    if chosen < 0:
        raise UserError("the seed must not be negative")
    fitted = {t.name: max(1, round(t.rows * scale)) for t in model.tables}
    for table in model.tables:
        if n is None and fitted[table.name] > MOST_UNASKED:
            what = f"the fitted, noisy number of rows is {fitted[table.name]:,}"
            raise UserError(what, table.name, "say how many you want with -n")
    rows = {}
    with (
        _given(model, where, settings) as picker,
        _rules(model, settings) as keeper,
        built(out) as temporary,
    ):
        # Types and checks of a model from elsewhere are SQL text: they must not reach files or the network.
        with Db.open(temporary, settings=settings, sandbox=True) as db:
            if model.related:
                units = model.tables[0].name
                rows = kin.write(
                    db, model, fitted[units] if n is None else n, chosen, keys, progress, picker, keeper
                )
            for position, table in enumerate(model.tables):
                if not model.related:
                    rows[table.name] = fitted[table.name] if n is None else n
                    _write(db, table, rows[table.name], chosen, position, progress, picker, keeper)
                only = f"only rows where {where}" if where and not model.related else ""
                only = (
                    f"only units of {model.tables[0].name} where {where}" if where and model.related else only
                )
                parts = (model.describe(), f"seed {chosen}", only, table.comment)
                comment = " | ".join(part for part in parts if part)
                db.run_sql("comment", f"comment on table {sql.ident(table.name)} is {sql.literal(comment)}")
                for column in table.columns:
                    if column.comment:
                        name = sql.ident(table.name, column.name)
                        db.run_sql("comment", f"comment on column {name} is {sql.literal(column.comment)}")
            for lookup in model.lookups:
                db.run_sql("comment", f"comment on table {sql.ident(lookup.name)} is {sql.literal(COPIED)}")
            _provenance(db, model, chosen, where)
            counts = list(keeper.book.counts.values()) if keeper else []
            _rule_counts(db, counts)
            db.run_sql("checkpoint", "checkpoint")
    return Sample(out, chosen, rows, picker.note if picker else "", counts)


@contextmanager
def _rules(model: Model, settings: dict[str, Any] | None) -> Iterator[RuleKeeper | None]:
    """What keeps the model's rules; None when it has none."""
    from duckpaste.sample.keeper import RuleKeeper
    from duckpaste.sample.rules import Rulebook, any_of

    if not any_of(model):
        yield None
        return

    with Db.open(settings=settings, sandbox=True) as scratch:
        yield RuleKeeper(Rulebook(scratch, model))


@contextmanager
def _given(model: Model, where: str | None, settings: dict[str, Any] | None) -> Iterator[Picker | None]:
    """Rows of the top table given a predicate; None without one."""
    if where is None:
        yield None
        return
    from duckpaste.sample.picker import Picker
    from duckpaste.sample.where import where as condition

    if not model.related and len(model.tables) > 1:
        raise UserError("--where is for a model of one table, or of related ones", remedy="sample it all")
    with Db.open(settings=settings, sandbox=True) as scratch:
        yield Picker(condition(model.tables[0], where, scratch))


def _whole(value: Any, what: str) -> int:
    try:
        return operator.index(value)
    except TypeError:
        raise UserError(f"{what} must be a whole number") from None


def _made(db: Db) -> bool:
    """Whether a file is a synthetic database, and every table in it one that `sample` wrote."""
    found = tables(db)
    if ("duckpaste", "provenance") not in found:
        return False
    facts = sql.ident(db.database, "duckpaste", "provenance")
    told = {k for (k,) in db.rows_sql("provenance", f"select key from {facts}")}
    text = "select schema_name, comment from duckdb_tables() where schema_name <> 'duckpaste'"
    marks = [(s, str(c).startswith((MARK, COPIED))) for s, c in db.rows_sql("comments", text)]
    return {"run", "seed", "guarantee"} <= told and all(s == "main" and ours for s, ours in marks)


# A synthetic database, as `check` knows it.
SYNTHETIC = Kind("a synthetic database that duckpaste made", _made)


def _write(
    db: Db,
    table: TableModel,
    rows: int,
    seed: int,
    position: int,
    progress: Progress | None,
    picker: Picker | None,
    keeper: RuleKeeper | None,
) -> None:
    """One table. Checks that synthetic values can break (open ends, several columns) are dropped, not enforced."""
    import pyarrow as pa

    target = sql.ident(table.name)
    columns = [{"name": c.name, "sql_type": c.sql_type, "not_null": c.not_null} for c in table.columns]
    source = sql.free("_batches", [table.name])
    failed: list[BaseException] = []
    for checks in [table.checks, ()] if table.checks else [()]:
        db.run(
            "synthetic_table",
            target=target,
            columns=columns,
            primary_key=list(table.primary_key),
            checks=list(checks),
        )

        def produced() -> Iterator[pa.RecordBatch]:
            done = 0
            if keeper is not None:
                keeper.book.forget()
            try:
                for batch in (
                    picker.batches(rows, seed, position, keeper)
                    if picker
                    else batches(table, rows, seed, position, keeper)
                ):
                    yield batch
                    done += batch.num_rows
                    if progress is not None:
                        progress(done, rows)
            except (Exception, KeyboardInterrupt) as error:  # the engine would wrap it, and hide what it is
                failed.append(error)
                raise

        first = picker.example() if picker else next(batches(table, 1, seed, position))
        reader = pa.RecordBatchReader.from_batches(first.schema, produced())
        try:
            text = sql.render("synthetic_rows", target=target, source=sql.ident(source), columns=columns)
            db.insert_arrow("synthetic_rows", text, source, reader)
            if failed:
                raise failed[0]
            return
        except EngineError:
            if failed:
                raise failed[0] from None
            if not checks:
                raise
            db.run_sql("synthetic_table", f"drop table {target}")


def _provenance(db: Db, model: Model, seed: int, where: str | None) -> None:
    """The schema `duckpaste` marks a file as ours, and says where it came from."""
    schema = sql.ident(db.database, "duckpaste")
    db.run_sql("provenance", f"create schema {schema}")
    db.run_sql(
        "provenance", f"create table {schema}.provenance (key varchar primary key, value varchar not null)"
    )
    asked = [] if where is None else [("where", where)]
    for key, value in [*model.info.items(), ("seed", str(seed)), *asked, ("guarantee", model.guarantee)]:
        db.run_sql("provenance", f"insert into {schema}.provenance values (?, ?)", [key, value])


def _rule_counts(db: Db, counts: Sequence[Count]) -> None:
    """duckpaste.rules: for each rule how many rows broke it at first and in the end."""
    if not counts:
        return
    target = f"{sql.ident(db.database, 'duckpaste')}.rules"
    db.run_sql(
        "rules",
        f"create table {target} (table_name varchar not null, rule varchar not null, rows bigint not null, "
        "broken_at_first bigint not null, broken bigint not null)",
    )
    for c in counts:
        db.run_sql(
            "rules",
            f"insert into {target} values (?, ?, ?, ?, ?)",
            [c.table, c.rule, c.rows, c.before, c.after],
        )
