"""Atoms: the values that codes stand for, listed with the code each comes from and its share of that code.

A codec draws a value given codes. Atoms turn this round, so that a choice among values becomes a choice among codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from duckpaste.codec.base import CodeColumn
from duckpaste.codec.grid import Binned
from duckpaste.domain import FloatArray, IntArray

MOST = 1 << 20  # atoms of one part, and of parts crossed


@dataclass(frozen=True)
class Axis:
    """Atom a comes with probability `share[a]` where the code columns `columns` hold `codes[:, a]`, and else never.

    The shares of all atoms of the same codes sum to 1."""

    columns: Sequence[CodeColumn]
    codes: IntArray
    share: FloatArray

    def __len__(self) -> int:
        return int(self.share.size)


@dataclass(frozen=True)
class Part:
    """The atoms of one code column: numbers, the code of each, and its share of that code."""

    value: IntArray
    code: IntArray
    share: FloatArray


def alone(columns: Sequence[CodeColumn], codes: Sequence[int]) -> Axis:
    """One atom a code; a single one where there is no code column."""
    return Axis(
        columns, np.array([codes] if columns else np.zeros((0, 1)), dtype=np.int64), np.ones(len(codes))
    )


def cells(binned: Binned) -> tuple[IntArray, FloatArray]:
    """Code and share of every cell of the grid, points last. A bin without mass is uniform, as in `codec.alias`."""
    grid, shift = binned.grid, int(binned.nullable)
    if binned.mass is None:
        raise RuntimeError(f"{binned.name}: the fine histogram is not known yet")
    regular = np.searchsorted(np.asarray(binned.starts), np.arange(grid.cells), side="right") - 1
    points = len(binned.starts) + np.arange(len(grid.points))
    bins = np.concatenate([regular, points]).astype(np.int64)
    total = np.bincount(bins, weights=binned.mass)[bins]
    width = np.bincount(bins)[bins]
    share = np.where(total > 0, binned.mass / np.where(total > 0, total, 1.0), 1.0 / width)
    return bins + shift, share


def listed(binned: Binned, *, stand_in: bool) -> Part | None:
    """Every whole number of a grid without points as an atom of its own; None when they are too many.

    NULL (code 0) is an atom of value 0; with `stand_in` it gives all numbers by their mass instead, as a part of a
    date does whose first part is not NULL."""
    grid = binned.grid
    low, high, width = int(grid.low), int(grid.high), int(grid.width)
    if high - low >= MOST:
        return None
    value = np.arange(low, high + 1)
    cell = (value - low) // width
    code, share = cells(binned)
    part = Part(value, code[cell], share[cell] / np.bincount(cell)[cell])
    if not binned.nullable:
        return part
    if not stand_in:
        nothing = np.zeros(1, dtype=np.int64)
        null = Part(nothing, nothing, np.ones(1))
    else:
        mass: FloatArray = np.bincount(code, weights=binned.mass)[1:].astype(np.float64)
        if mass.sum() <= 0:
            mass = np.ones(mass.size)
        null = Part(value, np.zeros_like(value), part.share * (mass / mass.sum())[part.code - 1])
    return Part(*(np.concatenate([getattr(p, n) for p in (null, part)]) for n in ("value", "code", "share")))


def crossed(columns: Sequence[CodeColumn], parts: Sequence[Part]) -> tuple[Axis, list[IntArray]] | None:
    """All combinations of atoms of independent parts, and the values of each part; None when they are too many."""
    shape = [p.share.size for p in parts]
    if np.prod(shape, dtype=np.float64) > MOST:
        return None
    at = np.indices(shape).reshape(len(parts), -1)
    codes = np.stack([p.code[i] for p, i in zip(parts, at, strict=True)])
    share = np.prod([p.share[i] for p, i in zip(parts, at, strict=True)], axis=0)
    return Axis(columns, codes, share), [p.value[i] for p, i in zip(parts, at, strict=True)]
