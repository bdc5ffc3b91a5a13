from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from grefine_core import ImageFeatures, InputError
from pqmap import PerceptionAssessor, TextPairs, perceptual_quality, quality_of_features


@pytest.fixture
def assessor(encoder: Any, pairs: TextPairs) -> PerceptionAssessor:
    return PerceptionAssessor(encoder, pairs)


def test_tensors_get_the_score_and_map_that_the_assessor_gives(assessor: PerceptionAssessor, pixels: Tensor) -> None:
    found = perceptual_quality(torch.stack([pixels, pixels.flip(2)]), assessor)
    expected = assessor.assess(pixels)
    assert found.score.shape == (2,)
    assert found.raw_grid.shape == (2, 4, 5, 7)
    assert found.score[0].item() == pytest.approx(expected.score, abs=1e-6)
    assert torch.allclose(found.grid[0], expected.grid, atol=1e-6)
    assert torch.allclose(found.map((40, 56))[0], expected.map, atol=1e-6)
    assert torch.allclose(found.raw_grid[0], expected.raw_grid, atol=1e-6)


def test_gradient_agrees_with_finite_differences(assessor: PerceptionAssessor, pixels: Tensor) -> None:
    images = pixels[None].clamp(0.1, 0.9).requires_grad_()
    (gradient,) = torch.autograd.grad(perceptual_quality(images, assessor).score.sum(), images)
    direction = torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        above, below = (perceptual_quality(images + s * direction, assessor).score for s in (1e-3, -1e-3))
    assert ((above - below) / 2e-3).item() == pytest.approx((gradient * direction).sum().item(), rel=0.05)


def test_a_step_along_the_gradient_raises_the_score(assessor: PerceptionAssessor, pixels: Tensor) -> None:
    images = pixels[None].clamp(0.1, 0.9).requires_grad_()
    before = perceptual_quality(images, assessor).score
    (gradient,) = torch.autograd.grad(before.sum(), images)
    after = perceptual_quality((images + 0.02 * gradient.sign()).clamp(0, 1), assessor).score
    assert after.item() > before.item()


def test_frozen_weights_collect_no_gradient(encoder: Any, pairs: TextPairs, pixels: Tensor) -> None:
    encoder.requires_grad_(False)
    assessor = PerceptionAssessor(encoder, pairs)
    perceptual_quality(pixels[None].requires_grad_(), assessor).score.sum().backward()
    assert all(parameter.grad is None for parameter in encoder.parameters())


@pytest.mark.parametrize("shape", [(3, 8, 8), (1, 1, 8, 8), (1, 3, 0, 8)])
def test_wrong_shape_is_refused(shape: tuple[int, ...], assessor: PerceptionAssessor) -> None:
    with pytest.raises(InputError, match=r"\(B, 3, H, W\)"):
        perceptual_quality(torch.zeros(shape), assessor)


def test_features_that_are_not_finite_are_refused(assessor: PerceptionAssessor) -> None:
    features = ImageFeatures(global_=torch.zeros(1, 16), patches=torch.full((1, 2, 2, 16), float("nan")))
    with pytest.raises(InputError, match="no finite features"):
        quality_of_features(features, assessor.text, temperature=1.0)
