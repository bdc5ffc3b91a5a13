"""From statistics of cells to 32 numbers about the quality of each cell and of the picture; and to where things are."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from grefine_mini.statistics import STATISTICS

QUALITY, HIDDEN, BLOCKS = 32, 128, 3
LIMIT = 6.0
"""Deviations from clean statistics beyond this say no more."""
CELLS_SHARE = 2.0
"""Of the mean of the cells in the whole picture's numbers, against 1 of what is read from all at once: on pictures
unlike those of the training the cells keep their judgement longer (a cat's fur took p of a good photograph
from 0.90 to 0.45 where only the latter spoke)."""


class _Block(nn.Module):
    """Look at a neighbourhood and at the whole, then think about it: a ConvNeXt block with a global view.

    The same blur is damage beside sharp leaves and nothing in a plain sky; a cast is seen against the rest.
    """

    def __init__(self) -> None:
        super().__init__()
        self.around = nn.Conv2d(HIDDEN, HIDDEN, 5, padding=2, padding_mode="replicate", groups=HIDDEN)
        self.whole = nn.Linear(2 * HIDDEN, HIDDEN)
        self.norm = nn.LayerNorm(HIDDEN)
        self.wide = nn.Linear(HIDDEN, 2 * HIDDEN)
        self.narrow = nn.Linear(2 * HIDDEN, HIDDEN)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, gh, gw, HIDDEN) of the same."""
        flat = x.flatten(1, 2)
        whole: Tensor = self.whole(torch.cat([flat.mean(1), flat.std(1, correction=0)], -1))
        seen: Tensor = self.around(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1) + whole[:, None, None]
        change: Tensor = self.narrow(functional.gelu(self.wide(self.norm(seen))))
        return x + change


class _CellNetwork(nn.Module):
    """Statistics of cells -> 128 numbers each, which know of their surroundings and of the whole."""

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(STATISTICS))
        self.register_buffer("std", torch.ones(STATISTICS))
        self.cell = nn.Linear(STATISTICS, HIDDEN)
        self.blocks = nn.Sequential(*(_Block() for _ in range(BLOCKS)))
        self.norm = nn.LayerNorm(HIDDEN)

    def read(self, statistics: Tensor) -> Tensor:
        """Return (B, gh, gw, 128) of statistics (B, gh, gw, S)."""
        x = ((statistics - self.mean) / self.std).clamp(-LIMIT, LIMIT)  # damage goes far beyond clean statistics
        out: Tensor = self.norm(self.blocks(functional.gelu(self.cell(x))))
        return out


class QualityHead(_CellNetwork):
    """Statistics of cells -> 32 numbers each; of all cells -> the same of the image."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = nn.Linear(HIDDEN, QUALITY)
        self.whole = nn.Linear(3 * HIDDEN, QUALITY)

    def forward(self, statistics: Tensor) -> tuple[Tensor, Tensor]:
        """Return ((B, gh, gw, 32), (B, 32)) of statistics (B, gh, gw, S)."""
        x = self.read(statistics)
        flat = x.flatten(1, 2)  # (B, gh * gw, HIDDEN)
        summary = torch.cat([flat.mean(1), flat.amax(1), flat.amin(1)], -1)
        patches = functional.normalize(self.patch(x), dim=-1)
        return patches, functional.normalize(self.whole(summary), dim=-1) + CELLS_SHARE * patches.mean((1, 2))


class ObjectHead(_CellNetwork):
    """Statistics of cells -> logits: whether an object stands there rather than ground."""

    def __init__(self) -> None:
        super().__init__()
        self.object = nn.Linear(HIDDEN, 1)

    def forward(self, statistics: Tensor) -> Tensor:
        """Return (B, gh, gw, 1) of statistics (B, gh, gw, S)."""
        out: Tensor = self.object(self.read(statistics))
        return out
