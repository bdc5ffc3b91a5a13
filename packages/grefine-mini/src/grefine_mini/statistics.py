"""What a quality head looks at: statistics of the trunk's levels and of the pixels within small cells.

The trunk was trained to ignore light, colour, grain and blur; its first levels still carry them, and
plain statistics of the pixels say the rest.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from grefine_mini.trunk import PYRAMID_CHANNELS

CELL = 16
"""Side of a cell in pixels of the encoder's input."""
LUMA = (0.299, 0.587, 0.114)
FLOOR = 2e-3
"""Added to energies before their logarithm: half a level of 8 bits."""
TINY = 1e-8
"""Least variance: the root of 0 has no gradient."""
FLAT = 1 / 512
"""A step between neighbours below this is none."""


def cell_statistics(pyramid: Sequence[Tensor], pixels: Tensor) -> Tensor:
    """Return what is measured in each cell of 16 x 16 pixels.

    Args:
        pyramid: The five maps of a `Pyramid` for these pixels.
        pixels: Shape (B, 3, H, W) in [0, 1], H and W multiples of 32.

    Returns:
        Shape (B, H / 16, W / 16, S): means of all five levels of the trunk, the last interpolated;
        spreads of the first three; then `pixel_statistics`.
    """
    grid = (pixels.shape[-2] // CELL, pixels.shape[-1] // CELL)
    parts: list[Tensor] = []
    spreads: list[Tensor] = []
    for level in pyramid:
        if level.shape[-1] > grid[1]:
            mean = functional.adaptive_avg_pool2d(level, grid)
            square = functional.adaptive_avg_pool2d(level.square(), grid)
            spreads.append((square - mean.square()).clamp(min=TINY).sqrt())
            parts.append(mean)
        else:
            parts.append(functional.interpolate(level, grid, mode="bilinear", align_corners=False))
    return torch.cat([*parts, *spreads, pixel_statistics(pixels)], dim=1).permute(0, 2, 3, 1)


def pixel_statistics(pixels: Tensor) -> Tensor:
    """Return (B, 23, H / 16, W / 16) of (B, 3, H, W) in [0, 1]: colour, light, texture and steps of each cell."""
    luma = (pixels * pixels.new_tensor(LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)
    high, low = pixels.amax(1, keepdim=True), pixels.amin(1, keepdim=True)
    chroma = high - low
    plain = [
        pixels,
        luma.square(),
        high,
        low,
        chroma.square(),
        chroma / (high + 0.05),
        (low < 0.02).float(),
        (high > 0.98).float(),
    ]
    steps, energies = _steps(luma), _energies(luma, pixels - luma)
    means = [functional.avg_pool2d(part, CELL) for part in (*plain, *steps)]
    logs = [(functional.avg_pool2d(part, CELL) + FLOOR).log() for part in energies]
    return torch.cat([*means, *logs], dim=1)


def _steps(luma: Tensor) -> list[Tensor]:
    """Return where neighbours are equal, along rows and columns, two pixels apart too: mosaics and banding."""
    out = []
    for dim in (2, 3):
        for apart in (1, 2):
            size = luma.shape[dim]
            step = (luma.narrow(dim, apart, size - apart) - luma.narrow(dim, 0, size - apart)).abs()
            pad = (0, apart, 0, 0) if dim == 3 else (0, 0, 0, apart)
            out.append(functional.pad((step < FLAT).float(), pad, mode="replicate"))
    return out


def _energies(luma: Tensor, colors: Tensor) -> list[Tensor]:
    """Return absolute differences whose means tell blur, noise, smear and their scale."""
    out, level = [], luma
    for _ in range(3):  # octaves: each is what the next one lacks
        lower = functional.avg_pool2d(functional.pad(level, (1, 1, 1, 1), mode="replicate"), 3, 1)
        out.append((level - lower).abs())
        level = lower
    for dim in (2, 3):
        for apart in (1, 3):
            size = luma.shape[dim]
            step = (luma.narrow(dim, apart, size - apart) - luma.narrow(dim, 0, size - apart)).abs()
            pad = (0, apart, 0, 0) if dim == 3 else (0, 0, 0, apart)
            out.append(functional.pad(step, pad, mode="replicate"))
    rough = colors - functional.avg_pool2d(functional.pad(colors, (1, 1, 1, 1), mode="replicate"), 3, 1)
    out.append(rough.abs().mean(1, keepdim=True))
    cross = luma[:, :, 1:, 1:] - luma[:, :, :-1, 1:] - luma[:, :, 1:, :-1] + luma[:, :, :-1, :-1]
    out.append(functional.pad(cross.abs(), (0, 1, 0, 1), mode="replicate"))  # noise has it, edges do not
    return out


PIXEL_STATISTICS = 3 + 7 + 4 + 9
STATISTICS = sum(PYRAMID_CHANNELS) + sum(PYRAMID_CHANNELS[:3]) + PIXEL_STATISTICS
"""Length S of a cell's statistics."""
