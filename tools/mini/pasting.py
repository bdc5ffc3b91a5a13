"""Put a cut-out on a picture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator

from tools.mini.assets import Pixels
from tools.mini.records import Box

LEAST_CONTRAST = 22.0
"""Difference (of 255) of some channel to the ground below that an object shall have; else it is put elsewhere."""


def stands_out(pixels: Pixels, rgba: Pixels, box: Box) -> bool:
    """Tell whether the object's mean colour differs enough from that of the ground below."""
    left, top, right, bottom = box
    alpha = np.ascontiguousarray(rgba[..., 3])
    own = np.array(cv2.mean(rgba, alpha)[:3])
    below = np.array(cv2.mean(pixels[top:bottom, left:right], alpha)[:3])
    return bool(np.abs(own - below).max() > LEAST_CONTRAST)


def paste(pixels: Pixels, rgba: Pixels, box: Box, alpha: Pixels) -> None:
    """Paste a premultiplied cut-out into `pixels`, and add its coverage to `alpha`."""
    left, top, right, bottom = box
    part = pixels[top:bottom, left:right]
    keep = 255 - rgba[..., 3]
    part[:] = cv2.add(cv2.multiply(part, cv2.merge([keep] * 3), scale=1 / 255), np.ascontiguousarray(rgba[..., :3]))
    own = alpha[top:bottom, left:right]
    own[:] = cv2.add(cv2.multiply(own, keep, scale=1 / 255), np.ascontiguousarray(rgba[..., 3]))


def softened(rgba: Pixels) -> Pixels:
    """Return the cut-out with an edge that fades over a pixel more, inwards."""
    soft = np.minimum(cv2.GaussianBlur(rgba[..., 3], (0, 0), 0.8), rgba[..., 3])
    ratio = soft.astype(np.float32) / np.maximum(rgba[..., 3], 1)
    out: Pixels = (rgba * ratio[..., None] + np.float32(0.5)).astype(np.uint8)
    return out


def cast_shadow(pixels: Pixels, alpha: Pixels, box: Box, rng: Generator) -> None:
    """Darken the ground below and beside an object, softly."""
    size, (left, top, right, bottom) = pixels.shape[0], box
    reach = max(2, round(0.12 * max(right - left, bottom - top)))
    shift_x, shift_y = int(rng.integers(-reach, reach + 1)) // 2, int(rng.integers(0, reach + 1))
    wide = cv2.copyMakeBorder(alpha, reach, reach, reach, reach, cv2.BORDER_CONSTANT, value=0)
    side = 2 * (reach // 3) + 1
    wide = cv2.blur(cv2.blur(wide, (side, side)), (side, side))  # about a Gaussian, whatever its width
    x, y = left - reach + shift_x, top - reach + shift_y
    x0, y0, x1, y1 = max(0, x), max(0, y), min(size, x + wide.shape[1]), min(size, y + wide.shape[0])
    shade = wide[y0 - y : y1 - y, x0 - x : x1 - x].astype(np.float32) * np.float32(rng.uniform(0.2, 0.5) / 255)
    part = pixels[y0:y1, x0:x1]
    part[:] = (part * (1 - shade)[..., None] + np.float32(0.5)).astype(np.uint8)
