"""The monotonic logistic curve that scores are brought to their labels' scale with, as the IQA literature does.

    f(x) = low + (high - low) / (1 + exp(-(x - centre) / width)),  width > 0

Four parameters; it rises where `high > low` and falls otherwise. The literature (VQEG 2000 and since) writes
b1 = high, b2 = low, b3 = centre, b4 = width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

CENTRES = (0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95)
"""Starts: the curve's centre at these quantiles of the scores..."""
WIDTHS = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""... and these widths, in standard deviations of the scores."""
REFINED = 3
"""Best starts that are refined; the others are only tried."""
NARROWEST, WIDEST = 0.01, 1000.0
"""Limits of the width in standard deviations: a step between two scores, and a straight line to six digits."""
REACH = 3.0
"""How far beyond the scores the centre may lie, in standard deviations."""


@dataclass(frozen=True, kw_only=True)
class LogisticCurve:
    """A fitted curve; call it with scores to get labels."""

    high: float
    """Limit for large scores, in the labels' unit."""
    low: float
    """Limit for small scores."""
    centre: float
    """Score at which it is halfway between them."""
    width: float
    """Above 0, in the scores' unit."""

    def __call__(self, scores: Sequence[float] | Vector) -> Vector:
        """Return the labels that the curve gives to scores, shape (n,), float64."""
        steps = _sigmoid((np.asarray(scores, np.float64) - self.centre) / self.width)
        return np.asarray(self.low + (self.high - self.low) * steps, np.float64)

    @property
    def rising(self) -> bool:
        """Whether larger scores mean larger labels."""
        return self.high > self.low


def fit_logistic(scores: Sequence[float] | Vector, labels: Sequence[float] | Vector) -> LogisticCurve:
    """Return the curve with the least squared error.

    For given `centre` and `width` the best `low` and `high` follow from linear least squares, so only two numbers
    are searched (variable projection), within limits, from the best of 43 starts. It always comes to an end, and
    never correlates less with the labels than the scores themselves do (by more than the sixth digit).

    Args:
        scores: Shape (n,), finite, not all equal; `correlate` checks that.
        labels: Shape (n,), likewise.
    """
    from scipy.optimize import least_squares

    x, y = np.asarray(scores, np.float64), np.asarray(labels, np.float64)
    middle, spread = float(x.mean()), float(x.std())
    u, centred = (x - middle) / spread, y - y.mean()
    limits = ((float(u.min()) - REACH, np.log(NARROWEST)), (float(u.max()) + REACH, np.log(WIDEST)))

    def rest(parameters: Vector) -> Vector:
        steps = _centred_steps(u, float(parameters[0]), float(np.exp(parameters[1])))
        return np.asarray(centred - _slope(steps, centred) * steps, np.float64)

    found = [least_squares(rest, start, bounds=limits, x_scale=(1.0, 1.0)) for start in _best_starts(u, centred)]
    best = min(found, key=lambda result: float(result.cost)).x
    centre, width = float(best[0]), float(np.exp(best[1]))
    steps = _sigmoid((u - centre) / width)
    slope = _slope(steps - steps.mean(), centred)
    low = float(y.mean() - slope * steps.mean())
    return LogisticCurve(high=low + slope, low=low, centre=middle + spread * centre, width=spread * width)


def _best_starts(u: Vector, centred: Vector) -> list[tuple[float, float]]:
    """Return the starts (centre, log width) that explain most, the best first, and nearly a straight line."""
    starts = [(float(np.quantile(u, centre)), width) for centre in CENTRES for width in WIDTHS]
    explained = []
    for centre, width in starts:
        steps = _centred_steps(u, centre, width)
        explained.append(_slope(steps, centred) * float(steps @ centred))
    order = np.argsort(explained)[::-1][:REFINED]
    chosen = [*(starts[place] for place in order), (0.0, WIDEST / 2)]
    return [(centre, float(np.log(width))) for centre, width in chosen]


def _centred_steps(u: Vector, centre: float, width: float) -> Vector:
    steps = _sigmoid((u - centre) / width)
    return np.asarray(steps - steps.mean(), np.float64)


def _slope(steps: Vector, centred: Vector) -> float:
    """Return the slope of the labels over the steps, 0 where the steps are all equal."""
    size = float(steps @ steps)
    return float(steps @ centred) / size if size > 0 else 0.0


def _sigmoid(values: Vector) -> Vector:
    from scipy.special import expit

    return np.asarray(expit(values), np.float64)
