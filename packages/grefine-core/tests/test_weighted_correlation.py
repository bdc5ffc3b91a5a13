from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from grefine_core import weighted_correlation as weighted
from grefine_core.bootstrap import draw_counts, draw_rows

PAIRS = [
    (weighted.pearson, stats.pearsonr),
    (weighted.spearman, stats.spearmanr),
    (weighted.kendall, stats.kendalltau),
]


@pytest.fixture
def values() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(11)
    x = generator.random(40)
    return x, np.round(x + generator.normal(0, 0.3, 40), 1)  # with ties


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_each_resample_equals_scipy(ours: Callable, theirs: Callable, values: tuple[np.ndarray, np.ndarray]) -> None:
    x, y = values
    found = ours(draw_counts(40, resamples=30), x, y)
    assert found == pytest.approx([theirs(x[row], y[row]).statistic for row in draw_rows(40, resamples=30)], abs=1e-10)


@pytest.mark.parametrize("ours", [ours for ours, _ in PAIRS])
def test_blocks_change_nothing(
    ours: Callable, values: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = draw_counts(40, resamples=7)
    whole = ours(counts, *values)
    monkeypatch.setattr(weighted, "_BLOCK", 80)
    assert ours(counts, *values) == pytest.approx(whole, abs=1e-12)


def test_many_items_take_the_other_way_to_the_same_tau(
    values: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = draw_counts(40, resamples=5)
    matrices = weighted.kendall(counts, *values)
    monkeypatch.setattr(weighted, "KENDALL_MATRIX", 0)
    assert weighted.kendall(counts, *values) == pytest.approx(matrices, abs=1e-10)


@pytest.mark.parametrize("ours", [ours for ours, _ in PAIRS])
def test_resample_of_one_item_has_no_correlation(ours: Callable, values: tuple[np.ndarray, np.ndarray]) -> None:
    counts = np.zeros((1, 40))
    counts[0, 3] = 40
    assert np.isnan(ours(counts, *values)).all()


def test_rmse_weighs_items_by_their_counts() -> None:
    assert weighted.rmse(np.array([[3.0, 1.0]]), np.array([4.0, 0.0]))[0] == pytest.approx(np.sqrt(3))
