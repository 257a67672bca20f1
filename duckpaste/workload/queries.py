"""Queries: the columns that a SELECT groups by, filters by and aggregates, back to columns of tables.

What counts: GROUP BY (also ALL, positions, aliases, ROLLUP, CUBE, GROUPING SETS), DISTINCT, WHERE, HAVING, QUALIFY,
JOIN ON and USING, and all of these in the CTEs and sub-queries that are used. Each aggregate and each window adds
what it takes (FILTER included) in a set of its own; so does each branch of a UNION.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlglot import exp

from duckpaste.errors import Fault, nearest
from duckpaste.schema.names import fold
from duckpaste.schema.view import Place
from duckpaste.workload.relations import Base, Env, Opaque, Relation, Result
from duckpaste.workload.tables import Tables

Names = dict[str, None]
"""Columns as a workload calls them, in the order in which they were met; "" is one that no model has."""

_SPINES = frozenset(["range", "generate_series", "unnest", "generateseries", "explode"])
_AGGREGATES = (exp.AggFunc, exp.Filter, exp.Window, exp.WithinGroup, exp.AnonymousAggFunc)


class Reader:
    """Reads one statement. `faults` collects what it names that is not there."""

    def __init__(self, tables: Tables, place: Place) -> None:
        self.tables = tables
        self.place = place
        self.faults: list[Fault] = []

    def sets(self, tree: Any) -> list[tuple[str, ...]]:
        """The column sets that the query needs, none inside another. A fault when it needs none."""
        blocks = self.blocks(tree, Env(), None)
        found: dict[frozenset[str], Names] = {}
        for block in blocks:
            for names in block.sets():
                kept = {name: None for name in names if name}
                found.setdefault(frozenset(kept), kept)
        widest = [names for key, names in found.items() if key and not any(key < other for other in found)]
        if not widest and not self.faults:
            remedy = "keys, constants and public tables are not modelled"
            self.faults.append(
                Fault("groups by, filters by and aggregates no column of a model", str(self.place), remedy)
            )
        return [tuple(names) for names in widest]

    def fault(self, node: Any, what: str, remedy: str) -> None:
        """Note what is wrong at the line of `node`."""
        lines = [n.meta["line"] for n in node.walk() if "line" in n.meta] if node is not None else []
        line = min(lines, default=self.place.line)
        self.faults.append(Fault(what, str(Place(self.place.file, line)), remedy))

    def blocks(self, tree: Any, env: Env, outer: Block | None) -> list[Block]:
        """The SELECTs of a query: one, or the branches of a set operation."""
        env = self._with(tree, env, outer)
        if isinstance(tree, exp.Subquery) and isinstance(tree.this, exp.Query):
            return self.blocks(tree.this, env, outer)
        if isinstance(tree, exp.SetOperation):
            return [*self.blocks(tree.this, env, outer), *self.blocks(tree.expression, env, outer)]
        if isinstance(tree, exp.Select):
            return [Block(self, tree, env, outer)]
        self.fault(tree, f"{type(tree).__name__.upper()} can't be read", "write it as a SELECT")
        return []

    def _with(self, tree: Any, env: Env, outer: Block | None) -> Env:
        clause = tree.args.get("with_") or tree.args.get("with")
        for cte in clause.expressions if clause is not None else ():
            inside = env.plus(cte.alias, Opaque()) if clause.args.get("recursive") else env
            columns = [c.name for c in cte.args["alias"].columns] if cte.args.get("alias") else []
            env = env.plus(cte.alias, Result(self.blocks(cte.this, inside, outer), columns))
        return env


class Block:
    """One SELECT: its relations, and what it outputs, groups by and filters by."""

    def __init__(self, reader: Reader, tree: Any, env: Env, outer: Block | None) -> None:
        self._reader, self._tree, self._env, self._outer = reader, tree, env, outer
        self._nested: dict[int, list[Block]] = {}
        self._expanding: set[str] = set()
        self._relations: dict[str, Relation] = {}
        self._using: set[str] = set()
        start = tree.args.get("from_") or tree.args.get("from")
        for source in [start.this] if start is not None else []:
            self._add(source)
        for join in tree.args.get("joins") or ():
            self._add(join.this)
            self._using.update(fold(name.name) for name in join.args.get("using") or ())
        for lateral in tree.args.get("laterals") or ():
            self._add(lateral)

    # -- what it reads from

    def _add(self, source: Any) -> None:
        if source.args.get("pivots"):
            self._reader.fault(source, "PIVOT can't be read", "write it as GROUP BY")
        alias = source.alias_or_name or f"#{len(self._relations)}"
        columns = [c.name for c in source.args["alias"].columns] if source.args.get("alias") else []
        self._relations[fold(alias)] = self._relation(source, columns)
        if isinstance(source, exp.Subquery) and not isinstance(source.this, exp.Query):
            self._add(source.this)  # (a join b): a stands for itself
        for join in source.args.get("joins") or ():
            self._add(join.this)

    def _relation(self, source: Any, columns: list[str]) -> Relation:
        if isinstance(source, exp.Subquery | exp.Lateral) and isinstance(_inside(source), exp.Query):
            lateral = isinstance(source, exp.Lateral)
            return Result(
                self._reader.blocks(_inside(source), self._env, self if lateral else self._outer), columns
            )
        if isinstance(source, exp.Subquery):
            return Opaque(())
        if isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier):
            known = self._env.get(source.name) if not source.args.get("db") else None
            if isinstance(known, Result):
                return Result(known.blocks, columns or known.columns)
            if known is not None:
                return known
            table = self._reader.tables.table(source.name)
            if table is not None:
                return Base(self._reader.tables, table, columns)
            self._reader.fault(
                source,
                f"no table {source.name!r} in the view",
                nearest(source.name, self._reader.tables.names),
            )
            return Opaque()
        call = source.this if isinstance(source, exp.Table | exp.Lateral) else source
        if isinstance(call, exp.Values) or _function(call) in _SPINES:
            return Opaque(columns or None, self.names(call))
        self._reader.fault(
            source, f"reads {_function(call)}, which is no table of the view", "name the view's tables"
        )
        return Opaque()

    # -- names to columns

    def names(self, tree: Any) -> Names:
        """The columns below `tree`; of queries in it, what they give, group by and filter by."""
        found: Names = {}
        for node in _outside_queries(tree):
            if isinstance(node, exp.Column):
                found.update(self.resolve(node))
            elif isinstance(node, exp.PositionalColumn):
                found.update(self._item(node))
            elif isinstance(node, exp.Query):
                for block in self._below(node):
                    found.update(block.shape())
                    found.update(block.outputs())
        return found

    def _below(self, tree: Any) -> list[Block]:
        if id(tree) not in self._nested:
            self._nested[id(tree)] = self._reader.blocks(tree, self._env, self)
        return self._nested[id(tree)]

    def resolve(self, column: Any) -> Names:
        """The columns that a name stands for. A fault when there is none."""
        parts = [part.name for part in column.parts]
        for table, name in (
            (parts[-2:], parts[:2]) if len(parts) > 1 else ()
        ):  # schema.t.c, and t.c.field of a struct
            if (found := self._qualified(table, name)) is not None:
                return found
        owner = self._relation_of(column.table) if column.table else None
        if owner is not None:
            self._reader.fault(
                column,
                f"no column {column.name!r} in {column.table!r}",
                nearest(column.name, owner.columns_known()),
            )
            return {}
        found = self._plain(parts[0], column)  # t.field of a struct column t
        if found is not None:
            return found
        known = sorted({name for r in self._relations.values() for name in r.columns_known()})
        self._reader.fault(column, f"no column {column.sql(dialect='duckdb')!r}", nearest(column.name, known))
        return {}

    def _relation_of(self, name: str) -> Relation | None:
        found = self._relations.get(fold(name))
        return found if found is not None or self._outer is None else self._outer._relation_of(name)

    def _qualified(self, table: str, name: str) -> Names | None:
        owner = self._relation_of(table)
        return None if owner is None else owner.column(name)

    def _plain(self, name: str, node: Any) -> Names | None:
        """A name without its table: of one relation, else an alias of this SELECT, else of the query around."""
        hits = {alias: names for alias, r in self._relations.items() if (names := r.column(name)) is not None}
        if len(hits) > 1 and fold(name) not in self._using and len({tuple(h) for h in hits.values()}) > 1:
            what = f"{name!r} may be of {' or '.join(hits)}"
            self._reader.fault(node, what, f"write {next(iter(hits))}.{name}")
        if hits:
            return {n: None for names in hits.values() for n in names}
        aliased = next(
            (p for p in self._tree.expressions if isinstance(p, exp.Alias) and fold(p.alias) == fold(name)),
            None,
        )
        if aliased is not None and fold(name) not in self._expanding:
            self._expanding.add(fold(name))
            found = self.names(aliased.this)
            self._expanding.discard(fold(name))
            return found
        if self._outer is not None and (around := self._outer._plain(name, node)) is not None:
            return around
        anything = [r for r in self._relations.values() if isinstance(r, Opaque) and r.columns is None]
        if anything or fold(name) in self._relations or fold(name) == "rowid":
            return {n: None for r in anything for n in r.names}
        return None

    # -- what it gives

    def output(self, name: str) -> Names | None:
        """The columns behind an output column, by name; None when it has no such."""
        for item in self._tree.expressions:
            if _is_star(item):
                for relation in self._starred(item):
                    if fold(name) not in _left_out(item) and (found := relation.column(name)) is not None:
                        return found
            elif fold(item.alias_or_name) == fold(name):
                return self.names(item)
        return None

    def output_at(self, number: int) -> Names | None:
        """The same by position; None behind a star."""
        before = self._tree.expressions[: number + 1]
        if len(before) <= number or any(_is_star(item) for item in before):
            return None
        return self.names(before[number])

    def outputs(self) -> Names:
        """The columns behind all output columns that are written out."""
        return _union(self.names(item) for item in self._tree.expressions if not _is_star(item))

    def output_names(self) -> list[str]:
        """Names of output columns, for messages."""
        found: list[str] = []
        for item in self._tree.expressions:
            stars = self._starred(item) if _is_star(item) else []
            found += [n for r in stars for n in r.columns_known()] if stars else [item.alias_or_name]
        return [name for name in found if name]

    def _starred(self, item: Any) -> list[Relation]:
        if isinstance(item, exp.Column):
            one = self._relation_of(item.table)
            return [] if one is None else [one]
        return list(self._relations.values())

    def _item(self, node: Any) -> Names:
        """The output column that a whole number stands for."""
        number = int(node.name) if node.name.isdigit() else 0
        found = self.output_at(number - 1) if number > 0 else None
        if found is None:
            self._reader.fault(node, f"no output column {node.name}", "write the column's name")
        return found or {}

    # -- what it asks

    def shape(self) -> Names:
        """All that it groups by and filters by, the queries inside included."""
        tree = self._tree
        found: Names = {}
        for relation in self._relations.values():
            for block in relation.blocks if isinstance(relation, Result) else ():
                found.update(block.shape())
            if isinstance(relation, Opaque):
                found.update(relation.names)
        found.update(self._grouped())
        for key in ("where", "having", "qualify"):
            if tree.args.get(key) is not None:
                found.update(self.names(tree.args[key]))
        for join in tree.find_all(exp.Join):
            if join.find_ancestor(exp.Select) is not tree:
                continue
            if join.args.get("on") is not None:
                found.update(self.names(join.args["on"]))
            for name in join.args.get("using") or ():
                found.update(self._plain(name.name, name) or {})
        for item in tree.expressions:
            for node in _outside_queries(item):
                if isinstance(node, exp.Query):
                    found.update(self.names(node))
        return found

    def _grouped(self) -> Names:
        tree, found = self._tree, Names()
        distinct, group = tree.args.get("distinct"), tree.args.get("group")
        if distinct is not None:
            chosen = distinct.args.get("on")
            found.update(self.names(chosen) if chosen is not None else self._all_outputs())
        if group is None:
            return found
        if group.args.get("all"):
            found.update(
                _union(
                    self.names(i) for i in tree.expressions if not i.find(*_AGGREGATES) and not _is_star(i)
                )
            )
        for key, value in group.args.items():
            for node in value if key != "all" and isinstance(value, list) else ():
                literal = isinstance(node, exp.Literal) and not node.is_string
                found.update(self._item(node) if literal else self.names(node))
        return found

    def _all_outputs(self) -> Names:
        """Outputs with stars written out, for DISTINCT."""
        found = self.outputs()
        for item in self._tree.expressions:
            for relation in self._starred(item) if _is_star(item) else ():
                left = _left_out(item)
                found.update(
                    _union(relation.column(n) or {} for n in relation.columns_known() if fold(n) not in left)
                )
        return found

    def sets(self) -> Iterator[Names]:
        """The shape, and the shape with the columns of each aggregate and window."""
        shape = self.shape()
        yield shape
        tree = self._tree
        order = tree.args["order"].expressions if tree.args.get("order") else ()
        outer = [node for item in (*tree.expressions, *order) for node in _outermost(item)]
        windows = _union(self.names(w) for w in tree.args.get("windows") or ())
        for node in outer:
            named = windows if any(w.args.get("alias") for w in node.find_all(exp.Window)) else {}
            yield shape | self.names(node) | named
        if tree.args.get("group") is not None or any(not isinstance(n, exp.Window) for n in outer):
            for item in tree.expressions:  # a function that sqlglot does not know to be an aggregate
                taken = _union(self.names(n) for n in _outermost(item))
                if not _is_star(item):
                    yield shape | {n: None for n in self.names(item) if n not in taken}


def _outside_queries(tree: Any) -> Iterator[Any]:
    """The nodes below `tree`, not those inside queries, nor parameters of lambdas."""
    if isinstance(tree, exp.Lambda):
        own = {fold(e.name) for e in tree.expressions}
        for node in _outside_queries(tree.this):
            if not (isinstance(node, exp.Column) and fold(node.parts[0].name) in own):
                yield node
        return
    yield tree
    if isinstance(tree, exp.Query | exp.Column):
        return
    for child in tree.iter_expressions():
        yield from _outside_queries(child)


def _outermost(tree: Any) -> Iterator[Any]:
    """Aggregates and windows below `tree` that are inside no other."""
    if isinstance(tree, _AGGREGATES):
        yield tree
    elif not isinstance(tree, exp.Query):
        for child in tree.iter_expressions():
            yield from _outermost(child)


def _inside(source: Any) -> Any:
    inside = source.this
    return inside.this if isinstance(inside, exp.Subquery) and isinstance(inside.this, exp.Query) else inside


def _function(call: Any) -> str:
    name = call.name if isinstance(call, exp.Anonymous) else getattr(call, "sql_name", lambda: call.key)()
    return str(name).lower()


def _is_star(item: Any) -> bool:
    return isinstance(item, exp.Star) or (isinstance(item, exp.Column) and isinstance(item.this, exp.Star))


def _left_out(item: Any) -> set[str]:
    star = item.this if isinstance(item, exp.Column) else item
    return {fold(n.name) for n in star.args.get("except_") or star.args.get("except") or ()}


def _union(parts: Iterable[Mapping[str, None]]) -> Names:
    return {name: None for part in parts for name in part}
