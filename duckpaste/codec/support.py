"""Support: all that one field can hold, as atoms, and how its values are drawn from them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from duckpaste.codec import calendar
from duckpaste.codec.atoms import Axis, Part, alone, cells, crossed, listed
from duckpaste.codec.base import Codec
from duckpaste.codec.categorical import Categorical
from duckpaste.codec.constant import Fixed, Ignore
from duckpaste.codec.grid import Binned
from duckpaste.codec.instant import zoned
from duckpaste.codec.key import Uuid
from duckpaste.codec.moment import Moment
from duckpaste.codec.numeric import Numeric
from duckpaste.codec.public import PublicKey
from duckpaste.codec.temporal import Temporal
from duckpaste.codec.text import Text
from duckpaste.domain import FloatArray, IntArray

if TYPE_CHECKING:
    import pyarrow as pa

NUMBERS = 1 << 21  # whole numbers that are told apart one by one, at most
Picks = Sequence[IntArray]  # an atom a row, one array an axis
Cuts = Sequence[Fraction]  # numbers in the field's own measure; microseconds since 1970 (UTC) for instants


@dataclass(frozen=True, kw_only=True)
class Support:
    """The atoms of a field on axes that are independent given the codes. This one decodes as the codec does.

    `ordered`: an atom may be a run of values, of which only the order relative to the cuts is told apart.
    `hidden`: values other than NULL are not known beforehand; `vague`: not even whether they are NULL."""

    codec: Codec
    axes: tuple[Axis, ...]
    ordered: bool = False
    hidden: bool = False
    vague: bool = False

    def alike(self, cuts: Cuts | None = None, part: str = "") -> list[IntArray]:
        """For each axis a number an atom; atoms of the same number are alike to one who only compares with `cuts`, or
        who only looks at a `part` of an instant: "day" or "time"."""
        return [np.arange(len(axis)) for axis in self.axes]

    def draw(
        self, picks: Picks, rows: range, rng: np.random.Generator, decoded: Mapping[str, pa.Array]
    ) -> Mapping[str, pa.Array]:
        """Values of the picked atoms: what `Codec.decode` gives for codes."""
        (axis,), (pick,) = self.axes, picks
        codes = {column.name: code[pick] for column, code in zip(axis.columns, axis.codes, strict=True)}
        return self.codec.decode(codes, rows, rng, decoded)

    def show(self, picks: Picks) -> Mapping[str, pa.Array]:
        """A value of each picked atom, always the same."""
        return self.draw(picks, range(len(picks[0])), np.random.Generator(np.random.PCG64(0)), {})


@dataclass(frozen=True, kw_only=True)
class Listed(Support):
    """Each atom is a value of `values`. Atoms of the same `key` have the same value."""

    values: pa.Array
    key: IntArray

    def alike(self, cuts: Cuts | None = None, part: str = "") -> list[IntArray]:
        """By value."""
        return [self.key]

    def draw(
        self, picks: Picks, rows: range, rng: np.random.Generator, decoded: Mapping[str, pa.Array]
    ) -> Mapping[str, pa.Array]:
        """Looked up."""
        import pyarrow as pa

        return {self.codec.field.columns[0]: self.values.take(pa.array(picks[0]))}


@dataclass(frozen=True, kw_only=True)
class Numbers(Support):
    """Each atom is a run of numbers, uniform from `low` to `high` (whole numbers: both inclusive), or NULL."""

    codec: Numeric
    low: IntArray | FloatArray
    high: IntArray | FloatArray
    null: np.ndarray

    def draw(
        self, picks: Picks, rows: range, rng: np.random.Generator, decoded: Mapping[str, pa.Array]
    ) -> Mapping[str, pa.Array]:
        """Uniform inside the run."""
        return self._at(picks[0], rng.random(len(picks[0])))

    def show(self, picks: Picks) -> Mapping[str, pa.Array]:
        """The middle of the run."""
        return self._at(picks[0], np.full(len(picks[0]), 0.5))

    def _at(self, pick: IntArray, u: FloatArray) -> Mapping[str, pa.Array]:
        first = self.low[pick]
        room = self.high[pick] - first
        if self.codec.integer:
            values = first + np.minimum(np.floor(u * (room + 1.0)), room).astype(np.int64)
        else:
            values = first + u * room
        return {self.codec.field.name: self.codec.arrow(values, self.null[pick])}


@dataclass(frozen=True, kw_only=True)
class Instants(Support):
    """Days and times of day on two axes."""

    codec: Moment
    days: IntArray
    null: np.ndarray
    micros: IntArray

    def alike(self, cuts: Cuts | None = None, part: str = "") -> list[IntArray]:
        """By day and by time. Days without a cut in them are alike when they lie between the same two cuts."""
        day, time = self.days, self.micros
        # Values are moved to the first and last instant declared, so these cut as well.
        moved = [m for m in (self.codec.first, self.codec.last) if m is not None]
        if cuts is not None:
            borders = [*(math.floor(c) for c in cuts), *moved]
            held = np.unique(np.array([b // calendar.MICROS_A_DAY for b in borders], dtype=np.int64))
            day = 2 * np.searchsorted(held, day, side="left") + np.isin(day, held)
        elif part == "day" and not zoned(self.codec.field):  # where days begin depends on the session's zone
            time = np.zeros_like(time)
        elif part == "time" and not zoned(self.codec.field) and self._whole_days():
            day = np.zeros_like(day)
        return [np.where(self.null, np.iinfo(np.int64).min, day), time]

    def _whole_days(self) -> bool:
        """Whether no time of day is moved to a declared first or last instant."""
        first, last = self.codec.first or 0, self.codec.last
        late = calendar.MICROS_A_DAY if last is None else last % calendar.MICROS_A_DAY
        return first % calendar.MICROS_A_DAY == 0 and late >= int(self.micros.max())

    def draw(
        self, picks: Picks, rows: range, rng: np.random.Generator, decoded: Mapping[str, pa.Array]
    ) -> Mapping[str, pa.Array]:
        """The day and the time together."""
        day, time = picks
        return {
            self.codec.field.columns[0]: self.codec.arrow(self.days[day], self.micros[time], self.null[day])
        }


@dataclass(frozen=True, kw_only=True)
class Referring(Support):
    """A date counted from another column: one atom a combination of codes, of which only NULL is known."""

    codec: Temporal

    def show(self, picks: Picks) -> Mapping[str, pa.Array]:
        """NULL, or some date."""
        some: IntArray = np.zeros(len(picks[0]), dtype=np.int64)
        null = _null(self.codec, self.axes[0])[picks[0]]
        return {self.codec.field.columns[0]: self.codec.arrow(some, some, null)}


def support(codec: Codec, cuts: Cuts | None, *, vague: bool = False) -> Support | None:
    """The support of a field. With `cuts`, values between the same two cuts need not be told apart. `vague` tells that
    the column which a date is counted from may be NULL, and so the date.

    None when its values can't be listed: they are too many, or keys."""
    if isinstance(codec, Categorical):
        return None if isinstance(codec, PublicKey) else _categories(codec)
    if isinstance(codec, Numeric):
        return _numbers(codec, cuts)
    if isinstance(codec, Temporal) and codec.date is not None and codec.date.reference is not None:
        return _referring(codec, vague)
    if isinstance(codec, Moment):
        return _instants(codec)
    if isinstance(codec, Temporal):
        return _times(codec)
    if isinstance(codec, Text | Uuid):
        columns = codec.columns()
        hidden = isinstance(codec, Uuid) or codec.source in ("regex", "faker")
        return Support(codec=codec, axes=(alone(columns, range(2) if columns else [0]),), hidden=hidden)
    if isinstance(codec, Fixed | Ignore):
        return Support(codec=codec, axes=(alone((), [0]),))
    return None


def _categories(codec: Categorical) -> Support:
    """One atom a label; "other" is every known value alike where its own label has no room."""
    import pyarrow as pa

    values, shift = list(codec.values or ()), int(codec.nullable)
    labels: list[str | None] = [*([None] if shift else []), *values]
    codes, share = list(range(len(labels))), [1.0] * len(labels)
    if codec.other:
        spread = values if values and not codec.has_room() else [codec.other_label]
        labels += spread
        codes += [len(values) + shift] * len(spread)
        share += [1 / len(spread)] * len(spread)
    if not labels:  # one code that stands for nothing
        labels, codes, share = [None], [0], [1.0]
    axis = Axis(codec.columns(), np.array([codes]), np.array(share))
    found = pa.array(labels, pa.string()).dictionary_encode()
    return Listed(codec=codec, axes=(axis,), values=found, key=np.arange(len(labels)))


def _numbers(codec: Numeric, cuts: Cuts | None) -> Support | None:
    """Runs of numbers inside the cells, split at the cuts; then points; NULL first."""
    binned = codec.binned
    if binned is None:
        return None
    grid = binned.grid
    if cuts is None and not grid.exact and (not grid.integer or int(grid.high) - int(grid.low) >= NUMBERS):
        return None
    low, high, cell, part = (
        _whole_runs(binned, cuts, codec.factor) if grid.integer else _real_runs(binned, cuts or ())
    )
    code, share = cells(binned)
    points = np.array(grid.points, dtype=low.dtype)
    shift = int(binned.nullable)
    nothing = np.zeros(shift)
    kind = np.int64 if grid.integer else np.float64
    ends = [np.concatenate([nothing.astype(kind), end, points]) for end in (low, high)]
    codes = np.concatenate([nothing.astype(np.int64), code[cell], code[grid.cells :]])
    shares = np.concatenate([nothing + 1, share[cell] * part, share[grid.cells :]])
    null = np.arange(shares.size) < shift
    axis = Axis(codec.columns(), codes[None, :], shares)
    ordered = cuts is not None and not grid.exact
    return Numbers(codec=codec, axes=(axis,), ordered=ordered, low=ends[0], high=ends[1], null=null)


Runs = tuple[Any, Any, IntArray, FloatArray]  # first and last number, cell, share of the cell


def _whole_runs(binned: Binned, cuts: Cuts | None, factor: int) -> Runs:
    """Python's whole numbers where they may pass 64 bits."""
    grid = binned.grid
    low, high, width = int(grid.low), int(grid.high), int(grid.width)
    if cuts is None:
        first = np.arange(low, high + 1)
        cell = (first - low) // width
        return first, first, cell, 1.0 / np.bincount(cell)[cell]
    edges = {low + c * width for c in range(grid.cells)}
    for cut in cuts:
        units = cut * factor
        # Of whole numbers, those from ceil(cut) on are not below it, those from floor(cut) + 1 on are above it.
        edges |= {e for e in (units.__ceil__(), units.__floor__() + 1) if low < e <= high}
    begin = sorted(edges)
    end = [e - 1 for e in begin[1:]] + [high]
    cells_of = [(b - low) // width for b in begin]
    room = [min(low + (c + 1) * width - 1, high) - (low + c * width) + 1 for c in cells_of]
    part = [(e - b + 1) / r for b, e, r in zip(begin, end, room, strict=True)]
    return np.array(begin), np.array(end), np.array(cells_of), np.array(part)


def _real_runs(binned: Binned, cuts: Cuts) -> Runs:
    """Positions are counted in cells. A cut next to a cell's border, as far as rounding goes, is that border."""
    grid = binned.grid
    if grid.width == 0:
        first = np.array([float(grid.low)])
        return first, first, np.zeros(1, dtype=np.int64), np.ones(1)
    low, width = Fraction(grid.low), Fraction(grid.width)
    at = [float((cut - low) / width) for cut in cuts if low < cut < Fraction(grid.high)]
    snapped = [round(p) if abs(p - round(p)) < 1e-9 else p for p in at]
    begin = np.unique(
        np.array([*range(grid.cells), *(p for p in snapped if 0 < p < grid.cells)], dtype=np.float64)
    )
    end = np.append(begin[1:], grid.cells)
    first, last = (np.minimum(edge * grid.width + grid.low, grid.high) for edge in (begin, end))
    return first, last, np.floor(begin).astype(np.int64), end - begin


def _times(codec: Temporal) -> Support | None:
    """Dates without a reference, or times of day: one atom for every combination of parts."""
    found = _parts(codec, codec.binned())
    if found is None:
        return None
    axis, values = found
    days: IntArray = np.zeros(len(axis), dtype=np.int64)
    micros = days
    if codec.date is not None:
        days = codec.date.days(values, None)
    elif codec.clock is not None:
        micros = values[0] * codec.clock.micros
    null = _null(codec, axis)
    key = np.where(null, np.iinfo(np.int64).min, days + micros)
    return Listed(codec=codec, axes=(axis,), values=codec.arrow(days, micros, null), key=key)


def _instants(codec: Moment) -> Support | None:
    """A date axis and a clock axis."""
    if codec.date is None or codec.clock is None:
        return None
    dates, clock = _parts(codec, codec.date.binned()), _parts(codec, (codec.clock.binned,), stand_in=True)
    if dates is None or clock is None:
        return None
    days = codec.date.days(dates[1], None)
    micros = clock[1][0] * codec.clock.micros
    return Instants(
        codec=codec, axes=(dates[0], clock[0]), days=days, null=_null(codec, dates[0]), micros=micros
    )


def _referring(codec: Temporal, vague: bool) -> Support | None:
    """Its codes as they are."""
    columns = codec.columns()
    found = crossed(columns, [Part(n, n, np.ones(n.size)) for n in (np.arange(c.size) for c in columns)])
    return None if found is None else Referring(codec=codec, axes=(found[0],), hidden=True, vague=vague)


def _null(codec: Temporal, axis: Axis) -> np.ndarray:
    return axis.codes[0] == 0 if codec.nullable else np.zeros(len(axis), dtype=bool)


def _parts(
    codec: Temporal, binned: Sequence[Binned], *, stand_in: bool = False
) -> tuple[Axis, list[IntArray]] | None:
    """The atoms of some parts crossed; only the field's first part says NULL, the others have a stand-in for it."""
    if codec.date is not None and codec.date.length is None:
        return None
    parts: list[Part] = []
    for number, one in enumerate(binned):
        part = listed(one, stand_in=stand_in or number > 0)
        if part is None:
            return None
        parts.append(part)
    names = {b.name for b in binned}
    return crossed([c for c in codec.columns() if c.name in names], parts)
