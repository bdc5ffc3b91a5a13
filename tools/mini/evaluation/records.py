"""Claims, what was found of them, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from grefine_core import Interval, bootstrap_interval

SEED = 60_217_431
"""Of everything that is drawn; nothing was tuned on it."""


class Skipped(Exception):  # noqa: N818 - not an error: the material has nothing for this claim
    """The material has nothing to measure a claim on; the message says what is absent."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One row of the table."""

    claim: str
    value: float
    """Nan where nothing could be measured."""
    target: float | None = None
    """None where there is none."""
    at_most: bool = False
    """Whether less is better: the value must not exceed the target."""
    n: int = 0
    """Pictures, cut-outs or trials, as the claim says."""
    interval: Interval | None = None
    """95% bootstrap interval; None where it makes no sense."""
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without a target or a value."""
        if self.target is None or math.isnan(self.value):
            return None
        return self.value <= self.target if self.at_most else self.value >= self.target

    def to_dict(self) -> dict[str, object]:
        """Return plain values that json can write."""
        interval = [self.interval.low, self.interval.high] if self.interval else None
        value = None if math.isnan(self.value) else self.value
        return {
            "claim": self.claim,
            "value": value,
            "target": self.target,
            "at_most": self.at_most,
            "met": self.met,
            "n": self.n,
            "interval": interval,
            "note": self.note,
        }


def mean_of(groups: Sequence[Sequence[float]]) -> tuple[float, Interval]:
    """Return the mean over groups of their means, and its interval over the groups.

    Pictures of one cut-out or photograph are one group: they are no independent trials.
    """
    means = np.array([np.mean(group) for group in groups])
    return float(means.mean()), interval_of(lambda places: float(means[places].mean()), len(means))


def interval_of(figure: Callable[[NDArray[np.intp]], float], n: int) -> Interval:
    """Return the bootstrap interval of a figure over n groups, with the seed of this program."""
    return bootstrap_interval(figure, n, seed=SEED)


def auroc(positive: ArrayLike, negative: ArrayLike) -> float:
    """Return the chance that a positive is above a negative, ties half; nan without either."""
    from scipy.stats import rankdata

    above, below = np.asarray(positive, np.float64), np.asarray(negative, np.float64)
    n, m = len(above), len(below)
    if not n or not m:
        return math.nan
    ranks = rankdata(np.concatenate([above, below]))
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))


def srcc(scores: NDArray[np.float64], labels: NDArray[np.float64]) -> float:
    """Return Spearman's rank correlation; nan where either side is constant."""
    from scipy.stats import spearmanr

    if len(scores) < 3 or np.ptp(scores) == 0 or np.ptp(labels) == 0:
        return math.nan
    return float(spearmanr(scores, labels).statistic)
