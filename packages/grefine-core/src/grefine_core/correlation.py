"""How well scores follow labels: SRCC, PLCC, KRCC, RMSE (section 4.2 of the paper)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grefine_core.errors import InputError

MIN_ITEMS = 4
"""Fewer items say nothing of a rank order."""


@dataclass(frozen=True, kw_only=True)
class Correlation:
    """Agreement of n scores with their labels."""

    n: int
    srcc: float
    """Spearman's rank correlation, in [-1, 1]."""
    plcc: float
    """Pearson's linear correlation of the raw scores, in [-1, 1]."""
    krcc: float
    """Kendall's tau-b, in [-1, 1]."""
    rmse: float
    """Root mean squared error, in the labels' unit."""


def correlate(scores: Sequence[float], labels: Sequence[float]) -> Correlation:
    """Compare scores with labels of the same items.

    Raises:
        InputError: If lengths differ, fewer than 4 items, a value is not finite (its row is
            named), or either side is constant.
    """
    from scipy import stats

    x, y = check_pairs(scores, labels)
    return Correlation(
        n=len(x),
        srcc=float(stats.spearmanr(x, y).statistic),
        plcc=float(stats.pearsonr(x, y).statistic),
        krcc=float(stats.kendalltau(x, y).statistic),
        rmse=float(np.sqrt(np.mean((x - y) ** 2))),
    )


def check_pairs(
    scores: Sequence[float] | NDArray[np.float64], labels: Sequence[float] | NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return scores and labels, shape (n,), float64, if correlations between them are defined.

    Raises:
        InputError: As `correlate` does.
    """
    x, y = np.asarray(scores, np.float64), np.asarray(labels, np.float64)
    if x.ndim != 1 or x.shape != y.shape:
        raise InputError(f"`scores` and `labels` must be two lists of one length, got {x.shape} and {y.shape}.")
    if len(x) < MIN_ITEMS:
        raise InputError(f"A correlation needs at least {MIN_ITEMS} items, got {len(x)}.")
    broken = np.flatnonzero(~(np.isfinite(x) & np.isfinite(y)))
    if len(broken):
        raise InputError(f"Row {broken[0]} has a score or label that is not finite.")
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        raise InputError("All scores or all labels are equal, so no correlation is defined.")
    return x, y
