from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from grefine_core import InputError
from pqmap import PerceptionAssessor, TextPairs, perceptual_quality

pytest.importorskip("torchmetrics", reason="the metric needs `pip install pqmap[metric]`")


@pytest.fixture
def assessor(encoder: Any, pairs: TextPairs) -> PerceptionAssessor:
    return PerceptionAssessor(encoder, pairs)


@pytest.fixture
def metric(assessor: PerceptionAssessor) -> Any:
    from pqmap.metric import PerceptualQuality

    return PerceptualQuality(assessor)


def test_metric_is_the_mean_over_all_updates(metric: Any, assessor: PerceptionAssessor, pixels: Tensor) -> None:
    images = torch.stack([pixels, pixels.flip(2), pixels * 0.5])
    metric.update(images[:2])
    metric.update(images[2:])
    expected = perceptual_quality(images, assessor).score.mean().item()
    assert metric.compute().item() == pytest.approx(expected, abs=1e-6)


def test_reset_forgets(metric: Any, pixels: Tensor) -> None:
    metric.update(pixels[None])
    metric.reset()
    metric.update(pixels[None] * 0.5)
    once = metric.compute().item()
    metric.reset()
    metric.update(pixels[None] * 0.5)
    assert metric.compute().item() == once


def test_forward_gives_the_batch_and_lets_its_gradient_through(metric: Any, pixels: Tensor) -> None:
    images = pixels[None].clone().requires_grad_()
    metric(images).backward()
    assert images.grad is not None
    assert images.grad.abs().max() > 0


def test_metric_of_halves_equals_that_of_the_whole_when_merged(metric: Any, pixels: Tensor) -> None:
    other = metric.clone()
    metric.update(pixels[None])
    other.update(pixels.flip(2)[None])
    merged = metric.clone()
    merged.merge_state(other)
    assert merged.compute().item() == pytest.approx((metric.compute().item() + other.compute().item()) / 2, abs=1e-6)


def test_bytes_are_refused(metric: Any) -> None:
    with pytest.raises(InputError, match="divide bytes by 255"):
        metric.update(torch.zeros(1, 3, 8, 8, dtype=torch.uint8))
