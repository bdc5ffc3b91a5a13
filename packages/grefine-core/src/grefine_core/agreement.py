"""How well scores agree with people: the figures of tables 6 and 7 of G-Refine (arXiv:2404.18343), with intervals.

SRCC and KRCC need no scale. PLCC and RMSE are taken after the logistic curve has brought the scores to the
labels' scale, as the literature does; PLCC of the raw scores stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from grefine_core.bootstrap import RESAMPLES, Interval, draw_counts, interval_of
from grefine_core.correlation import check_pairs
from grefine_core.logistic import LogisticCurve, fit_logistic

ROUNDING = 1e-12
FIGURES = ("srcc", "plcc", "plcc_raw", "krcc", "rmse")
"""Names of the figures, in the order of every table."""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How well n scores agree with their labels; `intervals` say how far each may be off by chance."""

    n: int
    srcc: float
    """Spearman's rank correlation, in [-1, 1]; below 0 where more is worse."""
    plcc: float
    """Pearson's correlation of the labels with `curve(scores)`. The curve may fall, so it has no sign: it lies in
    [0, 1], but for a curve fitted to other items."""
    plcc_raw: float
    """Pearson's correlation of the scores themselves, in [-1, 1]."""
    krcc: float
    """Kendall's tau-b, in [-1, 1]."""
    rmse: float
    """Root mean squared error of `curve(scores)`, in the labels' unit."""
    curve: LogisticCurve
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    """95% bootstrap intervals by name of the figure; empty where none were asked for."""


def measure_agreement(
    scores: Sequence[float] | NDArray[np.float64],
    labels: Sequence[float] | NDArray[np.float64],
    *,
    curve: LogisticCurve | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Agreement:
    """Compare scores with the labels of the same items.

    The intervals are percentiles over items drawn again with replacement. The curve is fitted once, to all items:
    it is where PLCC is largest, so that a curve of its own for each resample would change PLCC only in second order.

    Args:
        scores: Shape (n,), n >= 4, finite, not all equal.
        labels: Shape (n,), likewise.
        curve: Fitted to more items than these; None fits one. Where it is flat over them, PLCC is 0.
        seed: Decides the intervals, with nothing else.
        resamples: How many are drawn; 0 leaves the intervals out.

    Raises:
        InputError: If scores or labels break the above; a row is named, counted from 0.
    """
    from scipy import stats

    x, y = check_pairs(scores, labels)
    curve = curve or fit_logistic(x, y)
    fitted = curve(x)
    flat = float(np.ptp(fitted)) == 0
    figures = {
        "srcc": float(stats.spearmanr(x, y).statistic),
        "plcc": 0.0 if flat else float(stats.pearsonr(fitted, y).statistic),
        "plcc_raw": float(stats.pearsonr(x, y).statistic),
        "krcc": float(stats.kendalltau(x, y).statistic),
        "rmse": float(np.sqrt(np.mean((fitted - y) ** 2))),
    }
    found = _intervals(x, y, fitted, seed=seed, resamples=resamples) if resamples else {}
    intervals = {name: _with(interval, figures[name]) for name, interval in found.items()}
    return Agreement(n=len(x), **figures, curve=curve, intervals=intervals)


def _with(interval: Interval, figure: float) -> Interval:
    """Return the interval with the figure in it where only rounding put it outside: 1 - 4e-16 beside 1."""
    low = figure if interval.low - ROUNDING <= figure < interval.low else interval.low
    return Interval(low=low, high=figure if interval.high < figure <= interval.high + ROUNDING else interval.high)


def _intervals(
    x: NDArray[np.float64], y: NDArray[np.float64], fitted: NDArray[np.float64], *, seed: int, resamples: int
) -> dict[str, Interval]:
    from grefine_core import weighted_correlation as weighted

    counts = draw_counts(len(x), seed=seed, resamples=resamples)
    values = {
        "srcc": weighted.spearman(counts, x, y),
        "plcc": weighted.pearson(counts, fitted, y),
        "plcc_raw": weighted.pearson(counts, x, y),
        "krcc": weighted.kendall(counts, x, y),
        "rmse": weighted.rmse(counts, (fitted - y) ** 2),
    }
    if not float(np.ptp(fitted)):
        values["plcc"] = np.zeros(resamples)
    return {name: interval_of(values[name], len(x)) for name in FIGURES}
