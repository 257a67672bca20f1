"""Graph: which table belongs to the privacy unit by which path, and what every other foreign key is.

Made from declared keys alone. One table holds the units (patients). Every other private table has one owner path to
it: a foreign key to its parent, and so on up. All other foreign keys are references.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from duckpaste.errors import Fault, Faults, UserError, nearest
from duckpaste.schema.view import ForeignKey, Table, View


class Kind(Enum):
    """What a foreign key besides the owner key leads to.

    PUBLIC: rows of a public table, whose keys are public values. ANCESTOR: a table further up the own path; the key is
    the one that the path gives (an event names its stay and its patient). SELF: the same table. SIBLING: another
    private table, rows of the same unit. OTHER: a second key to the parent or the unit's own table, whose rows may
    belong to another unit; it is never joined."""

    PUBLIC = "public"
    ANCESTOR = "ancestor"
    SELF = "self"
    SIBLING = "sibling"
    OTHER = "other"


@dataclass(frozen=True)
class Reference:
    """A foreign key that is not the owner key. `late` when it closes a circle and is filled in a second pass."""

    key: ForeignKey
    kind: Kind
    nullable: bool
    late: bool = False


@dataclass(frozen=True)
class Node:
    """A private table: its owner key (None for the unit's table), its path (parent first, unit last), references."""

    table: Table
    owner: ForeignKey | None = None
    path: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()

    @property
    def parent(self) -> str | None:
        """The table one step up."""
        return self.path[0] if self.path else None

    @property
    def optional(self) -> bool:
        """Whether the owner key may be NULL. A row whose key is reaches no unit."""
        return self.owner is not None and _nullable(self.table, self.owner)


@dataclass(frozen=True)
class Graph:
    """`nodes` are the private tables, parents first; `public` the tables that are copied."""

    unit: str
    nodes: tuple[Node, ...]
    public: tuple[Table, ...]

    def node(self, name: str) -> Node:
        """The node of a private table."""
        return next(n for n in self.nodes if n.table.name == name)

    def children(self, name: str) -> Iterator[Node]:
        """Nodes whose parent is `name`."""
        return (n for n in self.nodes if n.parent == name)


def build(view: View) -> Graph:
    """The graph of a resolved view. Raises Faults, each with the reason and what to declare."""
    private = {t.name: t for t in view.tables if not t.public}
    public = {t.name: t for t in view.tables if t.public}
    if not private:
        raise UserError(
            "the view has no private table", view.name, "every table is public: nothing to synthesise"
        )
    unit = _unit(view, private)
    placed: dict[str, ForeignKey | None] = {unit: None}
    depth = {unit: 0}
    late: set[tuple[str, ForeignKey]] = set()
    while len(placed) < len(private):
        name = _next(private, placed, late)
        if name is None:
            raise Faults(_lost(private, placed, unit))
        keys = [k for k in private[name].foreign_keys if k.table in placed and (name, k) not in late]
        owner = max(keys, key=lambda k: (not _nullable(private[name], k), depth[k.table]))
        placed[name] = owner
        depth[name] = depth[owner.table] + 1
    paths = {name: _path(name, placed) for name in placed}
    nodes = tuple(
        Node(private[n], placed[n], paths[n], tuple(_references(private[n], placed, paths, public, late)))
        for n in placed
    )
    return Graph(unit, nodes, tuple(public.values()))


def _unit(view: View, private: Mapping[str, Table]) -> str:
    """The table of units: declared, or the only private table that owes nothing to another."""
    if view.unit is not None:
        if view.unit not in private:
            raise UserError(
                f"the unit {view.unit!r} is no private table", view.name, nearest(view.unit, private)
            )
        return view.unit
    free = [
        n for n, t in private.items() if not any(k.table in private and k.table != n for k in t.foreign_keys)
    ]
    if len(free) == 1:
        return free[0]
    which = (
        f"{len(free)} tables could hold the privacy units ({', '.join(free)})"
        if free
        else "no table owes nothing to another"
    )
    raise UserError(
        which,
        view.name,
        "declare `unit: TABLE` at the top of fields.yml, a foreign key, or `public: true` for lookups",
    )


def _next(
    private: Mapping[str, Table], placed: Mapping[str, ForeignKey | None], late: set[tuple[str, ForeignKey]]
) -> str | None:
    """A table to place now: all that it refers to is placed; failing that, one whose open keys are nullable."""
    waiting = [t for n, t in private.items() if n not in placed]
    candidates = []
    for table in waiting:
        private_keys = [k for k in table.foreign_keys if k.table in private and k.table != table.name]
        if not any(k.table in placed for k in private_keys):
            continue
        open_keys = [k for k in private_keys if k.table not in placed]
        if not open_keys:
            return table.name
        candidates.append((table, open_keys))
    for table, open_keys in candidates:
        if all(_nullable(table, k) for k in open_keys):
            late |= {(table.name, k) for k in open_keys}
            return table.name
    return None


def _nullable(table: Table, key: ForeignKey) -> bool:
    return any(f.nullable for c in key.columns for f in table.fields if c in f.columns)


def _path(name: str, placed: Mapping[str, ForeignKey | None]) -> tuple[str, ...]:
    found = []
    key = placed[name]
    while key is not None:
        found.append(key.table)
        key = placed[key.table]
    return tuple(found)


def _lost(private: Mapping[str, Table], placed: Mapping[str, ForeignKey | None], unit: str) -> list[Fault]:
    """Why the tables that are left can't be placed; those that only hang on others that can't be are not told."""
    found: list[Fault] = []
    hanging: list[Fault] = []
    for name, table in private.items():
        if name in placed:
            continue
        where = f"{table.place} {name}".strip()
        keys = [k for k in table.foreign_keys if k.table in private and k.table != name]
        if not keys:
            what = f"no foreign key leads from this private table to the unit {unit!r}"
            remedy = f"declare a foreign key towards {unit!r}, or `public: true` if it holds nothing private"
            found.append(Fault(what, where, remedy))
        elif any(k.table in placed for k in keys):
            circle = ", ".join(k.table for k in keys if k.table not in placed)
            remedy = "let one of its keys be NULL, or leave it out"
            found.append(Fault(f"NOT NULL keys form a circle with {circle}", where, remedy))
        else:
            what = f"its keys lead to tables that do not reach the unit {unit!r}"
            hanging.append(Fault(what, where, f"declare a key of {keys[0].table!r}"))
    return found or hanging


def _references(
    table: Table, placed: Mapping[str, ForeignKey | None], paths: Mapping[str, tuple[str, ...]],
    public: Mapping[str, Table], late: set[tuple[str, ForeignKey]],
) -> Iterator[Reference]:  # fmt: skip
    owner, path = placed[table.name], paths[table.name]
    for key in table.foreign_keys:
        if key == owner:
            continue
        if key.table == table.name:
            kind = Kind.SELF
        elif key.table in public:
            kind = Kind.PUBLIC
        elif path and key.table == path[0]:
            kind = Kind.OTHER
        elif key.table in path:
            kind = Kind.ANCESTOR
        else:
            kind = Kind.SIBLING
        yield Reference(key, kind, _nullable(table, key), (table.name, key) in late)
