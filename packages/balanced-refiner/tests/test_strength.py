from __future__ import annotations

import math

import pytest

from balanced_refiner import denoising_steps, stage1_strength
from balanced_refiner.strength import STRENGTH_RANGE
from grefine_core import InputError


def test_strength_is_one_less_the_mean_of_the_scores():
    assert stage1_strength(0.4, 0.8) == pytest.approx(0.4)


def test_literal_strength_is_the_mean_of_the_scores():
    assert stage1_strength(0.4, 0.8, literal=True) == pytest.approx(0.6)


def test_worse_image_gets_the_stronger_repair():
    assert stage1_strength(0.2, 0.3) > stage1_strength(0.7, 0.6)


@pytest.mark.parametrize("literal", [False, True])
@pytest.mark.parametrize("score", [0.0, 1.0])
def test_strength_stays_within_its_range(score, literal):
    low, high = STRENGTH_RANGE
    expected = low if (score == 1.0) != literal else high
    assert stage1_strength(score, score, literal=literal) == expected


@pytest.mark.parametrize(("p", "a", "name"), [(-0.1, 0.5, "`p`"), (0.5, 1.1, "`a`"), (math.nan, 0.5, "`p`")])
def test_score_out_of_range_is_refused_and_named(p, a, name):
    with pytest.raises(InputError, match=name):
        stage1_strength(p, a)


@pytest.mark.parametrize(
    ("steps", "strength", "expected"),
    [(10, 0.5, 10), (10, 0.1, 10), (100, 1 - 0.9, 100), (10, 0.004, 4), (10, 0.0009, 0), (10, 0.0, 0), (1, 1.0, 1)],
)
def test_steps_run_as_asked_while_there_are_levels(steps, strength, expected):
    assert denoising_steps(steps, strength) == expected


@pytest.mark.parametrize(("steps", "strength"), [(10, 1.2), (10, math.nan), (-1, 0.5)])
def test_impossible_steps_are_refused(steps, strength):
    with pytest.raises(InputError):
        denoising_steps(steps, strength)
