"""Fur and grass: fine strands along a smooth flow, which are no noise and no smear.

The wallpapers have hardly any, so a head that is trained on them alone calls every furry animal damaged.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator

from tools.mini.assets import Array, Pixels
from tools.mini.damage.masks import blob_pixels
from tools.mini.damage.spot import pixels_of, smooth_field
from tools.mini.draw import grain


def add_strands(pixels: Pixels, rng: Generator) -> Pixels:
    """Return the picture with strands laid over a third to all of it, in its own colours."""
    height, width = pixels.shape[:2]
    strands = _strands(height, width, rng)
    fine = rng.uniform(0.3, 1.0) * strands + rng.uniform(0.0, 0.6) * _strands(height, width, rng)
    base = cv2.GaussianBlur(pixels, (0, 0), rng.uniform(2, 8)).astype(np.float32)
    tinted = (
        base * (1 + np.float32(rng.uniform(0.08, 0.3)) * fine[..., None])
        + np.float32(rng.uniform(2, 14)) * fine[..., None]
    )
    mask = (
        np.full((height, width), 255, np.uint8) if rng.random() < 0.4 else blob_pixels(height, width, rng, (0.3, 0.9))
    )
    weight = cv2.GaussianBlur(mask, (0, 0), 6).astype(np.float32) / 255
    out: Pixels = cv2.blendLinear(pixels_of(tinted), pixels, weight, 1 - weight)
    return out


def _strands(height: int, width: int, rng: Generator) -> Array:
    """Return noise drawn out along a flow (line integral convolution), deviation 1."""
    angle = rng.uniform(0, np.pi) + 1.5 * smooth_field(height, width, rng.uniform(80, 300), rng)
    noise = grain((height, width), rng)[..., 0]
    thick = rng.uniform(0.3, 1.0)
    noise = cv2.GaussianBlur(noise, (0, 0), thick)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    step = np.float32(rng.uniform(0.7, 1.1))
    dx, dy = (np.cos(angle) * step).astype(np.float32), (np.sin(angle) * step).astype(np.float32)
    out = noise.copy()
    for sign in (1, -1):
        px, py = x.copy(), y.copy()
        for _ in range(int(rng.integers(3, 9))):
            px += sign * cv2.remap(dx, px, py, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT)
            py += sign * cv2.remap(dy, px, py, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT)
            out += cv2.remap(noise, px, py, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    normal: Array = ((out - out.mean()) / (out.std() + 1e-6)).astype(np.float32)
    return normal
