"""Classes: the atoms of each field sorted by what the predicate's terms say of them.

Atoms of one class are all the same to the predicate. So a predicate over fields of thousands of values becomes a
small table over classes, and that table is evidence for the network.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from duckpaste.codec.base import Codec
from duckpaste.codec.constant import Ignore
from duckpaste.codec.support import Support, support
from duckpaste.domain import IntArray
from duckpaste.errors import UserError
from duckpaste.sample.predicate import Predicate, Term, Tree, Truth
from duckpaste.sample.truths import Judge

if TYPE_CHECKING:
    import pyarrow as pa

Place = tuple[str, int]  # a field's name and the number of one of its axes
PRODUCT = 1 << 21  # combinations of values that a term is evaluated on
TABLE = 1 << 22  # cells of a table over classes, or over codes and classes
_SAMPLE = 4096  # combinations on which the parts are checked against the whole


@dataclass(frozen=True)
class Classes:
    """The class of each atom of an axis, and one atom of each class."""

    of: IntArray
    first: IntArray

    def __len__(self) -> int:
        return int(self.first.size)


@dataclass(frozen=True)
class Sorted:
    """What is known of a predicate: supports by field, classes by axis, the truth of each term over its axes' classes
    (no entry where nothing is known)."""

    supports: Mapping[str, Support]
    classes: Mapping[Place, Classes]
    truths: Mapping[Term, tuple[tuple[Place, ...], Truth]]

    def table(self, tree: Tree) -> tuple[tuple[Place, ...], Truth]:
        """The truth of a tree over the classes of all axes that its terms know of."""
        places = tuple(dict.fromkeys(p for t in tree.terms() if t in self.truths for p in self.truths[t][0]))
        shape = [len(self.classes[p]) for p in places]
        if math.prod(shape) > TABLE:
            return (), _unknown()

        def of(term: Term) -> Truth:
            mine, (low, high) = self.truths.get(term, ((), _unknown()))
            order = sorted(range(len(mine)), key=lambda i: places.index(mine[i]))
            wide = [s if p in mine else 1 for p, s in zip(places, shape, strict=True)]
            return low.transpose(order).reshape(wide), high.transpose(order).reshape(wide)

        low, high = tree.truth(of)
        return places, (np.broadcast_to(low, shape), np.broadcast_to(high, shape))


def sort(predicate: Predicate, owners: Mapping[str, Codec], judge: Judge) -> Sorted:
    """Sort the atoms of all fields that the predicate reads; `owners` has the codec of each column."""
    supports: dict[str, Support] = {}
    for codec in {owners[c].field.name: owners[c] for c in predicate.columns if c in owners}.values():
        terms = [t for t in predicate.terms if set(t.columns) & set(codec.field.columns)]
        found = _support(codec, terms, judge, any(_nullable(r, owners) for r in codec.field.refs))
        if found is not None:
            supports[codec.field.name] = found
    known = {}
    for term in predicate.terms:
        told = _told(term, owners, supports, judge)
        if told is not None:
            known[term] = told
    result = _merged(supports, known)
    return result if _agrees(predicate, result, owners, judge) else Sorted({}, {}, {})


def _unknown() -> Truth:
    return np.array(-1, dtype=np.int8), np.array(1, dtype=np.int8)


def _nullable(column: str, owners: Mapping[str, Codec]) -> bool:
    """Whether a column that others refer to may be NULL in the synthetic table."""
    codec = owners.get(column)
    if codec is None or isinstance(codec, Ignore) or codec.field.nullable:
        return True
    return any(c.null is not None for c in codec.columns()) or any(
        _nullable(r, owners) for r in codec.field.refs
    )


def _support(codec: Codec, terms: Sequence[Term], judge: Judge, vague: bool) -> Support | None:
    """By order where every term only compares; else value by value, if they are not too many; else by order for the
    terms that compare."""
    cuts = [judge.cuts(t, codec.field) for t in terms]
    known = [c for found in cuts if found is not None for c in found]
    full = None if all(found is not None for found in cuts) else support(codec, None, vague=vague)
    return support(codec, known, vague=vague) if full is None else full


@dataclass(frozen=True)
class _Told:
    """What a term says: its axes, the classes that it can tell apart at best, and its truth over them."""

    places: tuple[Place, ...]
    classes: tuple[Classes, ...]
    truth: Truth


def _told(
    term: Term, owners: Mapping[str, Codec], supports: Mapping[str, Support], judge: Judge
) -> _Told | None:
    """The truth of a term for all combinations of values that are not alike to it; None where it can't be known."""
    fields = list(dict.fromkeys(owners[c].field.name for c in term.columns if c in owners))
    if any(f not in supports for f in fields) or any(c not in owners for c in term.columns):
        return None
    mine = [supports[f] for f in fields]
    places, classes = [], []
    for name, one in zip(fields, mine, strict=True):
        cuts = judge.cuts(term, one.codec.field)
        if one.ordered and cuts is None:
            return None
        part = {p for c, p in zip(term.columns, term.parts, strict=True) if c in one.codec.field.columns}
        for i, key in enumerate(one.alike(cuts, part.pop() if len(part) == 1 else "")):
            _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
            places.append((name, i))
            classes.append(Classes(inverse.ravel(), first))
    shape = [len(c) for c in classes]
    rows = math.prod(shape)
    if rows > PRODUCT:
        return None
    at = np.indices(shape).reshape(len(shape), rows)
    picks = {p: c.first[i] for p, c, i in zip(places, classes, at, strict=True)}
    values = _values(term.columns, supports, fields, picks)
    try:
        low = high = judge.truths(values, [term.sql], rows)[0].astype(np.int8).reshape(shape)
    except UserError:  # a cast that fails, say, on values that another term may rule out
        return None
    hidden = [s for s in mine if s.vague or (s.hidden and not term.null_test)]
    if hidden:
        dark = np.zeros(rows, dtype=bool)
        for column in {c for s in hidden for c in s.codec.field.columns} & set(values):
            dark |= np.asarray(values[column].is_valid())
        dark = dark.reshape(shape)
        low, high = np.where(dark, np.int8(-1), low), np.where(dark, np.int8(1), high)
    return _Told(tuple(places), tuple(classes), (low, high))


def _values(
    columns: Sequence[str],
    supports: Mapping[str, Support],
    fields: Sequence[str],
    picks: Mapping[Place, IntArray],
) -> dict[str, pa.Array]:
    """Values of `columns` for the picked atoms of `fields`."""
    found: dict[str, pa.Array] = {}
    for name in fields:
        found.update(supports[name].show([picks[name, i] for i in range(len(supports[name].axes))]))
    return {c: found[c] for c in columns}


def _merged(supports: Mapping[str, Support], known: dict[Term, _Told]) -> Sorted:
    """Join what no term tells apart. Terms over several axes that need too large a table are given up."""
    axes = {(name, i): len(axis) for name, one in supports.items() for i, axis in enumerate(one.axes)}
    while True:
        classes: dict[Place, Classes] = {}
        for place, atoms in axes.items():
            said = [(t, t.places.index(place)) for t in known.values() if place in t.places]
            of: IntArray = np.zeros(atoms, dtype=np.int64)
            for told, axis in said:
                rows = _rows(told.truth, axis)[told.classes[axis].of]
                of = np.unique(of * (int(rows.max()) + 1) + rows, return_inverse=True)[1].ravel()
            first = np.unique(of, return_index=True)[1]
            classes[place] = Classes(of, first)
        large = {p for p in classes if _cells(supports[p[0]], p[1]) * len(classes[p]) > TABLE}
        victims = [t for t, one in known.items() if large & set(one.places) and len(one.places) > 1]
        if not victims:
            break
        del known[max(victims, key=lambda t: known[t].truth[0].size)]
    truths = {}
    for term, one in known.items():
        at = np.ix_(*(c.of[classes[p].first] for p, c in zip(one.places, one.classes, strict=True)))
        truths[term] = (one.places, (one.truth[0][at], one.truth[1][at]))
    return Sorted(supports, classes, truths)


def _rows(truth: Truth, axis: int) -> IntArray:
    """Numbers an axis: equal where the truth is the same, whatever the other axes hold."""
    sides = truth if truth[0] is not truth[1] else truth[:1]
    rows = [np.moveaxis(side, axis, 0).reshape(side.shape[axis], -1) for side in sides]
    bits = np.packbits(np.concatenate([row == value for row in rows for value in (0, 1)], axis=1), axis=1)
    bits = bits.ravel() if bits.shape[1] == 1 else bits
    found: IntArray = np.unique(bits, axis=0, return_inverse=True)[1].ravel()
    return found


def _cells(one: Support, axis: int) -> int:
    return math.prod(c.size for c in one.axes[axis].columns)


def _agrees(predicate: Predicate, found: Sorted, owners: Mapping[str, Codec], judge: Judge) -> bool:
    """Whether the terms, joined again, say what the text says, on random combinations of values.

    A guard against reading the text differently from DuckDB: where it strikes, nothing is taken for known."""
    fields = list(dict.fromkeys(owners[c].field.name for c in predicate.columns if c in owners))
    if any(f not in found.supports for f in fields) or any(c not in owners for c in predicate.columns):
        return True
    rng = np.random.Generator(np.random.PCG64(0))
    picks: dict[Place, Any] = {
        (f, i): rng.integers(0, len(axis), _SAMPLE)
        for f in fields
        for i, axis in enumerate(found.supports[f].axes)
    }
    values = _values(predicate.columns, found.supports, fields, picks)
    terms = predicate.terms
    try:
        whole, *parts = judge.truths(values, [predicate.text, *(t.sql for t in terms)], _SAMPLE)
    except UserError:
        return True
    said = dict(zip(terms, parts, strict=True))
    return bool(np.all(predicate.whole.truth(lambda t: (said[t], said[t]))[0] == whole))
