from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from grefine_core import ImageFeatures, InputError, WeightsError, read_image, to_pil
from pqmap import FACTORS, Perception, PerceptionAssessor, TextPairs, combine_factors, load, raw_scores


@pytest.fixture
def assessor(encoder: Any, pairs: TextPairs) -> PerceptionAssessor:
    return PerceptionAssessor(encoder, pairs)


def equal(a: Perception, b: Perception) -> bool:
    return a.score == b.score and torch.equal(a.map, b.map) and torch.equal(a.raw_grid, b.raw_grid)


def test_score_is_eq_3_of_the_global_feature(assessor: PerceptionAssessor, pixels: Tensor) -> None:
    result = assessor.assess(pixels)
    features = assessor.encoder.encode_image(pixels[None])
    raw = raw_scores(features.global_[0], assessor.pairs.text_features(assessor.encoder), temperature=10)
    assert result.raw.tolist() == pytest.approx(raw.tolist(), abs=1e-6)
    assert result.score == pytest.approx(combine_factors(raw).item(), abs=1e-6)


def test_map_has_the_size_of_the_picture_and_the_values_of_the_patches(
    assessor: PerceptionAssessor, pixels: Tensor
) -> None:
    result = assessor.assess(pixels)
    assert result.map.shape == (40, 56)
    assert result.raw_grid.shape == (4, 5, 7)
    combined = combine_factors(result.raw_grid.permute(1, 2, 0))  # (5, 7)
    centres = result.map[3:40:8, 3:56:8], result.map[4:40:8, 4:56:8]  # a patch of 8 has its centre between these
    assert torch.allclose((centres[0] + centres[1]) / 2, combined, atol=0.06)


def test_the_four_factors_come_from_one_encoding(encoder: Any, pairs: TextPairs, pixels: Tensor) -> None:
    assessor = PerceptionAssessor(encoder, pairs)
    texts = encoder.texts_encoded
    result = assessor.assess(pixels)
    assert result.raw_maps.shape == (4, 40, 56)
    assert encoder.images_encoded == 1
    assert texts == encoder.texts_encoded == 8  # the texts were encoded before, once


def test_every_kind_of_input_gives_the_same_result(assessor: PerceptionAssessor, tmp_path: Path) -> None:
    pixels = torch.randint(0, 256, (3, 24, 40)) / 255
    path = tmp_path / "a.png"
    to_pil(pixels).save(path)
    expected = assessor.assess(pixels)
    for image in (path, str(path), read_image(path), Image.open(path), pixels[None], pixels.double()):
        assert equal(assessor.assess(image), expected)


def test_picture_in_a_batch_gets_what_it_gets_alone(assessor: PerceptionAssessor, pixels: Tensor) -> None:
    other = pixels.flip(2)
    batch = assessor(torch.stack([pixels, other]))
    assert isinstance(batch, list)
    assert [equal(a, assessor.assess(b)) for a, b in zip(batch, [pixels, other], strict=True)] == [True, True]


def test_list_may_mix_sizes(assessor: PerceptionAssessor, pixels: Tensor) -> None:
    results = assessor([pixels, pixels[:, :16, :24]])
    assert [tuple(result.map.shape) for result in results] == [(40, 56), (16, 24)]


def test_batch_of_one_stays_a_list(assessor: PerceptionAssessor, pixels: Tensor) -> None:
    assert len(assessor(pixels[None])) == 1
    assert isinstance(assessor(pixels), Perception)


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("size", [(1, 1), (1, 300), (32, 32)])
def test_degenerate_pictures_get_a_finite_score(
    level: float, size: tuple[int, int], assessor: PerceptionAssessor
) -> None:
    result = assessor.assess(torch.full((3, *size), level))
    assert 0 <= result.score <= 1
    assert result.map.shape == size
    assert ((result.map >= 0) & (result.map <= 1)).all()


def test_results_carry_no_gradient_and_pairs_still_take_one(encoder: Any, pairs: TextPairs, pixels: Tensor) -> None:
    assert not PerceptionAssessor(encoder, pairs).assess(pixels.requires_grad_()).map.requires_grad


def test_quality_is_score_and_map(assessor: PerceptionAssessor, pixels: Tensor) -> None:
    result = assessor.assess(pixels)
    assert result.quality.score == result.score
    assert result.quality.map is result.map


def test_json_holds_score_and_factors_by_name(assessor: PerceptionAssessor, pixels: Tensor) -> None:
    result = assessor.assess(pixels)
    found = json.loads(json.dumps(result.to_json()))
    assert found["score"] == result.score
    assert found["factors"] == dict(zip(FACTORS, result.raw.tolist(), strict=True))
    assert (found["height"], found["width"], found["encoder"]) == (40, 56, "tiny-1")


def test_pairs_of_another_encoder_are_refused(pairs: TextPairs, make_encoder: Any) -> None:
    with pytest.raises(WeightsError, match="fit the encoder `tiny-1`, not `tiny-2`"):
        PerceptionAssessor(make_encoder("tiny-2"), pairs)


def test_features_that_are_not_finite_are_refused(
    assessor: PerceptionAssessor, encoder: Any, pixels: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = ImageFeatures(global_=torch.zeros(1, 16), patches=torch.full((1, 2, 2, 16), float("nan")))
    monkeypatch.setattr(encoder, "encode_image", lambda _: broken)
    with pytest.raises(InputError, match="`tiny-1` gave no finite features"):
        assessor.assess(pixels)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (torch.zeros(1, 8, 8), r"must have shape \(B, 3, H, W\), got \(1, 1, 8, 8\)"),
        (torch.zeros(2, 3, 8, 8), r"One image has shape .* got \(2, 3, 8, 8\)"),
        (torch.zeros(3, 0, 8), r"got \(1, 3, 0, 8\)"),
        (torch.zeros(3, 8, 8, dtype=torch.uint8), "divide bytes by 255"),
        (torch.full((3, 8, 8), 255.0), r"must lie in \[0, 1\]"),
        (torch.full((3, 8, 8), float("nan")), "hold no nan"),
        (np.zeros((8, 8, 3)), "must be a path, Picture, PIL image or tensor, got ndarray"),
        ("none.png", r"none\.png does not exist"),
    ],
)
def test_bad_picture_is_refused(image: Any, message: str, assessor: PerceptionAssessor) -> None:
    with pytest.raises(InputError, match=message):
        assessor.assess(image)


def test_unknown_preset_is_refused() -> None:
    with pytest.raises(InputError, match="`no-such-preset` is not installed"):
        load("no-such-preset")
