"""Attacks: guesses about real rows taken from synthetic ones, and the same guesses about rows that the model never
saw. After Giomi et al. 2023 (singling out, inference), without their package."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from duckpaste.evaluate.records import Records, Sampled, column_distance, distances

GUESSES = 1000
MOST_COLUMNS = 6  # of a guess that singles out
WINDOW = 0.01  # of a number's range: how near a guess must be
_BLOCK = 1 << 22
MOST_TARGETS = 5  # columns that are inferred, when none are named


def singled_out(rows: Sampled, held_out: bool, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """For each guess whether exactly one row fits it: among fitted rows, and in the control.

    A guess is what a random synthetic row holds in two or more random columns."""
    rng = np.random.default_rng(seed)
    width = len(rows.fake.columns)
    chosen = rng.integers(0, len(rows.fake), GUESSES)
    control = rng.integers(0, len(rows.control), GUESSES)
    most = min(width, MOST_COLUMNS)
    sizes = rng.integers(min(2, most), most + 1, GUESSES)
    columns = [rng.choice(width, size, replace=False) for size in sizes]
    hits = _fits(rows.fake, chosen, columns, rows.fitted)
    if held_out:
        return hits, _fits(rows.fake, chosen, columns, rows.control)
    return hits, _fits(rows.control, control, columns, rows.fitted)


def _fits(source: Records, chosen: np.ndarray, columns: Sequence[np.ndarray], among: Records) -> np.ndarray:
    """1 where exactly one row of `among` has what the chosen row of `source` has in the columns."""
    found = np.zeros(len(chosen), dtype=np.float64)
    # NULL is a value of its own.
    x, y = np.nan_to_num(source.values, nan=-9.0), np.nan_to_num(among.values, nan=-9.0)
    for i, (row, mine) in enumerate(zip(chosen, columns, strict=True)):
        left = np.arange(len(y))
        for j in mine:
            width = WINDOW if source.numeric[j] else 0.0
            left = left[np.abs(y[left, j] - x[row, j]) <= width]
        found[i] = float(len(left) == 1)
    return found


def disclosed(
    rows: Sampled, held_out: bool, targets: Sequence[str], most: int
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Column -> for each attacked row whether the closest row (by all other columns) has its value: rows that were
    fitted, and the control.

    Numbers count as known within a thirtieth of their range. Without `targets` the columns whose most frequent value
    is rarest are taken: those are hard to guess without a leak."""
    columns = [c for c in targets if c in rows.fake.columns] or _hardest(rows)
    found: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    if len(rows.fake.columns) < 2:
        return found
    if held_out:
        cases = [(rows.fitted, rows.fake), (rows.control, rows.fake)]
    else:
        # Two pools of one size: a larger one guesses better.
        size = np.arange(min(len(rows.fake), len(rows.control)))
        cases = [(rows.fitted, rows.fake.some(size)), (rows.fitted, rows.control.some(size))]
    sides = [_inferred(real.targets(most), pool, columns) for real, pool in cases]
    return {c: (sides[0][c], sides[1][c]) for c in columns}


def _hardest(rows: Sampled) -> list[str]:
    shares = {}
    for j, name in enumerate(rows.fitted.columns):
        values = np.nan_to_num(rows.fitted.values[:, j], nan=-9.0)
        _, counts = np.unique(np.round(values * 30) if rows.fitted.numeric[j] else values, return_counts=True)
        shares[name] = counts.max() / len(values)
    return sorted(shares, key=lambda c: (shares[c], c))[:MOST_TARGETS]


def _inferred(real: Records, pool: Records, columns: Sequence[str]) -> dict[str, np.ndarray]:
    """For each row and column whether the closest row of the pool, by all other columns, has the row's value."""
    out = {c: np.zeros(len(real)) for c in columns}
    width = len(real.columns)
    step = max(1, _BLOCK // max(len(pool), 1))
    for start in range(0, len(real), step):
        x = real.values[start : start + step]
        whole = distances(x, pool.values, real.numeric) * width
        for c in columns:
            j = real.columns.index(c)
            rest = whole - column_distance(x[:, j], pool.values[:, j], real.numeric[j])
            guess = pool.values[rest.argmin(axis=1), j]
            both = np.nan_to_num(guess, nan=-9.0) - np.nan_to_num(x[:, j], nan=-9.0)
            out[c][start : start + step] = np.abs(both) <= (1 / 30 if real.numeric[j] else 0.0)
    return out
