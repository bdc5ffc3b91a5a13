from __future__ import annotations

import pytest
import torch

from balanced_refiner.diffusion.codec_loss import low_pass


def test_plain_colour_passes_whole():
    flat = torch.full((1, 3, 20, 30), 0.3)
    torch.testing.assert_close(low_pass(flat, 2.0), flat)


def test_checkerboard_is_held_back():
    board = (torch.arange(32)[:, None] + torch.arange(32)) % 2 * 2.0 - 1
    assert low_pass(board[None, None], 2.0)[..., 6:-6, 6:-6].abs().max() < 0.01  # borders are repeated


def test_wave_far_coarser_than_sigma_passes():
    wave = torch.sin(torch.arange(128) * (2 * torch.pi / 128)).expand(1, 1, 128, 128)
    torch.testing.assert_close(low_pass(wave, 2.0)[..., 8:-8], wave[..., 8:-8], atol=0.01, rtol=0)


def test_point_becomes_a_gaussian_of_the_given_width():
    point = torch.zeros(1, 1, 41, 41)
    point[..., 20, 20] = 1
    spread = low_pass(point, 3.0)[0, 0]
    distances = (torch.arange(41.0) - 20).square()
    assert spread.sum() == pytest.approx(1, abs=1e-5)
    assert (spread.sum(0) * distances).sum() == pytest.approx(9, rel=0.06)  # cut off at three deviations
    assert torch.equal(spread, spread.T)


def test_channels_and_pictures_do_not_mix():
    values = torch.zeros(2, 3, 16, 16)
    values[1, 2] = 1
    out = low_pass(values, 2.0)
    assert out[0].abs().max() == out[1, :2].abs().max() == 0
    torch.testing.assert_close(out[1, 2], values[1, 2])


def test_picture_smaller_than_the_kernel_is_taken():
    assert low_pass(torch.rand(1, 3, 2, 1), 2.0).shape == (1, 3, 2, 1)
