"""From a picture of any size to the small tensor that an encoder sees: the part that threads can do ahead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from grefine_core import Encoder, ImageInput, as_pixels, resize

if TYPE_CHECKING:
    from aqmap.scorers.scorer import Scorer


@dataclass(frozen=True, kw_only=True, eq=False)
class Prepared:
    """One picture, ready for its encoder."""

    pixels: Tensor
    """Shape (1, 3, h, w), float32 in [0, 1], at the encoder's `fitted_size`."""
    size: tuple[int, int]
    """Height and width of the picture itself."""
    scored: Tensor | None
    """What a scorer of its own sees of it, as its `prepare` made it; None without one."""


@torch.no_grad()
def prepare_picture(image: ImageInput, encoder: Encoder, scorer: Scorer | None = None) -> Prepared:
    """Read a picture and bring it to the size of each model.

    Raises:
        InputError: If it is not what `ImageInput` says, or cannot be read.
    """
    pixels = as_pixels(image)
    height, width = pixels.shape[2:]
    fitted = resize(pixels, encoder.fitted_size(height, width))
    return Prepared(pixels=fitted, size=(height, width), scored=scorer.prepare(pixels) if scorer else None)
