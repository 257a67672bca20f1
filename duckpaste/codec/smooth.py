"""Post-processing of a noisy fine histogram: denoising, and bin edges of equal mass. No privacy cost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from duckpaste import simplex
from duckpaste.codec.base import Level
from duckpaste.domain import FloatArray


def blocks_of(cells: int) -> tuple[int, ...]:
    """How many cells a coarser level of a fine histogram has in one, for each level that pays. In simulations of skewed
    columns these beat one level in every measure but the share of a single cell, and others (4 to 512) narrowly."""
    return (256, 16) if cells >= 2048 else (16,) if cells >= 256 else ()


def denoise(counts: FloatArray, sigma: float, coarser: Sequence[Level] = ()) -> FloatArray:
    """Non-negative counts from noisy ones of standard deviation `sigma`.

    Hard thresholding of Haar wavelet coefficients at sigma * sqrt(2 ln F) (Donoho and Johnstone 1994): a coefficient
    below it can't be told from noise, so its two halves share their mass evenly; spikes and steps stay. Where `coarser`
    counts are known, the mean of both estimates of a block, weighed by their precision, goes up the tree, and what is
    above it is that much surer. The sum is kept, then the result is projected onto the non-negative counts of that sum.
    """
    if sigma <= 0:
        return np.maximum(counts, 0.0)
    if counts.size < 2:
        return np.maximum(counts, 0.0)
    levels = int(np.ceil(np.log2(counts.size)))
    # Cells beyond the end are empty for everyone; they are cut off again below.
    smooth = np.zeros(1 << levels)
    smooth[: counts.size] = counts
    details: list[FloatArray] = []
    known = {c.block: c for c in coarser}
    spread = sigma
    for level in range(levels):
        threshold = spread * np.sqrt(2.0 * np.log(max(counts.size >> level, 2)))
        even, odd = smooth[0::2], smooth[1::2]
        detail = (even - odd) / np.sqrt(2.0)
        details.append(np.where(np.abs(detail) > threshold, detail, 0.0))
        smooth = (even + odd) / np.sqrt(2.0)
        if 2 << level in known:
            smooth, spread = _with(smooth, spread, known[2 << level])
    total = max(float(smooth[0]) * 2.0 ** (levels / 2), 0.0)
    for detail in reversed(details):
        even, odd = (smooth + detail) / np.sqrt(2.0), (smooth - detail) / np.sqrt(2.0)
        smooth = np.stack([even, odd], axis=1).ravel()
    return simplex.project(smooth[: counts.size], total)


def _with(smooth: FloatArray, spread: float, coarse: Level) -> tuple[FloatArray, float]:
    """The mean of scaled sums over blocks, with noise `spread`, and of their own counts, weighed by precision."""
    scale = float(np.sqrt(coarse.block))
    told = np.zeros_like(smooth)
    told[: coarse.counts.size] = coarse.counts / scale
    mine, theirs = 1 / spread**2, (scale / coarse.sigma) ** 2
    return (mine * smooth + theirs * told) / (mine + theirs), float(1 / np.sqrt(mine + theirs))


def equal_mass(mass: FloatArray, bins: int) -> list[int]:
    """First cells of at most `bins` runs of about equal mass; a cell of more than a bin's share stands alone."""
    cells = mass.size
    if bins >= cells:
        return list(range(cells))
    total = float(mass.sum())
    if total <= 0:
        return sorted({i * cells // bins for i in range(bins)})
    cum = np.cumsum(mass)
    crossing = np.searchsorted(cum, total * np.arange(1, bins) / bins, side="left").clip(max=cells - 1)
    heavy = np.flatnonzero(mass >= total / bins)
    cuts = np.unique(np.concatenate([[0], crossing[~np.isin(crossing, heavy)] + 1, heavy, heavy + 1]))
    starts = [int(c) for c in cuts if c < cells]
    padded = np.concatenate([[0.0], cum])
    while len(starts) > bins:
        ends = [*starts[1:], cells]
        joined = [padded[ends[i]] - padded[starts[i - 1]] for i in range(1, len(starts))]
        del starts[1 + int(np.argmin(joined))]
    return starts
