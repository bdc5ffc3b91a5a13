"""How well alignment scores follow labels, before and after a fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aqmap.fitting.evidence import Evidence, Floats
from grefine_core.bootstrap import Interval, bootstrap_interval

Figure = Callable[[Floats, Floats], float]


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Correlation of n scores with their labels; 0 where all scores are equal, for they rank nothing."""

    srcc: float
    srcc_interval: Interval
    """Of 95%, by bootstrap, as the other one."""
    plcc: float
    """Of the raw scores."""
    plcc_interval: Interval


def rank_correlation(scores: Floats, labels: Floats) -> float:
    """Return SRCC; 0 where either side is constant.

    It is that of `grefine_core.correlate`, which is too slow for thousands of resamples.
    """
    return linear_correlation(_ranks(scores), _ranks(labels))


def linear_correlation(scores: Floats, labels: Floats) -> float:
    """Return PLCC; 0 where either side is constant."""
    if np.ptp(scores) == 0 or np.ptp(labels) == 0:
        return 0.0
    x, y = scores - scores.mean(), labels - labels.mean()
    return float(x @ y / np.sqrt((x @ x) * (y @ y)))


def _ranks(values: Floats) -> Floats:
    """Return ranks from 1; equal values share the mean of theirs."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Floats = (np.cumsum(counts) - (counts - 1) / 2)[places]
    return ranks


def score_rows(evidence: Evidence, *, temperature: float, beta: float) -> Floats:
    """Return a of eq. (8) of every row, shape (n,)."""
    return evidence.alignments(evidence.prompt_scores(temperature), evidence.phrase_scores(temperature), beta)


def agree(scores: Floats, labels: Floats, *, seed: int) -> Agreement:
    """Compare scores (n,) with labels (n,)."""

    def interval(figure: Figure) -> Interval:
        return bootstrap_interval(lambda rows: figure(scores[rows], labels[rows]), len(labels), seed=seed)

    return Agreement(
        srcc=rank_correlation(scores, labels),
        srcc_interval=interval(rank_correlation),
        plcc=linear_correlation(scores, labels),
        plcc_interval=interval(linear_correlation),
    )


def rank_gain(before: Floats, after: Floats, labels: Floats, *, seed: int) -> Interval:
    """Return the interval of what SRCC gains from one list of scores (n,) to another, row by row the same draws."""

    def gain(rows: NDArray[np.intp]) -> float:
        return rank_correlation(after[rows], labels[rows]) - rank_correlation(before[rows], labels[rows])

    return bootstrap_interval(gain, len(labels), seed=seed)
