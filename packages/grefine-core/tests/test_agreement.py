from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from grefine_core import InputError
from grefine_core.agreement import FIGURES, measure_agreement
from grefine_core.bootstrap import Interval, bootstrap_interval
from grefine_core.logistic import LogisticCurve


@pytest.fixture
def values() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(2)
    scores = generator.random(80)
    return scores, 5 / (1 + np.exp(-8 * (scores - 0.5))) + generator.normal(0, 0.5, 80)


def test_figures_equal_scipy(values: tuple[np.ndarray, np.ndarray]) -> None:
    scores, labels = values
    found = measure_agreement(scores, labels, resamples=0)
    assert found.n == 80
    assert found.srcc == stats.spearmanr(scores, labels).statistic
    assert found.krcc == stats.kendalltau(scores, labels).statistic
    assert found.plcc_raw == stats.pearsonr(scores, labels).statistic
    assert found.plcc == stats.pearsonr(found.curve(scores), labels).statistic
    assert found.intervals == {}


def test_curve_brings_scores_to_the_scale_of_labels(values: tuple[np.ndarray, np.ndarray]) -> None:
    scores, labels = values
    found = measure_agreement(scores / 100, labels, resamples=0)
    assert found.plcc > found.plcc_raw
    assert found.rmse == pytest.approx(0.5, rel=0.15)  # the noise of the labels, in their unit


def test_falling_scores_keep_plcc_and_turn_srcc(values: tuple[np.ndarray, np.ndarray]) -> None:
    scores, labels = values
    rising, falling = (measure_agreement(side, labels, resamples=0) for side in (scores, -scores))
    assert falling.srcc == -rising.srcc
    assert falling.plcc == pytest.approx(rising.plcc)
    assert not falling.curve.rising


@pytest.mark.parametrize("name", ["srcc", "plcc", "plcc_raw", "krcc"])
def test_interval_is_that_of_scipy_on_each_resample(name: str, values: tuple[np.ndarray, np.ndarray]) -> None:
    scores, labels = values
    found = measure_agreement(scores, labels, seed=4, resamples=100)
    theirs = {"srcc": stats.spearmanr, "krcc": stats.kendalltau}.get(name, stats.pearsonr)
    side = found.curve(scores) if name == "plcc" else scores
    expected = bootstrap_interval(
        lambda rows: float(theirs(side[rows], labels[rows]).statistic), 80, seed=4, resamples=100
    )
    assert (found.intervals[name].low, found.intervals[name].high) == pytest.approx((expected.low, expected.high))


def test_every_figure_lies_in_its_interval(values: tuple[np.ndarray, np.ndarray]) -> None:
    found = measure_agreement(*values)
    for name in FIGURES:
        assert found.intervals[name].low <= getattr(found, name) <= found.intervals[name].high


def test_interval_of_fewer_items_is_wider(values: tuple[np.ndarray, np.ndarray]) -> None:
    scores, labels = values
    all_, some = measure_agreement(scores, labels), measure_agreement(scores[:20], labels[:20])
    wide, narrow = some.intervals["srcc"], all_.intervals["srcc"]
    assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)


def test_curve_of_others_that_is_flat_here_says_nothing(values: tuple[np.ndarray, np.ndarray]) -> None:
    scores, labels = values
    step = LogisticCurve(high=5, low=1, centre=100, width=0.01)
    found = measure_agreement(scores, labels, curve=step, resamples=20)
    assert (found.plcc, found.intervals["plcc"]) == (0, Interval(low=0, high=0))
    assert found.srcc > 0.5
    assert found.rmse == pytest.approx(np.sqrt(np.mean((labels - 1) ** 2)))


@pytest.mark.parametrize(
    ("scores", "labels", "message"),
    [
        ([1, 2, 3], [1, 2, 3], "at least 4 items, got 3"),
        ([1, 2, np.nan, 4], [1, 2, 3, 4], "Row 2 has a score or label that is not finite"),
        ([1, 1, 1, 1], [1, 2, 3, 4], "All scores or all labels are equal"),
    ],
)
def test_values_without_agreement_are_refused(scores: list[float], labels: list[float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        measure_agreement(scores, labels)
