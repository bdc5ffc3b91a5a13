"""From a picture of any size to the small tensor that an encoder sees: the part that threads can do ahead."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from grefine_core import Encoder, ImageInput, as_pixels, resize
from pqmap.degenerate import find_flags


@dataclass(frozen=True, kw_only=True, eq=False)
class Prepared:
    """One picture, ready for its encoder; small whatever the size of the file."""

    pixels: Tensor
    """Shape (1, 3, h, w), float32 in [0, 1], at the encoder's `fitted_size`."""
    size: tuple[int, int]
    """Height and width of the picture itself."""
    flags: tuple[str, ...]
    """See `pqmap.degenerate.find_flags`."""


@torch.no_grad()
def prepare_picture(image: ImageInput, encoder: Encoder) -> Prepared:
    """Read a picture, bring it to the encoder's size and look whether there is anything in it.

    Raises:
        InputError: If it is not what `ImageInput` says, or cannot be read.
    """
    pixels = as_pixels(image)
    height, width = pixels.shape[2:]
    fitted = resize(pixels, encoder.fitted_size(height, width))
    return Prepared(pixels=fitted, size=(height, width), flags=find_flags(fitted, (height, width)))
