"""What an autoencoder loses of a picture, and which part of that is worth giving back.

A diffusion model sees a picture through its VAE. A small one shifts colours and shapes of what it was
not trained on, inside a repair as well as around it. The coarse part of the loss is the same before and
after the repair, so it can be measured on the picture and given back; the fine part is what a repair is
wanted for. Restoration models fix their colours likewise, by wavelets (StableSR, arXiv:2305.07015).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

REACH = 3
"""Standard deviations that the kernel reaches to either side."""


def low_pass(values: Tensor, sigma: float) -> Tensor:
    """Return pictures (B, C, H, W) without what is finer than a Gaussian of `sigma` pixels; borders are repeated."""
    radius = max(1, math.ceil(REACH * sigma))
    steps = torch.arange(-radius, radius + 1, dtype=values.dtype, device=values.device)
    kernel = torch.exp(-0.5 * (steps / sigma).square())
    kernel = kernel / kernel.sum()
    channels = values.shape[1]
    padded = functional.pad(values, (radius,) * 4, mode="replicate")
    rows = functional.conv2d(padded, kernel.view(1, 1, 1, -1).repeat(channels, 1, 1, 1), groups=channels)
    return functional.conv2d(rows, kernel.view(1, 1, -1, 1).repeat(channels, 1, 1, 1), groups=channels)
