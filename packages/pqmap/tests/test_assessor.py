from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from grefine_core import ImageFeatures, InputError, WeightsError, read_image, to_pil
from pqmap import (
    FACTORS,
    Perception,
    PerceptionAssessor,
    ReferenceScale,
    TextPairs,
    combine_factors,
    load,
    pairs_from_words,
    raw_scores,
)
from pqmap.degenerate import CEILING

WORDS = (
    ("a good picture", "a bad picture"),
    ("sharp and clean", "blurred and noisy"),
    ("a plausible scene", "broken anatomy"),
    ("natural colours", "artificial look"),
)


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


def test_picture_gets_in_any_batch_and_order_what_it_gets_alone(assessor: PerceptionAssessor, pixels: Tensor) -> None:
    pictures = [pixels, pixels.flip(2), pixels[:, :16], pixels.flip(1), pixels[:, :, :30], pixels * 0.5]
    alone = [assessor.assess(picture).score for picture in pictures]
    for order in ([0, 1, 2, 3, 4, 5], [5, 2, 3, 0, 4, 1]):
        for batch_size in (1, 2, 16):
            found = assessor.assess_all([pictures[index] for index in order], batch_size=batch_size)
            assert [result.score for result in found] == pytest.approx([alone[index] for index in order], abs=1e-5)


def test_tensor_of_several_images_gives_a_list(assessor: PerceptionAssessor, pixels: Tensor) -> None:
    batch = assessor(torch.stack([pixels, pixels.flip(2)]))
    assert isinstance(batch, list)
    assert len(batch) == 2


def test_pictures_of_one_fitted_size_share_one_pass(encoder: Any, pairs: TextPairs, pixels: Tensor) -> None:
    calls: list[int] = []
    encode = encoder.encode_image
    encoder.encode_image = lambda images: (calls.append(len(images)), encode(images))[1]
    PerceptionAssessor(encoder, pairs).assess_all([pixels, pixels.flip(1), pixels[:, :8], pixels.flip(2)])
    assert sorted(calls) == [1, 3]


def test_batch_of_several_sizes_is_refused(assessor: PerceptionAssessor, pixels: Tensor) -> None:
    mixed = [assessor.prepare(pixels), assessor.prepare(pixels[:, :8])]
    with pytest.raises(InputError, match="one prepared size"):
        assessor.assess_prepared(mixed)


def test_batch_size_below_one_is_refused(assessor: PerceptionAssessor, pixels: Tensor) -> None:
    with pytest.raises(InputError, match="`batch_size` must be at least 1, got 0"):
        assessor.assess_all([pixels], batch_size=0)


def test_flagged_picture_stays_below_the_ceiling_and_keeps_its_raw_scores(encoder: Any, pairs: TextPairs) -> None:
    good = replace(pairs, temperature=1e-6, alpha=(0.1, 0.1, 0.1))  # everything scores 0.5
    result = PerceptionAssessor(encoder, good).assess(torch.full((3, 64, 64), 0.5))
    assert "flat" in result.flags
    assert result.score == CEILING
    assert result.map.max() <= CEILING + 1e-6
    assert result.raw.tolist() == pytest.approx([0.5] * 4, abs=1e-3)


def test_own_dimensions_stand_beside_the_factors(encoder: Any, pairs: TextPairs, pixels: Tensor) -> None:
    plain = PerceptionAssessor(encoder, pairs).assess(pixels)
    own = pairs_from_words(encoder, {"sharpness": WORDS[1], "colour": ("colourful", "gray")})
    assessor = PerceptionAssessor(encoder, pairs, dimensions=own)
    result = assessor.assess(pixels)
    assert assessor.names == ("p", *FACTORS, "sharpness", "colour")
    assert result.score == plain.score
    assert result.dimensions["sharpness"] == pytest.approx(result.factors["technical"], abs=1e-6)
    assert result.dimension_maps["colour"].shape == (40, 56)
    assert list(result.row())[:7] == ["p", *FACTORS, "sharpness", "colour"]


def test_own_dimension_may_not_take_the_name_of_a_column(encoder: Any, pairs: TextPairs) -> None:
    own = pairs_from_words(encoder, {"flags": ("a", "b")})
    with pytest.raises(InputError, match="cannot be called `flags`"):
        PerceptionAssessor(encoder, pairs, dimensions=own)


def test_pairs_of_other_names_are_no_factors(encoder: Any) -> None:
    with pytest.raises(InputError, match="must be those of overall, technical, rationality, naturalness, got sharp"):
        PerceptionAssessor(encoder, pairs_from_words(encoder, {"sharp": ("a", "b")}))


def test_band_comes_from_the_reference_of_the_pairs(encoder: Any, pairs: TextPairs, pixels: Tensor) -> None:
    assert PerceptionAssessor(encoder, pairs).assess(pixels).band is None
    low = ReferenceScale.from_scores([number / 1e6 for number in range(200)], data="nearly nothing")
    assert PerceptionAssessor(encoder, replace(pairs, reference=low)).assess(pixels).band == "excellent"


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


def test_row_holds_score_and_factors_by_name(assessor: PerceptionAssessor, pixels: Tensor) -> None:
    result = assessor.assess(pixels)
    found = json.loads(json.dumps(result.row()))
    assert list(found) == ["p", *FACTORS, "band", "flags", "width", "height"]
    assert found["p"] == result.score
    assert [found[name] for name in FACTORS] == result.raw.tolist()
    assert (found["height"], found["width"], found["flags"]) == (40, 56, "")


def test_pairs_of_another_encoder_are_refused(pairs: TextPairs, make_encoder: Any) -> None:
    with pytest.raises(WeightsError, match="fit the encoder `tiny-1`, not `tiny-2`"):
        PerceptionAssessor(make_encoder("tiny-2"), pairs)


def test_features_that_are_not_finite_are_refused(
    assessor: PerceptionAssessor, encoder: Any, pixels: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = ImageFeatures(global_=torch.zeros(1, 16), patches=torch.full((1, 2, 2, 16), float("nan")))
    monkeypatch.setattr(encoder, "encode_image", lambda _: broken)
    with pytest.raises(InputError, match="gave no finite features"):
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
