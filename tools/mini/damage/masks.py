"""Where damage is: soft masks of several shapes and sizes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator

from tools.mini.assets import Array, Pixels

SHARE = (0.03, 0.45)
"""Limits of the share of the picture that a mask covers, about; small ones are as likely as large ones."""


def blob(height: int, width: int, rng: Generator, share: tuple[float, float] = SHARE) -> Array:
    """Return a soft mask of shape (H, W), float32 in [0, 1]: see `blob_pixels`."""
    return (blob_pixels(height, width, rng, share) / np.float32(255)).astype(np.float32)


def blob_pixels(height: int, width: int, rng: Generator, share: tuple[float, float] = SHARE) -> Pixels:
    """Return a rectangle, ellipse, cloud, stroke or a few spots, as uint8 of shape (H, W); 255 is inside."""
    covered = float(np.exp(rng.uniform(*np.log(share))))
    mask: Pixels = np.zeros((height, width), np.uint8)
    shape = rng.choice(5, p=(0.2, 0.2, 0.3, 0.15, 0.15))
    if shape == 3:
        _draw_stroke(mask, covered, rng)
    elif shape == 4:
        for _ in range(int(rng.integers(2, 5))):
            _draw_spot(mask, covered / 3, int(rng.integers(3)), rng)
    else:
        _draw_spot(mask, covered, int(shape), rng)
    deviation = max(0.7, max(height, width) / 448 * rng.uniform(0.5, 2.5))
    left, top, wide, tall = cv2.boundingRect(mask)
    reach = int(4 * deviation) + 1
    rows, columns = slice(max(0, top - reach), top + tall + reach), slice(max(0, left - reach), left + wide + reach)
    mask[rows, columns] = cv2.GaussianBlur(mask[rows, columns], (0, 0), deviation)
    return mask


def _draw_spot(mask: Pixels, share: float, shape: int, rng: Generator) -> None:
    """Add a rectangle (0), an ellipse (1) or a cloud (2)."""
    height, width = mask.shape
    aspect = np.exp(rng.uniform(-0.6, 0.6))
    half_h = max(2.0, min(0.49, np.sqrt(share / aspect) / 2) * height)
    half_w = max(2.0, min(0.49, np.sqrt(share * aspect) / 2) * width)
    y, x = rng.uniform(half_h, height - half_h), rng.uniform(half_w, width - half_w)
    if shape == 0:
        angle = 0.0 if rng.random() < 0.6 else rng.uniform(0, 90)
        corners = cv2.boxPoints(((x, y), (2 * half_w, 2 * half_h), angle))
        cv2.fillPoly(mask, [np.round(corners).astype(np.int32)], 255)
        return
    turns = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    radius = np.full_like(turns, 1.1)
    if shape == 2:
        for wave in range(2, 6):
            radius += rng.uniform(-0.35, 0.35) / np.sqrt(wave) * np.cos(wave * turns + rng.uniform(0, 2 * np.pi))
    points = np.stack([x + half_w * radius * np.cos(turns), y + half_h * radius * np.sin(turns)], -1)
    cv2.fillPoly(mask, [np.round(points).astype(np.int32)], 255)


def _draw_stroke(mask: Pixels, share: float, rng: Generator) -> None:
    height, width = mask.shape
    count = int(rng.integers(3, 6))
    points = np.stack([rng.uniform(0.1, 0.9, count) * width, rng.uniform(0.1, 0.9, count) * height], -1)
    length = float(np.sqrt(np.square(np.diff(points, axis=0)).sum(-1)).sum())
    thickness = int(np.clip(share * height * width / max(length, 1), 3, 0.3 * min(height, width)))
    cv2.polylines(mask, [np.round(points).astype(np.int32)], isClosed=False, color=255, thickness=thickness)


def several(height: int, width: int, rng: Generator) -> Pixels:
    """Return spots that cover a third to a half of the picture, for kinds that need a good part beside the bad one."""
    mask = blob_pixels(height, width, rng, (0.08, 0.2))
    for _ in range(12):
        if mask.mean() > 255 / 3:
            break
        mask = np.maximum(mask, blob_pixels(height, width, rng, (0.08, 0.2)))
    return mask
