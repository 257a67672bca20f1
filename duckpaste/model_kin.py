"""What a model file holds of relations: lineages, sequences, links, rules, and the rows of public tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from duckpaste import sql
from duckpaste.db import Db
from duckpaste.domain import Domain
from duckpaste.model import Column, Lineage, Link, Lookup, Model, Siblings, TableModel
from duckpaste.models.network import Network
from duckpaste.models.switched import Switched, switched

LOOKUPS = "lookup_rows"  # the schema of public tables' rows


def counts_of(table: TableModel) -> TableModel | None:
    """The number of children as a table model of its own, under which the file keeps it."""
    lineage = table.lineage
    if lineage is None:
        return None
    return TableModel(
        f"{table.name} per {lineage.parent}", [], [lineage.codec], lineage.network, lineage.measurements
    )


def parts_of(table: TableModel) -> list[TableModel]:
    """The networks of a switched table as table models of their own, under which the file keeps them."""
    network = table.network
    if not isinstance(network, Switched):
        return [table]
    bare = Network(Domain({}), (), [], total=network.total)
    return [
        replace(table, network=bare),
        *(TableModel(_part(table.name, network.column, c), [], [], n) for c, n in network.branches.items()),
    ]


def _part(name: str, column: str, code: int) -> str:
    return f"{name} where {column} is {code}"


def _switches(model: Model) -> Iterator[Sequence[Any]]:
    """Rows that tell which part of a switched table is kept where."""
    for table in model.tables:
        for one in (table, counts_of(table)):
            if one is not None and isinstance(one.network, Switched):
                net = one.network
                for code in net.branches:
                    yield (
                        one.name,
                        net.column,
                        net.domain[net.column],
                        code,
                        _part(one.name, net.column, code),
                    )


def save(db: Db, model: Model, fill: Callable[[str, list[Sequence[Any]]], None]) -> None:
    """Write lineages, links, rules and lookups; `fill(table, rows)` inserts rows."""
    lineages: list[Sequence[Any]] = []
    for table in model.tables:
        counts = counts_of(table)
        if table.lineage is not None and counts is not None:
            lineage = table.lineage
            lineages.append(
                (
                    table.name,
                    lineage.parent,
                    list(lineage.owner),
                    list(lineage.referenced),
                    counts.name,
                    lineage.over,
                )
            )
    fill("lineages", lineages)
    fill("switches", list(_switches(model)))
    fill("siblings", [
        (t.name, list(s.sequencer), s.order, list(s.starts)) for t in model.tables if (s := t.siblings) is not None
    ])  # fmt: skip
    fill("links", [
        (t.name, i, list(k.columns), k.table, list(k.referenced), k.kind, k.nullable, [float(d) for d in k.degrees])
        for t in model.tables for i, k in enumerate(t.links)
    ])  # fmt: skip
    fill("rules", [(t.name, i, text) for t in model.tables for i, text in enumerate(t.rules)])
    fill("lookups", [(k.name, i, list(k.primary_key)) for i, k in enumerate(model.lookups)])
    if model.lookups:
        db.run_sql("lookup_rows", f"create schema {LOOKUPS}")
    for lookup in model.lookups:
        fill("columns", [
            (lookup.name, i, c.name, c.sql_type, c.not_null, c.comment) for i, c in enumerate(lookup.columns)
        ])  # fmt: skip
        text = f"create table {sql.ident(LOOKUPS, lookup.name)} as select * from rows_"
        db.insert_arrow("lookup_rows", text, "rows_", lookup.rows)


def load(
    db: Db, tables: Sequence[TableModel], columns: Callable[[str], list[Column]]
) -> tuple[list[TableModel], list[Lookup]]:
    """The tables with their lineages and links, parents first, and the lookups."""
    by_name = {t.name: t for t in tables}
    counts = set()
    whole: dict[tuple[str, str, int], dict[int, Network]] = {}
    for name, column, size, code, part in db.rows_sql(
        "model_switches", "select * from switches order by code"
    ):
        whole.setdefault((name, column, size), {})[code] = by_name[part].network
        counts.add(part)
    for (name, column, size), branches in whole.items():
        by_name[name] = replace(by_name[name], network=switched(column, branches, size))
    rows = db.rows_sql("model_lineages", "select * from lineages")
    for name, parent, owner, referenced, counted, over in rows:
        model = by_name[counted]
        counts.add(counted)
        lineage = Lineage(parent, owner, referenced, model.codecs[0], model.network, model.measurements, over)
        by_name[name] = replace(by_name[name], lineage=lineage)
    for name, sequencer, order, starts in db.rows_sql("model_siblings", "select * from siblings"):
        by_name[name] = replace(by_name[name], siblings=Siblings(sequencer, order, starts))
    rows = db.rows_sql("model_links", "select * from links order by table_name, position")
    for name, _, own, target, referenced, kind, nullable, degrees in rows:
        link = Link(own, target, referenced, kind, nullable, tuple(degrees))
        by_name[name] = replace(by_name[name], links=[*by_name[name].links, link])
    for name, text in db.rows_sql(
        "model_rules", "select table_name, rule from rules order by table_name, position"
    ):
        by_name[name] = replace(by_name[name], rules=[*by_name[name].rules, text])
    lookups = [
        Lookup(
            name, columns(name), key, db.arrow_sql("lookup_rows", f"select * from {sql.ident(LOOKUPS, name)}")
        )
        for name, _, key in db.rows_sql("model_lookups", "select * from lookups order by position")
    ]
    return [t for t in by_name.values() if t.name not in counts], lookups
