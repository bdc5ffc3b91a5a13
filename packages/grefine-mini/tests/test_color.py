"""Named colours are found where they are, also in shades that prototypes would miss."""

from __future__ import annotations

import pytest
import torch

from grefine_core import load_encoder
from grefine_mini.color import COLORS, PixelColors

SHADES = {
    "black": (0.03, 0.03, 0.03),
    "white": (0.97, 0.97, 0.97),
    "gray": (0.55, 0.55, 0.55),
    "red": (0.75, 0.05, 0.08),
    "orange": (0.95, 0.5, 0.08),
    "brown": (0.42, 0.26, 0.14),
    "yellow": (0.95, 0.85, 0.15),
    "green": (0.2, 0.6, 0.2),
    "blue": (0.15, 0.35, 0.85),
    "purple": (0.5, 0.2, 0.65),
    "pink": (0.95, 0.55, 0.72),
}


@pytest.fixture(scope="module")
def colors() -> PixelColors:
    return load_encoder("mini", device="cpu").heads.pixel_colors


@pytest.mark.parametrize("name", SHADES)
def test_flat_picture_has_its_colour(colors: PixelColors, name: str) -> None:
    pixels = torch.tensor(SHADES[name]).view(1, 3, 1, 1).expand(1, 3, 32, 32)
    shares = colors.shares(pixels, (1, 1))[0, 0, 0]
    assert COLORS[int(shares.argmax())] == name
    assert shares.sum().item() == pytest.approx(1)


def test_each_cell_has_its_own_shares(colors: PixelColors) -> None:
    red, blue = (torch.tensor(SHADES[n]).view(3, 1, 1).expand(3, 32, 32) for n in ("red", "blue"))
    shares = colors.shares(torch.cat([red, blue], 2)[None], (1, 2))[0, 0]
    assert [COLORS[i] for i in shares.argmax(-1).tolist()] == ["red", "blue"]
