"""Apply a kind of damage to a place: work in a part of the picture, mix it in, say where it can be seen."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from grefine_core import InputError
from tools.mini.assets import Array, Pixels
from tools.mini.damage import naturalness as look, rationality as content, technical as signal
from tools.mini.damage.masks import blob_pixels, several
from tools.mini.damage.spot import Kind, Spot, mixed, pixels_of
from tools.mini.draw import pick

KINDS: dict[str, tuple[str, Kind]] = {
    "blur": ("technical", signal.blur),
    "motion": ("technical", signal.motion),
    "defocus": ("technical", signal.defocus),
    "noise": ("technical", signal.noise),
    "poisson": ("technical", signal.poisson),
    "chroma": ("technical", signal.chroma),
    "salt": ("technical", signal.salt),
    "jpeg": ("technical", signal.jpeg),
    "banding": ("technical", signal.banding),
    "mosaic": ("technical", signal.mosaic),
    "enlarged": ("technical", signal.enlarged),
    "clipped": ("technical", signal.clipped),
    "warp": ("rationality", content.warp),
    "melt": ("rationality", content.melt),
    "smear": ("rationality", content.smear),
    "scramble": ("rationality", content.scramble),
    "slices": ("rationality", content.slices),
    "duplicate": ("rationality", content.duplicate),
    "missing": ("rationality", content.missing),
    "swap": ("rationality", content.swap),
    "saturate": ("naturalness", look.saturate),
    "tint": ("naturalness", look.tint),
    "gradient": ("naturalness", look.gradient),
    "plastic": ("naturalness", look.plastic),
    "exposure": ("naturalness", look.exposure),
    "contrast": ("naturalness", look.contrast),
    "sharpen": ("naturalness", look.sharpen),
    "edges": ("naturalness", look.edges),
    "pasted": ("naturalness", look.pasted),
}
"""Name -> (factor, function)."""
FACTORS: dict[str, tuple[str, ...]] = {
    factor: tuple(kind for kind, (own, _) in KINDS.items() if own == factor)
    for factor in ("technical", "rationality", "naturalness")
}
"""Factor -> names of its kinds."""
PARTIAL = frozenset({"missing", "duplicate", "swap", "edges", "pasted"})
"""Kinds that need a good part beside the bad one: everywhere means in several places."""
WIDE = frozenset({"duplicate", "missing"})
"""Kinds that look further than a little beyond the mask."""
SEEN = (1.2, 4.0)
"""Local mean difference (of 255) that nobody sees, and that everybody sees."""
REFERENCE_SIDE = 448


@dataclass(frozen=True, kw_only=True, eq=False)
class Damaged:
    """A picture with damage in it."""

    pixels: Pixels
    """Shape (H, W, 3), uint8."""
    mask_pixels: Pixels
    """Shape (H, W), uint8: `mask` times 255."""
    visible_pixels: Pixels
    """Shape (H, W), uint8: `visible` times 255."""
    kind: str
    severity: float
    """In (0, 1]: about 0 is just visible, 1 ruins the place."""

    @property
    def image(self) -> Array:
        """Shape (H, W, 3), float32 in [0, 1]."""
        return self.pixels.astype(np.float32) * np.float32(1 / 255)

    @property
    def mask(self) -> Array:
        """Shape (H, W), float32 in [0, 1]: where damage was applied, 1 is fully replaced."""
        return self.mask_pixels.astype(np.float32) * np.float32(1 / 255)

    @property
    def visible(self) -> Array:
        """Shape (H, W), float32 in [0, 1]: `mask`, less where the picture has not changed to the eye.

        Blur of a plain sky is no damage; this is the honest label.
        """
        return self.visible_pixels.astype(np.float32) * np.float32(1 / 255)


def damage_image(
    image: NDArray[np.float32] | Pixels,
    rng: Generator,
    *,
    kind: str | None = None,
    severity: float | None = None,
    everywhere: bool = False,
    mask: NDArray[np.float32] | Pixels | NDArray[np.bool_] | None = None,
) -> Damaged:
    """Damage a place of the image, or all of it; what is not given is drawn, each factor as often.

    Args:
        image: Shape (H, W, 3), float32 in [0, 1] or uint8.
        rng: All randomness comes from it.
        kind: One of `KINDS`.
        severity: In (0, 1].
        everywhere: Damage all; for kinds that need a good part beside the bad one, several places.
        mask: The place, shape (H, W), float32 in [0, 1], bool, or uint8 where 255 is inside. `edges` damages
            its border, `pasted` makes it ragged; all others keep to it.

    Raises:
        InputError: If the kind is unknown, the severity out of range, or the mask has another size.
    """
    pixels = pixels_of(image * np.float32(255)) if image.dtype != np.uint8 else np.ascontiguousarray(image, np.uint8)
    kind = kind or _draw_kind(rng)
    severity = float(rng.uniform(0.05, 1.0)) if severity is None else severity
    if kind not in KINDS:
        raise InputError(f"`kind` must be one of {', '.join(KINDS)}, got {kind!r}")
    if not 0 < severity <= 1:
        raise InputError(f"`severity` must lie in (0, 1], got {severity}")
    where = _place(pixels, rng, kind, everywhere=everywhere) if mask is None else _given(mask, pixels)
    rows, columns = _window(where, wide=kind in WIDE)
    unit = float(np.sqrt(min(pixels.shape[:2]) / REFERENCE_SIDE))
    part = np.ascontiguousarray(pixels[rows, columns])
    spot = Spot(mask=np.ascontiguousarray(where[rows, columns]), unit=unit, rng=rng)
    worse, final = KINDS[kind][1](part, severity, spot)
    changed = worse if final.min() == 255 else mixed(part, worse, final)
    out, full, seen = pixels.copy(), np.zeros_like(where), np.zeros_like(where)
    out[rows, columns], full[rows, columns] = changed, final
    seen[rows, columns] = _visible(part, changed, final, unit)
    return Damaged(pixels=out, mask_pixels=full, visible_pixels=seen, kind=kind, severity=severity)


def _draw_kind(rng: Generator) -> str:
    return pick(pick(list(FACTORS.values()), rng), rng)


def _place(pixels: Pixels, rng: Generator, kind: str, *, everywhere: bool) -> Pixels:
    height, width = pixels.shape[:2]
    if not everywhere:
        return blob_pixels(height, width, rng)
    return several(height, width, rng) if kind in PARTIAL else np.full((height, width), 255, np.uint8)


def _given(mask: NDArray[np.float32] | Pixels | NDArray[np.bool_], pixels: Pixels) -> Pixels:
    if mask.shape != pixels.shape[:2]:
        raise InputError(f"`mask` must have the image's shape {pixels.shape[:2]}, got {mask.shape}")
    if mask.dtype == np.uint8:
        return np.ascontiguousarray(mask, np.uint8)
    return pixels_of(mask.astype(np.float32) * np.float32(255))


def _window(mask: Pixels, *, wide: bool) -> tuple[slice, slice]:
    """Return the part to work in: the mask and a margin around it, all where the mask is empty."""
    left, top, width, height = cv2.boundingRect(mask)
    if not width:
        return slice(0, mask.shape[0]), slice(0, mask.shape[1])
    margin = 8 + round((0.7 if wide else 0.15) * max(width, height))
    return (
        slice(max(0, top - margin), min(mask.shape[0], top + height + margin)),
        slice(max(0, left - margin), min(mask.shape[1], left + width + margin)),
    )


def _visible(good: Pixels, bad: Pixels, mask: Pixels, unit: float) -> Pixels:
    """Return the mask where the local mean difference can be seen."""
    red, green, blue = cv2.split(cv2.absdiff(good, bad))
    side = 2 * max(2, round(7 * unit)) + 1
    local = cv2.boxFilter(cv2.max(cv2.max(red, green), blue), cv2.CV_32F, (side, side))
    low, high = SEEN
    scale = 255 / (high - low)
    seen = cv2.convertScaleAbs(cv2.max(local, low), alpha=scale, beta=-low * scale)  # limits at 255
    out: Pixels = cv2.multiply(seen, mask, scale=1 / 255)
    return out
