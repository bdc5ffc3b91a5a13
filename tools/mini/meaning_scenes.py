"""What the trunk sees of cut-outs and of clean scenes: what meaning is fitted on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from grefine_mini.encoder import INPUT_SIZE
from grefine_mini.statistics import CELL, cell_statistics
from grefine_mini.trunk import STRIDE, Pyramid, Trunk
from tools.mini.assets import Assets
from tools.mini.pasting import paste
from tools.mini.scenes import SceneOptions, compose, crop_background
from tools.mini.stream import generator

PLACINGS = 2
"""Pictures of each cut-out."""
OBJECT_SIZE = 256
CELLS = INPUT_SIZE // CELL


def cached(file: Path, make: Callable[[], Any]) -> Any:
    """Return what `file` holds, made and written first where it is not there."""
    if not file.is_file():
        torch.save(make(), file.with_suffix(".tmp"))
        file.with_suffix(".tmp").replace(file)
    return torch.load(file, weights_only=True)


@torch.inference_mode()
def cut_outs(trunk: Trunk, assets: Assets, seed: int) -> dict[str, Any]:
    """Return features of each cut-out, large on two backgrounds.

    Returns:
        `rows`, the manifest's; `head` (2, n, 1280): means over the object's cells.
    """
    heads = [
        torch.stack([_cut_out(trunk, assets, row, seed, place * len(assets.objects) + i) for i, row in rows])
        for place in range(PLACINGS)
        for rows in [list(enumerate(assets.objects))]
    ]
    return {"rows": [dict(row) for row in assets.objects], "head": torch.stack(heads)}


def _cut_out(trunk: Trunk, assets: Assets, row: dict[str, Any], seed: int, index: int) -> Tensor:
    rng = generator(seed, index)
    ground, _ = crop_background(assets, rng, OBJECT_SIZE)
    pixels = np.ascontiguousarray((ground * 255 + 0.5).astype(np.uint8))
    side = int(rng.uniform(0.6, 0.95) * OBJECT_SIZE)
    rgba = assets.cut_out(row, side)
    scale = min(1.0, side / max(rgba.shape[:2]))
    height, width = (max(8, int(s * scale)) for s in rgba.shape[:2])
    rgba = cv2.resize(rgba, (width, height), interpolation=cv2.INTER_AREA)
    left, top = (OBJECT_SIZE - width) // 2, (OBJECT_SIZE - height) // 2
    alpha = np.zeros((OBJECT_SIZE, OBJECT_SIZE), np.uint8)
    paste(pixels, rgba, (left, top, left + width, top + height), alpha)
    head = trunk(_tensor(pixels)).head[0].permute(1, 2, 0)
    weight = functional.adaptive_avg_pool2d(torch.from_numpy(alpha)[None, None].float() / 255, OBJECT_SIZE // STRIDE)
    weight = weight[0, 0, ..., None] + 1e-3
    mean: Tensor = (head * weight / weight.sum()).sum((0, 1))
    return mean


def _tensor(pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> Tensor:
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255


@torch.inference_mode()
def clean_scenes(trunk: Trunk, sight: Pyramid, assets: Assets, seed: int, count: int) -> list[dict[str, Any]]:
    """Return scenes of one to three objects.

    Returns:
        For each `head` (14, 14, 1280) and `statistics` (28, 28, S), float16; `small` (1, 3, 112, 112) float16, the
        pixels at a quarter; `nouns`, `absent`, `ground`, `caption`, and `wrong`, captions that differ in a colour word.
    """
    out = []
    for index in range(count):
        rng = generator(seed, index)
        options = SceneOptions(photographs=0.1, varied=True)
        scene = compose(assets, rng, INPUT_SIZE, count=int(rng.integers(1, 4)), share=(0.25, 0.8), options=options)
        pixels = _tensor(scene.pixels)
        out.append(
            {
                "head": trunk(pixels).head[0].permute(1, 2, 0).half(),
                "statistics": cell_statistics(sight(pixels), pixels)[0].half(),
                "small": functional.avg_pool2d(pixels, 4).half(),
                "nouns": [placed.noun for placed in scene.objects],
                "absent": list(scene.absent),
                "ground": scene.ground,
                "caption": scene.caption,
                "wrong": [negative.text for negative in scene.negatives if negative.kind == "color"],
            }
        )
    return out
