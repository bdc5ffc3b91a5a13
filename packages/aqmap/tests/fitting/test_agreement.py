from __future__ import annotations

import numpy as np
import pytest

from aqmap.fitting.agreement import agree, linear_correlation, rank_correlation, rank_gain
from grefine_core import correlate


def test_correlations_are_those_of_the_core() -> None:
    chance = np.random.default_rng(3)
    scores = chance.random(60)
    labels = np.round(scores + chance.normal(0, 0.3, 60), 1)  # with ties
    found = correlate(scores.tolist(), labels.tolist())
    assert rank_correlation(scores, labels) == pytest.approx(found.srcc)
    assert linear_correlation(scores, labels) == pytest.approx(found.plcc)


def test_equal_scores_rank_nothing() -> None:
    assert rank_correlation(np.full(5, 0.5), np.arange(5.0)) == 0
    assert linear_correlation(np.arange(5.0), np.full(5, 0.5)) == 0


def test_interval_holds_the_figure_and_narrows_with_rows() -> None:
    chance = np.random.default_rng(3)
    scores = chance.random(200)
    labels = scores + chance.normal(0, 0.3, 200)
    few, many = agree(scores[:20], labels[:20], seed=0), agree(scores, labels, seed=0)
    for found in (few, many):
        assert found.srcc_interval.low < found.srcc < found.srcc_interval.high
        assert found.plcc_interval.low < found.plcc < found.plcc_interval.high
    assert many.srcc_interval.high - many.srcc_interval.low < few.srcc_interval.high - few.srcc_interval.low


def test_same_scores_gain_nothing_in_any_draw() -> None:
    scores, labels = np.random.default_rng(3).random((2, 30))
    found = rank_gain(scores, scores, labels, seed=0)
    assert (found.low, found.high) == (0, 0)
