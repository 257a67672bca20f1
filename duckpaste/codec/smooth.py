"""Post-processing of a noisy fine histogram: denoising, and bin edges of equal mass. No privacy cost."""

from __future__ import annotations

import numpy as np

from duckpaste import simplex
from duckpaste.domain import FloatArray


def denoise(counts: FloatArray, sigma: float) -> FloatArray:
    """Non-negative counts from noisy ones of standard deviation `sigma`.

    Hard thresholding of Haar wavelet coefficients at sigma * sqrt(2 ln F) (Donoho and Johnstone 1994): a coefficient
    below it can't be told from noise, so its two halves share their mass evenly; spikes and steps stay. The sum is
    kept, then the result is projected onto the non-negative counts of that sum.
    """
    total = float(counts.sum())
    if sigma <= 0:
        return np.maximum(counts, 0.0)
    if counts.size < 2:
        return np.maximum(counts, 0.0)
    levels = int(np.ceil(np.log2(counts.size)))
    threshold = sigma * np.sqrt(2.0 * np.log(counts.size))
    # Cells beyond the end are empty for everyone; they are cut off again below.
    smooth = np.zeros(1 << levels)
    smooth[: counts.size] = counts
    details: list[FloatArray] = []
    for _ in range(levels):
        even, odd = smooth[0::2], smooth[1::2]
        detail = (even - odd) / np.sqrt(2.0)
        details.append(np.where(np.abs(detail) > threshold, detail, 0.0))
        smooth = (even + odd) / np.sqrt(2.0)
    for detail in reversed(details):
        even, odd = (smooth + detail) / np.sqrt(2.0), (smooth - detail) / np.sqrt(2.0)
        smooth = np.stack([even, odd], axis=1).ravel()
    return simplex.project(smooth[: counts.size], total)


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
