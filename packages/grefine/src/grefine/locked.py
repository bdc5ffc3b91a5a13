"""The user's mask of pixels that must not change, from a file."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from grefine_core import InputError, read_image


def read_locked(path: Path, size: tuple[int, int]) -> Tensor:
    """Return the locked pixels, shape (H, W), bool, of a mask file that any paint program can make.

    In a mask with transparency what was painted is locked, whatever its colour; in one without,
    what is white. The line is drawn at half.

    Args:
        path: A picture file.
        size: Height and width of the picture that it belongs to, upright.

    Raises:
        InputError: If the file is no readable picture, or has another size.
    """
    mask = read_image(path)
    if mask.size != size:
        found, wanted = (f"{width} x {height}" for height, width in (mask.size, size))
        raise InputError(f"The mask of locked pixels {path} has {found} pixels, the picture {wanted}; both must agree.")
    if mask.alpha is not None and bool((mask.alpha < 1).any()):
        return mask.alpha[0, 0] >= 0.5
    return mask.pixels[0].mean(0) >= 0.5
