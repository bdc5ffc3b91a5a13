"""Compute the trunk's features of objects and scenes once and keep them on disk.

A run can be repeated with other fits in seconds, and continues after a stop where a file is whole.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from PIL import Image

from grefine_mini.encoder import INPUT_SIZE
from grefine_mini.trunk import STRIDE, Trunk
from tools.mini.assets import Assets
from tools.mini.damage import KINDS, Array, damage_image
from tools.mini.features import cell_means, trunk_cells
from tools.mini.scenes import compose, crop_background

CELLS = INPUT_SIZE // STRIDE
OBJECT_SIZE = 256


def cached(file: Path, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return what `file` holds, made and written first where it is not there."""
    if not file.is_file():
        torch.save(make(), file.with_suffix(".tmp"))
        file.with_suffix(".tmp").replace(file)
    content: dict[str, Any] = torch.load(file, weights_only=True)
    return content


def objects(trunk: Trunk, assets: Assets, seed: int) -> dict[str, Any]:
    """Return one feature of each cut-out on a background, and of each background alone.

    Keys: `rows` (noun, phrase, caption, color or ""), `head` (n, 1280), `colors` (n, 12), each the
    mean over the object's cells; `ground_rows` (phrase, caption), `ground_head`, `ground_colors`.
    """
    rng = np.random.default_rng(seed)
    out: dict[str, Any] = {"rows": [], "ground_rows": []}
    parts: dict[str, list[torch.Tensor]] = {k: [] for k in ("head", "colors", "ground_head", "ground_colors")}
    for row in assets.objects:
        image, mask = _centred(assets, row, rng)
        head, _, colors = trunk_cells(trunk, [image])
        weight = cell_means(mask, OBJECT_SIZE // STRIDE)[..., None] + 1e-3
        weight = weight / weight.sum()
        parts["head"].append((head[0].float() * weight).sum((0, 1)))
        parts["colors"].append((colors[0].float() * weight).sum((0, 1)))
        out["rows"].append((row["noun"], row["phrase"], row["caption"], row["color"] or ""))
    for row in assets.backgrounds:
        head, _, colors = trunk_cells(trunk, [np.asarray(assets.load(row), np.float32) / np.float32(255)])
        parts["ground_head"].append(head.float().mean((0, 1, 2)))
        parts["ground_colors"].append(colors.float().mean((0, 1, 2)))
        out["ground_rows"].append((row["phrase"], row["caption"]))
    return out | {name: torch.stack(values) for name, values in parts.items()}


def _centred(assets: Assets, row: dict[str, Any], rng: Generator) -> tuple[Array, Array]:
    """Return a picture (256, 256, 3) with one cut-out in the middle of a background, and its alpha."""
    ground, _ = crop_background(assets, rng, OBJECT_SIZE)
    cut = assets.load(row)
    scale = min(1.0, rng.uniform(0.6, 0.95) * OBJECT_SIZE / max(cut.size))
    size = tuple(max(8, int(side * scale)) for side in cut.size)
    canvas = Image.new("RGBA", (OBJECT_SIZE, OBJECT_SIZE))
    canvas.paste(
        cut.resize((size[0], size[1]), Image.Resampling.BICUBIC),
        ((OBJECT_SIZE - size[0]) // 2, (OBJECT_SIZE - size[1]) // 2),
    )
    rgba = np.asarray(canvas, np.float32) / np.float32(255)
    alpha = rgba[..., 3:]
    return ground * (1 - alpha) + rgba[..., :3] * alpha, np.ascontiguousarray(alpha[..., 0])


def scenes(trunk: Trunk, assets: Assets, seed: int, *, count: int, damaged: float) -> dict[str, Any]:
    """Return features of composed scenes of 448 px, `damaged` of them with damage.

    Keys: `head`, `statistics`, `colors` (n, 14, 14, ...) float16; `loss` (n, 14, 14): severity times
    the covered share of each cell; `factor` (n,): 0 none, 1 technical, 2 rationality, 3 naturalness;
    `kind`, `objects` (noun, caption, color or "") and `masks` (k, 14, 14) of each scene.
    """
    rng = np.random.default_rng(seed)
    factors = {"technical": 1, "rationality": 2, "naturalness": 3}
    out: dict[str, Any] = {"kind": [], "objects": [], "masks": [], "factor": [], "loss": []}
    parts: dict[str, list[torch.Tensor]] = {"head": [], "statistics": [], "colors": []}
    for _ in range(count):
        scene = compose(assets, rng, INPUT_SIZE, count=int(rng.integers(0, 4)), share=(0.2, 0.7))
        image, loss, kind = scene.image, torch.zeros(CELLS, CELLS), ""
        if rng.random() < damaged:
            worse = damage_image(image, rng, everywhere=rng.random() < 0.3)
            image, kind, loss = worse.image, worse.kind, cell_means(worse.mask, CELLS) * worse.severity
        for name, value in zip(("head", "statistics", "colors"), trunk_cells(trunk, [image]), strict=True):
            parts[name].append(value)
        out["kind"].append(kind)
        out["factor"].append(factors[KINDS[kind][0]] if kind else 0)
        out["loss"].append(loss)
        out["objects"].append([(o.noun, o.caption, o.color or "") for o in scene.objects])
        masks = [cell_means(o.mask, CELLS) for o in scene.objects]
        out["masks"].append(torch.stack(masks) if masks else torch.zeros(0, CELLS, CELLS))
    out["factor"], out["loss"] = torch.tensor(out["factor"]), torch.stack(out["loss"])
    return out | {name: torch.cat(values) for name, values in parts.items()}
