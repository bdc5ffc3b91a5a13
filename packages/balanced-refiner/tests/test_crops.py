from __future__ import annotations

import pytest
import torch

from balanced_refiner import Window, crop, paste, place_window
from balanced_refiner.crops import crop_mask
from grefine_core import InputError


def test_small_region_gets_a_window_of_the_working_size():
    assert place_window((50, 60, 60, 80), (200, 300), working_size=64) == Window(23, 38, 64)


def test_large_region_gets_a_window_with_context():
    window = place_window((40, 40, 140, 140), (400, 400), working_size=64)
    assert window == Window(15, 15, 150)


def test_window_is_moved_inside_the_picture():
    assert place_window((0, 290, 10, 300), (200, 300), working_size=64) == Window(0, 236, 64)


def test_window_is_never_wider_than_it_must_be():
    assert place_window((0, 0, 200, 300), (200, 300), working_size=64).side == 300


@pytest.mark.parametrize("seed", range(20))
def test_window_holds_its_box(seed):
    g = torch.Generator().manual_seed(seed)
    height, width = (int(n) for n in torch.randint(1, 200, (2,), generator=g))
    top, left = int(torch.randint(height, (1,), generator=g)), int(torch.randint(width, (1,), generator=g))
    bottom = top + 1 + int(torch.randint(height - top, (1,), generator=g))
    right = left + 1 + int(torch.randint(width - left, (1,), generator=g))
    window = place_window((top, left, bottom, right), (height, width), working_size=48)
    assert window.top <= top
    assert window.left <= left
    assert window.top + window.side >= bottom
    assert window.left + window.side >= right


def test_crop_mirrors_beyond_the_border():
    row = torch.tensor([0.1, 0.2, 0.3]).expand(1, 3, 1, 3)
    part = crop(row, Window(0, -2, 7))
    assert part[0, 0, 0].tolist() == pytest.approx([0.3, 0.2, 0.1, 0.2, 0.3, 0.2, 0.1])


def test_crop_of_one_pixel_repeats_it():
    assert torch.equal(crop(torch.full((1, 3, 1, 1), 0.4), Window(-8, -8, 17)), torch.full((1, 3, 17, 17), 0.4))


def test_crop_inside_is_the_picture_itself():
    pixels = torch.rand(1, 3, 20, 30, generator=torch.Generator().manual_seed(0))
    assert torch.equal(crop(pixels, Window(3, 5, 10)), pixels[..., 3:13, 5:15])


def test_scaled_mask_keeps_a_single_pixel():
    mask = torch.zeros(200, 200)
    mask[77, 133] = 1
    small = crop_mask(mask, Window(0, 0, 200), working_size=32)
    assert small.shape == (1, 32, 32)
    assert small.sum() == 1


def test_paste_leaves_weightless_pixels_bit_for_bit_and_replaces_full_ones():
    pixels = torch.rand(1, 3, 33, 47, generator=torch.Generator().manual_seed(0))
    weights = torch.zeros(33, 47)
    weights[10:20, 10:20] = 1.0
    weights[20, 10:20] = 0.5
    out = paste(pixels, torch.full((3, 16, 16), 0.25), Window(5, 5, 32), weights)
    assert torch.equal(out[..., weights == 0], pixels[..., weights == 0])
    assert (out[..., 10:20, 10:20] == 0.25).all()
    torch.testing.assert_close(out[..., 20, 10:20], (pixels[..., 20, 10:20] + 0.25) / 2)


def test_paste_does_not_change_its_input():
    pixels = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    before = pixels.clone()
    paste(pixels, torch.zeros(3, 8, 8), Window(0, 0, 8), torch.ones(8, 8))
    assert torch.equal(pixels, before)


def test_crop_and_paste_of_the_same_pixels_changes_nothing():
    pixels = torch.rand(1, 3, 25, 19, generator=torch.Generator().manual_seed(0))
    window = Window(-3, -6, 32)
    out = paste(pixels, crop(pixels, window)[0], window, torch.full((25, 19), 1.0))
    assert torch.equal(out, pixels)


@pytest.mark.parametrize("box", [(0, 0, 0, 4), (0, 0, 11, 4), (-1, 0, 4, 4)])
def test_box_outside_the_picture_is_refused(box):
    with pytest.raises(InputError, match="box"):
        place_window(box, (10, 10), working_size=8)


def test_working_size_must_be_positive():
    with pytest.raises(InputError, match="working_size"):
        place_window((0, 0, 4, 4), (10, 10), working_size=0)


def test_scaled_strengths_keep_the_highest_of_a_cell():
    strengths = torch.zeros(8, 8)
    strengths[0, 0], strengths[1, 1] = 0.25, 0.75
    assert crop_mask(strengths, Window(0, 0, 8), working_size=4)[0, 0].tolist() == [0.75, 0, 0, 0]
