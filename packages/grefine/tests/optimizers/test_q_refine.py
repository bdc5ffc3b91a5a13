from __future__ import annotations

import pytest
import torch

from grefine.optimizers.q_refine import HIGH, LOW, NOISE, add_noise, patch_quality
from grefine.optimizers.registry import load_optimizer


def test_patch_is_as_good_as_its_best_pixel() -> None:
    quality = torch.zeros(16, 32)
    quality[0, 0] = 0.7  # of a patch of 2 x 4 pixels
    expected = torch.zeros(16, 32)
    expected[:2, :4] = 0.7
    assert torch.equal(patch_quality(quality), expected)


def test_picture_smaller_than_the_grid_has_a_patch_a_pixel() -> None:
    quality = torch.rand(3, 5)
    assert torch.equal(patch_quality(quality), quality)


def test_noise_falls_on_low_quality_alone_and_grows_with_its_lack() -> None:
    pixels = torch.full((1, 3, 60, 90), 0.5)
    quality = torch.full((60, 90), LOW)
    quality[:, :30], quality[:, 30:60] = 0.0, LOW / 2
    noisy = add_noise(pixels, quality, seed=1)
    assert noisy[..., :30].std() == pytest.approx(NOISE, rel=0.05)
    assert noisy[..., 30:60].std() == pytest.approx(NOISE / 2, rel=0.05)
    assert torch.equal(noisy[..., 60:], pixels[..., 60:])
    assert torch.equal(noisy, add_noise(pixels, quality, seed=1))


def test_low_and_medium_quality_is_inpainted_and_all_is_enhanced(building, models, damaged_pixels) -> None:
    models.red = 0.0
    requests, paint = [], models.inpaint

    def watch(request, *, on_step=None):
        requests.append(request)
        return paint(request, on_step=on_step)

    models.inpaint = watch
    optimizer = load_optimizer("q-refine", building())
    damaged_pixels[:, 0, :, :48] = 0  # whole patches of low quality
    made = optimizer.optimize(damaged_pixels, "a cat", seed=0)
    assert made.shape == damaged_pixels.shape
    strong = [r for r in requests if max(r.tops) > 0.5]
    mild = [r for r in requests if r.prompts[0].endswith("high quality, sharp, detailed")]
    assert strong
    assert all((request.strengths == 0.1).all() for request in mild)
    assert {request.steps for request in requests} == {10}


def test_good_picture_is_only_enhanced(building, models, good_pixels) -> None:
    requests, paint = [], models.inpaint

    def watch(request, *, on_step=None):
        requests.append(request)
        return paint(request, on_step=on_step)

    models.inpaint = watch
    load_optimizer("q-refine", building()).optimize(good_pixels, "a cat", seed=0)
    assert max(max(request.tops) for request in requests) == pytest.approx(0.1)


def test_bounds_are_in_order() -> None:
    assert 0 < LOW < HIGH < 1
