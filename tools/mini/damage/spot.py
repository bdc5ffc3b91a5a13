"""What a kind of damage is told of its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator

from tools.mini.assets import Array, Pixels


@dataclass(frozen=True, kw_only=True, eq=False)
class Spot:
    """The place in a part of a picture that is to be damaged."""

    mask: Pixels
    """Shape (h, w), uint8; 255 will be replaced."""
    unit: float
    """Pixels that look like one pixel of a picture of 448: lengths are given times this."""
    rng: Generator

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Top, left, bottom, right of the mask; of everything where the mask is empty."""
        left, top, width, height = cv2.boundingRect(self.mask)
        if not width:
            return 0, 0, *self.mask.shape
        return top, left, top + height, left + width


Kind = Callable[[Pixels, float, Spot], tuple[Pixels, Pixels]]
"""(part of a picture (h, w, 3), severity in (0, 1], spot) -> (the part all damaged, the mask to mix it in by)."""


def between(low: float, high: float, severity: float) -> float:
    """Return the value that lies at `severity` between two, by ratio: each step looks as large."""
    return float(low * (high / low) ** severity)


def pixels_of(values: Array) -> Pixels:
    """Return values of 0 to 255, rounded and limited, as uint8."""
    return (values + np.float32(0.5)).clip(0, 255).astype(np.uint8)


def smooth_field(height: int, width: int, wave: float, rng: Generator) -> Array:
    """Return a smooth random field of shape (H, W), about -1 to 1, with hills `wave` pixels wide."""
    rows, columns = max(3, int(height / wave) + 3), max(3, int(width / wave) + 3)
    coarse = rng.uniform(-1, 1, (rows, columns)).astype(np.float32)
    field: Array = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return field


def moved(pixels: Pixels, rows: Array, columns: Array) -> Pixels:
    """Return the picture that takes each pixel from `rows` and `columns` away from its place."""
    height, width = pixels.shape[:2]
    y, x = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)[None]
    out: Pixels = cv2.remap(
        pixels,
        np.broadcast_to(x + columns, (height, width)).astype(np.float32),
        np.broadcast_to(y + rows, (height, width)).astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT,
    )
    return out


def mixed(good: Pixels, bad: Pixels, mask: Pixels) -> Pixels:
    """Return `bad` where the mask is 255, `good` where it is 0, and a mean between."""
    weight = mask.astype(np.float32) * np.float32(1 / 255)
    out: Pixels = cv2.blendLinear(bad, good, weight, 1 - weight)
    return out
