"""Quality of synthetic codes against real ones: mean errors over all low-order marginals."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np

from duckpaste.domain import IntArray

SMALL = 10_000  # cells of the triples that "l1s" averages, as the reference scripts of AIM do


def scores(
    real: Mapping[str, IntArray], synthetic: Mapping[str, IntArray], sizes: Mapping[str, int]
) -> dict[str, float]:
    """tv1, tv2, tv3: mean total variation over all 1-, 2-, 3-way marginals; l1s: mean ||c - c'||_1 / n over the
    triples of at most 10,000 cells."""
    n = len(next(iter(real.values())))
    m = len(next(iter(synthetic.values())))
    out: dict[str, float] = {}
    for ways in (1, 2, 3):
        errors, small = [], []
        for names in itertools.combinations(sizes, ways):
            cells = int(np.prod([sizes[c] for c in names]))
            a, b = (_counts(codes, names, sizes, cells) for codes in (real, synthetic))
            errors.append(0.5 * float(np.abs(a / n - b / m).sum()))
            if ways == 3 and cells <= SMALL:
                small.append(float(np.abs(a - b).sum()) / n)
        out[f"tv{ways}"] = float(np.mean(errors)) if errors else 0.0
        if ways == 3:
            out["l1s"] = float(np.mean(small)) if small else 0.0
    return out


def _counts(
    codes: Mapping[str, IntArray], names: tuple[str, ...], sizes: Mapping[str, int], cells: int
) -> IntArray:
    flat = np.asarray(codes[names[0]], dtype=np.int64)
    for name in names[1:]:
        flat = flat * sizes[name] + codes[name]
    return np.bincount(flat, minlength=cells)
