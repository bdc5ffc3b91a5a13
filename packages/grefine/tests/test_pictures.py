from __future__ import annotations

import pytest
import torch

from grefine.pictures import MAX_PANEL, MIN_PANEL, draw_image, draw_map, draw_mask, side_by_side


@pytest.mark.parametrize("size", [(8, 8), (1, 64), (300, 20), (20, 3000)])
def test_panel_holds_a_picture_of_any_shape_and_its_caption(size: tuple[int, int]) -> None:
    panel = draw_image(torch.rand(1, 3, *size), "before: p = 0.123, a = 0.456")
    assert MIN_PANEL <= max(panel.size) <= MAX_PANEL + 100
    assert panel.getextrema()[0][0] < 100  # ink


def test_good_and_bad_maps_differ_in_colour() -> None:
    pixels = torch.full((1, 3, 300, 300), 0.5)
    bad, good = (draw_map(pixels, torch.full((300, 300), value), "p").getpixel((150, 200)) for value in (0.0, 1.0))
    assert bad[0] > bad[1]
    assert good[1] > good[0]


def test_panels_lie_side_by_side() -> None:
    panels = [draw_image(torch.rand(1, 3, 300, 400), "a"), draw_image(torch.rand(1, 3, 300, 300), "b")]
    assert side_by_side(panels).width == 400 + 8 + 300


def test_mask_keeps_its_size_and_values() -> None:
    mask = torch.zeros(5, 7)
    mask[2, 3] = 1
    picture = draw_mask(mask)
    assert (picture.mode, picture.size) == ("L", (7, 5))
    assert (picture.getpixel((3, 2)), picture.getpixel((0, 0))) == (255, 0)
