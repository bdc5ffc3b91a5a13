"""Mild changes that a camera or a program makes to any good picture: clean is a family, not a point."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator

from tools.mini.assets import Array, Pixels
from tools.mini.draw import grain

LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def saturation_matrix(amount: float) -> Array:
    """Return the (3, 3) matrix that scales the distance of each colour from its gray."""
    identity = np.eye(3, dtype=np.float32)
    return (identity * np.float32(amount) + np.float32(1 - amount) * LUMA[None]).astype(np.float32)


def vary(pixels: Pixels, rng: Generator) -> Pixels:
    """Return the picture with another exposure, white balance, contrast, saturation, and a trace of noise or JPEG.

    All within what a viewer takes for granted: the middle tone moves by a fifth at most, no channel gains
    more than 5%, JPEG has quality 85 or more, noise a deviation of 2 of 255 at most.
    """
    levels = np.linspace(0, 1, 256)
    curve = levels ** np.exp(rng.uniform(-0.25, 0.25))
    bend = rng.uniform(-0.12, 0.12)
    curve = curve + bend * np.sin(2 * np.pi * curve) / np.pi / 2 * -2  # an S: more contrast for bend > 0
    gains = rng.uniform(0.95, 1.05, 3)
    table = (curve[:, None] * gains / gains.max() * 255 + 0.5).clip(0, 255).astype(np.uint8)  # (256, 3)
    out: Pixels = cv2.LUT(pixels, table[None])
    if rng.random() < 0.7:
        out = cv2.transform(out, saturation_matrix(rng.uniform(0.85, 1.15)))
    if rng.random() < 0.4:
        out = add_grain(out, rng.uniform(0.4, 2.0), rng)
    if rng.random() < 0.4:
        out = compress(out, int(rng.integers(85, 98)))
    return out


def add_grain(pixels: Pixels, deviation: float, rng: Generator) -> Pixels:
    """Return the picture with normal noise of this deviation (of 255)."""
    noise = grain(pixels.shape, rng) * np.float32(deviation)
    out: Pixels = cv2.add(pixels, noise, dtype=cv2.CV_8U)
    return out


def compress(pixels: Pixels, quality: int) -> Pixels:
    """Return the picture after JPEG; channels keep their order, RGB, through colour conversion."""
    _, data = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    out: Pixels = cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    return out
