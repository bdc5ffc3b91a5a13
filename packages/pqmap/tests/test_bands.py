from __future__ import annotations

import json
import math
import random
from typing import Any

import pytest

from grefine_core import InputError, WeightsError
from pqmap import ReferenceScale, band_of
from pqmap.bands import BANDS


@pytest.fixture
def scale() -> ReferenceScale:
    """Return the scale of 0, 0.001, ..., 1, in which a percentile is 100 p."""
    scores = [index / 1000 for index in range(1001)]
    random.shuffle(scores)
    return ReferenceScale.from_scores(scores, data="even")


def test_scale_of_even_scores_has_even_quantiles(scale: ReferenceScale) -> None:
    assert scale.quantiles == pytest.approx([percent / 100 for percent in range(101)])
    assert (scale.count, scale.data) == (1001, "even")


@pytest.mark.parametrize(("p", "expected"), [(0.0, 0), (0.1, 10), (0.105, 10.5), (0.5, 50), (1.0, 100)])
def test_percentile_lies_on_the_line_between_quantiles(p: float, expected: float, scale: ReferenceScale) -> None:
    assert scale.percentile(p) == pytest.approx(expected)


def test_percentile_ends_at_the_worst_and_best_of_the_set() -> None:
    scale = ReferenceScale.from_scores([0.4 + 0.002 * index for index in range(100)], data="narrow")
    assert (scale.percentile(0.39), scale.percentile(0.61)) == (0, 100)


def test_percentile_of_a_tie_counts_all_that_share_it() -> None:
    scale = ReferenceScale.from_scores([0.5] * 40 + [0.9] * 60, data="ties")
    assert scale.percentile(0.49) == 0
    assert scale.percentile(0.5) == pytest.approx(39)
    assert scale.percentile(0.9) == 100


def test_percentile_never_falls() -> None:
    scale = ReferenceScale.from_scores([round(random.random(), 1) for _ in range(200)], data="ties")
    found = [scale.percentile(index / 500) for index in range(501)]
    assert found == sorted(found)


@pytest.mark.parametrize(
    ("p", "band"),
    [
        (0.0, "bad"),
        (0.0999, "bad"),
        (0.1, "poor"),
        (0.2999, "poor"),
        (0.3, "fair"),
        (0.6999, "fair"),
        (0.7, "good"),
        (0.8999, "good"),
        (0.9, "excellent"),
        (1.0, "excellent"),
    ],
)
def test_band_begins_at_its_limit(p: float, band: str, scale: ReferenceScale) -> None:
    assert scale.band(p) == band


def test_limits_in_p_agree_with_the_bands(scale: ReferenceScale) -> None:
    limits = scale.limits()
    assert tuple(limits) == BANDS
    assert [scale.band(low) for low, _ in limits.values()] == list(BANDS)
    assert [high for _, high in limits.values()][:-1] == [low for low, _ in limits.values()][1:]
    assert (limits["bad"][0], limits["excellent"][1]) == (0, 1)


@pytest.mark.parametrize("p", [-0.01, 1.01, math.nan, math.inf])
def test_p_outside_its_range_is_refused(p: float, scale: ReferenceScale) -> None:
    with pytest.raises(InputError, match=r"`p` must lie in \[0, 1\]"):
        scale.percentile(p)
    with pytest.raises(InputError, match=r"`p` must lie in \[0, 1\]"):
        scale.band(p)


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ([0.5] * 99, "at least 100 numbers, got 99"),
        ([0.5] * 99 + [1.5], r"lie in \[0, 1\]"),
        ([0.5] * 99 + [math.nan], "nan"),
        ([math.nan] * 100, "nan"),
    ],
)
def test_scores_that_make_no_scale_are_refused(scores: list[float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        ReferenceScale.from_scores(scores, data="wrong")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"quantiles": (0.5,) * 100}, "must be 101 numbers, got 100"),
        ({"quantiles": (0.5,) * 100 + (0.4,)}, "never fall"),
        ({"quantiles": (0.5,) * 100 + (math.nan,)}, "nan"),
        ({"quantiles": (-0.1,) + (0.5,) * 100}, r"lie in \[0, 1\]"),
        ({"count": 0}, "`count` must be at least 1, got 0"),
    ],
)
def test_table_that_no_scores_could_give_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        ReferenceScale(**{"data": "", "count": 100, "quantiles": (0.5,) * 101} | change)


def test_scale_survives_json(scale: ReferenceScale) -> None:
    assert ReferenceScale.from_json(json.loads(json.dumps(scale.to_json()))) == scale


@pytest.mark.parametrize(
    "change",
    [
        {"quantiles": None},
        {"quantiles": [0.5] * 100},
        {"quantiles": [0.5] * 100 + [0.1]},
        {"quantiles": [0.5] * 100 + ["1"]},
        {"quantiles": [0.5] * 100 + [True]},
        {"count": "100"},
        {"count": True},
        {"count": -1},
        {"data": 3},
    ],
)
def test_damaged_json_is_refused(change: dict[str, Any], scale: ReferenceScale) -> None:
    with pytest.raises(WeightsError, match="reference scale"):
        ReferenceScale.from_json(scale.to_json() | change)


@pytest.mark.parametrize("value", [None, [], "x", 3, {}, {"data": "", "count": 100}])
def test_json_of_another_shape_is_refused(value: Any) -> None:
    with pytest.raises(WeightsError, match="object with data, count and quantiles"):
        ReferenceScale.from_json(value)


def test_band_of_a_flagged_picture_is_bad_whatever_its_score(scale: ReferenceScale) -> None:
    assert band_of(0.95, reference=scale) == "excellent"
    assert band_of(0.95, reference=scale, flags=("flat",)) == "bad"


def test_band_without_a_reference_is_none() -> None:
    assert band_of(0.5, reference=None) is None
    assert band_of(0.5, reference=None, flags=("flat",)) is None
