"""How much of each named colour is where: what the ImageNet trunk was trained to ignore."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

COLORS = ("black", "white", "gray", "red", "orange", "brown", "yellow", "green", "teal", "blue", "purple", "pink")
"""The colour words of the training captions."""
SYNONYMS = {"grey": "gray", "violet": "purple", "turquoise": "teal", "cyan": "teal", "magenta": "pink"}
"""Other words for them."""
HIDDEN = 32


class PixelColors(nn.Module):
    """Name the colour of a pixel: a small network fitted on objects of known colours.

    Distances to prototypes call dark red brown and pale blue gray; people do not.
    """

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(3, HIDDEN)
        self.out = nn.Linear(HIDDEN, len(COLORS))

    def forward(self, colors: Tensor) -> Tensor:
        """Return logits (..., 12) of sRGB values (..., 3) in [0, 1]."""
        logits: Tensor = self.out(functional.gelu(self.hidden(colors * 2 - 1)))
        return logits

    def shares(self, pixels: Tensor, grid: tuple[int, int] | torch.Size) -> Tensor:
        """Return (B, gh, gw, 12): the share of each colour within each cell, summing to 1.

        Args:
            pixels: Shape (B, 3, H, W) in [0, 1]; read at a quarter of the size, colours are coarse.
            grid: Rows and columns of cells.
        """
        small = functional.avg_pool2d(pixels, 4).permute(0, 2, 3, 1)
        shares = self(small).softmax(-1).permute(0, 3, 1, 2)
        rows, columns = grid
        return functional.adaptive_avg_pool2d(shares, (rows, columns)).permute(0, 2, 3, 1)
