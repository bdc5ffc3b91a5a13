"""Two pictures compared outside a mask and along its rim, from their files alone.

Samples are compared as the files hold them; seams and colours as they are seen, in sRGB on white.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from grefine_core import InputError, from_pil, read_image, to_pil
from grefine_core.deep_colours import has_deep_colours, read_lower_bytes
from grefine_core.images import DEEP_MODES
from grefine_core.picture_metadata import read_metadata
from grefine_core.picture_samples import read_samples

RIM = 4
"""Pixels on either side of the mask's rim whose roughness a seam is compared with."""
RING = 8
"""Width in pixels of the ring around the mask whose colours are compared."""
BLOCK = 16
"""Side in pixels of the squares whose mean colours are compared."""
_LEVEL = 1 / 255
_BAND = 1 << 22
"""Pixels that are compared at a time."""

Mask = NDArray[np.bool_]
Levels = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What two pictures of one size differ in."""

    untouched_share: float
    """Share of the pixels that lie outside the mask."""
    outside: float
    """Largest difference of a sample outside the mask, in [0, 1]."""
    changed_outside: int
    """Pixels outside the mask that differ at all."""
    seam_before: float | None
    seam_after: float | None
    """See `seam_energy`; None without a rim."""
    colour_shift: float | None
    """Mean CIEDE2000 between both pictures over the ring around the mask; None without a ring."""


def read_mask(path: Path) -> Mask:
    """Return the mask (H, W) of a picture: what is not black, and not wholly transparent, may change.

    Raises:
        InputError: If it cannot be read.
    """
    picture = read_image(path)
    values = picture.pixels if picture.straight is None or picture.alpha is None else picture.straight * picture.alpha
    return np.asarray((values[0] > 0).any(0).numpy(), bool)


def compare_files(before: Path, after: Path, mask: Mask) -> Comparison:
    """Compare two picture files of one size, upright, by the mask (H, W) of what may change.

    Raises:
        InputError: If a file cannot be read, or the three sizes differ.
    """
    images = _in_one_mode(before, after)
    height, width = mask.shape
    for path, image in zip((before, after), images, strict=True):
        if image.size != (width, height):
            raise InputError(f"{path} has {image.width} x {image.height} pixels, the mask {width} x {height}.")
    deep = all(has_deep_colours(read_metadata(path)) for path in (before, after))
    lower = [read_lower_bytes(path) for path in (before, after)] if deep else None
    outside, changed = _outside(images, mask, lower)
    seams: tuple[float | None, float | None] = (None, None)
    shift, box = None, _surroundings(mask)
    if box is not None:
        part = mask[box[1] : box[3], box[0] : box[2]]
        old, new = (_shown(image.crop(box)) for image in images)
        seams, shift = (seam_energy(old, part), seam_energy(new, part)), colour_shift(old, new, part)
    return Comparison(
        untouched_share=float((~mask).mean()),
        outside=outside,
        changed_outside=changed,
        seam_before=seams[0],
        seam_after=seams[1],
        colour_shift=shift,
    )


def seam_energy(levels: Levels, mask: Mask) -> float | None:
    """Return how much rougher a picture is across the rim of a mask than beside it; 1 is no seam.

    ``(mean step across the rim + 1/255) / (mean step beside the rim + 1/255)``, a step being the mean
    over R, G and B of the difference of two neighbours, in [0, 1]. Across: one neighbour inside
    the mask and one outside. Beside: both on one side, at most `RIM` pixels from the rim. The level that is
    added keeps the noise of plain areas from being taken for seams.

    Args:
        levels: Shape (H, W, 3), sRGB.
        mask: Shape (H, W).

    Returns:
        None if the mask has no rim within the picture.
    """
    near = _grown(mask, RIM) & _grown(~mask, RIM)
    across: list[Levels] = []
    beside: list[Levels] = []
    for one, other in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
        edge = mask[one] != mask[other]
        both = near[one] & near[other] & ~edge
        across.append(_steps(levels[one][edge], levels[other][edge]))
        beside.append(_steps(levels[one][both], levels[other][both]))
    rim, plain = np.concatenate(across), np.concatenate(beside)
    if not len(rim) or not len(plain):
        return None
    return float((rim.mean() / 255 + _LEVEL) / (plain.mean() / 255 + _LEVEL))


def _steps(one: Levels, other: Levels) -> Levels:
    """Return the differences of pairs of pixels (N, 3), without sign."""
    return np.maximum(one, other) - np.minimum(one, other)


def colour_shift(before: Levels, after: Levels, mask: Mask) -> float | None:
    """Return the mean CIEDE2000 between two pictures (H, W, 3) over the `RING` pixels around a mask (H, W).

    Compared are the mean colours of the ring in squares of `BLOCK` pixels, so that a cast shows, and noise or
    texture that came or went does not.

    Returns:
        None if nothing lies around the mask.
    """
    from skimage.color import deltaE_ciede2000, rgb2lab

    ring = _grown(mask, RING) & ~mask
    if not ring.any():
        return None
    if (before[ring] == after[ring]).all():
        return 0.0
    rows, columns = ring.nonzero()
    squares = (rows // BLOCK) * (ring.shape[1] // BLOCK + 1) + columns // BLOCK
    _, squares, sizes = np.unique(squares, return_inverse=True, return_counts=True)

    def means(levels: Levels) -> NDArray[np.float64]:
        sums = [np.bincount(squares, weights=levels[..., band][ring]) for band in range(3)]
        colours: NDArray[np.float64] = np.stack(sums, -1) / (255 * sizes[:, None])
        return colours

    shifts = deltaE_ciede2000(rgb2lab(means(before)), rgb2lab(means(after)))
    return float(np.average(shifts, weights=sizes))


def _in_one_mode(before: Path, after: Path) -> tuple[Image.Image, Image.Image]:
    """Return the samples of two files in one mode that keeps those of both, as seen in sRGB where there is none."""
    one, other = read_samples(before), read_samples(after)
    if one.mode == other.mode:
        return one, other
    known = {"L", "LA", "RGB", "RGBA"}
    if {one.mode, other.mode} <= known and one.info.get("icc_profile") == other.info.get("icc_profile"):
        colours = "RGB" in one.mode + other.mode
        alpha = "A" in one.mode + other.mode
        mode = ("RGB" if colours else "L") + ("A" if alpha else "")
        return one.convert(mode), other.convert(mode)
    return Image.fromarray(_shown(one)), Image.fromarray(_shown(other))


def _outside(
    images: tuple[Image.Image, Image.Image], mask: Mask, lower: list[Levels] | None = None
) -> tuple[float, int]:
    """Return the largest difference outside a mask, in [0, 1], and how many pixels differ there.

    Args:
        images: In one mode.
        mask: Shape (H, W).
        lower: The lower 8 bits of both, where they have 16 and `images` hold the upper 8.
    """
    white = DEEP_MODES.get(images[0].mode, 255 if lower is None else 65535)
    largest, count = 0.0, 0
    for rows in _bands(mask.shape):
        box = (0, rows.start, images[0].width, rows.stop)
        old, new = (np.asarray(image.crop(box)) for image in images)
        differs = _any_band(old != new)
        if lower is not None:
            differs |= _any_band(lower[0][rows] != lower[1][rows])
        differs &= ~mask[rows]
        if differs.any():
            old, new = old[differs].astype(np.float64), new[differs].astype(np.float64)
            if lower is not None:
                old, new = (values * 256 + low[rows][differs] for values, low in zip((old, new), lower, strict=True))
            largest = max(largest, float(np.abs(old - new).max()) / white)
            count += int(differs.sum())
    return largest, count


def _any_band(differs: NDArray[np.bool_]) -> Mask:
    """Return (h, W) of (h, W) or (h, W, bands)."""
    found: Mask = differs if differs.ndim == 2 else np.any(differs, -1)
    return found


def _shown(image: Image.Image) -> Levels:
    """Return samples as they are seen: (H, W, 3), sRGB on white."""
    levels = np.empty((image.height, image.width, 3), np.uint8)
    for rows in _bands((image.height, image.width)):
        levels[rows] = np.asarray(to_pil(from_pil(image.crop((0, rows.start, image.width, rows.stop))).pixels))
    return levels


def _surroundings(mask: Mask) -> tuple[int, int, int, int] | None:
    """Return left, top, right and bottom of a mask with the ring around it; None of an empty one."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return None
    room = RING + 1
    top, bottom = max(0, rows[0] - room), min(mask.shape[0], rows[-1] + 1 + room)
    left, right = max(0, columns[0] - room), min(mask.shape[1], columns[-1] + 1 + room)
    return int(left), int(top), int(right), int(bottom)


def _grown(mask: Mask, width: int) -> Mask:
    from scipy import ndimage

    grown: Mask = ndimage.maximum_filter(mask.view(np.uint8), 2 * width + 1).view(bool)
    return grown


def _bands(size: tuple[int, ...]) -> Iterator[slice]:
    step = max(1, _BAND // size[1])
    for start in range(0, size[0], step):
        yield slice(start, min(size[0], start + step))
