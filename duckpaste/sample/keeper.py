"""Keeper: rows that break rules are drawn anew, mended where a comparison tells how, and at last counted.

Rows are drawn again as they were first, given all that stands above them, and taken when they hold: that is the model
given the rule. It happens before anything below them is drawn, and keys stay, so nothing is orphaned. What shows only
below (sums over children), or can't be had from the row alone, makes its whole unit be drawn again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from duckpaste.codec.sequence import Sequel
from duckpaste.codec.slots import Slots
from duckpaste.domain import IntArray
from duckpaste.model import TableModel
from duckpaste.sample import siblings
from duckpaste.sample.mending import following, free, inside, put, replaced, swapped
from duckpaste.sample.relational import Rows, decode, evidence, placed, top
from duckpaste.sample.rules import Bools, Rulebook
from duckpaste.sample.units import joined, taken
from duckpaste.schema.rules import Mend, Rule

if TYPE_CHECKING:
    from duckpaste.sample.picker import Picker

ROW_PASSES = 24  # how often rows are drawn anew
UNIT_PASSES = 8  # and whole units
_HEAVY = 1e6
_AGAIN = 7_919  # keeps these seeds apart from those of first draws


class RuleKeeper:
    """A sample.relational.Keeper over a Rulebook."""

    def __init__(self, book: Rulebook) -> None:
        self.book = book
        self.model = book.model
        self._first = True  # whether rows are drawn for the first time
        self._picked = False  # whether units are picked, so that a predicate holds for them

    def table(
        self, table: TableModel, drawn: dict[str, Rows], seeds: Sequence[int], picker: Picker | None
    ) -> None:
        """Draw rows anew until they hold, then mend those that are left."""
        rows, asked = drawn[table.name], self.book.of(table.name, totals=False)
        self._picked = self._picked or picker is not None
        if not asked or not rows.n:
            return
        bad, _ = self.book.broken(table.name, asked, rows, drawn)
        if self._first:
            self.book.note(table.name, asked, bad, first=True)
        weights = _weights(table, asked)
        for number in range(ROW_PASSES):
            if not bad.any():
                return
            # In a sequence a row is drawn anew in its place, or with all its siblings: by turns, unless only the
            # order is at fault.
            light = bool(bad[weights < _HEAVY].any())
            whole = table.siblings is not None and (bool(number % 2) or not light)
            at = np.flatnonzero(bad.any(axis=0))
            if whole and rows.parent is not None:
                at = np.flatnonzero(np.isin(rows.parent, rows.parent[at]))
            fresh, keep = self._again(table, drawn, at, whole, [*seeds, _AGAIN, number], picker)
            still, _ = self.book.broken(table.name, asked, fresh, drawn)
            good = np.flatnonzero(_better(bad[:, at], still, weights, fresh.parent if whole else None))
            put(rows, at[good], fresh, good, keep)
            bad[:, at[good]] = still[:, good]
        if bad.any() and not (self._picked and table.lineage is None):
            self._mend(table, asked, drawn, np.random.SeedSequence([*seeds, _AGAIN, ROW_PASSES]))

    def forget(self) -> None:
        """Count anew: what was drawn is thrown away."""
        self.book.forget()

    def _again(
        self, table: TableModel, drawn: Mapping[str, Rows], at: IntArray, whole: bool, seeds: Sequence[int],
        picker: Picker | None,
    ) -> tuple[Rows, set[str]]:  # fmt: skip
        """The rows `at` drawn again, and the columns that stay as they are."""
        streams = np.random.SeedSequence(list(seeds)).spawn(2)
        rng = np.random.Generator(np.random.PCG64(streams[0]))
        rows = drawn[table.name]
        keep = {c for k in table.codecs if k.field.kind in ("id", "uuid") for c in k.field.columns}
        if picker is not None:
            picked = picker.pick(range(len(at)), seeds)
            return Rows(len(at), 0, picked.codes, picked.values), keep
        fresh = Rows(len(at), rows.first)
        if table.lineage is None or rows.parent is None:
            fresh.codes = table.network.sample(len(at), rng)
        else:
            fresh.parent = rows.parent[at]
            if isinstance(table.lineage.codec, Slots):  # which rows there are stays
                told = (table.lineage.codec.code, *table.lineage.codec.along)
                fresh.codes = {n: rows.codes[n][at] for n in told}
            fresh.position = None if rows.position is None else rows.position[at]
            found = evidence(self.model, table.lineage.parent, drawn, fresh.parent)
            given, place, looks = placed(
                table, fresh, {n: c for n, c in found.items() if n in table.network.evidence}
            )
            if looks and not whole:
                for name, (column, back, absent) in looks.items():
                    if name not in table.network.evidence:
                        continue
                    before = rows.codes[column][np.maximum(at - back, 0)]
                    given[name] = np.where(place >= back, before, absent)
                given = {n: given[n] for n in table.network.evidence}
                fresh.codes = table.network.sample(len(at), rng, given)
            else:
                fresh.codes |= siblings.draw(table.network, given, place, looks, rng)
        if not whole and table.siblings is not None:
            keep |= set(siblings.moving(table)) | {
                k.field.name for k in table.codecs if isinstance(k, Sequel)
            }
        fresh.values = {c: rows.values[c].take(at) for c in keep if c in rows.values}
        decode(self.model, table, fresh, drawn, streams[1], keep)
        return fresh, keep

    def _mend(
        self, table: TableModel, asked: Sequence[Rule], drawn: Mapping[str, Rows],
        stream: np.random.SeedSequence | None = None,
    ) -> None:  # fmt: skip
        """Mend rows by what comparisons tell: first with values from which nothing is told; with a `stream` (nothing
        below is drawn yet) with any, and what is told from them is told again."""
        may = free(self.model, table)
        for rule in asked:
            for mend in rule.mends:
                if mend.column in may:
                    self._mend_one(table, rule, mend, drawn, may)
        if stream is None:
            return
        more = free(self.model, table, told=True) - may
        for rule in asked:
            for mend in rule.mends:
                if mend.column in more:
                    at = self._mend_one(table, rule, mend, drawn, set())
                    if table.siblings is not None and mend.column in siblings.moving(table):
                        at = np.union1d(at, _settled(table, mend.column, drawn[table.name]))
                    self._tell(table, mend.column, drawn, at, stream)

    def _mend_one(
        self, table: TableModel, rule: Rule, mend: Mend, drawn: Mapping[str, Rows], may: set[str]
    ) -> IntArray:
        """Mend what breaks a rule; the rows that were."""
        rows = drawn[table.name]
        types = {c.name: c.sql_type for c in table.columns}
        if mend.swap in may and types[mend.swap] == types[mend.column]:
            bad, _ = self.book.broken(table.name, [rule], rows, drawn)
            at = np.flatnonzero(bad[0])
            swapped(rows, at, mend.column, mend.swap)
            return at
        if not mend.expression:
            return np.zeros(0, dtype=np.int64)
        value = Mend(mend.column, inside(table, mend.column, mend.expression))
        wrong, values = self.book.mended(table.name, rule, value, rows, drawn)
        at = np.flatnonzero(wrong & np.asarray(values.is_valid()))
        rows.values[mend.column] = replaced(rows.values[mend.column], at, values.take(at))
        return at

    def _tell(
        self, table: TableModel, column: str, drawn: Mapping[str, Rows], at: IntArray,
        stream: np.random.SeedSequence,
    ) -> None:  # fmt: skip
        """Decode again, in the rows `at`, what is told from `column` in the same row."""
        rows = drawn[table.name]
        after = following(table, column)
        if not at.size or not after:
            return
        keep = {c for k in table.codecs for c in k.field.columns} - after
        fresh = Rows(at.size, rows.first, {n: c[at] for n, c in rows.codes.items()})
        fresh.parent = None if rows.parent is None else rows.parent[at]
        fresh.position = None if rows.position is None else rows.position[at]
        fresh.values = {n: v.take(at) for n, v in rows.values.items() if n not in after}
        decode(self.model, table, fresh, drawn, stream, keep)
        put(rows, at, fresh, np.arange(at.size), keep)

    def units(self, drawn: dict[str, Rows], draw: Callable[..., dict[str, Rows]]) -> dict[str, Rows]:
        """Mend what speaks of rows below; draw the units anew of which a row still breaks such a rule.

        Rows that break other rules do not cost their unit: units with few rows would be left over."""
        self._below(drawn)
        for number in range(1, UNIT_PASSES + 1):
            wrong = np.flatnonzero(self._wrong(drawn))
            if not wrong.size:
                break
            self._first = False
            fresh = draw(int(wrong.size), number)
            self._below(fresh)
            self._first = True
            good = ~self._wrong(fresh)
            stay = np.ones(self._units(drawn), dtype=bool)
            stay[wrong[: int(good.sum())]] = False
            if not stay.all():
                drawn = joined(self.model, taken(self.model, drawn, stay), taken(self.model, fresh, good))
        self.finish(drawn)
        return drawn

    def _below(self, drawn: Mapping[str, Rows]) -> None:
        """Rules that speak of rows below: from the lowest table up, for a sum may be summed again."""
        for table in reversed(self.model.tables):
            asked = self.book.of(table.name, totals=True)
            if not asked:
                continue
            if self._first:
                bad, _ = self.book.broken(table.name, asked, drawn[table.name], drawn)
                self.book.note(table.name, asked, bad, first=True)
            if not (self._picked and table.lineage is None):
                self._mend(table, asked, drawn)

    def _units(self, drawn: Mapping[str, Rows]) -> int:
        return next(drawn[t.name].n for t in self.model.tables if t.lineage is None)

    def _wrong(self, drawn: Mapping[str, Rows]) -> Bools:
        """For each unit whether a row of it breaks a rule that speaks of rows below."""
        found = np.zeros(self._units(drawn), dtype=bool)
        for table in self.model.tables:
            asked = self.book.of(table.name, totals=True)
            bad, _ = self.book.broken(table.name, asked, drawn[table.name], drawn)
            found[top(self.model, table, drawn)[bad.any(axis=0)]] = True
        return found

    def finish(self, drawn: Mapping[str, Rows]) -> None:
        """Count what is broken in the end."""
        for table in self.model.tables:
            asked = self.book.rules[table.name]
            bad, _ = self.book.broken(table.name, asked, drawn[table.name], drawn)
            self.book.note(table.name, asked, bad, first=False)

    def chunk(
        self, table: TableModel, codes: Mapping[str, IntArray], values: dict[str, Any], n: int, seeds: Sequence[int],
        picker: Picker | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """The values of a chunk of a table that stands alone, with rules kept."""
        rows = Rows(n, 0, dict(codes), dict(values))
        self.table(table, {table.name: rows}, seeds, picker)
        self.finish({table.name: rows})
        return rows.values


def _weights(table: TableModel, asked: Sequence[Rule]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """How much a broken rule counts: more where it speaks of nothing but a sequence's order, for what else it speaks of
    can be drawn anew afterwards, row by row."""
    order = set(siblings.moving(table)) if table.siblings is not None else set()
    return np.array([_HEAVY if order and set(rule.own) <= order else 1.0 for rule in asked])


def _better(before: Bools, after: Bools, weights: Any, parent: IntArray | None) -> Bools:
    """Which rows, drawn anew, break less than they did; with `parent` which sequences do, all rows taken together."""
    old, new = weights @ before, weights @ after
    if parent is not None:
        old, new = np.bincount(parent, old)[parent], np.bincount(parent, new)[parent]
    better: Bools = new < old
    return better


def _settled(table: TableModel, column: str, rows: Rows) -> IntArray:
    """Put a sequence back in order; the rows whose `column` changed."""
    import pyarrow.compute as pc

    if rows.parent is None:
        return np.zeros(0, dtype=np.int64)
    before = rows.values[column]
    siblings.settle(table, rows.values, rows.parent)
    same = pc.fill_null(pc.equal(before, rows.values[column]), False)
    return np.flatnonzero(~np.asarray(same) & np.asarray(before.is_valid()))
