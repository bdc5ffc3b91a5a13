from __future__ import annotations

import copy

import pytest
import torch
from torch.nn import functional

from grefine_core import Encoder, InputError, SurgerySettings

open_clip = pytest.importorskip("open_clip", reason="needs the extra `clip`")

from grefine_core.clip.encoder import OpenClipEncoder  # noqa: E402 - only where the extra is installed
from grefine_core.clip.models import make_tokenizer, wrap  # noqa: E402


def encoder_of(model, dtype=torch.float32) -> OpenClipEncoder:
    tokenizer = make_tokenizer({"context_length": 12})
    return wrap(model, tokenizer, name="tiny", normalisation=(None, None), dtype=dtype)


@pytest.fixture
def encoder(tiny_clip) -> OpenClipEncoder:
    return encoder_of(tiny_clip())


def test_encoder_fulfils_the_protocol(encoder) -> None:
    assert isinstance(encoder, Encoder)
    assert (encoder.name, encoder.input_size, encoder.patch_size, encoder.context_length) == ("tiny", 32, 8, 12)
    assert encoder.logit_scale == pytest.approx(1 / 0.07)
    assert encoder.alignment_scale == 10


def test_image_features_are_a_normalised_grid_that_keeps_the_aspect(encoder) -> None:
    features = encoder.encode_image(torch.rand(2, 3, 40, 81))
    assert features.global_.shape == (2, 16)
    assert features.patches.shape == (2, 2, 4, 16)
    assert features.tokens().dtype == torch.float32
    torch.testing.assert_close(features.tokens().norm(dim=-1), torch.ones(2, 9))


def test_square_stretches(encoder) -> None:
    images = encoder.images
    square = encoder.replace(images=type(images)(mean=images.mean, std=images.std, size=32, square=True))
    assert square.fitted_size(5, 70) == (32, 32)
    assert square.encode_image(torch.rand(1, 3, 5, 70)).patches.shape == (1, 4, 4, 16)
    assert encoder.fitted_size(5, 70) == (8, 32)


@pytest.mark.parametrize("size", [(1, 1), (1, 2000), (33, 47), (427, 640), (32, 32)])
def test_fitted_size_fits_itself(encoder, size) -> None:
    fitted = encoder.fitted_size(*size)
    assert encoder.fitted_size(*fitted) == fitted
    assert max(fitted) == 32
    assert all(side % 8 == 0 for side in fitted)


def test_global_feature_is_the_one_of_open_clip(encoder) -> None:
    pixels = torch.rand(3, 3, 32, 32)
    mean, std = (torch.tensor(value)[:, None, None] for value in (encoder.images.mean, encoder.images.std))
    expected = encoder.model.encode_image((pixels - mean) / std, normalize=True)
    torch.testing.assert_close(encoder.encode_image(pixels).global_, expected, atol=1e-5, rtol=0)


def test_gradients_reach_the_pixels_and_no_weight(encoder) -> None:
    pixels = torch.rand(1, 3, 24, 32, requires_grad=True)
    features = encoder.encode_image(pixels)
    (features.global_.sum() + features.patches.sum()).backward()
    assert pixels.grad is not None
    assert pixels.grad.abs().sum() > 0
    assert all(weight.grad is None for weight in encoder.model.parameters())


def test_calls_leave_the_model_as_it_was(encoder) -> None:
    before = copy.deepcopy(encoder.model.state_dict())
    encoder.encode_image(torch.rand(1, 3, 64, 16))
    encoder.encode_text(["a cat"])
    after = encoder.model.state_dict()
    assert list(before) == list(after)
    assert all(torch.equal(before[key], after[key]) for key in before)


def test_bfloat16_weights_give_float32_features_near_those_of_float32(tiny_clip) -> None:
    full, half = encoder_of(tiny_clip()), encoder_of(tiny_clip(), torch.bfloat16)
    pixels = torch.rand(1, 3, 32, 32)
    image, text = half.encode_image(pixels), half.encode_text(["a cat"])
    assert image.patches.dtype == image.global_.dtype == text.dtype == torch.float32
    torch.testing.assert_close(image.global_, full.encode_image(pixels).global_, atol=0.05, rtol=0)
    torch.testing.assert_close(text, full.encode_text(["a cat"]), atol=0.05, rtol=0)
    assert half.logit_scale == full.logit_scale


def test_replaced_surgery_changes_the_patches_only(encoder) -> None:
    pixels = torch.rand(1, 3, 32, 32)
    other = encoder.replace(surgery=SurgerySettings(blocks=2)).encode_image(pixels)
    assert torch.allclose(other.global_, encoder.encode_image(pixels).global_, atol=1e-6)
    assert not torch.allclose(other.patches, encoder.encode_image(pixels).patches, atol=1e-3)


def test_image_tokens_are_those_of_encode_image_before_it_normalises(encoder) -> None:
    pixels = torch.rand(1, 3, 16, 32)
    mean, std = (torch.tensor(value)[:, None, None] for value in (encoder.images.mean, encoder.images.std))
    tokens, height = encoder.image_tokens((pixels - mean) / std)
    assert height == 2
    expected = encoder.encode_image(pixels).tokens()
    torch.testing.assert_close(functional.normalize(tokens, dim=-1), expected)
    assert not torch.allclose(tokens, expected)


def test_cells_of_a_resnet_have_32_pixels(tiny_clip) -> None:
    encoder = encoder_of(tiny_clip(resnet=True))
    assert encoder.patch_size == 32
    assert encoder.encode_image(torch.rand(1, 3, 30, 64)).patches.shape == (1, 1, 2, 16)


def test_cells_of_a_timm_tower_have_the_reduction_of_its_last_map(tiny_clip) -> None:
    vision = {"timm_model_name": "convnext_atto", "timm_pool": "avg", "timm_proj": "linear", "image_size": 64}
    encoder = encoder_of(tiny_clip(vision_cfg=vision))
    assert encoder.patch_size == 32
    assert encoder.encode_image(torch.rand(1, 3, 64, 64)).patches.shape == (1, 2, 2, 16)


def test_bad_images_are_refused(encoder) -> None:
    with pytest.raises(InputError, match=r"must lie in \[0, 1\]"):
        encoder.encode_image(torch.full((1, 3, 8, 8), 2.0))
