"""Captioned scenes: cut-out objects pasted on a crop of a background, with exact masks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from PIL import Image

from tools.mini.assets import Assets
from tools.mini.damage import Array


@dataclass(frozen=True)
class Placed:
    """One object of a scene."""

    noun: str
    caption: str
    color: str | None
    mask: Array
    """Alpha on the scene, shape (H, W), float32 in [0, 1]."""


@dataclass(frozen=True)
class Scene:
    """A picture and all that is in it."""

    image: Array
    """Shape (H, W, 3), float32 in [0, 1]."""
    before_last: Array
    """The same without the object that was pasted last."""
    caption: str
    objects: tuple[Placed, ...]


def crop_background(assets: Assets, rng: Generator, size: int) -> tuple[Array, str]:
    """Return a square crop of a random background, resized to `size`, and its caption."""
    row = assets.backgrounds[rng.integers(len(assets.backgrounds))]
    image = assets.load(row)
    side = int(rng.integers(min(size, image.width), image.width + 1))
    x, y = (int(rng.integers(0, image.width - side + 1)) for _ in range(2))
    box = (x, y, x + side, y + side)
    crop = image.resize((size, size), Image.Resampling.BICUBIC, box=box)
    if rng.random() < 0.5:
        crop = crop.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return np.asarray(crop, np.float32) / np.float32(255), str(row["caption"])


def _place(assets: Assets, rng: Generator, size: int, share: tuple[float, float]) -> tuple[Array, Placed]:
    """Return (colour (H, W, 3), object record) of one cut-out at a random place and scale."""
    row = assets.objects[rng.integers(len(assets.objects))]
    cut = assets.load(row)
    scale = min(1.0, rng.uniform(*share) * size / max(cut.size))
    width, height = (max(4, round(s * scale)) for s in cut.size)
    cut = cut.resize((width, height), Image.Resampling.BICUBIC)
    if rng.random() < 0.5:
        cut = cut.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    x = int(rng.integers(0, max(1, size - width + 1)))
    y = int(rng.integers(0, max(1, size - height + 1)))
    canvas = Image.new("RGBA", (size, size))
    canvas.paste(cut, (x, y))
    rgba = np.asarray(canvas, np.float32) / np.float32(255)
    record = Placed(str(row["noun"]), str(row["caption"]), row["color"], rgba[..., 3])
    return rgba[..., :3], record


def compose(
    assets: Assets, rng: Generator, size: int, *, count: int, share: tuple[float, float] = (0.35, 0.8)
) -> Scene:
    """Return a scene with `count` objects, each `share` of the picture's side at most."""
    image, ground = crop_background(assets, rng, size)
    before, placed = image, []
    for _ in range(count):
        before = image
        colour, record = _place(assets, rng, size, share)
        alpha = record.mask[..., None]
        image = image * (1 - alpha) + colour * alpha
        placed.append(record)
    names = " and ".join(p.caption for p in placed)
    caption = f"{names} in front of {ground}" if placed and rng.random() < 0.5 else names or ground
    return Scene(image.astype(np.float32), before.astype(np.float32), caption, tuple(placed))
