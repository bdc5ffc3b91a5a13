from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from grefine_core import InputError, correlate


def test_equals_scipy() -> None:
    generator = np.random.default_rng(5)
    x = generator.random(200)
    y = np.round(x + generator.normal(0, 0.3, 200), 1)  # with ties
    found = correlate(x.tolist(), y.tolist())
    assert found.n == 200
    assert found.srcc == stats.spearmanr(x, y).statistic
    assert found.plcc == stats.pearsonr(x, y).statistic
    assert found.krcc == stats.kendalltau(x, y).statistic


def test_four_items_by_hand() -> None:
    found = correlate([1, 2, 3, 4], [1, 3, 2, 6])
    assert found.srcc == pytest.approx(1 - 6 * 2 / (4 * 15))  # rank differences 0, 1, 1, 0
    assert found.krcc == pytest.approx((5 - 1) / 6)  # one of six pairs is the other way round
    assert found.plcc == pytest.approx(7 / math.sqrt(5 * 14))
    assert found.rmse == pytest.approx(math.sqrt((1 + 1 + 4) / 4))


def test_reversed_order_is_minus_one() -> None:
    found = correlate([1, 2, 3, 4], [8, 6, 4, 2])
    assert (found.srcc, found.krcc) == pytest.approx((-1, -1))
    assert found.plcc == pytest.approx(-1)


def test_any_increasing_function_keeps_the_rank_correlation() -> None:
    scores = [0.1, 0.2, 0.5, 0.7, 0.9]
    found = correlate(scores, [math.exp(9 * s) for s in scores])
    assert found.srcc == pytest.approx(1)
    assert found.plcc < 0.9


@pytest.mark.parametrize(
    ("scores", "labels", "message"),
    [
        ([1, 2, 3, float("nan")], [1, 2, 3, 4], "Row 3 has a score or label that is not finite"),
        ([1, 2, 3, 4], [1, float("inf"), 3, 4], "Row 1 has a score or label"),
        ([1, 2, 3], [1, 2, 3], "at least 4 items, got 3"),
        ([1, 2, 3, 4], [1, 2, 3], r"two lists of one length, got \(4,\) and \(3,\)"),
        ([[1, 2], [3, 4]], [[1, 2], [3, 4]], r"two lists of one length, got \(2, 2\)"),
        ([1, 1, 1, 1], [1, 2, 3, 4], "All scores or all labels are equal"),
        ([1, 2, 3, 4], [5, 5, 5, 5], "All scores or all labels are equal"),
    ],
)
def test_items_without_a_correlation_are_refused(scores: list[float], labels: list[float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        correlate(scores, labels)
