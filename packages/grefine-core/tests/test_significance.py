from __future__ import annotations

import math

import numpy as np
import pytest

from grefine_core import InputError
from grefine_core.significance import compare_methods, williams_test


def test_worked_example_of_howell() -> None:
    """Howell, Statistical Methods for Psychology, 6th edition, p. 262; output of B. Weaver's SPSS program for it."""
    found = williams_test(0.80, 0.72, 0.89, 26)
    assert (round(found.t, 3), found.df, round(found.p, 3)) == (1.361, 23, 0.187)


def test_exchanged_methods_turn_the_sign_alone() -> None:
    one, other = williams_test(0.59, 0.31, 0.71, 30), williams_test(0.31, 0.59, 0.71, 30)
    assert (one.t, one.p) == pytest.approx((-other.t, other.p))


def test_one_method_twice_is_no_difference() -> None:
    found = williams_test(0.6, 0.6, 1.0, 50)
    assert (found.t, found.p) == (0.0, 1.0)


def test_perfect_method_beats_its_opposite_for_certain() -> None:
    found = williams_test(1.0, -1.0, -1.0, 50)
    assert found.t > 0
    assert found.p < 1e-6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.5, 0.4, 0.3, 3), "at least 4 items, got 3"),
        ((1.2, 0.4, 0.3, 30), "`first` must be a correlation"),
        ((0.5, math.nan, 0.3, 30), "`second` must be a correlation"),
        ((0.5, 0.4, -2.0, 30), "`between` must be a correlation"),
    ],
)
def test_bad_correlations_are_refused(arguments: tuple[float, float, float, int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        williams_test(*arguments)


@pytest.fixture
def methods() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a good method, a poor one, and the labels."""
    generator = np.random.default_rng(6)
    labels = generator.normal(size=200)
    return labels + generator.normal(0, 0.3, 200), labels + generator.normal(0, 1.5, 200), labels


@pytest.mark.parametrize("figure", ["srcc", "plcc"])
def test_better_method_is_told_from_a_poorer_one(figure: str, methods: tuple[np.ndarray, ...]) -> None:
    good, poor, labels = methods
    found = compare_methods(good, poor, labels, figure=figure)
    assert found.first > found.second
    assert found.test.p < 0.001
    assert 0 < found.interval.low < found.first - found.second < found.interval.high


@pytest.mark.parametrize("figure", ["srcc", "plcc"])
def test_scores_that_fall_are_compared_by_their_strength(figure: str, methods: tuple[np.ndarray, ...]) -> None:
    good, poor, labels = methods
    plain, turned = (compare_methods(side, poor, labels, figure=figure) for side in (good, -good))
    assert turned.first == pytest.approx(plain.first)
    assert turned.test.t == pytest.approx(plain.test.t)


@pytest.mark.parametrize("figure", ["srcc", "plcc"])
def test_false_alarms_are_as_rare_as_promised(figure: str) -> None:
    generator = np.random.default_rng(8)
    alarms = 0
    for _ in range(400):
        labels = generator.normal(size=60)
        first, second = (labels + generator.normal(0, 1, 60) for _ in range(2))
        alarms += compare_methods(first, second, labels, figure=figure, resamples=1).test.p < 0.05
    assert 8 <= alarms <= 29  # 20 expected; 33 of ranks taken for normal values
