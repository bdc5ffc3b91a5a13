"""Damage with a known place, kind and severity, to train and test quality on.

Three factors as in section 3.1 of the paper: technical (the signal), rationality (the content),
naturalness (the look). Each kind is a function of an image (H, W, 3), float32 in [0, 1], a
severity in (0, 1] and a generator; it returns an image of the same shape and range.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy import ndimage

Array = NDArray[np.float32]
Kind = Callable[[Array, float, Generator], Array]

LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def _pil(image: Array) -> Image.Image:
    return Image.fromarray((image.clip(0, 1) * 255 + 0.5).astype(np.uint8))


def _array(image: Image.Image) -> Array:
    return np.asarray(image, np.float32) / np.float32(255)


def blur(image: Array, severity: float, rng: Generator) -> Array:
    """Gaussian blur, radius 1 to 6 pixels."""
    return _array(_pil(image).filter(ImageFilter.GaussianBlur(0.8 + 5 * severity)))


def noise(image: Array, severity: float, rng: Generator) -> Array:
    """Gaussian noise, standard deviation 0.04 to 0.34; gray or coloured."""
    channels = 3 if rng.random() < 0.7 else 1
    grain = rng.standard_normal((*image.shape[:2], channels), dtype=np.float32)
    return (image + grain * np.float32(0.04 + 0.3 * severity)).clip(0, 1)


def jpeg(image: Array, severity: float, rng: Generator) -> Array:
    """JPEG at quality 24 down to 2."""
    buffer = io.BytesIO()
    _pil(image).save(buffer, "JPEG", quality=round(24 - 22 * severity))
    return _array(Image.open(buffer))


def mosaic(image: Array, severity: float, rng: Generator) -> Array:
    """Nearest-neighbour resampling to a third ... a fourteenth of the size."""
    height, width = image.shape[:2]
    factor = 2.5 + 11 * severity
    small = _pil(image).resize((max(2, int(width / factor)), max(2, int(height / factor))), Image.Resampling.BOX)
    return _array(small.resize((width, height), Image.Resampling.NEAREST))


def banding(image: Array, severity: float, rng: Generator) -> Array:
    """Quantise each channel to 6 ... 2 levels."""
    levels = np.float32(round(6 - 4 * severity) - 1)
    return (np.round(image * levels) / levels).astype(np.float32)


def warp(image: Array, severity: float, rng: Generator) -> Array:
    """Melt: displace pixels by a smooth random field, as in badly drawn hands and faces."""
    height, width = image.shape[:2]
    scale = 4 + 10 * rng.random()
    field = rng.standard_normal((2, height, width)).astype(np.float32)
    field = np.stack([ndimage.gaussian_filter(f, scale) for f in field])
    field *= (3 + 15 * severity) / (np.abs(field).max() + 1e-6) * 1.5
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    places = np.stack([rows + field[0], columns + field[1]])
    bands = [ndimage.map_coordinates(image[..., c], places, order=1, mode="reflect") for c in range(3)]
    return np.stack(bands, -1)


def scramble(image: Array, severity: float, rng: Generator) -> Array:
    """Exchange square patches: parts in the wrong place, as in garbled text."""
    height, width = image.shape[:2]
    side = int(rng.integers(10, 25))
    rows, columns = height // side, width // side
    if rows * columns < 2:
        return image.copy()
    out = image.copy()
    cells = [(r * side, c * side) for r in range(rows) for c in range(columns)]
    chosen = rng.permutation(len(cells))[: max(2, int(len(cells) * (0.3 + 0.7 * severity)))]
    for to, source in zip(chosen, np.roll(chosen, 1), strict=True):
        (y, x), (v, u) = cells[to], cells[source]
        out[y : y + side, x : x + side] = image[v : v + side, u : u + side]
    return out


def smear(image: Array, severity: float, rng: Generator) -> Array:
    """Drag pixels along one direction, as in a smeared hand."""
    length = 5 + 30 * severity
    angle = rng.random() * np.pi
    pad = int(length / 2) + 1
    height, width = image.shape[:2]
    wide = np.pad(image, ((pad, pad), (pad, pad), (0, 0)), mode="symmetric")
    out = np.zeros_like(image)
    for step in np.linspace(-length / 2, length / 2, 9):
        y, x = pad + round(step * np.sin(angle)), pad + round(step * np.cos(angle))
        out += wide[y : y + height, x : x + width]
    return (out / 9).astype(np.float32)


def saturate(image: Array, severity: float, rng: Generator) -> Array:
    """Over-saturation with hard contrast."""
    gray = (image @ LUMA)[..., None]
    out = gray + (image - gray) * np.float32(1.6 + 2.6 * severity)
    return ((out - 0.5) * np.float32(1.1 + 0.5 * severity) + 0.5).clip(0, 1).astype(np.float32)


def tint(image: Array, severity: float, rng: Generator) -> Array:
    """Wrong light: a strong coloured cast."""
    colour = rng.dirichlet((0.5, 0.5, 0.5)).astype(np.float32) * 2
    amount = np.float32(0.25 + 0.5 * severity)
    return (image * (1 - amount) + (image @ LUMA)[..., None] * colour * amount).clip(0, 1).astype(np.float32)


def plastic(image: Array, severity: float, rng: Generator) -> Array:
    """Waxy skin: a median filter takes the texture and leaves the edges."""
    size = 5 + 2 * round(3 * severity)
    return _array(_pil(image).filter(ImageFilter.MedianFilter(size)))


def exposure(image: Array, severity: float, rng: Generator) -> Array:
    """Crushed or blown-out light by a gamma far from 1."""
    power = 1.7 + 2.3 * severity
    return np.power(image, np.float32(power if rng.random() < 0.5 else 1 / power)).astype(np.float32)


KINDS: dict[str, tuple[str, Kind]] = {
    "blur": ("technical", blur),
    "noise": ("technical", noise),
    "jpeg": ("technical", jpeg),
    "mosaic": ("technical", mosaic),
    "banding": ("technical", banding),
    "warp": ("rationality", warp),
    "scramble": ("rationality", scramble),
    "smear": ("rationality", smear),
    "saturate": ("naturalness", saturate),
    "tint": ("naturalness", tint),
    "plastic": ("naturalness", plastic),
    "exposure": ("naturalness", exposure),
}
"""Name -> (factor, function)."""


@dataclass(frozen=True)
class Damaged:
    """A picture with damage in it."""

    image: Array
    """Shape (H, W, 3), float32 in [0, 1]."""
    mask: Array
    """Shape (H, W), float32 in [0, 1]: where, 1 is fully replaced."""
    kind: str
    severity: float


def blob(height: int, width: int, rng: Generator) -> Array:
    """Return a random soft-edged rectangle, ellipse or cloud covering 4% to 45% of (H, W)."""
    share = rng.uniform(0.04, 0.45)
    aspect = np.exp(rng.uniform(-0.6, 0.6))
    half_h = min(0.5, np.sqrt(share / aspect) / 2) * height
    half_w = min(0.5, np.sqrt(share * aspect) / 2) * width
    y, x = rng.uniform(half_h, height - half_h + 1e-6), rng.uniform(half_w, width - half_w + 1e-6)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    dy, dx = np.abs(rows - y) / half_h, np.abs(columns - x) / half_w
    shape = rng.integers(3)
    if shape == 0:
        inside = np.maximum(dy, dx) < 1
    elif shape == 1:
        inside = dy**2 + dx**2 < 1.2
    else:
        wobble = ndimage.gaussian_filter(rng.standard_normal((height, width)), max(height, width) / 16)
        inside = dy**2 + dx**2 < 1.2 + 0.7 * wobble / (wobble.std() + 1e-6)
    soft: Array = ndimage.gaussian_filter(inside.astype(np.float32), 1.0)
    return soft


def damage_image(
    image: Array, rng: Generator, *, kind: str | None = None, severity: float | None = None, everywhere: bool = False
) -> Damaged:
    """Damage a blob of the image, or all of it; kind and severity are drawn where not given."""
    kind = kind or str(rng.choice(list(KINDS)))
    severity = float(rng.uniform(0.1, 1.0)) if severity is None else severity
    height, width = image.shape[:2]
    mask = np.ones((height, width), np.float32) if everywhere else blob(height, width, rng)
    worse = KINDS[kind][1](image, severity, rng)
    mixed = image * (1 - mask[..., None]) + worse * mask[..., None]
    return Damaged(mixed.astype(np.float32), mask, kind, severity)
