"""The contribution bound k: noise against what it clips, by weights and by kept rows, and the k that a fit would choose.

    python tests/bench/contribution.py [--units 20000] [--runs 20]

20,000 units have 4.5 rows on average and 200 at most; a column of 40 codes follows how many rows its unit has. Its 1-way
is measured at rho .005; scores are total variation distances from the rows' own distribution.
"""

from __future__ import annotations

import argparse
import math

import numpy as np

from duckpaste.codec.base import Histogram
from duckpaste.domain import FloatArray, IntArray
from duckpaste.relational import contribution
from duckpaste.simplex import project

CODES, MOST, RHO = 40, 200, 0.005
TRIED = (1, 2, 3, 4, 5, 6, 8, 12, 16, 20, 24, 32, 48, 64, 100, 200)


def units(number: int, rng: np.random.Generator) -> IntArray:
    """Rows of each unit: most have one or two, a few have a hundred and more; 4.5 on average."""
    found: IntArray = np.minimum(np.ceil(rng.pareto(1.12, number) + 1e-9).astype(np.int64), MOST)
    return found


def rows(sizes: IntArray, follows: float, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """The unit and the code of each row: for a share `follows` of rows around a code that grows with the unit's size."""
    unit = np.repeat(np.arange(len(sizes)), sizes)
    middle = 5 * np.log2(sizes[unit])
    code = np.where(
        rng.random(len(unit)) < follows,
        np.round(middle + rng.normal(0, 4, len(unit))),
        rng.integers(0, CODES, len(unit)),
    )
    return unit, np.clip(code, 0, CODES - 1).astype(np.int64)


def released(
    sizes: IntArray, unit: IntArray, code: IntArray, k: int, bound: str, rng: np.random.Generator
) -> FloatArray:
    """Shares of codes as a fit at k would find them."""
    weight = np.minimum(1.0, k / sizes[unit])
    if bound == "rows":
        order = np.lexsort((rng.random(len(unit)), unit))
        first = np.repeat(np.cumsum(sizes) - sizes, sizes)
        weight = np.zeros(len(unit))
        weight[order] = np.arange(len(unit)) - first < k
    counts = np.bincount(code, weights=weight, minlength=CODES)
    noisy = counts + rng.normal(0, k / math.sqrt(2 * RHO), CODES)
    found: FloatArray = project(noisy, max(float(noisy.sum()), 1.0))
    return found / found.sum()


def main() -> None:
    """Print a line a k, and what would be chosen."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--units", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument(
        "--follows", type=float, default=0.25, help="share of rows whose code follows the unit's size"
    )
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    sizes = units(given.units, rng)
    unit, code = rows(sizes, given.follows, rng)
    truth = np.bincount(code, minlength=CODES) / len(code)
    print(f"{len(sizes):,} units, {sizes.mean():.2f} rows on average, {sizes.max()} at most")
    print("    k  weights     rows")
    scores = {}
    for k in TRIED:
        both = [
            np.mean([
                0.5 * np.abs(released(sizes, unit, code, k, bound, rng) - truth).sum() for _ in range(given.runs)
            ])
            for bound in ("weights", "rows")
        ]  # fmt: skip
        scores[k] = float(both[0])
        print(f"{k:5d}   {both[0]:.4f}   {both[1]:.4f}")
    chosen = []
    exact = np.bincount(np.ceil(np.log2(sizes)).astype(np.int64), minlength=contribution.POWERS)
    for _ in range(200):
        sigma = 1 / math.sqrt(2 * RHO * contribution.SHARE)
        found = contribution.sizes_of(Histogram(exact + rng.normal(0, sigma, len(exact)), sigma))
        noise = 0.5 * math.sqrt(2 / math.pi) * CODES / math.sqrt(2 * RHO)
        chosen.append(contribution.best(found, noise) if found else 1)
    for k, times in zip(*np.unique(chosen, return_counts=True), strict=True):
        near = scores.get(int(k), float(np.interp(k, TRIED, list(scores.values()))))
        print(
            f"chosen {k}: {times / 2:.1f} % of 200 histograms, {near / min(scores.values()) - 1:+.1%} of the best"
        )


if __name__ == "__main__":
    main()
