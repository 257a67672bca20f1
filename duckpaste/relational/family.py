"""Family: the private tables of a view in order, each with its codecs and with the SQL of its rows and counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from duckpaste import buckets, sql
from duckpaste import codec as codecs
from duckpaste.buckets import Held, Rows
from duckpaste.codec import zeros
from duckpaste.codec.base import Codec, CodeColumn, ColumnSql
from duckpaste.codec.public import SEPARATOR, joined, tells
from duckpaste.codec.sequence import POSITION, lagged
from duckpaste.codec.slots import Slots
from duckpaste.codec.spread import LEFT
from duckpaste.db import Db
from duckpaste.errors import Fault, UserError, raise_all
from duckpaste.model import Column, Siblings
from duckpaste.prepare import in_decoding_order
from duckpaste.relational import siblings as kin
from duckpaste.relational import unroll
from duckpaste.schema import rules
from duckpaste.schema.graph import Graph, Kind, Node, Reference, build
from duckpaste.schema.names import split
from duckpaste.schema.view import Field, ForeignKey, Table, View

CHILDREN = "_children"
UNIT = "_unit"
MOST_KEYS = 20_000  # public keys that may be values of a category


@dataclass(frozen=True)
class Member:
    """A private table of the view. `codecs` are those of its own columns (owner key and copied keys left out);
    `children` counts its rows per parent row (None for the unit's table); `siblings` tells how rows of a sequence
    follow one another."""

    node: Node
    relation: str
    columns: Sequence[Column]
    codecs: Sequence[Codec]
    children: Codec | None = None
    siblings: Siblings | None = None

    def rows(self, relation: str) -> str:
        """Rows of `relation`, which are the table's; for a sequence with positions and lags (SQL)."""
        if self.siblings is None:
            return relation
        return f"({kin.rows_sql(relation, self.table, self.siblings, owner_of(self).columns, self.codecs)})"

    @property
    def width(self) -> int:
        """Bytes of a row, about. Public."""
        return buckets.width(c.sql_type for c in self.columns)

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
    """A code column that a table's rows are drawn given: its name there, and the SQL of its code (codecs must be ready
    by the time it is asked)."""

    column: CodeColumn
    make: Callable[[], str]

    @property
    def expression(self) -> str:
        """SQL over the rows of `Family.rows_sql`."""
        return self.make()


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

    def rows(self, name: str, *, lags: bool = True) -> Rows:
        """`rows_sql` as a query that can be made by buckets of units, with what it holds: rows that are joined to, and
        those that positions and lags sort. `lags`: without them it needs no sorts."""
        sorts = [m for m in (self.members[name], *self.above(name)) if lags and m.siblings is not None]
        held = [Held(m.relation, m.width) for m in (*self.above(name), *sorts)]
        whole = self.rows_sql(name, lags=lags)
        return Rows(
            whole, self.rows_sql(name, lags=lags, bucket=True), self.members[name].relation, tuple(held)
        )

    def bucket_sql(self, name: str) -> str:
        """The table's own rows whose unit is in bucket $1 of $2: told by their key where it is that of the unit, else
        by that of rows above."""
        member, key, own = self.members[name], self.members[name].node.owner, self._bucket_key(name)
        if key is None or own:
            return buckets.by(member.relation, own)
        on = [list(pair) for pair in zip(key.columns, key.referenced, strict=True)]
        return buckets.below(member.relation, self.bucket_sql(key.table), on)

    def _bucket_key(self, name: str) -> list[tuple[str, str]]:
        """The columns of a table, with types, that hold the unit's key; none where they can't tell its bucket."""
        member = self.members[name]
        kinds = {c.name: c.sql_type for c in member.columns}
        key = member.node.owner
        if key is None:
            return [(c, kinds.get(c, "")) for c in _unit_key(member)]
        parent = self.members[key.table]
        theirs = {c.name: c.sql_type for c in parent.columns}
        types = [kinds.get(c, "") for c in key.columns]
        mine = parent.node.owner is None and key.referenced == _unit_key(parent)
        if mine and buckets.same(types, [theirs.get(c, "") for c in key.referenced]):
            return list(zip(key.columns, types, strict=True))
        return []

    def rows_sql(self, name: str, *, lags: bool = True, bucket: bool = False) -> str:
        """The table's rows with its ancestors' columns and the unit's key (see sql/owner_rows.sql); with `lags` also
        positions and lags of sequences. `bucket`: those of bucket $1 of $2."""

        def rows(member: Member) -> str:
            sorts = lags and member.siblings is not None
            # Rows that nothing holds need no bucket of their own where it takes a join to tell it: they only pass.
            cut = bucket and (sorts or member.name != name or self._bucket_key(name))
            relation = f"({self.bucket_sql(member.name)})" if cut else member.relation
            return member.rows(relation) if sorts else relation

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
            if lags and ancestor.siblings is not None:
                names += kin.added(ancestor.codecs)
            labelled = [{"name": c, "label": f"{ancestor.name}.{c}"} for c in names]
            parents.append({"relation": rows(ancestor), "alias": mine, "on": on, "columns": labelled})
            below, alias = ancestor.name, mine
        top = tables[-1] if tables else member
        unit = [f"{alias}.{sql.ident(c)}" for c in _unit_key(top)]
        return sql.render("owner_rows", relation=rows(member), parents=parents, unit=unit)

    def evidence(self, name: str, *, itself: bool = False, lags: bool = True) -> Iterator[Evidence]:
        """Code columns of the table's ancestors, nearest first (`itself`: its own too, as its children see them).

        `lags`: positions of rows of sequences too."""
        own = [self.members[name]] if itself else []
        for ancestor in [*own, *self.above(name)]:
            column = self._reader(ancestor, "" if ancestor.name == name else f"{ancestor.name}.")
            for codec in ancestor.codecs:
                for c in codec.columns():
                    named = replace(c, name=f"{ancestor.name}.{c.name}")
                    yield Evidence(named, _encoding(codec, c.name, column))
            if lags and ancestor.siblings is not None:
                yield _position(ancestor.name, ancestor.siblings, column)

    def before(self, name: str) -> Iterator[Evidence]:
        """What a row of a sequence sees of its siblings: its position, and their codes. Nothing for other tables."""
        member = self.members[name]
        if member.siblings is None:
            return
        yield _position(name, member.siblings, self._reader(member, ""))
        for back in range(1, member.siblings.order + 1):
            column = self._reader(member, "", back)
            for codec in member.codecs:
                for c in codec.columns():
                    lag = kin.lag_column(name, c, back)
                    yield Evidence(lag, _lag(codec, c.name, column, back))

    def told(self, name: str) -> Iterator[Evidence]:
        """Of an unrolled table: the codes that its slots give a row, before the others are drawn."""
        member = self.members[name]
        column = self._reader(member, "")
        for codec in unroll.own(member):
            for c in codec.columns():
                yield Evidence(replace(c, name=f"{name}.{c.name}"), _encoding(codec, c.name, column))

    def order_of(self, name: str) -> dict[str, object] | None:
        """How sql/children_counts.sql orders the rows of a sequence; None for another table."""
        member = self.members[name]
        if member.siblings is None:
            return None
        return {
            "partition": list(owner_of(member).columns),
            "position": POSITION,
            "label": lagged(CHILDREN, 1),
        }

    def count_before(self, name: str) -> Iterator[Evidence]:
        """The number of children that the parent row's earlier sibling has. Nothing unless the parent is a sequence."""
        member = self.members[name]
        parent, codec = self.members[owner_of(member).table], member.children
        if parent.siblings is None or codec is None or isinstance(codec, Slots):
            return
        column = codec.columns()[0]
        yield Evidence(kin.lag_column(parent.name, column, 1), _count_lag(codec, column.name))

    def _reader(self, member: Member, prefix: str, back: int = 0) -> ColumnSql:
        """SQL of a column that a codec of `member` reads, in rows where the member's columns have `prefix`; `back`: of
        the sibling so many rows before."""

        def column(reference: str) -> str:
            if reference == POSITION:
                here = sql.ident(f"{prefix}{POSITION}")
                return f"({here} - {back})" if back else here
            if reference == LEFT:
                here = sql.ident(f"{prefix}{LEFT}")
                return f"({here} + {back})" if back else here
            if member.siblings is not None and reference.startswith("@1."):
                return sql.ident(f"{prefix}{lagged(reference[3:], back + 1)}")
            owner, plain = split(reference, self.members)
            if owner is None or owner == member.name:
                return sql.ident(f"{prefix}{lagged(plain, back) if back else plain}")
            return sql.ident(f"{owner}.{plain}")

        return column


def _encoding(codec: Codec, code: str, column: ColumnSql) -> Callable[[], str]:
    return lambda: codec.encode(column)[code]


def _position(name: str, siblings: Siblings, column: ColumnSql) -> Evidence:
    return Evidence(kin.position_column(name, siblings), lambda: kin.position_sql(siblings, column(POSITION)))


def _lag(codec: Codec, code: str, column: ColumnSql, back: int) -> Callable[[], str]:
    """The code of an earlier row, or the placeholder: one more than the last code."""

    def make() -> str:
        size = next(c.size for c in codec.columns() if c.name == code)
        return f"(case when {column(POSITION)} >= 0 then {codec.encode(column)[code]} else {size} end)"

    return make


def _count_lag(codec: Codec, code: str) -> Callable[[], str]:
    def make() -> str:
        before, size = sql.ident(lagged(CHILDREN, 1)), codec.columns()[0].size
        return f"(case when {before} is not null then {codec.encode(lambda _: before)[code]} else {size} end)"

    return make


def _unit_key(top: Member) -> tuple[str, ...]:
    """Columns that tell one unit from another: the key that children point at, or the primary key."""
    if top.table.primary_key:
        return top.table.primary_key
    raise UserError(
        "the table of units has no primary key", f"{top.table.place} {top.name}", "declare primary_key"
    )


def family(db: Db, view: View, schema: tuple[str, ...]) -> Family:
    """Make the family of a resolved view. Reads no private row; keys of public tables are read, for they are public."""
    graph = build(view)
    found = Family(view, schema, graph)
    # A row of the top table is taken for a unit; a declared unit column says that it is not.
    faults = [
        Fault(
            f"the unit is the column {t.unit!r}, but related tables belong to rows of {graph.unit!r}",
            f"{t.place} {t.name}".strip(),
            "leave `unit` out here, or fit one table with another algorithm than mare",
        )
        for t in view.tables
        if t.unit and not t.public
    ]
    for node in graph.nodes:
        table = node.table
        relation = sql.ident(*schema, table.name)
        copied = set(node.owner.columns) if node.owner else set()
        for r in node.references:
            if r.kind is Kind.ANCESTOR:
                copied |= set(r.key.columns)
        faults.extend(_shared(node))
        fields = list(_referring(db, node, copied, schema))
        made: list[Codec] = []
        for f in in_decoding_order(replace(table, fields=tuple(fields))):
            try:
                made.append(codecs.make(f))
            except UserError as error:
                faults.extend(
                    Fault(x.what, x.where or f"{table.name}.{f.name}", x.remedy) for x in error.faults
                )
        columns = [
            Column(f.name, f.sql_type or "VARCHAR", not f.nullable and f.kind != "ignore", f.comment)
            for f in table.fields
        ]
        faults.extend(unroll.faults(table, made))
        slots = unroll.slots_field(table, made, CHILDREN) if node.owner else None
        children = codecs.make(slots or _count_field(table, node.owner)) if node.owner else None
        siblings = None
        try:
            siblings = kin.siblings_of(node)
        except UserError as error:
            faults.extend(error.faults)
        found.members[table.name] = Member(node, relation, columns, made, children, siblings)
    from duckpaste.relational import partition

    raise_all([*faults, *_taken(found), *_rules(db, found), *partition.faults(found.members.values()),
               *(fault for m in found.members.values() for fault in zeros.faults_of(m.table, m.codecs))])  # fmt: skip
    return found


def _rules(db: Db, found: Family) -> list[Fault]:
    """Faults of all tables' rules. Keys are made up, but those of public tables are values like others."""
    members = found.members.values()
    if not any(rules.declared(m.table) for m in members):
        return []
    made_up = {
        (m.name, c)
        for m in members for f in m.table.fields if f.kind in ("id", "uuid", "ignore") for c in f.columns
        if not (any(r.kind is Kind.PUBLIC and c in r.key.columns for r in m.node.references) and tells(m.codecs, (c,)))
    }  # fmt: skip
    scopes = rules.scopes(
        [(m.name, {c.name: c.sql_type for c in m.columns}, m.node.path) for m in members], frozenset(made_up),
        {t.name: {c: f.sql_type or "VARCHAR" for f in t.fields for c in f.columns} for t in found.graph.public},
        {m.name: [r.key for r in m.node.references if r.kind is Kind.PUBLIC and tells(m.codecs, r.key.columns)]
            for m in members},
    )  # fmt: skip
    return [fault for m in members for fault in rules.faults(db, m.table, scopes[m.name])]


def _taken(found: Family) -> list[Fault]:
    """Columns whose name sql/owner_rows.sql and sql/children_counts.sql give to something else: above all, to the key
    of the unit, for which such a column would be taken."""
    faults = []
    for name, member in found.members.items():
        labels = {f"{a.name}.{c.name}".casefold() for a in found.above(name) for c in a.columns}
        for column in member.columns:
            added = member.siblings is not None and column.name.startswith("@")
            added = added or column.name.casefold().startswith(f"{CHILDREN}#")
            if added or column.name.casefold() in labels | {UNIT, CHILDREN}:
                faults.append(
                    Fault("duckpaste needs this name", f"{name}.{column.name}", "rename it in the view's SQL")
                )
    return faults


def _count_field(table: Table, owner: ForeignKey) -> Field:
    """The number of children as a field: whole, from 0, to `max_children` where the view declares it."""
    options: dict[str, object] = {"min": 0}
    most = kin.longest(table)
    if table.primary_key and set(table.primary_key) <= set(owner.columns):
        most = 1  # one to one: the key to the parent is the table's own key
    if most:
        options["max"] = most
    return Field(CHILDREN, "children", options=options, sql_type="BIGINT")


def _referring(db: Db, node: Node, copied: set[str], schema: tuple[str, ...]) -> Iterator[Field]:
    """The fields of a table but for those of `copied` columns. A key to a public table becomes a category of its keys;
    any other reference says only whether it is NULL, and so does one to a public table of too many keys."""
    whole = {
        c: r
        for r in node.references
        if r.kind is Kind.PUBLIC and len(r.key.columns) > 1
        for c in r.key.columns
    }
    single = {r.key.columns: r for r in reversed(node.references)}
    done: set[str] = set()
    for one in node.table.fields:
        if set(one.columns) <= copied | done:
            continue
        reference = whole.get(one.columns[0]) or single.get(one.columns)
        if reference is None:
            yield one
            continue
        done |= set(reference.key.columns) if reference.kind is Kind.PUBLIC else set()
        values = _public_keys(db, reference, schema) if reference.kind is Kind.PUBLIC else []
        if not values:
            yield replace(one, kind="text", refs=(), options={"constant": "0"}, sql_type="VARCHAR")
        elif len(reference.key.columns) == 1:
            yield replace(one, kind="categorical", refs=(), options={"values": values})
        else:
            mine = [f for f in node.table.fields if set(f.columns) <= set(reference.key.columns)]
            required = [c for f in mine if not f.nullable for c in f.columns]
            yield Field(
                ", ".join(reference.key.columns), "public", reference.nullable,
                options={"values": values, "required": required}, sql_type="VARCHAR", place=one.place,
            )  # fmt: skip


def _public_keys(db: Db, reference: Reference, schema: tuple[str, ...]) -> list[str]:
    """The keys of a public table as text; none where they are too many to be values of a category."""
    columns = [sql.ident(c) for c in reference.key.referenced]
    key = joined(columns) if len(columns) > 1 else f"{columns[0]}::varchar"
    relation = sql.ident(*schema, reference.key.table)
    text = f"select {key} from {relation} order by 1 limit {MOST_KEYS + 1}"
    values = [r[0] for r in db.rows_sql("public_keys", text) if r[0] is not None]
    odd = len(columns) > 1 and any(v.count(SEPARATOR) >= len(columns) for v in values)
    return [] if odd or len(values) > MOST_KEYS else values


def _shared(node: Node) -> Iterator[Fault]:
    """Keys of several columns to a public table that share columns with another key: which of them is to be right?"""
    for r in node.references:
        if r.kind is not Kind.PUBLIC or len(r.key.columns) == 1:
            continue
        others = [*([node.owner] if node.owner else []), *(x.key for x in node.references if x is not r)]
        for other in others:
            if set(other.columns) & set(r.key.columns):
                what = f"the key to {r.key.table} shares columns with that to {other.table}"
                where = f"{node.table.name}.{', '.join(r.key.columns)}"
                yield Fault(what, where, "give the public table a key of one column in the view's SQL")
                break


def owner_of(member: Member) -> ForeignKey:
    """The key to the parent. Raises UserError for the table of units."""
    if member.node.owner is None:
        raise UserError("is the table of units", member.name)
    return member.node.owner
