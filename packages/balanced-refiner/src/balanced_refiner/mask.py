"""Where to repair: ``M = Bi(1 - P + D)`` with ``D = 1 - A``, the mask of eq. (9).

P is perceptual quality and A alignment, both in [0, 1] with 1 good, so the sum is a deficit in
[0, 2] with 0 good. It is taken as it is: stretching it per image would find "defects" in a perfect
picture. Arrays are (H, W) of the image throughout.

`soft` is the mask without the Bi: each pixel is repainted as strongly as its own deficit asks.
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

MaskMode = Literal["otsu", "fixed", "quantile", "soft"]
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
LEAST_SHARE = 0.02
"""A soft share below this is none: of the mildest repair, strength 0.1, it would leave a level of
noise or two, for which a pixel need not be repainted."""
_WORST = 2.0
"""The largest deficit: nothing of P and nothing of A."""

_NEIGHBOURS = np.ones((3, 3), bool)
"""Eight neighbours: regions that touch at a corner are one."""

Bools = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class MaskSettings:
    """How the deficit becomes a mask."""

    mode: MaskMode = "otsu"
    """`otsu`: threshold between the two classes of the picture, never below `tau`; `fixed`: `tau`
    itself; `quantile`: the worst `share` of the pixels, never below `tau`; `soft`: no threshold but
    `tau`, from where the strength rises with the deficit, see `soft_share`; neither grown nor closed."""
    tau: float = TAU
    """In (0, 2]; a pixel whose deficit is below is never selected."""
    share: float = 0.2
    """Share of the pixels that `quantile` selects at most, in (0, 1]."""
    min_area: float = 0.001
    """Islands and holes smaller than this share of the image vanish, and no region is parted into
    smaller ones: 32 x 32 pixels in a megapixel."""
    dilation: int = 8
    """Pixels by which the mask grows: the latent stride of Stable Diffusion, so that the cells at
    the rim of a defect are repainted whole."""
    feather: int = 8
    """Width in pixels of the soft rim, inside the mask: as wide as it grew, so that the defect
    itself is replaced in full."""

    def __post_init__(self) -> None:
        if self.mode not in ("otsu", "fixed", "quantile", "soft"):
            raise InputError(f"`mode` must be `otsu`, `fixed`, `quantile` or `soft`, got `{self.mode}`.")
        for name, value, high in (("tau", self.tau, _WORST), ("share", self.share, 1)):
            if not 0 < value <= high:
                raise InputError(f"`{name}` must lie in (0, {high:g}], got {value}.")
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
    share: Tensor
    """Shape (H, W), float32 in [0, 1]: part of the full strength that each pixel is repainted with;
    1 where `hard` is and 0 elsewhere, but for a soft mask between them, too."""
    smallest: float
    """Pixels below which a part of the mask is no region of its own."""

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


def make_mask(
    quality: Tensor, alignment: Tensor, *, settings: MaskSettings | None = None, locked: Tensor | None = None
) -> RepairMask:
    """Return the mask of eq. (9) for maps P and A of shape (H, W).

    Raises:
        InputError: If a map is refused by `deficit`, or `locked` by `check_locked`.
    """
    return binarize(deficit(quality, alignment), settings=settings or MaskSettings(), locked=locked)


def check_locked(locked: Tensor, size: tuple[int, int]) -> None:
    """Refuse a map of locked pixels that is not bool of the picture's (height, width).

    Raises:
        InputError: If the shape or the type is another.
    """
    if tuple(locked.shape) != size or locked.dtype != torch.bool:
        raise InputError(f"`locked` must be bool of shape {size}, got {locked.dtype} of {tuple(locked.shape)}.")


def soft_share(values: NDArray[np.float32], tau: float) -> NDArray[np.float32]:
    """Return which part of the full strength each pixel takes, by its own deficit: (H, W) in [0, 1].

    With ``t = (deficit - tau) / ((2 - tau) / 3)`` held to [0, 1] the share is ``t * t * (3 - 2 * t)``:
    0 up to `tau`, rising without a kink, and 1 from a third of the way to the worst on. With the
    default `tau` of 0.5 a deficit of 0.5 gives 0, 0.75 gives a half, and 1, which is one map lost
    altogether, gives 1. Shares below `LEAST_SHARE` are 0.

    Args:
        values: The deficit, (H, W) in [0, 2].
        tau: Floor in (0, 2].
    """
    width = max((_WORST - tau) / 3, 1e-6)  # at a floor of 2 nothing is left to rise over
    t = np.clip((values - tau) / width, 0, 1)
    share = t * t * (3 - 2 * t)
    soft: NDArray[np.float32] = np.where(share < LEAST_SHARE, 0, share).astype(np.float32)
    return soft


def binarize(values: Tensor, *, settings: MaskSettings, locked: Tensor | None = None) -> RepairMask:
    """Return Bi of eq. (9): threshold, drop islands, close holes, dilate, feather inwards.

    A soft mask keeps its holes and does not grow: there the deficit says that nothing is wrong.

    Args:
        values: The deficit, shape (H, W), floating in [0, 2], 0 is good.
        settings: Threshold and clean-up.
        locked: Pixels to leave alone, shape (H, W), bool; they have no say in the threshold either.

    Raises:
        InputError: If `values` has another shape or range, or holds nan, or `locked` another shape or type.
    """
    if values.ndim != 2 or 0 in values.shape or not ((values >= 0) & (values <= _WORST)).all():
        raise InputError(f"`values` must be (H, W) in [0, 2] without nan, got shape {tuple(values.shape)}.")
    array = values.detach().float().cpu().numpy()
    free = _free(locked, array)
    threshold = _threshold(array[free], settings)
    smallest = settings.min_area * array.size
    if settings.mode == "soft":
        share = soft_share(array, threshold)
        hard = drop_islands((share > 0) & free, smallest)
    else:
        share = np.ones_like(array)
        hard = _cleaned((array >= threshold) & free, settings.dilation, smallest)
        if locked is not None:  # what grew, or closed, into them goes, and what that leaves of an island
            hard = drop_islands(hard & free, smallest)
    return RepairMask(
        hard=torch.from_numpy(hard),
        feathered=torch.from_numpy(feather_inwards(hard, settings.feather)),
        deficit=torch.from_numpy(array),
        threshold=threshold,
        share=torch.from_numpy(share * hard),
        smallest=smallest,
    )


def _free(locked: Tensor | None, values: NDArray[np.float32]) -> Bools:
    """Return where (H, W) a mask may lie."""
    if locked is None:
        return np.ones(values.shape, bool)
    check_locked(locked, (values.shape[0], values.shape[1]))
    free: Bools = ~locked.cpu().numpy()
    return free


def _cleaned(selected: Bools, dilation: int, smallest: float) -> Bools:
    """Return a mask (H, W) without small islands and holes, grown by `dilation` pixels."""
    hard = drop_islands(selected, smallest)
    hard = ~drop_islands(~hard, smallest)
    if dilation and hard.any():
        hard = ndimage.distance_transform_edt(~hard) <= dilation
    return hard


def _threshold(values: NDArray[np.float32], settings: MaskSettings) -> float:
    """Return what a deficit must reach to be selected, from those (N,) that may be."""
    if settings.mode in ("fixed", "soft") or not values.size:
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
