"""From token values to image-size maps, and from maps to pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from grefine_core.checks import check_map
from grefine_core.errors import InputError

_BAD, _MIDDLE, _GOOD = (200, 30, 30), (245, 200, 60), (30, 150, 90)
"""Colours of 0, 0.5 and 1; told apart also by people who do not see red and green alike."""


def tokens_to_map(values: Tensor, size: tuple[int, int]) -> Tensor:
    """Bring a grid of values (B, gh, gw) in [0, 1] to maps (B, H, W): BIC of eq. (3), clamped.

    Bicubic interpolation overshoots at steps, hence the clamp. Values are never stretched.
    """
    if values.ndim != 3:
        raise InputError(f"`values` must have shape (B, gh, gw), got {tuple(values.shape)}.")
    maps = functional.interpolate(values[:, None].float(), size=size, mode="bicubic", align_corners=False)
    return maps[:, 0].clamp(0, 1)


def union(regions: Sequence[Tensor], size: tuple[int, int]) -> Tensor:
    """Return the maximum (H, W) of regions in [0, 1], all zero where there is none, eq. (6).

    Raises:
        InputError: If a region has another size, or a value outside [0, 1].
    """
    merged = torch.zeros(size)
    for region in regions:
        check_map("region", region)
        if tuple(region.shape) != tuple(size):  # torch would stretch a side of 1 without a word
            raise InputError(f"A region has size {tuple(region.shape)}, the image {tuple(size)}.")
        merged = torch.maximum(merged, region)
    return merged


def heat(values: Tensor) -> Image.Image:
    """Paint a map (H, W) in [0, 1] on an absolute scale: 0 red, 0.5 yellow, 1 green."""
    check_map("values", values)
    level = values.detach().cpu().numpy().astype(np.float32)[..., None]
    bad, middle, good = (np.array(c, np.float32) for c in (_BAD, _MIDDLE, _GOOD))
    colours = np.where(level < 0.5, bad + (middle - bad) * level * 2, middle + (good - middle) * (level * 2 - 1))
    return Image.fromarray(np.rint(colours).astype(np.uint8))


def overlay(pixels: Tensor, values: Tensor, *, opacity: float = 0.55) -> Image.Image:
    """Lay the heat of a map (H, W) over the gray version of an image (3, H, W) in [0, 1]."""
    if pixels.shape[1:] != values.shape:
        raise InputError(f"The image {tuple(pixels.shape)} and the map {tuple(values.shape)} differ in size.")
    array = np.rint(pixels.detach().cpu().permute(1, 2, 0).numpy() * 255).astype(np.uint8)
    gray = Image.fromarray(array).convert("L").convert("RGB")
    return Image.blend(gray, heat(values), opacity)
