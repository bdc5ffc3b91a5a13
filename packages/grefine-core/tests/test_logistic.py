from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from grefine_core.logistic import LogisticCurve, fit_logistic

SHAPES = (
    lambda u: u,
    np.exp,
    lambda u: u**3,
    lambda u: np.tanh(2 * u),
    lambda u: np.sign(u) * np.abs(u) ** 0.3,
)


def _random_case(seed: int, noise: float) -> tuple[np.ndarray, np.ndarray, int]:
    """Return scores and labels of any scale that follow each other by one of `SHAPES`, and in which direction."""
    generator = np.random.default_rng(seed)
    u = generator.normal(size=int(generator.integers(12, 200)))
    direction = int(generator.choice([-1, 1]))
    labels = SHAPES[seed % len(SHAPES)](u)
    labels = labels + generator.normal(size=len(u)) * labels.std() * noise
    scores = u * 10 ** generator.uniform(-3, 3) + generator.normal() * 100
    return scores, direction * labels * 10 ** generator.uniform(-3, 3), direction


def _assert_fits(seed: int, noise: float) -> None:
    scores, labels, direction = _random_case(seed, noise)
    curve = fit_logistic(scores, labels)
    fitted = curve(scores)
    assert np.isfinite([curve.high, curve.low, curve.centre, curve.width]).all()
    assert curve.width > 0
    assert curve.rising == (direction > 0)
    found = stats.pearsonr(fitted, labels).statistic
    assert found >= abs(stats.pearsonr(scores, labels).statistic) - 1e-5, (seed, curve)


@pytest.mark.slow
def test_a_thousand_monotone_cases_are_fitted_in_both_directions() -> None:
    for seed in range(1000):
        _assert_fits(seed, noise=(0.0, 0.1, 0.5)[seed % 3])


def test_fifty_monotone_cases_are_fitted_in_both_directions() -> None:
    for seed in range(50):
        _assert_fits(seed, noise=0.2)


@pytest.mark.parametrize(("high", "low"), [(5.0, 1.0), (1.0, 5.0), (-2.0, 70.0)])
@pytest.mark.parametrize("width", [0.02, 0.1, 1.0])
def test_curve_that_made_the_labels_is_found_again(high: float, low: float, width: float) -> None:
    made = LogisticCurve(high=high, low=low, centre=0.4, width=width)
    scores = np.random.default_rng(3).random(100)
    curve = fit_logistic(scores, made(scores))
    assert curve(scores) == pytest.approx(made(scores), abs=1e-5 * abs(high - low))


def test_error_is_no_larger_than_that_of_curve_fit_started_at_the_truth() -> None:
    generator = np.random.default_rng(7)
    truth = LogisticCurve(high=4.5, low=0.5, centre=0.6, width=0.15)
    scores = generator.random(300)
    labels = truth(scores) + generator.normal(0, 0.4, 300)

    def curve(x: np.ndarray, high: float, low: float, centre: float, width: float) -> np.ndarray:
        return LogisticCurve(high=high, low=low, centre=centre, width=abs(width))(x)

    theirs, _ = optimize.curve_fit(curve, scores, labels, p0=(4.5, 0.5, 0.6, 0.15))
    ours = fit_logistic(scores, labels)
    assert np.square(ours(scores) - labels).sum() <= np.square(curve(scores, *theirs) - labels).sum() * (1 + 1e-6)
    assert (ours.high, ours.low, ours.centre, ours.width) == pytest.approx(tuple(theirs), rel=1e-2)


def test_values_of_the_formula_by_hand() -> None:
    curve = LogisticCurve(high=5, low=1, centre=0.5, width=0.1)
    assert curve([0.5, 0.6]).tolist() == pytest.approx([3, 1 + 4 / (1 + np.exp(-1))])


def test_straight_line_stays_one() -> None:
    scores = np.linspace(0, 1, 50)
    assert fit_logistic(scores, 3 * scores + 1)(scores) == pytest.approx(3 * scores + 1, abs=1e-3)
