"""Family: the private tables of a view in order, each with its codecs and with the SQL of its rows and counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from duckpaste import codec as codecs
from duckpaste import sql
from duckpaste.codec.base import Codec, CodeColumn
from duckpaste.db import Db
from duckpaste.errors import Fault, UserError, raise_all
from duckpaste.model import Column
from duckpaste.prepare import in_decoding_order
from duckpaste.schema.graph import Graph, Kind, Node, build
from duckpaste.schema.names import split
from duckpaste.schema.view import Field, ForeignKey, Table, View

CHILDREN = "_children"
UNIT = "_unit"
MOST_KEYS = 20_000  # public keys that may be values of a category


@dataclass(frozen=True)
class Member:
    """A private table of the view. `codecs` are those of its own columns (owner key and copied keys left out);
    `children` counts its rows per parent row (None for the unit's table)."""

    node: Node
    relation: str
    columns: Sequence[Column]
    codecs: Sequence[Codec]
    children: Codec | None = None

    @property
    def name(self) -> str:
        """The table's name."""
        return self.node.table.name

    @property
    def table(self) -> Table:
        """The declared table."""
        return self.node.table


@dataclass(frozen=True)
class Evidence:
    """A code column of an ancestor as another table sees it: "table.column", and the SQL that gives its code."""

    column: CodeColumn
    expression: str


@dataclass(frozen=True)
class Family:
    """All private tables, parents first, and the public ones."""

    view: View
    schema: tuple[str, ...]
    graph: Graph
    members: dict[str, Member] = field(default_factory=dict)

    def above(self, name: str) -> list[Member]:
        """Ancestors of a table, nearest first."""
        return [self.members[p] for p in self.members[name].node.path]

    def rows_sql(self, name: str) -> str:
        """The table's rows with its ancestors' columns and the unit's key (see sql/owner_rows.sql)."""
        member, tables = self.members[name], self.above(name)
        key_of = {m.name: m.node.owner for m in (member, *tables)}
        parents, below, alias = [], name, "t"
        for number, ancestor in enumerate(tables):
            key = key_of[below]
            if key is None:
                raise UserError("has no key to its parent", below)
            mine = f"p{number}"
            on = [
                [f"{alias}.{sql.ident(a)}", f"{mine}.{sql.ident(b)}"]
                for a, b in zip(key.columns, key.referenced, strict=True)
            ]
            names = [c for codec in ancestor.codecs for c in codec.field.columns]
            labelled = [{"name": c, "label": f"{ancestor.name}.{c}"} for c in names]
            parents.append({"relation": ancestor.relation, "alias": mine, "on": on, "columns": labelled})
            below, alias = ancestor.name, mine
        top = tables[-1] if tables else member
        unit = [f"{alias}.{sql.ident(c)}" for c in _unit_key(top)]
        return sql.render("owner_rows", relation=member.relation, parents=parents, unit=unit)

    def evidence(self, name: str, *, itself: bool = False) -> list[Evidence]:
        """Code columns of the table's ancestors, nearest first (`itself`: its own too, as its children see them).

        SQL is over the rows of `rows_sql(name)`."""
        found = []
        own = [self.members[name]] if itself else []
        for ancestor in [*own, *self.above(name)]:
            prefix = "" if ancestor.name == name else f"{ancestor.name}."

            def column(reference: str, prefix: str = prefix, ancestor: Member = ancestor) -> str:
                owner, plain = split(reference, self.members)
                if owner is None or owner == ancestor.name:
                    return sql.ident(f"{prefix}{plain}")
                return sql.ident(f"{owner}.{plain}")

            for codec in ancestor.codecs:
                expressions = codec.encode(column)
                for c in codec.columns():
                    named = replace(c, name=f"{ancestor.name}.{c.name}")
                    found.append(Evidence(named, expressions[c.name]))
        return found


def _unit_key(top: Member) -> tuple[str, ...]:
    """Columns that tell one unit from another: the key that children point at, or the primary key."""
    if top.table.primary_key:
        return top.table.primary_key
    raise UserError("the table of units has no primary key", f"{top.table.place} {top.name}", "declare primary_key")


def family(db: Db, view: View, schema: tuple[str, ...]) -> Family:
    """Make the family of a resolved view. Reads no private row; keys of public tables are read, for they are public."""
    graph = build(view)
    found = Family(view, schema, graph)
    # A row of the top table is taken for a unit; a declared unit column says that it is not.
    faults = [
        Fault(f"the unit is the column {t.unit!r}, but related tables belong to rows of {graph.unit!r}",
              f"{t.place} {t.name}".strip(), "leave `unit` out here, or fit one table with another algorithm than mare")
        for t in view.tables if t.unit and not t.public
    ]  # fmt: skip
    for node in graph.nodes:
        table = node.table
        relation = sql.ident(*schema, table.name)
        copied = set(node.owner.columns) if node.owner else set()
        for r in node.references:
            if r.kind is Kind.ANCESTOR:
                copied |= set(r.key.columns)
        fields = [_referring(db, f, node, schema) for f in table.fields if not set(f.columns) <= copied]
        made: list[Codec] = []
        for f in in_decoding_order(replace(table, fields=tuple(fields))):
            try:
                made.append(codecs.make(f))
            except UserError as error:
                faults.extend(Fault(x.what, x.where or f"{table.name}.{f.name}", x.remedy) for x in error.faults)
        columns = [Column(f.name, f.sql_type or "VARCHAR", not f.nullable and f.kind != "ignore", f.comment) for f in table.fields]
        children = codecs.make(_count_field(table)) if node.owner else None
        found.members[table.name] = Member(node, relation, columns, made, children)
    raise_all(faults)
    return found


def _count_field(table: Table) -> Field:
    """The number of children as a field: whole, from 0, to `max_children` where the view declares it."""
    options: dict[str, object] = {"min": 0, "bins": 12, "spikes": []}
    most = table.options.get("max_children") or table.options.get("max_len")
    if most:
        options["max"] = int(most)
    return Field(CHILDREN, "numerical", options=options, sql_type="BIGINT")


def _referring(db: Db, field: Field, node: Node, schema: tuple[str, ...]) -> Field:
    """A key to a public table becomes a category of its keys; any other reference says only whether it is NULL."""
    for reference in node.references:
        if field.columns != reference.key.columns:
            continue
        if reference.kind is Kind.PUBLIC:
            text = (
                f"select {sql.ident(reference.key.referenced[0])}::varchar from {sql.ident(*schema, reference.key.table)} "
                f"order by 1 limit {MOST_KEYS + 1}"
            )
            values = [r[0] for r in db.rows_sql("public_keys", text) if r[0] is not None]
            if 0 < len(values) <= MOST_KEYS:
                return replace(field, kind="categorical", refs=(), options={"values": values})
        return replace(field, kind="text", refs=(), options={"constant": "0"}, sql_type="VARCHAR")
    return field


def owner_of(member: Member) -> ForeignKey:
    """The key to the parent. Raises UserError for the table of units."""
    if member.node.owner is None:
        raise UserError("is the table of units", member.name)
    return member.node.owner
