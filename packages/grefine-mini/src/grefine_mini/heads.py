"""The fitted heads that join the trunk and MiniLM in one space of D = 1325 dimensions.

Four parts stand side by side, each of unit length times the root of its share, so that a feature
has unit length in all and a text speaks to the parts that it has something to say about:

| part     | length | image side                           | text side                            |
|----------|--------|--------------------------------------|--------------------------------------|
| meaning  | 1280   | trunk head minus its mean            | ridge from sentence embeddings       |
| colour   | 12     | shares of named colours minus mean   | ridge from sentence embeddings       |
| constant | 1      | 1                                    | only the empty text                  |
| quality  | 32     | small network over cell statistics   | directions that words do not use     |

The constant makes the empty text equally like every image: its share is the threshold above which
a text counts as shown (eq. (5) compares each text with the empty one).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from grefine_core import ImageFeatures
from grefine_mini.color import COLORS
from grefine_mini.text import WIDTH
from grefine_mini.trunk import HEAD_CHANNELS, STATISTICS

MEANING, COLOR, CONSTANT, QUALITY = HEAD_CHANNELS, len(COLORS), 1, 32
DIMENSIONS = MEANING + COLOR + CONSTANT + QUALITY
HIDDEN = 192


class Cells(NamedTuple):
    """What the trunk says of each cell of B images on a grid of gh x gw."""

    head: Tensor
    """Shape (B, gh, gw, 1280)."""
    statistics: Tensor
    """Shape (B, gh, gw, 704)."""
    colors: Tensor
    """Shape (B, gh, gw, 12)."""


class QualityHead(nn.Module):
    """Statistics of a cell -> 32 numbers about its quality; of all cells -> the same of the image."""

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(STATISTICS))
        self.register_buffer("std", torch.ones(STATISTICS))
        self.cell = nn.Linear(STATISTICS, HIDDEN)
        self.around = nn.Conv2d(HIDDEN, HIDDEN, 3, padding=1, padding_mode="replicate", groups=HIDDEN)
        self.mix = nn.Linear(2 * HIDDEN, HIDDEN)
        self.patch = nn.Linear(HIDDEN, QUALITY)
        self.whole = nn.Linear(3 * HIDDEN, QUALITY)

    def forward(self, statistics: Tensor) -> tuple[Tensor, Tensor]:
        """Return ((B, gh, gw, 32), (B, 32)) of statistics (B, gh, gw, 704)."""
        x = ((statistics - self.mean) / self.std).clamp(-6, 6)  # damage can go far beyond clean statistics
        x = functional.gelu(self.cell(x))
        beside = self.around(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)  # a blur is seen against its surroundings
        x = functional.gelu(self.mix(torch.cat([x, beside], -1)))
        flat = x.flatten(1, 2)  # (B, gh * gw, HIDDEN)
        summary = torch.cat([flat.mean(1), flat.amax(1), flat.amin(1)], -1)
        return self.patch(x), self.whole(summary)


class Heads(nn.Module):
    """All fitted numbers of the encoder, one state dict."""

    head_mean: Tensor
    """Shape (1280,): the trunk head's mean over cells of clean scenes."""
    color_mean: Tensor
    """Shape (12,): mean root share over the same cells."""
    text_mean: Tensor
    """Shape (384,)."""
    to_meaning: Tensor
    """Shape (384, 1280)."""
    to_color: Tensor
    """Shape (384, 12)."""
    to_quality: Tensor
    """Shape (384, 32)."""
    shares: Tensor
    """Shape (4,), sum 1: squared lengths of meaning, colour, constant and quality in a feature."""
    alignment_scale: Tensor
    """Scalar: temperature s_a of eq. (5)."""

    def __init__(self) -> None:
        super().__init__()
        self.quality = QualityHead()
        for name, shape in {
            "head_mean": (MEANING,),
            "color_mean": (COLOR,),
            "text_mean": (WIDTH,),
            "to_meaning": (WIDTH, MEANING),
            "to_color": (WIDTH, COLOR),
            "to_quality": (WIDTH, QUALITY),
            "shares": (4,),
            "alignment_scale": (),
        }.items():
            self.register_buffer(name, torch.zeros(shape))

    def image(self, cells: Cells) -> ImageFeatures:
        """Join the parts of patches and of whole images."""
        patch_quality, whole_quality = self.quality(cells.statistics)
        roots = cells.colors.sqrt()
        return ImageFeatures(
            global_=self._join(cells.head.mean((1, 2)), roots.mean((1, 2)), whole_quality),
            patches=self._join(cells.head, roots, patch_quality),
        )

    def _join(self, head: Tensor, roots: Tensor, quality: Tensor) -> Tensor:
        parts = (
            functional.normalize(head - self.head_mean, dim=-1),
            functional.normalize(roots - self.color_mean, dim=-1),
            torch.ones_like(head[..., :1]),
            functional.normalize(quality, dim=-1),
        )
        return torch.cat([p * s.sqrt() for p, s in zip(parts, self.shares, strict=True)], dim=-1)

    def text(self, sentences: Tensor) -> Tensor:
        """Project sentence embeddings (T, 384) of unit length to (T, D)."""
        centred = sentences - self.text_mean
        constant = torch.zeros_like(sentences[:, :1])
        parts = [centred @ self.to_meaning, centred @ self.to_color, constant, centred @ self.to_quality]
        return functional.normalize(torch.cat(parts, dim=-1), dim=-1)

    def empty_text(self) -> Tensor:
        """Return the feature (D,) of the empty text: the constant alone."""
        feature = self.shares.new_zeros(DIMENSIONS)
        feature[MEANING + COLOR] = 1
        return feature
