"""The statistics of a cell are what they say."""

from __future__ import annotations

import pytest
import torch

from grefine_mini.statistics import FLOOR, PIXEL_STATISTICS, STATISTICS, cell_statistics, pixel_statistics
from grefine_mini.trunk import PYRAMID_CHANNELS

ENERGIES = slice(14, 23)


def test_constant_levels_have_their_means_and_no_spread() -> None:
    levels = tuple(
        torch.full((1, channels, 64 // stride, 64 // stride), float(index + 1))
        for index, (channels, stride) in enumerate(zip(PYRAMID_CHANNELS, (2, 4, 8, 16, 32), strict=True))
    )
    statistics = cell_statistics(levels, torch.zeros(1, 3, 64, 64))
    assert statistics.shape == (1, 4, 4, STATISTICS)
    means = statistics[..., : sum(PYRAMID_CHANNELS)]
    assert means[0, 0, 0, [0, 16, 40, 80, 192]].tolist() == [1, 2, 3, 4, 5]
    assert statistics[..., sum(PYRAMID_CHANNELS) : -PIXEL_STATISTICS].abs().max() < 1e-3


def test_flat_pixels_have_their_colour_and_no_energy() -> None:
    pixels = torch.tensor([0.8, 0.4, 0.2]).view(1, 3, 1, 1).expand(1, 3, 32, 48)
    found = pixel_statistics(pixels)
    assert found.shape == (1, PIXEL_STATISTICS, 2, 3)
    assert found[0, :3, 0, 0].tolist() == pytest.approx([0.8, 0.4, 0.2], abs=1e-4)
    assert (found[:, ENERGIES] - torch.tensor(FLOOR).log()).abs().max() < 1e-3
    assert (found[:, 10:14] == 1).all()  # every step between neighbours is none


def test_noise_is_told_in_its_cell_alone() -> None:
    pixels = torch.full((1, 3, 48, 48), 0.5)
    pixels[..., 16:32, 16:32] += 0.2 * torch.randn(3, 16, 16, generator=torch.Generator().manual_seed(0))
    energy = pixel_statistics(pixels.clamp(0, 1))[0, ENERGIES].mean(0)
    assert energy.argmax() == 4
    assert energy[1, 1] > energy[0, 0] + 2


def test_spread_of_a_constant_level_has_a_gradient() -> None:
    levels = [torch.ones(1, c, 64 // s, 64 // s) for c, s in zip(PYRAMID_CHANNELS, (2, 4, 8, 16, 32), strict=True)]
    levels[0].requires_grad_()
    cell_statistics(levels, torch.zeros(1, 3, 64, 64)).sum().backward()
    assert levels[0].grad is not None
    assert levels[0].grad.isfinite().all()
