"""The cask effect of eq. (3) and eq. (8): a bucket holds no more than its shortest stave allows."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from grefine_core.errors import InputError


def cask(values: Tensor, *, bounds: Sequence[float]) -> Tensor:
    """Return ``prod_i min(values[..., i] / bounds[i], 1)`` over the last axis.

    Args:
        values: Shape (..., n), floating, in [0, 1].
        bounds: n numbers in (0, 1]; a value at or above its bound changes nothing.

    Returns:
        Shape (...), same dtype and device; 1 where n is 0.

    Raises:
        InputError: If a bound is outside (0, 1] or the lengths differ.
    """
    if values.shape[-1] != len(bounds):
        raise InputError(f"`bounds` must have {values.shape[-1]} numbers, one a value, got {len(bounds)}.")
    if not all(0 < bound <= 1 for bound in bounds):
        raise InputError(f"`bounds` must lie in (0, 1], got {tuple(bounds)}.")
    limits = torch.tensor(list(bounds), dtype=values.dtype, device=values.device)
    return (values / limits).clamp(max=1).prod(dim=-1)
