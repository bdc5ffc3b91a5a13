"""Where to repair: ``M = Bi(1 - P + D)`` with ``D = 1 - A``, the mask of eq. (9).

P is perceptual quality and A alignment, both in [0, 1] with 1 good, so the sum is a deficit in
[0, 2] with 0 good. It is taken as it is: stretching it per image would find "defects" in a perfect
picture. Arrays are (H, W) of the image throughout.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import threshold_otsu
from torch import Tensor

from grefine_core import InputError, check_map

MaskMode = Literal["otsu", "fixed", "quantile"]
"""How Bi chooses its threshold; see `MaskSettings.mode`."""

TAU = 0.5
"""Floor of the threshold: half of the scale of one map, so that one clear fault (half the quality
gone, or half a phrase missing) counts and two faint ones have to meet. Without it Otsu would split
the noise of a good picture in two and "repair" one half."""
CEILING = 0.6
"""Otsu never goes above: a clear fault is not excused by a worse one elsewhere, and not cut down to
its worst part. Together with `TAU` this leaves Otsu the doubtful deficits to decide on."""
MIN_CONTRAST = 0.1
"""Two classes whose means are nearer than this are one, and Otsu's line between them is noise."""

_NEIGHBOURS = np.ones((3, 3), bool)
"""Eight neighbours: regions that touch at a corner are one."""

Bools = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class MaskSettings:
    """How the deficit becomes a mask."""

    mode: MaskMode = "otsu"
    """`otsu`: threshold between the two classes of the picture, never below `tau`; `fixed`: `tau`
    itself; `quantile`: the worst `share` of the pixels, never below `tau`."""
    tau: float = TAU
    """In (0, 2]; a pixel whose deficit is below is never selected."""
    share: float = 0.2
    """Share of the pixels that `quantile` selects at most, in (0, 1]."""
    min_area: float = 0.001
    """Islands and holes smaller than this share of the image vanish: 32 x 32 pixels in a megapixel."""
    dilation: int = 8
    """Pixels by which the mask grows: the latent stride of Stable Diffusion, so that the cells at
    the rim of a defect are repainted whole."""
    feather: int = 8
    """Width in pixels of the soft rim, inside the mask: as wide as it grew, so that the defect
    itself is replaced in full."""

    def __post_init__(self) -> None:
        if self.mode not in ("otsu", "fixed", "quantile"):
            raise InputError(f"`mode` must be `otsu`, `fixed` or `quantile`, got `{self.mode}`.")
        for name, value, high in (("tau", self.tau, 2), ("share", self.share, 1)):
            if not 0 < value <= high:
                raise InputError(f"`{name}` must lie in (0, {high}], got {value}.")
        if not 0 <= self.min_area < 1:
            raise InputError(f"`min_area` must lie in [0, 1), got {self.min_area}.")
        if self.dilation < 0 or self.feather < 0:
            raise InputError(f"`dilation` and `feather` must be >= 0, got {self.dilation} and {self.feather}.")


@dataclass(frozen=True, kw_only=True, eq=False)
class RepairMask:
    """Where stage 1 may change the image, and how much of the change each pixel takes."""

    hard: Tensor
    """Shape (H, W), bool: what the backend is asked to repaint."""
    feathered: Tensor
    """Shape (H, W), float32 in [0, 1]: weight of the new pixels; above 0 exactly where `hard` is."""
    deficit: Tensor
    """Shape (H, W), float32 in [0, 2]: ``1 - P + D``, 0 is good."""
    threshold: float
    """What the deficit had to reach."""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to repair."""
        return not bool(self.hard.any())


def deficit(quality: Tensor, alignment: Tensor) -> Tensor:
    """Return ``(1 - P) + (1 - A)``, shape (H, W), float32 in [0, 2], 0 is good.

    Args:
        quality: P, shape (H, W), floating in [0, 1], 1 is good.
        alignment: A, the same shape and meaning.

    Raises:
        InputError: If a map breaks the above, or their shapes differ.
    """
    check_map("quality", quality)
    check_map("alignment", alignment)
    if quality.shape != alignment.shape:
        raise InputError(f"The maps must have one shape, got {tuple(quality.shape)} and {tuple(alignment.shape)}.")
    return (1 - quality.detach().float().cpu()) + (1 - alignment.detach().float().cpu())


def make_mask(quality: Tensor, alignment: Tensor, *, settings: MaskSettings | None = None) -> RepairMask:
    """Return the mask of eq. (9) for maps P and A of shape (H, W); see `deficit` for what it refuses."""
    return binarize(deficit(quality, alignment), settings=settings or MaskSettings())


def binarize(values: Tensor, *, settings: MaskSettings) -> RepairMask:
    """Return Bi of eq. (9): threshold, drop islands, close holes, dilate, feather inwards.

    Args:
        values: The deficit, shape (H, W), floating in [0, 2], 0 is good.
        settings: Threshold and clean-up.

    Raises:
        InputError: If `values` has another shape or range, or holds nan.
    """
    if values.ndim != 2 or 0 in values.shape or not ((values >= 0) & (values <= 2)).all():
        raise InputError(f"`values` must be (H, W) in [0, 2] without nan, got shape {tuple(values.shape)}.")
    array = values.detach().float().cpu().numpy()
    threshold = _threshold(array, settings)
    smallest = settings.min_area * array.size
    hard = drop_islands(array >= threshold, smallest)
    hard = ~drop_islands(~hard, smallest)
    if settings.dilation and hard.any():
        hard = ndimage.distance_transform_edt(~hard) <= settings.dilation
    return RepairMask(
        hard=torch.from_numpy(hard),
        feathered=torch.from_numpy(feather_inwards(hard, settings.feather)),
        deficit=torch.from_numpy(array),
        threshold=threshold,
    )


def _threshold(values: NDArray[np.float32], settings: MaskSettings) -> float:
    """Return what a deficit must reach to be selected."""
    if settings.mode == "fixed":
        return settings.tau
    if settings.mode == "quantile":
        return max(settings.tau, float(np.quantile(values, 1 - settings.share)))
    if np.ptp(values) < MIN_CONTRAST:
        return settings.tau
    split = float(threshold_otsu(values))
    bad = values > split
    if values[bad].mean() - values[~bad].mean() < MIN_CONTRAST:
        return settings.tau
    return max(settings.tau, min(split, CEILING))


def drop_islands(mask: Bools, smallest: float) -> Bools:
    """Return the mask (H, W) without connected parts (8 neighbours) of fewer than `smallest` pixels."""
    labels, _ = ndimage.label(mask, structure=_NEIGHBOURS)
    keep: Bools = np.bincount(labels.ravel()) >= smallest
    keep[0] = False  # label 0 is what lies outside the mask
    kept: Bools = keep[labels]
    return kept


def feather_inwards(mask: Bools, width: int) -> NDArray[np.float32]:
    """Return weights (H, W) in [0, 1] that rise from the rim of the mask inwards, above 0 all over it.

    The rim lies inside, so a soft seam never enlarges the edit; at the border of the picture there
    is no seam and so no rim.
    """
    if width == 0 or mask.all() or not mask.any():
        return mask.astype(np.float32)
    depth = ndimage.distance_transform_edt(mask)  # 0 outside, 1 on the outermost pixels of the mask
    ramp = np.minimum(depth / (width + 1), 1)
    weights: NDArray[np.float32] = (ramp * ramp * (3 - 2 * ramp)).astype(np.float32)
    return weights
