from __future__ import annotations

import pytest
import torch

from balanced_refiner import ColorMatch, match_colors
from balanced_refiner.color_match import MAX_CAST

SIDE = 64
INSIDE = torch.zeros(SIDE, SIDE, dtype=torch.bool)
INSIDE[20:44, 20:44] = True


def picture(seed=0, low=0.3, high=0.7):
    return low + (high - low) * torch.rand(3, SIDE, SIDE, generator=torch.Generator().manual_seed(seed))


def test_constant_cast_is_undone():
    source = picture()
    cast = torch.tensor([0.06, -0.04, 0.02])[:, None, None]
    match = match_colors(source + cast, source, INSIDE)
    torch.testing.assert_close(match.apply(source + cast), source, atol=1e-5, rtol=0)
    assert match.before == pytest.approx(0.04, abs=1e-4)
    assert match.after < 1e-5


def test_gain_and_offset_are_undone():
    source = picture()
    shown = (source - 0.05) / 1.1
    torch.testing.assert_close(match_colors(shown, source, INSIDE).apply(shown), source, atol=1e-4, rtol=0)


def test_new_content_of_the_repair_does_not_move_the_colours():
    source = picture()
    shown = source + 0.05
    shown[:, INSIDE] = 0.9
    match = match_colors(shown, source, INSIDE)
    assert [offset for _, offset in match.lines] == pytest.approx([-0.05] * 3, abs=1e-4)


def test_outliers_in_the_ring_do_not_move_the_colours():
    source = picture()
    shown = source + 0.05
    shown[:, 18:46, 44:46] = 1.0  # a rim of the repair that reaches into the ring
    match = match_colors(shown, source, INSIDE)
    assert [gain for gain, _ in match.lines] == pytest.approx([1.0] * 3, abs=0.01)
    assert [offset for _, offset in match.lines] == pytest.approx([-0.05] * 3, abs=0.005)


def test_same_surroundings_change_nothing():
    source = picture()
    match = match_colors(source.clone(), source, INSIDE)
    assert match == ColorMatch()
    assert match.neutral
    assert match.apply(source) is source


def test_noise_without_a_cast_changes_nothing():
    source = picture()
    noise = 0.02 * torch.randn(3, SIDE, SIDE, generator=torch.Generator().manual_seed(1))
    assert match_colors(source + noise, source, INSIDE).neutral


def test_other_surroundings_are_no_cast():
    source = picture()
    assert match_colors(source + MAX_CAST + 0.02, source, INSIDE).neutral


def test_each_channel_is_judged_alone():
    source = picture()
    shown = source.clone()
    shown[0] += 0.05
    match = match_colors(shown, source, INSIDE)
    assert match.lines[0] != (1.0, 0.0)
    assert match.lines[1:] == ((1.0, 0.0), (1.0, 0.0))


@pytest.mark.parametrize("seed", range(10))
def test_ring_is_never_worse_after_the_match(seed):
    source, shown = picture(seed), picture(seed + 100, 0.1, 0.9)
    match = match_colors(shown, source, INSIDE)
    assert match.after <= match.before


def test_ring_of_too_few_pixels_does_nothing():
    inside = torch.ones(SIDE, SIDE, dtype=torch.bool)
    inside[0, :50] = False  # 50 pixels are left around it
    source = picture()
    assert match_colors(source + 0.05, source, inside).neutral


def test_nothing_repainted_has_no_ring():
    source = picture()
    assert match_colors(source + 0.05, source, torch.zeros_like(INSIDE)).neutral


def test_matched_colours_stay_in_range():
    match = ColorMatch(lines=((1.2, 0.1), (1.0, -0.2), (1.0, 0.0)))
    out = match.apply(torch.stack([torch.full((4, 4), v) for v in (0.9, 0.1, 0.5)]))
    assert out[:, 0, 0].tolist() == [1.0, 0.0, 0.5]


def test_cast_that_explains_little_of_the_difference_is_left():
    source = picture()
    other = picture(1) + 0.03
    assert match_colors(other, source, INSIDE).neutral
