"""The model file: one DuckDB file of plain tables, enough to sample with the private data gone."""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from duckpaste import codec as codecs
from duckpaste import model_kin, sql
from duckpaste.codec.base import Codec
from duckpaste.db import Db, EngineError
from duckpaste.domain import Domain, FloatArray, IntArray
from duckpaste.errors import UserError
from duckpaste.files import built
from duckpaste.model import Column, Model, TableModel
from duckpaste.models.base import Measurement
from duckpaste.models.network import Expansion, Network, Step
from duckpaste.privacy.accountant import Guarantee
from duckpaste.privacy.ledger import Release
from duckpaste.schema.view import Field
from duckpaste.sql import literal
from duckpaste.target import Kind, check, tables

FORMAT = 1


def save(model: Model, path: Path, *, overwrite: bool = False) -> None:
    """Write the model. Raises UserError when the folder can't be written, or for a file that exists (see target)."""
    check(path, MODEL, overwrite=overwrite)
    with built(path) as temporary:
        with Db.open(temporary) as db:
            with db.transaction():  # one write to disk instead of one a statement
                db.run("model_tables")
                _fill(db, "info", [("format", str(FORMAT)), *model.info.items()])
                kept = [
                    part
                    for table in model.tables
                    for t in (table, model_kin.counts_of(table))
                    if t is not None
                    for part in model_kin.parts_of(t)
                ]
                for position, table in enumerate(kept):
                    _save_table(db, table, position)
                model_kin.save(db, model, partial(_fill, db))
                _fill(
                    db,
                    "releases",
                    [
                        (
                            i,
                            r.stage,
                            r.mechanism,
                            r.table,
                            r.columns,
                            r.query,
                            r.cells,
                            r.sensitivity,
                            r.scale,
                            r.loss,
                            r.delta,
                        )
                        for i, r in enumerate(model.releases, 1)
                    ],
                )
            db.run_sql("checkpoint", "checkpoint")


def _is_model(db: Db) -> bool:
    return {("main", name) for name in ("info", "steps", "factors")} <= tables(db)


def _made(db: Db) -> bool:
    """Whether a file is a model file, whole or damaged, and nothing else."""
    known = re.findall(r"(?m)^create table (\w+)", sql.render("model_tables"))
    there = {table for schema, table in tables(db) if schema != model_kin.LOOKUPS}
    columns = db.rows_sql("columns", "select column_name from duckdb_columns() where table_name = 'info'")
    return _is_model(db) and there <= set(known) and [c for (c,) in columns] == ["key", "value"]


# A model file, as `check` knows it.
MODEL = Kind("a model file", _made)


def _fill(db: Db, table: str, rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows by one Arrow table; columns get the types of the target."""
    import pyarrow as pa

    rows = list(rows)
    if not rows:
        return
    columns = [pa.array(list(c)) for c in zip(*rows, strict=True)]
    data = pa.table(columns, names=[f"c{i}" for i in range(len(columns))])
    db.insert_arrow(f"model_{table}", f"insert into {table} select * from rows_", "rows_", data)


def _fill_cells(
    db: Db, table: str, name: str, keyed: Iterable[tuple[Any, FloatArray]], *, sparse: bool
) -> None:
    """Insert (table_name, *key, cell, value) rows of flat arrays."""
    import pyarrow as pa

    for key, values in keyed:
        flat = np.asarray(values, dtype=np.float64).ravel()
        cell = np.flatnonzero(flat) if sparse else np.arange(len(flat))
        keys = key if isinstance(key, tuple) else (key,)
        constant = [pa.array([k] * len(cell)) for k in (name, *keys)]
        data = pa.table(
            [*constant, pa.array(cell), pa.array(flat[cell])], names=[f"c{i}" for i in range(len(keys) + 3)]
        )
        db.insert_arrow(f"model_{table}", f"insert into {table} select * from rows_", "rows_", data)


def _save_table(db: Db, table: TableModel, position: int) -> None:
    name = table.name
    _fill(
        db,
        "tables",
        [
            (
                name,
                position,
                float(table.network.total),
                list(table.primary_key),
                list(table.checks),
                table.comment,
            )
        ],
    )
    _fill(
        db,
        "columns",
        [(name, i, c.name, c.sql_type, c.not_null, c.comment) for i, c in enumerate(table.columns)],
    )
    _fill(
        db,
        "fields",
        [
            (
                name,
                i,
                c.field.name,
                c.field.kind,
                c.field.nullable,
                list(c.field.refs),
                c.field.sql_type,
                json.dumps(dict(c.field.options), default=str),
                json.dumps(c.spec(), default=_plain),
            )
            for i, c in enumerate(table.codecs)
        ],
    )
    _fill(
        db,
        "codes",
        [(name, c.field.name, k.name, k.size, k.ordered, k.null) for c in table.codecs for k in c.columns()],
    )
    _fill(
        db,
        "labels",
        [(name, c.field.name, i, label) for c in table.codecs for i, label in enumerate(c.labels())],
    )
    histograms = [((c.field.name, part), mass) for c in table.codecs for part, mass in c.arrays().items()]
    _fill_cells(db, "histograms", name, histograms, sparse=False)
    _save_network(db, table)


def _save_network(db: Db, table: TableModel) -> None:
    """Steps, factors, expansions and measurements."""
    name = table.name
    network = table.network
    steps: list[tuple[Any, ...]] = [
        (name, i - len(network.evidence), None, [e], [network.domain[e]])
        for i, e in enumerate(network.evidence)
    ]
    steps += [
        (name, i, s.column, list(s.parents), [int(x) for x in s.counts.shape])
        for i, s in enumerate(network.steps)
    ]
    _fill(db, "steps", steps)
    _fill_cells(db, "factors", name, [(i, s.counts) for i, s in enumerate(network.steps)], sparse=True)
    _fill(
        db,
        "coarsenings",
        [
            (name, i, parent, code, int(coarse))
            for i, s in enumerate(network.steps)
            for parent, to in s.coarsen.items()
            for code, coarse in enumerate(to)
        ],
    )
    _fill(
        db,
        "expansions",
        [
            (name, column, fine, int(coarse), float(weight))
            for column, e in network.expansions.items()
            for fine, (coarse, weight) in enumerate(zip(e.coarse, e.weights, strict=True))
        ],
    )
    _fill(
        db,
        "measurements",
        [
            (name, i, list(m.clique), [int(x) for x in m.values.shape], float(m.sigma))
            for i, m in enumerate(table.measurements)
        ],
    )
    _fill_cells(db, "measured", name, [(i, m.values) for i, m in enumerate(table.measurements)], sparse=False)


def _plain(value: Any) -> Any:
    """JSON for numpy scalars; anything else as text."""
    return value.item() if isinstance(value, np.generic) else str(value)


def load(path: Path) -> Model:
    """Read a model file (sandboxed: it may come from elsewhere). Raises UserError when it is not one, or is newer."""
    with Db.open(path, read_only=True, sandbox=True) as db:
        info = dict(db.rows_sql("model_info", "select key, value from info")) if _is_model(db) else {}
        made = str(info.pop("format", ""))
        if not made.isdecimal():
            raise UserError(
                "not a model file of duckpaste",
                str(path),
                "make one with: duckpaste fit VIEW.ALG -o model.duckdb",
            )
        if int(made) > FORMAT:
            raise UserError(
                f"the model has format {made}, this duckpaste reads up to {FORMAT}",
                str(path),
                "install a newer duckpaste",
            )
        try:
            return _load(db, info)
        except (EngineError, LookupError, TypeError, ValueError) as error:
            remedy = "make it again with: duckpaste fit VIEW.ALG -o model.duckdb"
            raise UserError("the model file is damaged", str(path), remedy) from error


def _load(db: Db, info: dict[str, str]) -> Model:
    missing = {"run", "epsilon", "delta", "algorithm"} - set(info)
    if missing:
        raise LookupError(missing)
    Guarantee(float(info["epsilon"]), float(info["delta"]))
    bare = {r[0] for r in db.rows_sql("model_switches", "select distinct table_name from switches")}
    tables = [
        _load_table(db, bare, *row)
        for row in db.rows_sql(
            "model_tables",
            "select table_name, total, primary_key, checks, comment from tables order by position",
        )
    ]
    releases = [
        Release(*row[1:]) for row in db.rows_sql("model_releases", "select * from releases order by release")
    ]
    tables, lookups = model_kin.load(db, tables, partial(_columns, db))
    return Model(tables, info, releases, lookups)


def _columns(db: Db, name: str) -> list[Column]:
    return [
        Column(*r) for r in _rows(db, name, "columns", "column_name, sql_type, not_null, comment", "position")
    ]


def _cells(db: Db, table: str, name: str) -> dict[int, tuple[Any, FloatArray]]:
    """Cells and values of each step or measurement of one table."""
    key = "step" if table == "factors" else "measurement"
    text = f"select {key} as key, cell, value from {table} where table_name = {literal(name)} order by 1, 2"
    found = db.numpy_sql(f"model_{table}", text)
    keys, first = np.unique(np.asarray(found["key"]), return_index=True)
    cells = np.split(np.asarray(found["cell"], dtype=np.int64), first[1:])
    values = np.split(np.asarray(found["value"], dtype=np.float64), first[1:])
    return {int(k): (c, v) for k, c, v in zip(keys, cells, values, strict=False)}


def _dense(found: tuple[Any, FloatArray] | None, shape: Sequence[int]) -> FloatArray:
    dense = np.zeros(math.prod(shape))
    if found is not None:
        dense[found[0]] = found[1]
    return dense.reshape(tuple(shape))


def _load_codecs(db: Db, name: str) -> list[Codec]:
    labels: dict[str, list[str | None]] = defaultdict(list)
    for field, label in _rows(db, name, "labels", "field, label", "field, code"):
        labels[field].append(label)
    histograms: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for field, part, mass in _rows(db, name, "histograms", "field, part, mass", "field, part, cell"):
        histograms[field][part].append(mass)
    made = []
    columns = "field, kind, nullable, refs, sql_type, options, spec"
    for field, kind, nullable, refs, sql_type, options, spec in _rows(
        db, name, "fields", columns, "position"
    ):
        declared = Field(field, kind, nullable, tuple(refs), json.loads(options), sql_type)
        arrays = {part: np.array(mass) for part, mass in histograms[field].items()}
        made.append(codecs.load(declared, json.loads(spec), arrays, labels[field]))
    return made


def _load_network(db: Db, name: str, total: float) -> Network:
    factors = _cells(db, "factors", name)
    sizes: dict[str, int] = {}
    evidence: list[str] = []
    steps = []
    coarsen = _coarsenings(db, name)
    for number, column, parents, shape in _rows(
        db, name, "steps", "step, code_column, parents, shape", "step"
    ):
        if column is None:
            evidence += parents
            sizes[parents[0]] = shape[0]
        else:
            sizes[column] = shape[-1]
            _check_parents(parents, shape, sizes, coarsen[number])
            steps.append(Step(column, tuple(parents), _dense(factors.get(number), shape), coarsen[number]))
    expansions = {}
    where = f"where table_name = {literal(name)}"
    text = f"select code_column as c, coarse, weight from expansions {where} order by 1, fine"
    found = db.numpy_sql("model_expansions", text)
    for column in dict.fromkeys(str(c) for c in found["c"]):
        mine = np.asarray(found["c"]) == column
        expansions[column] = Expansion(
            np.asarray(found["coarse"][mine], dtype=np.int64), np.asarray(found["weight"][mine])
        )
    return Network(Domain(sizes), tuple(evidence), steps, expansions, total)


def _check_parents(
    parents: Sequence[str], shape: Sequence[int], sizes: Mapping[str, int], coarsen: Mapping[str, IntArray]
) -> None:
    """Raise LookupError when a step's table has no place for a code of its parents."""
    for parent, size in zip(parents, shape[:-1], strict=True):
        to = coarsen.get(parent, np.arange(sizes[parent]))
        if len(to) != sizes[parent] or to.min() < 0 or to.max() >= size:
            raise LookupError(parent)


def _coarsenings(db: Db, name: str) -> dict[int, dict[str, IntArray]]:
    """Step -> parent -> the group of each of its codes."""
    where = f"where table_name = {literal(name)}"
    text = f"select step, code_column as c, coarse from coarsenings {where} order by 1, 2, code"
    found = db.numpy_sql("model_coarsenings", text)
    out: dict[int, dict[str, IntArray]] = defaultdict(dict)
    step, column = np.asarray(found["step"]), np.asarray(found["c"]).astype(str)
    for number, parent in dict.fromkeys(zip(step.tolist(), column.tolist(), strict=True)):
        mine = (step == number) & (column == parent)
        out[number][parent] = np.asarray(found["coarse"], dtype=np.int64)[mine]
    return out


def _rows(db: Db, name: str, table: str, columns: str, order: str) -> list[tuple[Any, ...]]:
    text = f"select {columns} from {table} where table_name = ? order by {order}"
    return db.rows_sql(f"model_{table}", text, [name])


def _load_table(
    db: Db, bare: Collection[str], name: str, total: float, key: list[str], checks: list[str], comment: str
) -> TableModel:
    found = _cells(db, "measured", name)
    measurements = [
        Measurement(tuple(clique), _dense(found.get(i), shape), sigma)
        for i, clique, shape, sigma in _rows(
            db, name, "measurements", "measurement, code_columns, shape, sigma", "measurement"
        )
    ]
    network, made = _load_network(db, name, total), _load_codecs(db, name)
    # An unrolled table's slots tell some of its columns before the others are drawn.
    told = {e.removeprefix(f"{name}.") for e in network.evidence}
    absent = {k.name for c in made for k in c.columns()} - set(network.domain) - told
    if absent and name not in bare:
        raise LookupError(absent)
    return TableModel(name, _columns(db, name), made, network, measurements, key, checks, comment)
