"""Records: sampled rows as arrays, and distances between them, in blocks of bounded memory.

The distance of two rows is the mean over columns of |x - y| / range for numbers (Gower), and 0 or 1 for categories;
NULL is at distance 0 from NULL and 1 from anything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from duckpaste import sql
from duckpaste.evaluate.bins import family_of, finite_sql
from duckpaste.evaluate.sides import Subject, has_unit
from duckpaste.evaluate.work import Work

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]
Hashes = npt.NDArray[np.uint64]
_BLOCK = 1 << 22  # distances held at once: 16 MB


@dataclass(frozen=True)
class Records:
    """Rows x columns: numbers scaled by the real range, categories as codes; NaN is NULL. `numeric` marks numbers.
    `unit` is a hash of each row's privacy unit; the first `heads` rows are of different units."""

    values: Floats
    numeric: tuple[bool, ...]
    columns: tuple[str, ...]
    unit: Hashes
    heads: int

    @property
    def fold(self) -> Bools:
        """Parts the rows in two halves; rows of one unit are in the same."""
        found: Bools = (self.unit >> np.uint64(9)) % np.uint64(2) == 1
        return found

    def __len__(self) -> int:
        return len(self.values)

    def some(self, rows: npt.NDArray[np.int64]) -> Records:
        """These rows."""
        heads = int((rows < self.heads).cumprod().sum())
        return Records(self.values[rows], self.numeric, self.columns, self.unit[rows], heads)

    def targets(self, most: int) -> Records:
        """At most `most` rows to attack, of different units: rows of one unit are no independent tries."""
        return self.some(np.arange(min(most, self.heads)))


@dataclass(frozen=True)
class Sampled:
    """Rows of a table for attacks: `fitted` and `control` are equally many real rows (control: not seen by the model;
    without held-out units the other half), `fake` are synthetic."""

    fitted: Records
    control: Records
    fake: Records


@dataclass(frozen=True)
class Asked:
    """A column to fetch: SQL over the real rows and over the synthetic ones, as a number or as text."""

    name: str
    real: str
    fake: str
    numeric: bool


def asked_of(subject: Subject) -> list[Asked]:
    """The compared columns of a table."""
    found = []
    for c, declared in subject.compared.items():
        kind, other = (family_of(types[c], declared) for types in (subject.types, subject.fake_types))
        x = sql.ident(c)
        if kind in ("category", "boolean"):
            found.append(Asked(c, f"{x}::varchar", f"{x}::varchar", False))
            continue
        fake = (
            f"try_cast({x} as double)"
            if other in ("category", "boolean")
            else finite_sql(x, other, subject.fake_types[c])
        )
        found.append(Asked(c, finite_sql(x, kind, subject.types[c]), fake, True))
    return found


def sampled(work: Work, subject: Subject, most: int) -> Sampled | None:
    """At most `most` rows a side. None when a side is empty or no column is compared."""
    real, fake = (work.sides.rows(subject, synthetic=s, unit=True) for s in (False, True))
    return gathered(work, subject, real, fake, asked_of(subject), most)


def gathered(
    work: Work, subject: Subject, real: str, fake: str, asked: Sequence[Asked], most: int
) -> Sampled | None:
    """At most `most` rows a side of relations (SQL) with the columns _part, _row, and _unit where rows have one."""
    a, b, n = work.rows[subject.name]
    size = min(a, b, most)
    if not asked or min(size, n) < 2:
        return None
    bounds = _bounds(work, real, asked)
    unit = f"hash({'_unit' if has_unit(subject) else '_row'}, 'unit')"
    wanted = [(f"(select * from ({real}) where _part = {part})", rows, size, [*(x.real for x in asked), unit])
              for part, rows in enumerate((a, b))]  # fmt: skip
    wanted.append((f"({fake})", n, min(n, most), [*(x.fake for x in asked), unit]))
    return Sampled(*_arrays([_fetch(work, *w) for w in wanted], asked, bounds))


def _bounds(work: Work, real: str, asked: Sequence[Asked]) -> dict[str, tuple[float, float]]:
    numbers = [x for x in asked if x.numeric]
    if not numbers:
        return {}
    listed = ", ".join(f"min({x.real})::double, max({x.real})::double" for x in numbers)
    row = work.db.rows_sql("ranges", f"select {listed} from ({real})")[0]
    return {x.name: (row[2 * i] or 0.0, row[2 * i + 1] or 0.0) for i, x in enumerate(numbers)}


def _fetch(
    work: Work, relation: str, rows: int, size: int, expressions: Sequence[str]
) -> list[npt.NDArray[np.object_]]:
    """`size` of the rows, chosen by a hash: the columns as numbers or text."""
    listed = ", ".join(f"{x} as c{i}" for i, x in enumerate(expressions))
    step = max(1, rows // (2 * size))
    # A hash that is even for all rows of a half would leave none: its upper bits choose.
    where = f"where (_row >> 20) % {step} = 0" if step > 1 else ""
    text = f"select {listed} from {relation} {where} order by (_row >> 20), _row limit {size}"
    table = work.db.arrow_sql("sampled_rows", text)
    return [np.asarray(column.to_numpy(zero_copy_only=False)) for column in table.columns]


def _arrays(
    sides: Sequence[Sequence[npt.NDArray[np.object_]]], asked: Sequence[Asked],
    bounds: dict[str, tuple[float, float]],
) -> list[Records]:  # fmt: skip
    columns = tuple(x.name for x in asked)
    out = [np.empty((len(side[0]), len(columns)), dtype=np.float32) for side in sides]
    for j, c in enumerate(columns):
        if c in bounds:
            low, high = bounds[c]
            for made, side in zip(out, sides, strict=True):
                made[:, j] = (side[j].astype(np.float64) - low) / ((high - low) or 1.0)
            continue
        texts = [np.array([v if v is not None else "" for v in side[j]], dtype=object) for side in sides]
        known = {v: float(i) for i, v in enumerate(dict.fromkeys(v for t in texts for v in t))}
        for made, side, text in zip(out, sides, texts, strict=True):
            made[:, j] = [known[v] for v in text]
            made[np.array([v is None for v in side[j]], dtype=bool), j] = np.nan
    numeric = tuple(c in bounds for c in columns)
    found = []
    for made, side in zip(out, sides, strict=True):
        unit = np.asarray(side[-1], dtype=np.uint64)
        first = np.zeros(len(unit), dtype=bool)
        first[np.unique(unit, return_index=True)[1]] = True
        order = np.argsort(~first, kind="stable")
        found.append(Records(made[order], numeric, columns, unit[order], int(first.sum())))
    return found


def distances(targets: Floats, pool: Floats, numeric: Sequence[bool], leave_out: int | None = None) -> Floats:
    """Distances of every target to every row of the pool, float32 of shape (targets, pool)."""
    total = np.zeros((len(targets), len(pool)), dtype=np.float32)
    for j, is_number in enumerate(numeric):
        if j == leave_out:
            continue
        total += column_distance(targets[:, j], pool[:, j], is_number)
    return total / np.float32(max(len(numeric) - (leave_out is not None), 1))


def column_distance(x: Floats, y: Floats, is_number: bool) -> Floats:
    """Distances by one column."""
    if is_number:
        d: Floats = np.minimum(np.abs(x[:, None] - y[None, :]), np.float32(1))
    else:
        d = (x[:, None] != y[None, :]).astype(np.float32)
    missing_x, missing_y = np.isnan(x), np.isnan(y)
    if missing_x.any() or missing_y.any():
        d = np.where(
            missing_x[:, None] | missing_y[None, :],
            (missing_x[:, None] != missing_y[None, :]).astype(np.float32), d,
        )  # fmt: skip
    return d


def nearest(targets: Records, pool: Records, *, itself: bool = False) -> tuple[Floats, Floats]:
    """Distances to the closest and the second closest row of the pool. `itself`: the targets are the first rows of the
    pool, and no row is its own neighbour."""
    first = np.empty(len(targets), dtype=np.float32)
    second = np.empty(len(targets), dtype=np.float32)
    step = max(1, _BLOCK // max(len(pool), 1))
    for start in range(0, len(targets), step):
        d = distances(targets.values[start : start + step], pool.values, targets.numeric)
        if itself:
            rows = np.arange(len(d))
            d[rows, start + rows] = np.inf
        two = np.partition(d, min(1, d.shape[1] - 1), axis=1)
        first[start : start + step] = two[:, 0]
        second[start : start + step] = two[:, min(1, d.shape[1] - 1)]
    return first, second
