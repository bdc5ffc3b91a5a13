"""What the diffusion model is trained on: crops to encode, and tasks of repairing and painting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from tools.mini.assets import Assets, Pixels
from tools.mini.damage import damage_image
from tools.mini.damage.masks import blob_pixels
from tools.mini.scenes import Scene, SceneOptions, compose

SCENE_SIDES = (128, 192, 320, 448)
"""Crops of larger scenes have the texture of pictures seen pixel for pixel; small scenes show whole objects."""
MISSING, WHOLE, UNHARMED = 0.05, 0.12, 0.07
"""Shares of the tasks that paint an object, of those that may change the whole picture a little (stage 2), and
of the others that have nothing to repair."""

PART_OF_MASK, BEYOND_MASK = 0.3, 0.1
"""Shares of the repairs where less than all of the mask is damaged, and where all around it is, too: masks that come
from a map fit no better."""
HALF, SLIGHT = 76, 25
"""Of 255: what counts as inside a soft mask that is drawn, and in one that was damaged."""


class Task(NamedTuple):
    """One task, pictures (H, W, 3), uint8."""

    target: Pixels
    """What is wanted."""
    source: Pixels
    """What is noised: the target with damage, or without its last object."""
    mask: Pixels
    """Shape (H, W), uint8: 1 where to repaint, else 0."""
    caption: str
    painted: bool
    """Whether an object is to be made, so that little of the source may survive."""


@dataclass(frozen=True, kw_only=True)
class DrawTask:
    """Make task after task for `stream`."""

    assets: Assets
    size: int

    def __call__(self, rng: Generator, index: int) -> Task:  # noqa: ARG002 - `stream` calls it so
        """Return one task."""
        return draw_task(self.assets, rng, self.size)


def to_tensor(images: list[Pixels]) -> Tensor:
    """Return (B, 3, H, W), float32 in [-1, 1], from a list of (H, W, 3), uint8."""
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float() / 127.5 - 1


def draw_scene(assets: Assets, rng: Generator, side: int) -> Scene:
    """Return a scene of up to three objects."""
    options = SceneOptions(photographs=0.15, varied=bool(rng.random() < 0.5))
    return compose(assets, rng, side, count=int(rng.integers(0, 4)), share=(0.2, 0.8), options=options)


def _draw_side(rng: Generator, size: int) -> int:
    return int(rng.choice([side for side in SCENE_SIDES if side >= size]))


def draw_crops(assets: Assets, rng: Generator, size: int, count: int) -> Tensor:
    """Return (count, 3, size, size) uint8: crops of scenes, three of ten with damage, for the autoencoder.

    Every other scene has its colour channels exchanged: strong and odd colours are what an autoencoder
    trained on landscapes shifts.
    """
    crops: list[Pixels] = []
    while len(crops) < count:
        side = _draw_side(rng, size)
        pixels = draw_scene(assets, rng, side).pixels
        if rng.random() < 0.3:
            pixels = damage_image(pixels, rng).pixels
        if rng.random() < 0.5:
            pixels = pixels[..., rng.permutation(3)]
        for _ in range(8):
            y, x = rng.integers(0, side - size + 1, 2)
            crops.append(pixels[y : y + size, x : x + size])
    return torch.from_numpy(np.stack(crops[:count])).permute(0, 3, 1, 2).contiguous()


def draw_task(assets: Assets, rng: Generator, size: int) -> Task:
    """Return a task on a picture of `size` pixels, cut out of a larger one that was damaged as a whole."""
    kind = rng.random()
    if kind < MISSING:
        task = _missing(draw_scene(assets, rng, size), rng)
        if task is not None:
            return task
    side = _draw_side(rng, size)
    scene = draw_scene(assets, rng, side)
    y, x = rng.integers(0, side - size + 1, 2)
    window = (slice(y, y + size), slice(x, x + size))
    target = np.ascontiguousarray(scene.pixels[window])
    caption = scene.caption if rng.random() < 0.8 else ""
    if kind > 1 - WHOLE:
        source, mask = target, np.ones((size, size), np.uint8)
        if rng.random() < 0.7:
            severity, everywhere = float(rng.uniform(0.05, 0.4)), bool(rng.random() < 0.5)
            worse = damage_image(scene.pixels, rng, severity=severity, everywhere=everywhere)
            source = np.ascontiguousarray(worse.pixels[window])
        return Task(target, source, mask, caption, False)
    mask = (blob_pixels(size, size, rng, (0.05, 0.6)) > HALF).astype(np.uint8)
    if rng.random() < UNHARMED:
        return Task(target, target, mask, caption, False)
    where = np.zeros((side, side), np.uint8)
    where[window] = 255 * mask
    extent = rng.random()
    if extent < PART_OF_MASK:
        where[window] *= (blob_pixels(size, size, rng) > HALF).astype(np.uint8)
    elif extent > 1 - BEYOND_MASK:
        where[window] = 255
    worse = damage_image(scene.pixels, rng, mask=where)
    source = np.ascontiguousarray(worse.pixels[window])
    if extent > 1 - BEYOND_MASK:
        target = np.where(mask[..., None] > 0, target, source)  # what is around it stays as bad as it is
    else:
        mask = np.maximum(mask, (worse.mask_pixels[window] > SLIGHT).astype(np.uint8))
    return Task(target, source, mask, caption, False)


def _missing(scene: Scene, rng: Generator) -> Task | None:
    """Return the task of painting the last object of a scene in a box, None where it is too small."""
    if not scene.objects:
        return None
    rows, columns = np.nonzero(scene.objects[-1].mask > 0.1)
    if len(rows) <= 16:
        return None
    size = len(scene.pixels)
    mask = np.zeros((size, size), np.uint8)
    margin = int(rng.integers(1, max(2, size // 10)))
    top, left = max(0, rows.min() - margin), max(0, columns.min() - margin)
    mask[top : rows.max() + margin + 1, left : columns.max() + margin + 1] = 1
    return Task(scene.pixels, scene.before_pixels, mask, scene.objects[-1].caption, True)
