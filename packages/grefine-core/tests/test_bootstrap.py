from __future__ import annotations

import math

import numpy as np
import pytest

from grefine_core import InputError
from grefine_core.bootstrap import Interval, bootstrap_interval, draw_counts, draw_rows


def test_interval_of_a_mean_is_that_of_statistics() -> None:
    values = np.random.default_rng(1).normal(3, 2, 400)
    found = bootstrap_interval(lambda rows: float(values[rows].mean()), 400)
    reach = 1.96 * values.std() / math.sqrt(400)
    assert found.low == pytest.approx(values.mean() - reach, abs=0.03)
    assert found.high == pytest.approx(values.mean() + reach, abs=0.03)


def test_interval_depends_on_the_seed_alone() -> None:
    values = np.arange(50.0)
    first, again, other = (
        bootstrap_interval(lambda rows: float(values[rows].mean()), 50, seed=seed) for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_resamples_without_a_figure_are_left_out() -> None:
    def figure(rows: np.ndarray) -> float:
        return math.nan if (rows == 0).any() else 1.0

    assert bootstrap_interval(figure, 3) == Interval(low=1.0, high=1.0)


def test_figure_that_is_never_defined_is_refused() -> None:
    with pytest.raises(InputError, match="defined for none of 7 resamples of 3 rows"):
        bootstrap_interval(lambda _: math.nan, 3, resamples=7)


def test_no_row_is_refused() -> None:
    with pytest.raises(InputError, match="at least one row, got 0"):
        bootstrap_interval(lambda _: 1.0, 0)


def test_counts_are_those_of_the_rows_drawn() -> None:
    counts = draw_counts(6, seed=3, resamples=4)
    for found, rows in zip(counts, draw_rows(6, seed=3, resamples=4), strict=True):
        assert found.tolist() == [int((rows == place).sum()) for place in range(6)]
