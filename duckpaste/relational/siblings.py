"""Siblings: rows of a sequence below one parent row, in the order of its sequencer, as SQL and as a model sees them.

A row has a position (from 0) and sees the siblings before it through lags. Names of the added SQL columns begin with
"@": "@position" and "@2.ward" (the ward two rows back).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from duckpaste import sql
from duckpaste.codec.base import Codec, CodeColumn
from duckpaste.codec.sequence import POSITION, Sequel, lagged
from duckpaste.codec.spread import LEFT
from duckpaste.errors import Fault, UserError, raise_all
from duckpaste.model import Siblings
from duckpaste.schema.graph import Node
from duckpaste.schema.names import lookup
from duckpaste.schema.view import Table

FURTHEST = 4096  # where the last position code begins when the view declares no greatest number of rows


def siblings_of(node: Node) -> Siblings | None:
    """How the table's rows follow one another: by the declared `sequencer`, else by its one field of type seq.

    None for a table that is no sequence. Raises Faults."""
    table = node.table
    where = f"{table.place} {table.name}".strip()
    fields = [f for f in table.fields if f.kind == "seq"]
    declared = table.options.get("sequencer") or ()
    names = [declared] if isinstance(declared, str) else list(declared)
    if not names and not fields:
        return None
    faults = []
    if node.owner is None:
        remedy = "declare a foreign key, or another type"
        faults.append(Fault("holds a sequence but belongs to no parent row", where, remedy))
    if not names and len(fields) > 1:
        which = ", ".join(f.name for f in fields)
        faults.append(
            Fault(f"several fields could order its rows ({which})", where, "declare `sequencer: FIELD`")
        )
    raise_all(faults)
    columns = [c for n in names or [fields[0].name] for c in _columns(table, n)]
    order = table.options.get("order")
    if order is None:
        order = next((f.options["order"] for f in fields if f.option("order") is not None), 1)
    if not isinstance(order, int) or isinstance(order, bool) or not 0 <= order <= 100:
        raise UserError(f"order is {order!r}", where, "write how many rows back a row looks, from 0 to 100")
    return Siblings(tuple(columns), order, starts(longest(table)))


def _columns(table: Table, name: str) -> tuple[str, ...]:
    known = {f.name: f for f in table.fields}
    return known[lookup(name, known) or name].columns


def longest(table: Table) -> int | None:
    """The greatest number of rows below a parent row that the view declares, or None."""
    inside = [f.option("max_len") for f in table.fields if f.kind == "seq"]
    found = [table.options.get("max_children"), table.options.get("max_len"), *inside]
    return next((int(n) for n in found if n), None)


def starts(most: int | None) -> tuple[int, ...]:
    """The first position of each position code: 0, 1, 2, 3 (and 4), 5 (to 8), 9 (to 16), ..."""
    found, step = [0, 1, 2], 2
    while step + 1 < (most or FURTHEST):
        found.append(step + 1)
        step *= 2
    return tuple(s for s in found if s < (most or FURTHEST))


def described(siblings: Siblings) -> str:
    """In words, for the plan."""
    back = f", each sees {siblings.order} back" if siblings.order else ""
    codes = ", ".join(map(str, siblings.starts))
    return f"rows in the order of {', '.join(siblings.sequencer)}{back}, positions coded from {codes}"


def rows_sql(
    relation: str, table: Table, siblings: Siblings, partition: Sequence[str], codecs: Sequence[Codec]
) -> str:
    """The table's rows with positions and lags (see sql/sibling_rows.sql)."""
    key = list(table.primary_key) or [f for field in table.fields for f in field.columns]
    order_by = [*siblings.sequencer, *(c for c in key if c not in siblings.sequencer)]
    # A seq field is told from the row before, so a lag of it needs one row more.
    lags = [
        {"name": name, "back": back, "label": lagged(name, back)}
        for codec in codecs if codec.columns() for name in codec.field.columns
        for back in range(1, siblings.order + 1 + isinstance(codec, Sequel))
    ]  # fmt: skip
    return sql.render("sibling_rows", relation=relation, partition=list(partition), order_by=order_by,
                      position=POSITION, left=LEFT if _spread(codecs) else None, lags=lags)  # fmt: skip


def _spread(codecs: Sequence[Codec]) -> bool:
    return any(isinstance(codec, Sequel) and codec.spread for codec in codecs)


def added(codecs: Sequence[Codec]) -> Iterator[str]:
    """The added columns that descendants need to encode such a row: its position, how many rows are to come (where rows
    spread), and the row before of seq fields."""
    yield POSITION
    if _spread(codecs):
        yield LEFT
    for codec in codecs:
        if isinstance(codec, Sequel) and codec.columns():
            yield lagged(codec.field.name, 1)


def position_column(name: str, siblings: Siblings) -> CodeColumn:
    """The code column of the position of rows of table `name`."""
    return CodeColumn(f"{name}{POSITION}", len(siblings.starts), True)


def position_sql(siblings: Siblings, position: str) -> str:
    """The code of a position (SQL)."""
    whens = [f"when {position} >= {s} then {i}" for i, s in reversed(list(enumerate(siblings.starts))) if i]
    return f"(case {' '.join(whens)} else 0 end)" if whens else "0"


def lag_column(name: str, column: CodeColumn, back: int) -> CodeColumn:
    """The code column `back` rows before, of table `name`. One code more says that there is no such row."""
    return CodeColumn(f"{name}@{back}.{column.name}", column.size + 1, column.ordered, column.null)
