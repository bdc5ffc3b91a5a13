"""The fitted heads that join the trunk and MiniLM in one space of D = 1327 dimensions.

Five parts stand side by side, each of unit length times the root of its share, so that a feature
has unit length in all and a text speaks to the parts that it has something to say about:

| part     | length | image side                              | text side                                  |
|----------|--------|-----------------------------------------|--------------------------------------------|
| meaning  | 1280   | trunk head minus its mean               | what remembered words like it look like    |
| thing    | 2      | object (1) or ground (-1), and the rest | whether a thing or a ground is named       |
| colour   | 12     | shares of named colours minus mean      | the colour words in it                     |
| constant | 1      | 1                                       | only the empty text                        |
| quality  | 32     | small network over cell statistics      | directions that words do not use           |

Meaning is attention (as in kernel regression): a text is the mean of what the nearest of some thousand
remembered words look like to the trunk: names of ImageNet classes, nouns above them in WordNet, nouns of
cut-outs; so it works for words that were never seen. The constant makes the empty text equally like every
image: its share is the threshold above which a text counts as shown (eq. (5) compares each text with the
empty one).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from grefine_core import ImageFeatures
from grefine_mini.color import COLORS, PixelColors
from grefine_mini.quality_head import QUALITY, ObjectHead, QualityHead
from grefine_mini.text import WIDTH
from grefine_mini.trunk import HEAD_CHANNELS

PARTS = (HEAD_CHANNELS, 2, len(COLORS), 1, QUALITY)
"""Lengths of meaning, thing, colour, constant and quality."""
DIMENSIONS = sum(PARTS)
CONSTANT = sum(PARTS[:3])
"""Place of the constant."""
ATTENTION = 10.0
"""Inverse temperature of the attention over remembered words."""
GROUND_WEIGHT = 0.003
"""What a cell of plain ground counts in the whole picture, against 1 of a cell that surely shows an object."""
SAME_WORD = 0.95
"""Cosine of word embeddings above which two tokens begin to be one word."""
WEAK_TEXT = 0.02
"""Length of a meaning at which a text begins to say something; shorter ones stay short."""


class Cells(NamedTuple):
    """What is known of the cells of B images; the second grid has twice as many rows and columns."""

    head: Tensor
    """Shape (B, gh, gw, 1280): the trunk's last features."""
    statistics: Tensor
    """Shape (B, 2 gh, 2 gw, S)."""
    colors: Tensor
    """Shape (B, 2 gh, 2 gw, 12)."""


class Heads(nn.Module):
    """All fitted numbers of the encoder, one state dict.

    Args:
        memory: M, how many words are remembered.
        color_words: How many tokens name a colour.
    """

    shares: Tensor
    """Shape (5,), sum 1: squared lengths of the parts in an image's feature."""
    gains: Tensor
    """Shape (3,): lengths of meaning, thing and colour in a text's feature, before normalisation."""
    alignment_scale: Tensor
    """Scalar: temperature s_a of eq. (5)."""
    head_mean: Tensor
    """Shape (1280,): the trunk head's mean over cells of clean scenes; `pooled_mean` over whole scenes."""
    pooled_mean: Tensor
    text_mean: Tensor
    """Shape (384,)."""
    keys: Tensor
    """Shape (M, 384): embeddings of remembered words; `values` (M, 1280) is what they look like."""
    values: Tensor
    key_bias: Tensor
    """Shape (M,): log weight of each."""
    value_mean: Tensor
    to_thing: Tensor
    """Shape (384,), with `to_thing_bias`: ridge regression of object against ground from sentence embeddings."""
    to_thing_bias: Tensor
    color_tokens: Tensor
    """Shape (C, 384): word embeddings, unit length; `color_of` (C, 12) says which colour each names."""
    color_of: Tensor
    color_mean: Tensor
    """Shape (12,): mean root share over cells."""
    to_quality: Tensor
    """Shape (384, 32)."""

    def __init__(self, memory: int, color_words: int) -> None:
        super().__init__()
        self.quality, self.objects = QualityHead(), ObjectHead()
        self.pixel_colors = PixelColors()
        for name, shape in {
            "shares": (len(PARTS),),
            "gains": (3,),
            "alignment_scale": (),
            "head_mean": (HEAD_CHANNELS,),
            "pooled_mean": (HEAD_CHANNELS,),
            "text_mean": (WIDTH,),
            "keys": (memory, WIDTH),
            "values": (memory, HEAD_CHANNELS),
            "key_bias": (memory,),
            "value_mean": (HEAD_CHANNELS,),
            "to_thing": (WIDTH,),
            "to_thing_bias": (),
            "color_tokens": (color_words, WIDTH),
            "color_of": (color_words, len(COLORS)),
            "color_mean": (len(COLORS),),
            "to_quality": (WIDTH, QUALITY),
        }.items():
            self.register_buffer(name, torch.zeros(shape))

    def image(self, cells: Cells) -> ImageFeatures:
        """Join the parts of patches, on the finer grid, and of whole images."""
        patch_quality, whole_quality = self.quality(cells.statistics)
        objects = self.objects(cells.statistics)
        roots = cells.colors.sqrt() - self.color_mean
        head = finer(cells.head, objects)
        weight, pooled = self.pool(head, objects)
        patches = [
            head - self.head_mean,
            _on_circle((objects / 2).tanh()),
            roots,
            torch.ones_like(objects),
            patch_quality,
        ]
        neither = torch.zeros_like(pooled[:, :1])
        wholes = [
            pooled - self.pooled_mean,
            _on_circle(neither),
            (roots * weight).sum((1, 2)),
            neither + 1,
            whole_quality,
        ]
        return ImageFeatures(global_=self._join(wholes), patches=self._join(patches))

    def pool(self, head: Tensor, objects: Tensor) -> tuple[Tensor, Tensor]:
        """Return the weights (B, h, w, 1) of cells in a whole, sum 1, and the features (B, 1280) of wholes.

        Where there are objects they speak for the picture, else all of it does; what is strong somewhere counts
        more than what is weak everywhere.

        Args:
            head: Shape (B, h, w, 1280).
            objects: Shape (B, h, w, 1), logits of object against ground.
        """
        weight = GROUND_WEIGHT + objects.sigmoid()
        weight = weight / weight.sum((1, 2), keepdim=True)
        return weight, (head.square() * weight).sum((1, 2)).sqrt()

    def _join(self, parts: list[Tensor]) -> Tensor:
        """Return the parts side by side at their shares."""
        units = [functional.normalize(part, dim=-1) for part in parts]
        return torch.cat([unit * share.sqrt() for unit, share in zip(units, self.shares, strict=True)], dim=-1)

    def text(self, sentences: Tensor, words: Tensor) -> Tensor:
        """Project texts to (T, D).

        Args:
            sentences: Shape (T, 384), unit length.
            words: Shape (T, L, 384), word embeddings of the tokens, zero behind the end.
        """
        attention = (ATTENTION * sentences @ self.keys.T + self.key_bias).softmax(-1)
        nothing = torch.zeros_like(sentences[:, :1])
        meaning = _soft_unit(attention @ self.values - self.value_mean)
        thing = (sentences @ self.to_thing + self.to_thing_bias)[:, None].clamp(-1, 1)
        parts = (meaning, torch.cat([thing, nothing], -1), self.colors(words))
        scaled = [part * gain for part, gain in zip(parts, self.gains, strict=True)]
        quality = (sentences - self.text_mean) @ self.to_quality
        return functional.normalize(torch.cat([*scaled, nothing, quality], dim=-1), dim=-1)

    def colors(self, words: Tensor) -> Tensor:
        """Return (T, 12): 1 for each colour that a token names, over the root of their number."""
        cosines = functional.normalize(words, dim=-1) @ self.color_tokens.T  # (T, L, C)
        said = ((cosines.amax(1) - SAME_WORD) / (1 - SAME_WORD)).clamp(0, 1) @ self.color_of
        said = said.clamp(max=1)
        return said / said.sum(-1, keepdim=True).clamp(min=1).sqrt()

    def empty_text(self) -> Tensor:
        """Return the feature (D,) of the empty text: the constant alone."""
        feature = self.shares.new_zeros(DIMENSIONS)
        feature[CONSTANT] = 1
        return feature


def finer(values: Tensor, like: Tensor) -> Tensor:
    """Return values (B, gh, gw, C) interpolated to the grid of `like`."""
    grid = (like.shape[1], like.shape[2])
    fine = functional.interpolate(values.permute(0, 3, 1, 2), grid, mode="bilinear", align_corners=False)
    return fine.permute(0, 2, 3, 1)


def _on_circle(values: Tensor) -> Tensor:
    """Return (..., 2) of unit length whose first number is the value (..., 1) in [-1, 1]."""
    return torch.cat([values, (1 - values.square()).clamp(min=0).sqrt()], dim=-1)


def _soft_unit(values: Tensor) -> Tensor:
    """Return vectors (T, C) of nearly unit length, very short ones shorter: they say little."""
    return values / (values.square().sum(-1, keepdim=True) + WEAK_TEXT**2).sqrt()
