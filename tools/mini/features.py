"""Frozen features of many pictures, computed once for all fits of the mini encoder."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from grefine_mini.color import color_shares
from grefine_mini.trunk import Trunk, cell_statistics
from tools.mini.damage import Array


@torch.inference_mode()
def trunk_cells(trunk: Trunk, images: list[Array]) -> tuple[Tensor, Tensor, Tensor]:
    """Return (head (n, g, g, 1280), statistics (n, g, g, S), colours (n, g, g, 12)) as float16.

    All images have one size, a multiple of 32.
    """
    heads, statistics, colors = [], [], []
    for start in range(0, len(images), 4):
        pixels = torch.from_numpy(np.stack(images[start : start + 4])).permute(0, 3, 1, 2).contiguous()
        features = trunk(pixels)
        heads.append(features.head.permute(0, 2, 3, 1).half())
        statistics.append(cell_statistics(features).half())
        colors.append(color_shares(pixels, heads[-1].shape[1:3]).half())
    return torch.cat(heads), torch.cat(statistics), torch.cat(colors)


def cell_means(mask: Array, cells: int) -> Tensor:
    """Return the mean of a mask (H, W) within each of cells x cells squares, as float32."""
    values = torch.from_numpy(mask)[None, None]
    return torch.nn.functional.adaptive_avg_pool2d(values, cells)[0, 0]
