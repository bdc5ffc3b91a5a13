"""Damage to rationality: the signal is fine, the content makes no sense, as in hands and text of generators."""

from __future__ import annotations

import cv2
import numpy as np

from tools.mini.assets import Pixels
from tools.mini.damage.spot import Spot, between, mixed, moved, pixels_of, smooth_field
from tools.mini.draw import grain


def warp(image: Pixels, severity: float, spot: Spot) -> tuple[Pixels, Pixels]:
    """Pixels moved by a smooth random field of 2 to 22 pixels, as in badly drawn faces."""
    height, width = image.shape[:2]
    wave, length = spot.rng.uniform(14, 44) * spot.unit, between(2, 22, severity) * spot.unit
    rows, columns = (smooth_field(height, width, wave, spot.rng) * np.float32(length) for _ in range(2))
    return moved(image, rows, columns), spot.mask


def melt(image: Pixels, severity: float, spot: Spot) -> tuple[Pixels, Pixels]:
    """Columns run down by different lengths, like wax."""
    height, width = image.shape[:2]
    length = between(4, 55, severity) * spot.unit
    drip = smooth_field(1, width, spot.rng.uniform(8, 24) * spot.unit, spot.rng)[:1]
    return moved(image, -np.abs(drip) * np.float32(length), np.zeros((height, width), np.float32)), spot.mask


def smear(image: Pixels, severity: float, spot: Spot) -> tuple[Pixels, Pixels]:
    """Stretch the part along one axis into streaks."""
    height, width = image.shape[:2]
    top, left, bottom, right = spot.box
    angle = spot.rng.uniform(0, np.pi)
    y = np.arange(height, dtype=np.float32)[:, None] - np.float32(spot.rng.uniform(top, bottom))
    x = np.arange(width, dtype=np.float32)[None] - np.float32(spot.rng.uniform(left, right))
    along = (y * np.sin(angle) + x * np.cos(angle)) * np.float32(-between(0.05, 1, severity))
    return moved(image, along * np.float32(np.sin(angle)), along * np.float32(np.cos(angle))), spot.mask


def scramble(image: Pixels, severity: float, spot: Spot) -> tuple[Pixels, Pixels]:
    """Exchange square patches of 10 to 24 pixels: parts in the wrong place, as in garbled text."""
    top, left, bottom, right = spot.box
    side = max(4, round(spot.rng.uniform(10, 24) * spot.unit))
    side = max(3, min(side, (bottom - top) // 2, (right - left) // 2))
    cells = [(y, x) for y in range(top, bottom - side + 1, side) for x in range(left, right - side + 1, side)]
    out = image.copy()
    if len(cells) < 2:
        return image[::-1].copy(), spot.mask
    chosen = spot.rng.permutation(len(cells))[: max(2, int(len(cells) * between(0.06, 1, severity)))]
    for to, source in zip(chosen, np.roll(chosen, 1), strict=True):
        (y, x), (v, u) = cells[to], cells[source]
        out[y : y + side, x : x + side] = image[v : v + side, u : u + side]
    return out, spot.mask


def slices(image: Pixels, severity: float, spot: Spot) -> tuple[Pixels, Pixels]:
    """Strips of the picture pushed sideways by 2 to 48 pixels each."""
    height, width = image.shape[:2]
    across = width if (upright := bool(spot.rng.random() < 0.5)) else height
    thick = max(2, round(spot.rng.uniform(5, 22) * spot.unit))
    length = between(2, 48, severity) * spot.unit
    shifts = spot.rng.choice([-1, 1], across // thick + 1) * spot.rng.uniform(0.5, 1, across // thick + 1) * length
    each = np.repeat(shifts, thick)[:across].astype(np.float32)
    nothing = np.zeros((1, 1), np.float32)
    return (moved(image, each[None], nothing) if upright else moved(image, nothing, each[:, None])), spot.mask


def duplicate(image: Pixels, severity: float, spot: Spot) -> tuple[Pixels, Pixels]:
    """Show a neighbouring part once more, faintly to fully: a second ear, a sixth finger."""
    height, width = image.shape[:2]
    top, left, bottom, right = spot.box
    tall, wide = bottom - top, right - left
    rows, columns = (float(spot.rng.choice([-1, 1]) * spot.rng.uniform(0.35, 0.8) * side) for side in (tall, wide))
    if not -top <= rows <= height - bottom:
        rows = float(np.clip(-rows, -top, height - bottom))
    if not -left <= columns <= width - right:
        columns = float(np.clip(-columns, -left, width - right))
    if abs(rows) + abs(columns) < 4:  # the mask is nearly everything: repeat within it
        rows = columns = 0.3 * min(tall, wide)
    again = moved(image, np.full((1, 1), rows, np.float32), np.full((1, 1), columns, np.float32))
    if spot.rng.random() < 0.3:
        again[:, left:right] = again[:, left:right][:, ::-1]
    return _faded(image, again, severity), spot.mask


def missing(image: Pixels, severity: float, spot: Spot) -> tuple[Pixels, Pixels]:
    """Take the part away: what is around it grows over it."""
    height, width = image.shape[:2]
    scale = min(1.0, 64 / max(height, width))
    sizes = max(4, round(width * scale)), max(4, round(height * scale))
    hole = (cv2.resize(spot.mask, sizes, interpolation=cv2.INTER_AREA) > 8).astype(np.uint8)
    small = cv2.resize(image, sizes, interpolation=cv2.INTER_AREA)
    if hole.mean() > 0.9:
        filled = cv2.GaussianBlur(small, (0, 0), max(sizes) / 4)
    else:
        filled = cv2.inpaint(small, hole, 3, cv2.INPAINT_TELEA)
    large = cv2.resize(filled, (width, height), interpolation=cv2.INTER_CUBIC)
    texture = grain(image.shape, spot.rng)[..., :1] * np.float32(spot.rng.uniform(0, 3))
    return _faded(image, pixels_of(large + texture), severity), spot.mask


def swap(image: Pixels, severity: float, spot: Spot) -> tuple[Pixels, Pixels]:
    """Exchange the two halves of the part, or the two sides of a cut that is not in its middle."""
    top, left, bottom, right = spot.box
    axis = int(spot.rng.integers(2))
    side = (bottom - top, right - left)[axis]
    out = image.copy()
    part = image[top:bottom, left:right]
    cut = max(1, round(side * between(0.03, 0.5, severity)))
    out[top:bottom, left:right] = np.roll(part, cut if spot.rng.random() < 0.5 else -cut, axis)
    return out, spot.mask


def _faded(image: Pixels, worse: Pixels, severity: float) -> Pixels:
    """Return the damage at 20% to 100% of its strength."""
    opacity = np.full(image.shape[:2], round(255 * (0.2 + 0.8 * severity)), np.uint8)
    return mixed(image, worse, opacity)
