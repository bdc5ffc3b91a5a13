"""What pictures become before a scorer sees them: squares of S x S pixels, in [0, 1]."""

from __future__ import annotations

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from grefine_core import resize, to_pil

_LONGEST = 16
"""Sides beyond 16 : 1 lose their ends before they are resized, which would take the memory of a million squares."""


def crop_square(pixels: Tensor, size: int) -> Tensor:
    """Resize the shorter side to `size` and keep the middle, as CLIP, BLIP and their descendants do.

    Bit for bit what torchvision does with a file of 8 bits: bytes, Pillow's bicubic kernel, the longer
    side rounded down, the corner of the crop rounded to the nearest.

    Args:
        pixels: Shape (1, 3, H, W), floating in [0, 1].
        size: Side in pixels.

    Returns:
        Shape (3, size, size), float32, on the CPU.
    """
    image = to_pil(_middle(pixels))
    width, height = image.size
    short = min(width, height)
    if short != size:
        image = image.resize((int(size * width / short), int(size * height / short)), Image.Resampling.BICUBIC)
    left, top = (round((side - size) / 2) for side in image.size)
    image = image.crop((left, top, left + size, top + size))
    values = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8)
    return values.reshape(size, size, 3).permute(2, 0, 1).float() / 255


def _middle(pixels: Tensor) -> Tensor:
    """Return the middle of a picture that is far longer than wide, or the other way round."""
    height, width = pixels.shape[-2:]
    longest = _LONGEST * min(height, width)
    top, left = (max(0, side - longest) // 2 for side in (height, width))
    return pixels[..., top : top + longest, left : left + longest]


def pad_square(pixels: Tensor, size: int) -> Tensor:
    """Resize the longer side to `size` and pad with black, as HPS v2 does; nothing is cropped away.

    The reference leaves what bicubic resampling overshoots; here it is clamped to [0, 1]. A picture
    whose longer side has that size already is padded too, where the reference fails.

    Args:
        pixels: Shape (1, 3, H, W), floating in [0, 1].
        size: Side in pixels.

    Returns:
        Shape (3, size, size), float32.
    """
    height, width = pixels.shape[-2:]
    scale = size / max(height, width)
    shape = max(1, round(height * scale)), max(1, round(width * scale))
    resized = resize(pixels.float(), shape)[0]
    down, right = size - shape[0], size - shape[1]
    return functional.pad(resized, (right // 2, right - right // 2, down // 2, down - down // 2))
