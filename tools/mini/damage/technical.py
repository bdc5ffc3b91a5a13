"""Technical damage: the signal is bad."""

from __future__ import annotations

import cv2
import numpy as np

from tools.mini.assets import Pixels
from tools.mini.damage.spot import Spot, between, pixels_of
from tools.mini.draw import grain
from tools.mini.photographic import add_grain, compress


def blur(image: Pixels, severity: float, spot: Spot) -> tuple[Pixels, Pixels]:
    """Gaussian blur, deviation 1 to 7 pixels."""
    deviation = max(0.55, between(1.0, 7.0, severity) * spot.unit)
    return cv2.GaussianBlur(image, (0, 0), deviation), spot.mask


def motion(image: Pixels, severity: float, spot: Spot) -> tuple[Pixels, Pixels]:
    """Blur along a line of 4 to 32 pixels."""
    half = max(1.0, between(4, 32, severity) * spot.unit / 2)
    side = 2 * int(np.ceil(half)) + 1
    kernel = np.zeros((side, side), np.float32)
    angle = spot.rng.uniform(0, np.pi)
    along = np.linspace(-half, half, 4 * side)
    columns = np.round(side // 2 + along * np.cos(angle)).astype(int).clip(0, side - 1)
    rows = np.round(side // 2 + along * np.sin(angle)).astype(int).clip(0, side - 1)
    np.add.at(kernel, (rows, columns), 1 / len(along))
    return cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_REFLECT), spot.mask


def defocus(image: Pixels, severity: float, spot: Spot) -> tuple[Pixels, Pixels]:
    """Blur by a disk of radius 1.6 to 11 pixels."""
    radius = max(1.0, between(1.6, 11, severity) * spot.unit)
    side = int(np.ceil(radius))
    y, x = np.mgrid[-side : side + 1, -side : side + 1].astype(np.float32)
    kernel = (radius + 0.5 - np.sqrt(x * x + y * y)).clip(0, 1)
    return cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT), spot.mask


def noise(image: Pixels, severity: float, spot: Spot) -> tuple[Pixels, Pixels]:
    """Gaussian noise, deviation 8 to 80 of 255; coloured or gray."""
    deviation = between(8, 80, severity)
    if spot.rng.random() < 0.7:
        return add_grain(image, deviation, spot.rng), spot.mask
    gray = grain(image.shape, spot.rng)[..., :1] * np.float32(deviation)
    return pixels_of(image + gray), spot.mask


def poisson(image: Pixels, severity: float, spot: Spot) -> tuple[Pixels, Pixels]:
    """Shot noise of a dark scene: its deviation grows with the root of the light."""
    deviation = np.sqrt(np.arange(256, dtype=np.float32) / 255) * np.float32(between(12, 110, severity)) + 2
    scaled = grain(image.shape, spot.rng) * cv2.LUT(image, deviation)
    return cv2.add(image, scaled, dtype=cv2.CV_8U), spot.mask


def chroma(image: Pixels, severity: float, spot: Spot) -> tuple[Pixels, Pixels]:
    """Blotches of colour, as a small sensor makes."""
    blotches = cv2.GaussianBlur(grain(image.shape, spot.rng), (0, 0), max(0.6, 2.2 * spot.unit))
    blotches -= blotches.mean(-1, keepdims=True)
    strength = between(6, 80, severity) / max(float(blotches.std()), 1e-3)
    return cv2.add(image, blotches * np.float32(strength), dtype=cv2.CV_8U), spot.mask


def salt(image: Pixels, severity: float, spot: Spot) -> tuple[Pixels, Pixels]:
    """Black and white dots on 1% to 25% of the pixels."""
    share = between(0.01, 0.25, severity)
    draw = spot.rng.random(image.shape[:2], dtype=np.float32)
    out = image.copy()
    out[draw < share / 2] = 0
    out[draw > 1 - share / 2] = 255
    return out, spot.mask


def jpeg(image: Pixels, severity: float, spot: Spot) -> tuple[Pixels, Pixels]:
    """JPEG of quality 40 down to 2."""
    return compress(image, round(between(40, 2, severity))), spot.mask


def banding(image: Pixels, severity: float, spot: Spot) -> tuple[Pixels, Pixels]:
    """Each channel rounded to 12 down to 2 levels."""
    steps = between(11, 1.4, severity)
    levels = np.arange(256, dtype=np.float32) / 255
    offset = spot.rng.uniform(-0.2, 0.2)
    table = (np.round(levels * steps + offset) / steps * 255).clip(0, 255).astype(np.uint8)
    return cv2.LUT(image, table), spot.mask


def mosaic(image: Pixels, severity: float, spot: Spot) -> tuple[Pixels, Pixels]:
    """Squares of 1.8 to 12 pixels."""
    height, width = image.shape[:2]
    factor = max(1.5, between(1.8, 12, severity) * spot.unit)
    sizes = max(2, round(width / factor)), max(2, round(height / factor))
    small = cv2.resize(image, sizes, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST), spot.mask


def enlarged(image: Pixels, severity: float, spot: Spot) -> tuple[Pixels, Pixels]:
    """Shrunk to a half ... a thirteenth, with aliases, and enlarged again."""
    height, width = image.shape[:2]
    factor = max(1.5, between(1.9, 13, severity) * spot.unit)
    sizes = max(2, round(width / factor)), max(2, round(height / factor))
    how = cv2.INTER_AREA if spot.rng.random() < 0.6 else cv2.INTER_NEAREST
    small = cv2.resize(image, sizes, interpolation=how)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), spot.mask


def clipped(image: Pixels, severity: float, spot: Spot) -> tuple[Pixels, Pixels]:
    """Highlights blown out, or shadows crushed to black."""
    levels = np.arange(256, dtype=np.float32)
    gain = between(1.15, 3.5, severity)
    burnt = levels * gain if spot.rng.random() < 0.5 else 255 - (255 - levels) * gain
    return cv2.LUT(image, pixels_of(burnt)), spot.mask
