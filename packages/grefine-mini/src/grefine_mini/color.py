"""How much of each named colour is where: what the ImageNet trunk was trained to ignore."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

COLORS = {
    "black": (0.05, 0.05, 0.05),
    "white": (0.95, 0.95, 0.95),
    "gray": (0.5, 0.5, 0.5),
    "red": (0.85, 0.1, 0.12),
    "orange": (0.95, 0.55, 0.1),
    "brown": (0.45, 0.28, 0.15),
    "yellow": (0.95, 0.88, 0.2),
    "green": (0.2, 0.6, 0.2),
    "teal": (0.1, 0.6, 0.6),
    "blue": (0.15, 0.35, 0.85),
    "purple": (0.5, 0.2, 0.65),
    "pink": (0.95, 0.6, 0.75),
}
"""Prototypes in sRGB; the names are the colour words of the training captions."""

_SHARPNESS = 60.0
"""A pixel at squared distance 0.05 from its colour and 0.1 from the next gives the first 95%."""


def color_shares(pixels: Tensor, grid: tuple[int, int] | torch.Size) -> Tensor:
    """Return (B, gh, gw, 12): the share of each colour within each cell, summing to 1.

    Args:
        pixels: Shape (B, 3, H, W) in [0, 1]; read at a quarter of the size, colours are coarse.
        grid: Rows and columns of cells.
    """
    small = functional.avg_pool2d(pixels, 4)
    palette = small.new_tensor(list(COLORS.values()))  # (12, 3)
    distance = (small.unsqueeze(1) - palette[None, :, :, None, None]).square().sum(2)  # (B, 12, h, w)
    shares = (-_SHARPNESS * distance).softmax(1)
    rows, columns = grid
    return functional.adaptive_avg_pool2d(shares, (rows, columns)).permute(0, 2, 3, 1)
