"""Tables below one another: chunks of units, each with all its rows, in constant memory.

A chunk draws the units' rows, then for every table below, parents first, how many rows each parent has and what they
are. Keys are global; the key to the parent is copied from the parent's row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from duckpaste.codec.public import tells
from duckpaste.codec.sequence import POSITION, Sequel
from duckpaste.codec.slots import Slots
from duckpaste.domain import IntArray
from duckpaste.errors import UserError
from duckpaste.model import Lineage, Link, Model, TableModel
from duckpaste.sample import siblings, slots
from duckpaste.sample.distinct import first_of_each
from duckpaste.sample.targets import targets

if TYPE_CHECKING:
    import pyarrow as pa

    from duckpaste.sample.picker import Picker

# Units drawn together. It is part of what a seed means, as sample.tabular.CHUNK.
UNITS = 16_384
MOST_ROWS = 30_000_000  # of one table in a chunk: beyond it a number of children was drowned in noise


@dataclass
class Rows:
    """One table's rows of a chunk: codes, decoded columns, the row of the parent that each belongs to, and in
    sequences the position below it."""

    n: int
    first: int
    codes: dict[str, IntArray] = field(default_factory=dict)
    values: dict[str, pa.Array] = field(default_factory=dict)
    parent: IntArray | None = None
    position: IntArray | None = None


def chunks(
    model: Model, units: int, seed: int, picker: Picker | None = None, keeper: Keeper | None = None,
    coder: Coder | None = None,
) -> Iterator[dict[str, pa.RecordBatch]]:  # fmt: skip
    """For each chunk of units: table name -> batch with the table's columns in order, parents first.

    With a `picker`, units are those that it picks; the tables below hang on their codes as ever. A `keeper` draws rows
    anew that break rules. A `coder` sees to it that tables below hang on codes that say what the values do."""
    done = dict.fromkeys((t.name for t in model.tables), 0)
    for number, start in enumerate(range(0, units, UNITS)):

        def draw(n: int, *again: int, number: int = number) -> dict[str, Rows]:
            return _draw(model, n, done, (seed, number, *again), picker, keeper, coder)

        drawn = draw(min(UNITS, units - start))
        if keeper is not None:
            drawn = keeper.units(drawn, draw)
        for table in model.tables:
            for link in table.links:
                _link(model, table, link, drawn, np.random.SeedSequence([seed, number, len(link.columns)]))
            if not any(t.lineage is not None and t.lineage.parent == table.name for t in model.tables):
                _keep_distinct(table, drawn[table.name])
        yield {t.name: _batch(t, drawn[t.name]) for t in model.tables}


def _draw(
    model: Model, units: int, done: dict[str, int], seeds: tuple[int, ...], picker: Picker | None,
    keeper: Keeper | None, coder: Coder | None,
) -> dict[str, Rows]:  # fmt: skip
    """So many units with all their rows, without the keys of links. Keys go on from `done`, the rows drawn so far."""
    drawn: dict[str, Rows] = {}
    for position, table in enumerate(model.tables):
        mine = [seeds[0], position, *seeds[1:]]
        streams = np.random.SeedSequence(mine).spawn(3)
        rngs = [np.random.Generator(np.random.PCG64(s)) for s in streams]
        if table.lineage is None:
            rows = Rows(units, done[table.name])
            if picker is None or position > 0:
                rows.codes = table.network.sample(rows.n, rngs[1])
        else:
            rows = _below(model, table, drawn, done[table.name], rngs)
        drawn[table.name] = rows
        if picker is not None and position == 0:
            picked = picker.pick(range(rows.first, rows.first + rows.n), mine)
            rows.codes, rows.values = picked.codes, picked.values
        else:
            decode(model, table, rows, drawn, streams[2])
        done[table.name] += rows.n
        if keeper is not None:
            keeper.table(table, drawn, mine, None if position else picker)
        _keep_distinct(table, rows)
        if coder is not None:
            coder.table(table, drawn)
    return drawn


class Keeper(Protocol):
    """Keeps rules: see sample.keeper."""

    def table(
        self, table: TableModel, drawn: dict[str, Rows], seeds: Sequence[int], picker: Picker | None
    ) -> None:
        """Draw rows of a table anew, before anything below them is drawn."""

    def forget(self) -> None:
        """Count anew."""

    def units(self, drawn: dict[str, Rows], draw: Callable[..., dict[str, Rows]]) -> dict[str, Rows]:
        """Draw whole units anew; `draw(n, pass)` gives n more."""


class Coder(Protocol):
    """Makes codes anew: see sample.codes."""

    def table(self, table: TableModel, drawn: Mapping[str, Rows]) -> None:
        """Give the rows of a table the codes of their values, before anything below them is drawn."""


def _keep_distinct(table: TableModel, rows: Rows) -> None:
    """Leave out rows that repeat a composite key. Keys of one column are counted off and never repeat."""
    if len(table.primary_key) < 2:
        return
    keep = first_of_each(table.primary_key, rows.values, rows.n)
    if keep is None:
        return
    rows.n = len(keep)
    rows.codes = {name: codes[keep] for name, codes in rows.codes.items()}
    rows.values.update({name: values.take(keep) for name, values in rows.values.items()})
    rows.parent = None if rows.parent is None else rows.parent[keep]
    if rows.parent is not None and rows.position is not None:
        rows.position = siblings.positions(rows.parent)


def _below(
    model: Model,
    table: TableModel,
    drawn: Mapping[str, Rows],
    first: int,
    rngs: Sequence[np.random.Generator],
) -> Rows:
    """Children of every parent row: their number, then their codes."""
    lineage = table.lineage
    if lineage is None:
        raise RuntimeError("the table of units has no parent")
    parent = drawn[lineage.parent]
    given = evidence(model, lineage.parent, drawn, np.arange(parent.n))
    told: dict[str, IntArray] = {}
    if isinstance(lineage.codec, Slots):
        at, told = unrolled(model, lineage, drawn, rngs[0])
    else:
        number = numbers(lineage, parent, given, rngs[0])
        if int(number.sum()) > MOST_ROWS:
            what = f"{number.sum():,} rows would come of {parent.n:,} rows of {lineage.parent}"
            raise UserError(
                what, table.name, "declare max_children in fields.yml, and fit again with a larger epsilon"
            )
        at = np.repeat(np.arange(parent.n), number)
    rows = Rows(len(at), first, codes=told, parent=at)
    if table.siblings is not None:
        rows.position = siblings.positions(at)
    if rows.n:
        seen = {n: codes_[at] for n, codes_ in given.items() if n in table.network.evidence}
        rows.codes = {**told, **siblings.draw(table.network, *placed(table, rows, seen), rngs[1])}
    return rows


def unrolled(
    model: Model, lineage: Lineage, drawn: Mapping[str, Rows], rng: np.random.Generator
) -> tuple[IntArray, dict[str, IntArray]]:
    """Rows of an unrolled table: the parent row of each, and the codes that its slots give."""
    if not isinstance(lineage.codec, Slots):
        raise TypeError(type(lineage.codec).__name__)
    name = lineage.over or lineage.parent
    over, parent = drawn[name], drawn[lineage.parent]
    given = evidence(model, name, drawn, np.arange(over.n))
    place = np.zeros(over.n, dtype=np.int64) if over.position is None else over.position
    codes = siblings.draw(lineage.network, given, place, {}, rng)
    at = (
        np.arange(parent.n)
        if name == lineage.parent
        else climb(model, model[lineage.parent], parent, drawn, name)
    )
    return slots.rows(lineage.codec, codes, at, rng)


def numbers(
    lineage: Lineage, parent: Rows, given: Mapping[str, IntArray], rng: np.random.Generator
) -> IntArray:
    """The number of children of each row of `parent`, given its evidence."""
    if not parent.n:  # and so no evidence
        return np.zeros(0, dtype=np.int64)
    place = np.zeros(parent.n, dtype=np.int64) if parent.position is None else parent.position
    looks = siblings.lags([lineage.codec], lineage.parent, 1)
    codes = siblings.draw(lineage.network, given, place, looks, rng)
    counts = lineage.codec.decode(codes, range(parent.n), rng, {})[lineage.codec.field.name]
    found: IntArray = np.asarray(counts.to_numpy(zero_copy_only=False), dtype=np.int64)
    return np.maximum(found, 0)


def placed(
    table: TableModel, rows: Rows, given: dict[str, IntArray]
) -> tuple[dict[str, IntArray], IntArray, dict[str, tuple[str, int, int]]]:
    """What `siblings.draw` needs of rows: evidence with their positions and the codes they have already, the positions,
    and their lags."""
    if table.lineage is not None and isinstance(table.lineage.codec, Slots):
        given |= {f"{table.name}.{column}": codes for column, codes in rows.codes.items()}
    if table.siblings is None or rows.position is None:
        return given, np.zeros(rows.n, dtype=np.int64), {}
    given[f"{table.name}{POSITION}"] = siblings.coded(table.siblings, rows.position)
    return given, rows.position, siblings.lags(table.codecs, table.name, table.siblings.order)


def evidence(model: Model, name: str, drawn: Mapping[str, Rows], at: IntArray) -> dict[str, IntArray]:
    """Codes of the rows `at` of table `name`, and of the rows above them, as "table.code column", and positions."""
    found: dict[str, IntArray] = {}
    here: str | None = name
    while here is not None:
        rows = drawn[here]
        found |= {f"{here}.{column}": codes[at] for column, codes in rows.codes.items()}
        order = model[here].siblings
        if order is not None and rows.position is not None:
            found[f"{here}{POSITION}"] = siblings.coded(order, rows.position[at])
        lineage = model[here].lineage
        here = lineage.parent if lineage else None
        at = rows.parent[at] if rows.parent is not None else at
    return found


def decode(
    model: Model, table: TableModel, rows: Rows, drawn: Mapping[str, Rows], stream: np.random.SeedSequence,
    keep: set[str] | None = None,
) -> None:  # fmt: skip
    """Values of the table's own columns, then the key to the parent. Columns in `keep` stay as they are."""
    span = range(rows.first, rows.first + rows.n)
    known = above(model, table, rows, drawn)
    settled = siblings.settles_after(table)
    for codec, seeds in zip(table.codecs, stream.spawn(len(table.codecs)), strict=True):
        if keep and keep >= set(codec.field.columns):
            continue
        mine = {c.name: rows.codes.get(c.name, np.zeros(0, dtype=np.int64)) for c in codec.columns()}
        rng = np.random.Generator(np.random.PCG64(seeds))
        if isinstance(codec, Sequel) and rows.position is not None:
            left = siblings.to_come(rows.parent) if codec.spread and rows.parent is not None else None
            rows.values[codec.field.name] = siblings.decode(codec, mine, rows.position, rng, known, left)
        else:
            rows.values.update(codec.decode(mine, span, rng, known))
        if codec.field.name == settled and rows.parent is not None:
            siblings.settle(table, rows.values, rows.parent)
    if table.lineage is not None and rows.parent is not None:
        for own, referenced in zip(table.lineage.owner, table.lineage.referenced, strict=True):
            rows.values[own] = drawn[table.lineage.parent].values[referenced].take(rows.parent)


def above(model: Model, table: TableModel, rows: Rows, drawn: Mapping[str, Rows]) -> Mapping[str, Any]:
    """Decoded columns of the rows by name, and of the rows above them as "table.column"."""
    return _Above(model, table, rows, drawn)


class _Above(Mapping[str, Any]):
    """Decoded columns that a codec may refer to: its own table's by name, an ancestor's as "table.column"."""

    def __init__(self, model: Model, table: TableModel, rows: Rows, drawn: Mapping[str, Rows]) -> None:
        self._own = rows.values
        self._from: dict[str, tuple[Rows, IntArray]] = {}
        here, at = table, rows.parent
        while here.lineage is not None and at is not None:
            parent = drawn[here.lineage.parent]
            self._from[here.lineage.parent] = (parent, at)
            here = model[here.lineage.parent]
            at = parent.parent[at] if parent.parent is not None else None

    def __getitem__(self, name: str) -> Any:
        if name in self._own:
            return self._own[name]
        for table, (rows, at) in self._from.items():
            if name.startswith(f"{table}.") and name[len(table) + 1 :] in rows.values:
                return rows.values[name[len(table) + 1 :]].take(at)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._own)

    def __len__(self) -> int:
        return len(self._own)


def _link(
    model: Model, table: TableModel, link: Link, drawn: Mapping[str, Rows], seed: np.random.SeedSequence
) -> None:
    """A reference's key: an ancestor's own, or a row of the same chunk; NULL where the row says so."""
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = drawn[table.name]
    if link.kind == "public" and not tells(table.codecs, link.columns):
        _any_public(model, rows, link, np.random.Generator(np.random.PCG64(seed)))
    if link.kind == "public" or link.table not in drawn:
        return
    target = drawn[link.table]
    if link.kind == "ancestor":
        at = climb(model, table, rows, drawn, link.table)
    else:
        rng = np.random.Generator(np.random.PCG64(seed))
        at = _same_unit(model, table, link, drawn, rng)
    absent = at < 0
    for own, referenced in zip(link.columns, link.referenced, strict=True):
        if target.n == 0:
            rows.values[own] = pa.nulls(rows.n)
            continue
        picked = target.values[referenced].take(np.maximum(at, 0))
        said = rows.values.get(own)
        null = absent if said is None or link.kind == "ancestor" else absent | np.asarray(pc.is_null(said))
        rows.values[own] = pc.if_else(pa.array(~null), picked, pa.scalar(None, picked.type))


def _any_public(model: Model, rows: Rows, link: Link, rng: np.random.Generator) -> None:
    """The key of some public row, each as likely: the table has too many for a model to tell them apart."""
    import pyarrow as pa
    import pyarrow.compute as pc

    keys = (
        next(k for k in model.lookups if k.name == link.table).rows.select(list(link.referenced)).drop_null()
    )
    said = next((rows.values[c] for c in link.columns if c in rows.values), None)
    null = np.zeros(rows.n, dtype=bool) if said is None else np.asarray(pc.is_null(said))
    if not keys.num_rows:
        null = np.ones(rows.n, dtype=bool)
    at = pa.array(rng.integers(0, max(keys.num_rows, 1), rows.n), mask=null)
    for own, referenced in zip(link.columns, link.referenced, strict=True):
        rows.values[own] = keys.column(referenced).combine_chunks().take(at)


def climb(model: Model, table: TableModel, rows: Rows, drawn: Mapping[str, Rows], name: str) -> IntArray:
    """For each row the row of its ancestor `name`."""
    here: TableModel = table
    at: IntArray = np.arange(rows.n)
    while here.name != name and here.lineage is not None:
        above = drawn[here.name].parent
        if above is None:
            break
        at = above[at]
        here = model[here.lineage.parent]
    return at


def top(model: Model, table: TableModel, drawn: Mapping[str, Rows]) -> IntArray:
    """For each row the number of its unit in the chunk."""
    here: TableModel = table
    at: IntArray = np.arange(drawn[table.name].n)
    while here.lineage is not None:
        above = drawn[here.name].parent
        if above is None:
            break
        at = above[at]
        here = model[here.lineage.parent]
    return at


def _same_unit(
    model: Model, table: TableModel, link: Link, drawn: Mapping[str, Rows], rng: np.random.Generator
) -> IntArray:
    """A row of the linked table for each row: of the same unit for siblings, of any for others; -1 where there is none.

    A self-reference leads to an earlier row, so that it never goes in circles."""
    n, target = drawn[table.name].n, drawn[link.table].n
    if target == 0 or n == 0:
        return np.full(n, -1, dtype=np.int64)
    if link.kind in ("self", "other"):
        return targets(n, target, link, rng)
    units = top(model, model[link.table], drawn)
    order = np.argsort(units, kind="stable")
    mine = top(model, table, drawn)
    low = np.searchsorted(units[order], mine, side="left")
    high = np.searchsorted(units[order], mine, side="right")
    at = low + (rng.random(n) * (high - low)).astype(np.int64)
    return np.where(high > low, order[np.minimum(at, target - 1)], -1)


def _batch(table: TableModel, rows: Rows) -> pa.RecordBatch:
    import pyarrow as pa

    arrays = [rows.values[c.name] if c.name in rows.values else pa.nulls(rows.n) for c in table.columns]
    return pa.RecordBatch.from_arrays(arrays, names=[c.name for c in table.columns])
