"""Whether one method agrees with people better than another on the same items, or by chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from grefine_core.bootstrap import RESAMPLES, Interval, draw_counts, interval_of
from grefine_core.correlation import MIN_ITEMS, check_pairs
from grefine_core.errors import InputError
from grefine_core.logistic import fit_logistic

Figure = Literal["srcc", "plcc"]
Vector = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class WilliamsTest:
    """Williams' test of two correlations that share a variable."""

    t: float
    """Student's t; above 0 if the first correlation is the larger."""
    df: int
    """Degrees of freedom, n - 3."""
    p: float
    """Two-sided probability of a difference this large by chance."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How two methods differ in agreement with the same labels."""

    figure: Figure
    first: float
    """Of the first method, in [0, 1]: scores that fall where labels rise are turned around."""
    second: float
    test: WilliamsTest
    interval: Interval
    """95% bootstrap interval of `first - second`."""


def williams_test(first: float, second: float, between: float, n: int) -> WilliamsTest:
    """Return Williams' (1959) test, which Steiger (1980) recommends, of ``first == second``.

        t = (r1 - r2) * sqrt((n - 1)(1 + r12) / (2 (n - 1)/(n - 3) |R| + ((r1 + r2)/2)^2 (1 - r12)^3)),
        |R| = 1 - r1^2 - r2^2 - r12^2 + 2 r1 r2 r12

    Args:
        first: Correlation r1 of the first method with the labels, in [-1, 1].
        second: r2 of the second method with the same labels.
        between: r12 of both methods with each other.
        n: How many items all three are from, at least 4.

    Raises:
        InputError: If an argument breaks the above.
    """
    if n < MIN_ITEMS:
        raise InputError(f"The test needs at least {MIN_ITEMS} items, got {n}.")
    for name, value in (("first", first), ("second", second), ("between", between)):
        if not -1 <= value <= 1:  # nan fails here too
            raise InputError(f"`{name}` must be a correlation between -1 and 1, got {value}.")
    determinant = 1 - first**2 - second**2 - between**2 + 2 * first * second * between
    below = 2 * (n - 1) / (n - 3) * max(determinant, 0.0) + ((first + second) / 2) ** 2 * (1 - between) ** 3
    difference = first - second
    above = (n - 1) * (1 + between)
    if math.isclose(difference, 0, abs_tol=1e-12):
        t = 0.0
    else:
        t = difference * math.sqrt(above / below) if below > 0 else math.copysign(math.inf, difference)
    return _conclude(t, n - 3)


def _conclude(t: float, df: int) -> WilliamsTest:
    from scipy import stats

    return WilliamsTest(t=t, df=df, p=float(2 * stats.t.sf(abs(t), df)))


def _of_ranks(test: WilliamsTest, correlation: float) -> WilliamsTest:
    """Return the test of rank correlations: they vary more than Pearson's, by 1 + r^2 / 2 (Bonett and Wright 2000).

    Without this, one in twelve comparisons of equal methods came out with p < 0.05 (60 items, r = 0.7).
    """
    return _conclude(test.t / math.sqrt(1 + correlation**2 / 2), test.df)


def compare_methods(
    first: Sequence[float] | Vector,
    second: Sequence[float] | Vector,
    labels: Sequence[float] | Vector,
    *,
    figure: Figure = "srcc",
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Difference:
    """Return how two methods differ in agreement with the same labels.

    The test is made for Pearson's correlations of normal values. For PLCC it is applied to scores after the curve of
    each method; for SRCC to ranks, with t made smaller, since rank correlations vary more. The interval assumes
    nothing of the kind: look at both.

    Args:
        first: Scores of n items by one method.
        second: Of the same items, by the other.
        labels: Of the same items.
        figure: What is compared.
        seed: Decides the interval, with nothing else.
        resamples: How many it is of, at least 1.

    Raises:
        InputError: If scores or labels are not what `measure_agreement` takes.
    """
    from scipy import stats

    from grefine_core import weighted_correlation as weighted

    _, y = check_pairs(first, labels)
    sides = [_on_one_scale(side, y, figure) for side in (first, second)]
    target = stats.rankdata(y) if figure == "srcc" else y
    ranked = [stats.rankdata(side) if figure == "srcc" else side for side in sides]
    values = [float(stats.pearsonr(side, target).statistic) for side in ranked]
    between = float(np.clip(stats.pearsonr(*ranked).statistic, -1, 1))
    counts = draw_counts(len(y), seed=seed, resamples=resamples)
    correlate = weighted.spearman if figure == "srcc" else weighted.pearson
    spread = correlate(counts, sides[0], y) - correlate(counts, sides[1], y)
    test = williams_test(values[0], values[1], between, len(y))
    return Difference(
        figure=figure,
        first=values[0],
        second=values[1],
        test=_of_ranks(test, (values[0] + values[1]) / 2) if figure == "srcc" else test,
        interval=interval_of(spread, len(y)),
    )


def _on_one_scale(scores: Sequence[float] | Vector, labels: Vector, figure: Figure) -> Vector:
    """Return the scores such that more is better, through their curve where PLCC is wanted."""
    x, y = check_pairs(scores, labels)
    if figure == "plcc":
        return fit_logistic(x, y)(x)
    from scipy import stats

    return -x if stats.spearmanr(x, y).statistic < 0 else x
