"""Draw an item, or noise that is cut from one large field: drawing noise anew is slow."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TypeVar

import numpy as np
from numpy.random import Generator

from tools.mini.assets import Array

T = TypeVar("T")
_SIDE = 1024


def pick(items: Sequence[T], rng: Generator) -> T:
    """Return one of the items, all as likely."""
    return items[int(rng.integers(len(items)))]


@cache
def _field() -> Array:
    return np.random.default_rng(20_240_418).standard_normal((_SIDE, _SIDE, 3), dtype=np.float32)


def grain(shape: tuple[int, ...], rng: Generator) -> Array:
    """Return noise (H, W, 3) for a picture of this shape, float32, mean 0 and deviation 1."""
    height, width = shape[:2]
    if height > _SIDE or width > _SIDE:
        return rng.standard_normal((height, width, 3), dtype=np.float32)
    top, left = int(rng.integers(_SIDE - height + 1)), int(rng.integers(_SIDE - width + 1))
    part = _field()[top : top + height, left : left + width]
    part = part[:: 1 if rng.random() < 0.5 else -1, :: 1 if rng.random() < 0.5 else -1]
    return np.ascontiguousarray(part)
