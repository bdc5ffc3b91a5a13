"""What the diffusion model is trained on: crops to encode, and tasks of repairing and painting."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from tools.mini.assets import Assets
from tools.mini.damage import Array, blob, damage_image
from tools.mini.scenes import Scene, compose

SCENE_SIDES = (128, 192, 320, 448)
"""Crops of larger scenes have the texture of pictures seen pixel for pixel; small scenes show whole objects."""
MISSING, WHOLE = 0.15, 0.15
"""Shares of the tasks that paint an object, and that may change the whole picture a little (stage 2)."""


class Task(NamedTuple):
    """One task, pictures (H, W, 3) float32 in [0, 1]."""

    target: Array
    """What is wanted."""
    source: Array
    """What is noised: the target with damage, or without its last object."""
    mask: Array
    """Shape (H, W), 1 where to repaint, else 0."""
    caption: str
    painted: bool
    """Whether an object is to be made, so that little of the source may survive."""


def to_tensor(images: list[Array]) -> Tensor:
    """Return (B, 3, H, W) in [-1, 1] from a list of (H, W, 3) in [0, 1]."""
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).contiguous() * 2 - 1


def draw_scene(assets: Assets, rng: Generator, side: int) -> Scene:
    """Return a scene of up to three objects; every other one with its colour channels exchanged.

    Strong and odd colours are what an autoencoder trained on landscapes shifts.
    """
    scene = compose(assets, rng, side, count=int(rng.integers(0, 4)), share=(0.2, 0.8))
    if rng.random() < 0.5:
        return scene
    order = rng.permutation(3)
    return Scene(
        image=scene.image[..., order], before_last=scene.before_last[..., order], caption="", objects=scene.objects
    )


def draw_crops(assets: Assets, rng: Generator, size: int, count: int) -> Tensor:
    """Return (count, 3, size, size) uint8: crops of scenes, three of ten with damage, for the autoencoder."""
    crops: list[Array] = []
    while len(crops) < count:
        side = int(rng.choice([s for s in SCENE_SIDES if s >= size]))
        image = draw_scene(assets, rng, side).image
        if rng.random() < 0.3:
            image = damage_image(image, rng).image
        for _ in range(8):
            y, x = rng.integers(0, side - size + 1, 2)
            crops.append(image[y : y + size, x : x + size])
    levels = np.stack([(crop * 255 + 0.5).astype(np.uint8) for crop in crops[:count]])
    return torch.from_numpy(levels).permute(0, 3, 1, 2).contiguous()


def draw_task(assets: Assets, rng: Generator, size: int) -> Task:
    """Return a task on a picture of `size` pixels."""
    side = int(rng.choice([s for s in SCENE_SIDES if s >= size]))
    scene = draw_scene(assets, rng, side)
    kind = rng.random()
    if kind < MISSING and scene.objects:
        task = _missing(draw_scene(assets, rng, size), rng)
        if task is not None:
            return task
    y, x = rng.integers(0, side - size + 1, 2)
    target = np.ascontiguousarray(scene.image[y : y + size, x : x + size])
    caption = scene.caption if rng.random() < 0.8 else ""
    if kind > 1 - WHOLE:
        source = target
        if rng.random() < 0.7:
            severity, everywhere = float(rng.uniform(0.05, 0.4)), bool(rng.random() < 0.5)
            source = damage_image(target, rng, severity=severity, everywhere=everywhere).image
        return Task(target, source, np.ones((size, size), np.float32), caption, False)
    mask = (blob(size, size, rng) > 0.3).astype(np.float32)
    source = target
    if rng.random() < 0.93:
        worse = damage_image(target, rng, everywhere=True).image
        where = np.minimum(mask, (blob(size, size, rng) > 0.3)) if rng.random() < 0.2 else mask
        source = target * (1 - where[..., None]) + worse * where[..., None]
    return Task(target, source, mask, caption, False)


def _missing(scene: Scene, rng: Generator) -> Task | None:
    """Return the task of painting the last object of a scene in a box, None where it is too small."""
    if not scene.objects:
        return None
    rows, columns = np.nonzero(scene.objects[-1].mask > 0.1)
    if len(rows) <= 16:
        return None
    size = len(scene.image)
    mask = np.zeros((size, size), np.float32)
    margin = int(rng.integers(1, max(2, size // 10)))
    top, left = max(0, rows.min() - margin), max(0, columns.min() - margin)
    mask[top : rows.max() + margin + 1, left : columns.max() + margin + 1] = 1
    return Task(scene.image, scene.before_last, mask, scene.objects[-1].caption, True)
