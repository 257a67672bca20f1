"""Unrolled tables: a set of rows keyed by a category (the schools of a person), at most one a code below a parent row.

`unroll: true` on the category makes its codes slots: which are there, and what goes `along`, is one model of the
parent's rows; the other columns are drawn for each row that is there, given its code. With `seq_repeat` the slots are
those of the grandparent: every row of the sequence between has the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from duckpaste import sql
from duckpaste.codec.base import Codec
from duckpaste.codec.slots import Slots
from duckpaste.errors import Fault
from duckpaste.schema.names import lookup
from duckpaste.schema.view import Field, ForeignKey, Table

if TYPE_CHECKING:
    from duckpaste.relational.family import Family, Member

MOST = 256  # slots, with what goes along
_KINDS = ("categorical", "ordinal", "boolean")


def field_of(table: Table) -> Field | None:
    """The category that is unrolled."""
    return next((f for f in table.fields if f.option("unroll")), None)


def along_of(table: Table, field: Field) -> list[str]:
    """The fields that go along: `along`, or the list that `unroll` is."""
    names: list[str] = []
    for value in (field.option("unroll"), field.option("along")):
        listed = (value,) if isinstance(value, str) else value if isinstance(value, list | tuple) else ()
        names += [lookup(n, [f.name for f in table.fields]) or n for n in listed]
    return list(dict.fromkeys(n for n in names if n != field.name))


def slots_field(table: Table, codecs: list[Codec], name: str) -> Field | None:
    """The field of the slots (see codec.slots); None for a table that is not unrolled, or can't be."""
    field = field_of(table)
    if field is None or list(faults(table, codecs)):
        return None
    sizes = {c.field.name: c.columns()[0] for c in codecs if c.columns()}
    along = {sizes[n].name: sizes[n].size for n in along_of(table, field)}
    code = sizes[field.name]
    return Field(name, "slots", options={"code": code.name, "size": code.size, "along": along})


def faults(table: Table, codecs: list[Codec]) -> Iterator[Fault]:
    """Why a table can't be unrolled as it is declared."""
    field = field_of(table)
    if field is None:
        return
    where = f"{field.place} {table.name}.{field.name}".strip()
    made = {c.field.name: c for c in codecs}
    width = 0
    for name in [field.name, *along_of(table, field)]:
        codec = made.get(name)
        if codec is None or codec.field.kind not in _KINDS or codec.promises():
            what = f"{name!r} is no category with declared values"
            yield Fault(what, where, "unrolled fields, and those that go along, need `values`, ENUM or CHECK")
        else:
            width = codec.columns()[0].size if name == field.name else width
    width *= 1 + len(along_of(table, field))
    if width > MOST:
        yield Fault(f"would unroll into {width} columns", where, f"{MOST} are the most: let fewer go along")
    if len([f for f in table.fields if f.option("unroll")]) > 1:
        yield Fault("two fields of a table are unrolled", where, "leave one `unroll` out")
    if table.options.get("sequencer") or any(f.kind == "seq" for f in table.fields):
        yield Fault("an unrolled table can't be a sequence", where, "leave `unroll` or the sequencer out")


def slots_of(member: Member) -> Slots | None:
    """The slots of an unrolled table."""
    return member.children if isinstance(member.children, Slots) else None


def over(member: Member) -> str:
    """The table whose rows have the slots: the parent, or with `seq_repeat` its parent."""
    parent = member.node.path[0]
    field = field_of(member.table)
    repeat = field is not None and field.option("seq_repeat") and slots_of(member) is not None
    return member.node.path[1] if repeat and len(member.node.path) > 1 else parent


def own(member: Member) -> list[Codec]:
    """The codecs whose codes the slots give."""
    slots = slots_of(member)
    names = set() if slots is None else {slots.code, *slots.along}
    return [c for c in member.codecs if {k.name for k in c.columns()} & names]


def left(member: Member) -> list[Codec]:
    """The codecs that are drawn for each row."""
    given = own(member)
    return [c for c in member.codecs if c not in given]


def through(family: Family, member: Member) -> tuple[str, list[list[str]]] | None:
    """The table between the one that has the slots and `member`, and its key to the former as [column there, own
    column]; None where there is none."""
    key = owner_key(member)
    middle = family.members[key.table]
    if over(member) == key.table or middle.node.owner is None:
        return None
    up = middle.node.owner
    return middle.relation, [list(pair) for pair in zip(up.referenced, up.columns, strict=True)]


def owner_key(member: Member) -> ForeignKey:
    """The key of an unrolled table to its parent."""
    if member.node.owner is None:
        raise RuntimeError("not an unrolled table")
    return member.node.owner


def rows_sql(family: Family, member: Member, above: str, lower: str) -> str:
    """The rows of the table that has the slots (`above`, protected), with them (see sql/children_slots.sql). `lower`
    are the rows below it: of the table between, else those of `member`."""
    slots, key, between = slots_of(member), owner_key(member), through(family, member)
    if slots is None:
        raise RuntimeError("not an unrolled table")
    codes: dict[str, str] = {}
    for codec in own(member):
        codes |= codec.encode(lambda name: f"c.{sql.ident(name)}")
    middle: Mapping[str, Any] | None = None
    child = lower
    keys = [[b, f"c.{sql.ident(a)}"] for a, b in zip(key.columns, key.referenced, strict=True)]
    if between is not None:
        on = [list(pair) for pair in zip(key.columns, key.referenced, strict=True)]
        middle, child = {"relation": lower, "on": on}, member.relation
        keys = [[b, f"m.{sql.ident(a)}"] for b, a in between[1]]
    listed = [
        {"code": s, "present": slots.present(s), "told": [slots.told(s, n) for n in slots.along]}
        for s in range(slots.size)
    ]
    return sql.render(
        "children_slots", parent=above, child=child, through=middle, keys=keys, code=codes[slots.code],
        along=[codes[n] for n in slots.along], slots=listed,
    )  # fmt: skip
