"""Named colours are found where they are."""

from __future__ import annotations

import pytest
import torch

from grefine_mini.color import COLORS, color_shares


@pytest.mark.parametrize("name", COLORS)
def test_flat_picture_has_its_colour(name: str) -> None:
    pixels = torch.tensor(COLORS[name]).view(1, 3, 1, 1).expand(1, 3, 32, 32)
    shares = color_shares(pixels, (1, 1))[0, 0, 0]
    assert list(COLORS)[int(shares.argmax())] == name
    assert shares.sum().item() == pytest.approx(1)


def test_each_cell_has_its_own_shares() -> None:
    red, blue = (torch.tensor(COLORS[n]).view(3, 1, 1).expand(3, 32, 32) for n in ("red", "blue"))
    shares = color_shares(torch.cat([red, blue], 2)[None], (1, 2))[0, 0]
    assert [list(COLORS)[i] for i in shares.argmax(-1).tolist()] == ["red", "blue"]
