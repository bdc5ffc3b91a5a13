from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from pqmap import CEILING, FACTORS, FLAGS, PerceptionAssessor, ReferenceScale, TextPairs, pairs_from_words, score_info

EVEN = ReferenceScale(data="even numbers", count=1000, quantiles=tuple(percent / 100 for percent in range(101)))


@pytest.fixture
def judged(pairs: TextPairs) -> TextPairs:
    """Return pairs with a reference set."""
    return replace(pairs, reference=EVEN)


def test_info_of_pairs_has_their_settings(pairs: TextPairs) -> None:
    info = score_info(pairs)
    assert (info.encoder, info.temperature, info.alpha) == (pairs.encoder, pairs.temperature, pairs.alpha)
    assert (info.lowest, info.highest, info.higher_is_better) == (0, 1, True)


def test_info_of_an_assessor_is_that_of_its_pairs(encoder: Any, judged: TextPairs) -> None:
    assert score_info(PerceptionAssessor(encoder, judged)) == score_info(judged)


def test_info_names_own_dimensions(encoder: Any, judged: TextPairs) -> None:
    own = pairs_from_words(encoder, {"sharpness": ("sharp", "blurred")})
    info = score_info(PerceptionAssessor(encoder, judged, dimensions=own))
    assert info.dimensions == ("sharpness",)
    assert "sharpness" in str(info)


def test_bands_are_given_in_p(judged: TextPairs) -> None:
    assert score_info(judged).bands == {
        "bad": (0.0, 0.1),
        "poor": (0.1, 0.3),
        "fair": (0.3, 0.7),
        "good": (0.7, 0.9),
        "excellent": (0.9, 1.0),
    }


def test_text_tells_a_stranger_range_factors_bands_and_flags(judged: TextPairs) -> None:
    text = str(score_info(judged))
    for part in ("between 0 and 1", judged.encoder, "even numbers", "1000 pictures", "p from 0.900 to 1.000"):
        assert part in text
    for name in (*FACTORS, *FLAGS, "excellent", f"at most {CEILING}"):
        assert name in text


def test_text_without_a_reference_says_how_to_get_one(pairs: TextPairs) -> None:
    info = score_info(pairs)
    assert info.bands is None
    assert "ReferenceScale.from_scores" in str(info)


def test_json_of_the_info_says_the_same(judged: TextPairs) -> None:
    content = json.loads(json.dumps(score_info(judged).to_json()))
    assert content["bands"]["good"] == [0.7, 0.9]
    assert ReferenceScale.from_json(content["reference"]) == EVEN
    assert (content["range"], content["ceiling"], content["flags"]) == ([0, 1], CEILING, list(FLAGS))
    assert list(content["factors"]) == list(FACTORS)
