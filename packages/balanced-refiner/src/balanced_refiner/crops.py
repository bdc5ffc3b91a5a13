"""Square windows around regions: cut out at a backend's size, and put back without touching the rest.

A window may reach beyond the picture, where the picture is mirrored; so any picture from 1 x 1 up
can be shown to a backend that only takes squares of one size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from grefine_core import InputError, resize

CONTEXT = 0.25
"""Surroundings shown on each side of a region, as a share of its longer side: without them the
backend could not match light and texture."""


@dataclass(frozen=True)
class Window:
    """A square in pixel coordinates of a picture; it may reach beyond it."""

    top: int
    left: int
    side: int
    """At least 1."""


def place_window(box: tuple[int, int, int, int], size: tuple[int, int], *, working_size: int) -> Window:
    """Return a window that holds a box and its surroundings, inside the picture as far as it fits.

    Its side is `working_size`, so that most regions are seen pixel for pixel; larger regions get a
    larger window, up to the picture's longer side, and are scaled down.

    Args:
        box: Top, left, bottom, right of the region, bottom and right exclusive.
        size: Height and width of the picture.
        working_size: Side of the pictures that the backend takes.

    Raises:
        InputError: If the box is empty or not inside the picture, or `working_size` is not positive.
    """
    top, left, bottom, right = box
    if not (0 <= top < bottom <= size[0] and 0 <= left < right <= size[1]):
        raise InputError(f"The box {box} must lie in a picture of {size[0]} x {size[1]} and not be empty.")
    if working_size < 1:
        raise InputError(f"`working_size` must be positive, got {working_size}.")
    wanted = math.ceil(max(bottom - top, right - left) * (1 + 2 * CONTEXT))
    side = max(working_size, min(wanted, max(size)))
    return Window(_start(top, bottom, side, size[0]), _start(left, right, side, size[1]), side)


def crop(values: Tensor, window: Window) -> Tensor:
    """Return the window's part of (B, C, H, W), mirrored beyond the border: (B, C, side, side)."""
    rows = _mirrored(window.top, window.side, values.shape[-2]).to(values.device)
    columns = _mirrored(window.left, window.side, values.shape[-1]).to(values.device)
    return values.index_select(-2, rows).index_select(-1, columns)


def crop_mask(mask: Tensor, window: Window, *, working_size: int) -> Tensor:
    """Return a mask or strengths (H, W) at the backend's size: (1, S, S), the highest that each cell covers.

    It is mirrored with the picture, else the mirrored defect would count as good surroundings.
    """
    part = crop(mask[None, None].float(), window)
    return functional.adaptive_max_pool2d(part, working_size)[0]


def paste(pixels: Tensor, generated: Tensor, window: Window, weights: Tensor) -> Tensor:
    """Return ``weights * generated + (1 - weights) * pixels``; bit for bit `pixels` where weights are 0.

    Args:
        pixels: The picture, shape (1, 3, H, W), float32 in [0, 1]; it is not changed.
        generated: The window as repainted, shape (3, S, S), in [0, 1]; scaled to the window's side.
        window: Where it belongs.
        weights: Shape (H, W), float32 in [0, 1].
    """
    height, width = pixels.shape[-2:]
    top, left = max(0, window.top), max(0, window.left)
    bottom, right = min(height, window.top + window.side), min(width, window.left + window.side)
    patch = resize(generated[None].to(pixels), (window.side, window.side))
    patch = patch[..., top - window.top : bottom - window.top, left - window.left : right - window.left]
    share = weights[top:bottom, left:right].to(pixels)
    out = pixels.clone()
    part = out[..., top:bottom, left:right]
    blend = share * patch + (1 - share) * part
    part.copy_(torch.where(share > 0, blend, part))  # where: 0 times a stray inf would be nan
    return out


def _start(low: int, high: int, side: int, length: int) -> int:
    """Return the first coordinate of a window of `side` around low..high on an axis of `length`."""
    if side >= length:
        return -((side - length) // 2)
    return max(0, min((low + high - side) // 2, length - side))


def _mirrored(start: int, count: int, length: int) -> Tensor:
    """Return the indices of `count` places from `start`, reflected at both ends of an axis."""
    if length == 1:
        return torch.zeros(count, dtype=torch.long)
    period = 2 * (length - 1)
    places = torch.arange(start, start + count) % period
    return torch.minimum(places, period - places)
