"""How well anything can agree with mean opinions: they are of few people, and other people would give others.

The model: the opinion of one rater on item i is ``t_i + e``, where t_i is what all people would say on average, and e
has the standard deviation s_i that the database tells. The mean m_i of k raters then errs by s_i / sqrt(k), and of
the variance V of the means over the items only

    R = 1 - mean(s_i^2) / (k V)

is of the items themselves (the reliability). Expected correlations with m follow:

    means of k other raters     R
    t itself, a perfect score   sqrt(R)                                      the ceiling of PLCC
    one other rater             sqrt(R) * sqrt(R V / (R V + mean(s_i^2)))

For SRCC there is no such formula. It is simulated: t_i is taken as the means drawn together by sqrt(R) towards their
average, so that its variance is R V, and opinions are drawn around it with normal errors.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grefine_core.correlation import check_pairs
from grefine_core.errors import InputError

DRAWS = 200
"""Simulated experiments; their mean is sure to 0.0005 for 3,000 items."""


@dataclass(frozen=True, kw_only=True)
class Ceiling:
    """Expected agreement with the means of k raters, of people and of a perfect score."""

    n: int
    raters: int
    reliability: float
    """R, in (0, 1]."""
    perfect_plcc: float
    """Of a score that knows what all people would say: no score does better."""
    perfect_srcc: float
    panel_plcc: float
    """Of the means of k other raters."""
    panel_srcc: float
    person_plcc: float
    """Of one other rater."""
    person_srcc: float


def estimate_ceiling(
    means: Sequence[float], spread: Sequence[float], *, raters: int, seed: int = 0, draws: int = DRAWS
) -> Ceiling:
    """Return the expected agreement with mean opinions; see the head of this file for the formulas.

    Args:
        means: Mean opinion of each item, shape (n,), n >= 4, not all equal.
        spread: Standard deviation of its raters' opinions, shape (n,), in the same unit, at least 0.
        raters: How many, at least 2.
        seed: Decides the simulation of the SRCC, with nothing else.
        draws: How many experiments are simulated.

    Raises:
        InputError: If an argument breaks the above, or the raters differ more than the items do.
    """
    from scipy.stats import rankdata

    if raters < 2:
        raise InputError(f"A ceiling needs at least 2 raters, got {raters}.")
    m, s = np.asarray(means, np.float64), np.asarray(spread, np.float64)
    if m.shape != s.shape or not (np.isfinite(s).all() and (s >= 0).all()):
        raise InputError("Each item needs the standard deviation of its raters, a finite number of at least 0.")
    check_pairs(np.arange(len(m), dtype=np.float64), m)
    variance, noise = float(m.var()), float((s**2).mean())
    reliability = 1 - noise / (raters * variance)
    if reliability <= 0:
        raise InputError(f"The means of {raters} raters differ less between items than raters do; no ceiling follows.")
    truth = m.mean() + math.sqrt(reliability) * (m - m.mean())
    generator = np.random.default_rng(seed)
    true_ranks = rankdata(truth)
    found = []
    for _ in range(draws):
        panel, other = (truth + generator.normal(size=len(m)) * s / math.sqrt(raters) for _ in range(2))
        person = truth + generator.normal(size=len(m)) * s
        ranks = rankdata(panel)
        found.append([_correlation(ranks, side) for side in (true_ranks, rankdata(other), rankdata(person))])
    perfect, panels, persons = np.mean(found, axis=0).tolist()
    alone = math.sqrt(reliability * variance / (reliability * variance + noise))
    return Ceiling(
        n=len(m),
        raters=raters,
        reliability=reliability,
        perfect_plcc=math.sqrt(reliability),
        perfect_srcc=perfect,
        panel_plcc=reliability,
        panel_srcc=panels,
        person_plcc=math.sqrt(reliability) * alone,
        person_srcc=persons,
    )


def _correlation(left: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    return float(np.corrcoef(left, right)[0, 1])
