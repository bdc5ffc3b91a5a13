"""The real `mini` encoder on real photographs: the thing that is there scores above things that are not."""

from __future__ import annotations

import pytest
from PIL import Image
from skimage import data

import aqmap
from grefine_core import InputError, WeightsError


@pytest.fixture(scope="module")
def assess() -> aqmap.AlignmentAssessor:
    try:
        return aqmap.load("mini", device="cpu")
    except (InputError, WeightsError) as error:
        pytest.skip(f"needs the models of grefine-mini: {error}")


@pytest.mark.parametrize(
    ("photograph", "noun", "wrong"),
    [
        ("chelsea", "cat", ("bicycle", "rocket", "cup", "car")),
        ("coffee", "cup", ("cat", "bicycle", "rocket", "car")),
        ("rocket", "rocket", ("cat", "bicycle", "cup", "dog")),
    ],
)
def test_right_noun_scores_above_four_wrong_ones(assess, photograph, noun, wrong) -> None:
    image = Image.fromarray(getattr(data, photograph)())
    scores = {word: assess(image, f"a {word}").phrases[0].noun_score for word in (noun, *wrong)}
    assert max(scores, key=scores.__getitem__) == noun
    assert scores[noun] > 0.5
