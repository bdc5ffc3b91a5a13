from __future__ import annotations

import json
import math

import pytest
import torch

from balanced_refiner import Guard
from balanced_refiner.guard import color_shift

PIXELS = torch.zeros(1, 3, 4, 4)


@pytest.fixture
def scores(assessment):
    """Return a factory of assess functions that give one pair of scores after the other."""

    def make(*pairs):
        rest = iter(pairs)

        def assess(pixels, prompt):
            p, a = next(rest)
            return assessment(torch.ones(4, 4), p=p, a=a)

        return assess

    return make


@pytest.fixture
def before(assessment):
    return assessment(torch.ones(4, 4), p=0.5, a=0.5)


def test_rise_is_kept(scores, before):
    guard = Guard(scores((0.7, 0.5)), "a dog", before)
    assert guard.offer(PIXELS, "stage1", 0)
    assert guard.assessment.pq.score == 0.7


def test_fall_beyond_the_tolerance_is_dropped(scores, before):
    guard = Guard(scores((0.5, 0.47)), "a dog", before)
    assert not guard.offer(PIXELS, "stage1", 0)
    assert guard.assessment is before


def test_fall_of_the_tolerance_itself_is_kept(scores, before):
    assert Guard(scores((0.3, 0.6)), "a dog", before, tolerance=0.1).offer(PIXELS, "stage2")


def test_gain_of_one_score_pays_for_the_other(scores, before):
    assert Guard(scores((0.8, 0.3)), "a dog", before).offer(PIXELS, "stage1", 0)


def test_small_falls_do_not_add_up(scores, before):
    guard = Guard(scores((0.49, 0.5), (0.48, 0.5), (0.47, 0.5)), "a dog", before, tolerance=0.02)
    assert [guard.offer(PIXELS, "stage1", i) for i in range(3)] == [True, True, False]


def test_fall_is_counted_from_the_best_picture(scores, before):
    guard = Guard(scores((0.8, 0.5), (0.7, 0.5)), "a dog", before)
    assert [guard.offer(PIXELS, "stage1", i) for i in range(2)] == [True, False]


def test_nan_scores_are_dropped(scores, before):
    guard = Guard(scores((math.nan, 0.9)), "a dog", before)
    assert not guard.offer(PIXELS, "stage1", 0)
    assert "not numbers" in guard.decisions[0].reason


def test_guard_that_is_off_keeps_all_and_measures_nothing(scores, before):
    guard = Guard(scores(), "a dog", before, enabled=False)
    assert guard.offer(PIXELS, "stage1", 0)
    assert guard.assessment is None
    assert guard.decisions[0].after_p is None


def test_decision_records_scores_and_reason(scores, before):
    guard = Guard(scores((0.25, 0.5)), "a dog", before)
    guard.offer(PIXELS, "stage1", 3)
    written = json.loads(json.dumps(guard.decisions[0].to_dict()))
    reason = written.pop("reason")
    assert written == {
        "round": 1,
        "stage": "stage1",
        "region": 3,
        "before_p": 0.5,
        "before_a": 0.5,
        "after_p": 0.25,
        "after_a": 0.5,
        "kept": False,
    }
    assert "0.7500" in reason
    assert "dropped" in reason


def test_failed_change_is_recorded_as_not_kept(scores, before):
    guard = Guard(scores(), "a dog", before)
    guard.refuse("stage2", None, "The backend returned a black picture.")
    assert (guard.decisions[0].kept, guard.decisions[0].after_p) == (False, None)


def test_color_shift_is_the_mean_change_of_block_colours():
    before = torch.full((1, 3, 32, 48), 0.5)
    after = before.clone()
    after[..., :16] += 0.3  # one column of blocks of three
    assert color_shift(before, after) == pytest.approx(0.1, abs=1e-5)


def test_color_shift_does_not_see_texture():
    texture = 0.1 * (torch.arange(64) % 2 * 2 - 1).float()
    assert color_shift(torch.full((1, 3, 64, 64), 0.5), 0.5 + texture.expand(1, 3, 64, 64)) < 1e-6
