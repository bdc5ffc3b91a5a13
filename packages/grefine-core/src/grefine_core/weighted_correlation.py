"""Correlations of many resamples at once, each told by how often it has every item.

R resamples of n items are counts of shape (R, n), so that no resample is ever written out: a thousand of them
take about as long as a few dozen calls of scipy, whose figures these equal.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Counts = NDArray[np.float64]
"""Shape (R, n): how often each resample has each item."""

KENDALL_MATRIX = 2000
"""Up to so many items Kendall's tau comes from matrices of all pairs; beyond, scipy's sort takes less time."""
_BLOCK = 4_000_000
"""Numbers in one intermediate result: the resamples are taken in blocks so that memory stays bounded."""
_FLAT = 1e-14
"""Variance, as a share of the mean square, at which values count as all equal."""


def pearson(counts: Counts, x: Vector, y: Vector) -> Vector:
    """Return Pearson's r of each resample, shape (R,); nan where one side is constant."""
    return np.concatenate([_pearson(block, x[None], y[None]) for block in _blocks(counts)])


def spearman(counts: Counts, x: Vector, y: Vector) -> Vector:
    """Return Spearman's rho of each resample, shape (R,), with average ranks for ties."""
    return np.concatenate([_pearson(block, ranks(block, x), ranks(block, y)) for block in _blocks(counts)])


def kendall(counts: Counts, x: Vector, y: Vector) -> Vector:
    """Return Kendall's tau-b of each resample, shape (R,)."""
    if len(x) > KENDALL_MATRIX:
        from scipy.stats import kendalltau

        rows = [np.repeat(np.arange(len(x)), one.astype(np.intp)) for one in counts]
        return np.array([kendalltau(x[row], y[row]).statistic for row in rows], np.float64)
    # float32 is exact here: no sum of counts passes n, and n is far below 2**24
    by_x, by_y = (np.sign(side[:, None] - side[None]).astype(np.float32) for side in (x, y))
    agree, untied_x, untied_y = (_pairs(counts, signs) for signs in (by_x * by_y, np.abs(by_x), np.abs(by_y)))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(agree / np.sqrt(untied_x * untied_y), np.float64)


def rmse(counts: Counts, squares: Vector) -> Vector:
    """Return the root of the mean of squared errors of each resample, shape (R,)."""
    return np.asarray(np.sqrt(counts @ squares / counts.sum(axis=1)), np.float64)


def ranks(counts: Counts, values: Vector) -> Vector:
    """Return the rank of each item within each resample, shape (R, n): ties share their average."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    first = np.searchsorted(ordered, ordered, side="left")
    last = np.searchsorted(ordered, ordered, side="right") - 1
    taken = counts[:, order]
    up_to = np.cumsum(taken, axis=1)
    found = np.empty_like(up_to)
    found[:, order] = (up_to[:, last] + up_to[:, first] - taken[:, first] + 1) / 2
    return found


def _pearson(counts: Counts, x: Vector, y: Vector) -> Vector:
    """Return r of each resample; x and y are (1, n), or (R, n) where each resample has its own."""
    total = counts.sum(axis=1, keepdims=True)
    dx = x - (counts * x).sum(axis=1, keepdims=True) / total
    dy = y - (counts * y).sum(axis=1, keepdims=True) / total
    weighted = counts * dx
    xx, yy, xy = (weighted * dx).sum(axis=1), (counts * dy * dy).sum(axis=1), (weighted * dy).sum(axis=1)
    flat = (xx <= _FLAT * (counts * x * x).sum(axis=1)) | (yy <= _FLAT * (counts * y * y).sum(axis=1))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(flat, np.nan, np.clip(xy / np.sqrt(xx * yy), -1, 1)), np.float64)


def _pairs(counts: Counts, signs: NDArray[np.float32]) -> Vector:
    """Return the sum of `signs` over all pairs of items of each resample, shape (R,)."""
    sums = [
        ((block.astype(np.float32) @ signs).astype(np.float64) * block).sum(axis=1) / 2 for block in _blocks(counts)
    ]
    return np.concatenate(sums)


def _blocks(counts: Counts) -> list[Counts]:
    rows = max(1, _BLOCK // counts.shape[1])
    return [counts[start : start + rows] for start in range(0, len(counts), rows)]
