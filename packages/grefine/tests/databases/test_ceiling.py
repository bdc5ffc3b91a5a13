from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from grefine.databases.ceiling import estimate_ceiling
from grefine_core import InputError


def test_formulas_by_hand() -> None:
    found = estimate_ceiling([0, 2, 0, 2], [1, 1, 1, 1], raters=4, draws=2)  # variance 1, noise 1 / 4
    assert found.reliability == found.panel_plcc == 0.75
    assert found.perfect_plcc == math.sqrt(0.75)
    assert found.person_plcc == pytest.approx(math.sqrt(0.75) * math.sqrt(0.75 / 1.75))


def test_raters_of_one_mind_leave_no_ceiling() -> None:
    found = estimate_ceiling([1, 2, 3, 4], [0, 0, 0, 0], raters=5, draws=2)
    assert found.perfect_plcc == found.panel_plcc == found.person_plcc == 1
    assert found.perfect_srcc == found.panel_srcc == found.person_srcc == pytest.approx(1)


def test_estimate_meets_an_experiment_whose_truth_is_known() -> None:
    generator = np.random.default_rng(3)
    truth, s, raters = generator.normal(0, 1, 2000), generator.uniform(0.5, 1.5, 2000), 8
    opinions = truth + generator.normal(size=(raters, 2000)) * s
    means, spread = opinions.mean(axis=0), opinions.std(axis=0, ddof=1)
    other = (truth + generator.normal(size=(raters, 2000)) * s).mean(axis=0)
    person = truth + generator.normal(size=2000) * s
    found = estimate_ceiling(means.tolist(), spread.tolist(), raters=raters, draws=20)
    for side, plcc, srcc in (
        (truth, found.perfect_plcc, found.perfect_srcc),
        (other, found.panel_plcc, found.panel_srcc),
        (person, found.person_plcc, found.person_srcc),
    ):
        assert plcc == pytest.approx(stats.pearsonr(means, side).statistic, abs=0.02)
        assert srcc == pytest.approx(stats.spearmanr(means, side).statistic, abs=0.02)


def test_more_raters_raise_the_ceiling() -> None:
    means, spread = [0.0, 1.0, 2.0, 4.0], [1.0] * 4
    few, many = (estimate_ceiling(means, spread, raters=raters, draws=2) for raters in (3, 30))
    assert few.perfect_plcc < many.perfect_plcc < 1


@pytest.mark.parametrize(
    ("means", "spread", "raters", "message"),
    [
        ([1, 2, 3, 4], [1, 1, 1, 1], 1, "at least 2 raters, got 1"),
        ([1, 2, 3, 4], [1, 1, 1], 5, "needs the standard deviation of its raters"),
        ([1, 2, 3, 4], [1, 1, 1, -1], 5, "a finite number of at least 0"),
        ([1, 2, 3, float("nan")], [1, 1, 1, 1], 5, "Row 3 has a score or label that is not finite"),
        ([1, 1, 1, 1], [1, 1, 1, 1], 5, "All scores or all labels are equal"),
        ([1, 1.1, 1, 1.1], [5, 5, 5, 5], 5, "differ less between items than raters do"),
    ],
)
def test_labels_without_a_ceiling_are_refused(
    means: list[float], spread: list[float], raters: int, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        estimate_ceiling(means, spread, raters=raters)
