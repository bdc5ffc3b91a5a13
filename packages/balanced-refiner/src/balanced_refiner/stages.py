"""The two stages of eq. (10): strong repair of regions, then a mild pass over the whole image.

Nothing here judges the outcome; `guard` does.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from balanced_refiner.backend import Inpainter, InpaintRequest, OnStep
from balanced_refiner.color_match import ColorMatch, match_colors
from balanced_refiner.crops import Window, crop, crop_mask, paste, place_window
from balanced_refiner.errors import RefineError
from balanced_refiner.painting import Painted, paint
from balanced_refiner.regions import Region, RegionSet
from balanced_refiner.strength import denoising_steps
from grefine_core import Emphasis, resize

BATCH = 4
"""Squares per call of the backend: enough to use a processor, few enough for a small one."""
OVERLAP = 0.25
"""Share of a tile's side that it has in common with the next one, where the two are blended."""


@dataclass(frozen=True, kw_only=True)
class StagePlan:
    """What a stage is told beside the picture."""

    steps: int
    """n1 or n2 of eq. (10): denoising operations per square."""
    seed: int
    round: int = 1
    """Each round draws other noise, so that a repair that failed is not tried in vain again."""
    locked: Tensor | None = None
    """Shape (H, W), bool: what stage 2 asks the backend to leave; regions leave it by themselves."""
    on_step: OnStep | None = None
    """Hears of steps done and steps in all, over the whole stage."""

    def listener(self, done: int, steps: int, total: int) -> OnStep | None:
        """Return a listener for one call of the backend, `done` steps into the stage and `steps` long.

        A backend that counts otherwise, since it parts the call, is brought to the same scale.
        """
        hear = self.on_step
        return None if hear is None else (lambda step, of: hear(done + step * steps // max(1, of), total))

    def seed_of(self, stage: str, index: int, *, spare: bool = False) -> int:
        """Return the seed of one region or tile in this round, or that of a second try."""
        return region_seed(self.seed, f"{stage}/{self.round}" if self.round > 1 else stage, index, spare=spare)


@dataclass(frozen=True, kw_only=True, eq=False)
class Repair:
    """What the backend made of one region."""

    region: Region
    window: Window
    generated: Tensor | None
    """Shape (3, S, S), float32 in [0, 1]; None where the backend failed."""
    seed: int
    """Of the noise that it was painted from."""
    match: ColorMatch = field(default_factory=ColorMatch)
    """What was done to its colours, so that its surroundings look as they did; `generated` has it."""
    error: str = ""
    """Why it failed."""

    def apply(self, pixels: Tensor, weights: Tensor) -> Tensor:
        """Return (1, 3, H, W) `pixels` with the region replaced by `weights` (H, W) of the repair."""
        return pixels if self.generated is None else paste(pixels, self.generated, self.window, weights)


def region_seed(seed: int, stage: str, index: int, *, spare: bool = False) -> int:
    """Return the seed of one region or tile: the same for the same four, whatever ran before it."""
    digest = hashlib.sha256(f"{seed}/{stage}/{index}{'/spare' if spare else ''}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1  # torch seeds have 63 bits


def stage1(inpainter: Inpainter, pixels: Tensor, found: RegionSet, plan: StagePlan) -> list[Repair]:
    """Repaint each region in a window around it: D^z1 of eq. (10).

    The repairs come back apart, in the order of the regions, so that each can be judged alone. All
    are painted from `pixels`, and a colour cast that shows in the surroundings is taken off. Where
    the backend fails twice, the region says so.

    Args:
        inpainter: The backend.
        pixels: Shape (1, 3, H, W), float32 in [0, 1], on the CPU.
        found: The regions, and how strongly to repaint each pixel of them.
        plan: n1 steps, seed and listener.
    """
    ordered = sorted(found.regions, key=lambda region: region.strength)  # like ones together take fewer steps
    batches = [ordered[i : i + BATCH] for i in range(0, len(ordered), BATCH)]
    counts = [denoising_steps(plan.steps, batch[-1].strength) for batch in batches]
    size = (pixels.shape[2], pixels.shape[3])
    done, repairs = 0, list[Repair]()
    for batch, steps in zip(batches, counts, strict=True):
        windows = [place_window(region.box, size, working_size=inpainter.working_size) for region in batch]
        request = _region_request(pixels, found, batch, windows, plan, inpainter.working_size)
        spare = [plan.seed_of("stage1", region.index, spare=True) for region in batch]
        made = paint(inpainter, request, spare, on_step=plan.listener(done, steps, sum(counts)))
        done += steps
        repairs += [
            _repair(*parts, request, place) for place, parts in enumerate(zip(batch, windows, made, strict=True))
        ]
    return sorted(repairs, key=lambda repair: repair.region.index)


def _repair(region: Region, window: Window, painted: Painted, request: InpaintRequest, place: int) -> Repair:
    """Return what was painted for a region, without the colour cast of its surroundings."""
    if painted.pixels is None:
        return Repair(region=region, window=window, generated=None, seed=painted.seed, error=painted.error)
    match = match_colors(painted.pixels, request.images[place], request.masks[place, 0] > 0)
    made = match.apply(painted.pixels)
    return Repair(region=region, window=window, generated=made, seed=painted.seed, match=match)


def _region_request(
    pixels: Tensor, found: RegionSet, batch: list[Region], windows: list[Window], plan: StagePlan, side: int
) -> InpaintRequest:
    """Return the request of a batch of regions, each cut out at `side` pixels."""
    own = [found.strengths * (found.labels == region.index + 1) for region in batch]
    pairs = zip(own, windows, strict=True)
    return InpaintRequest(
        images=torch.cat([resize(crop(pixels, window), (side, side)) for window in windows]),
        strengths=torch.stack([crop_mask(strengths, window, working_size=side) for strengths, window in pairs]),
        prompts=[region.prompt for region in batch],
        emphases=[region.emphases for region in batch],
        seeds=[plan.seed_of("stage1", region.index) for region in batch],
        steps=plan.steps,
    )


def stage2(
    inpainter: Inpainter, pixels: Tensor, prompt: str, emphases: Sequence[Emphasis], *, strength: float, plan: StagePlan
) -> Tensor:
    """Repaint the whole picture a little, under a mask of ones: D^z2 of eq. (10).

    A picture larger than the backend's working size is covered by overlapping tiles, pixel for
    pixel, which fade into each other; a smaller one is mirrored at its borders. The caller puts
    locked pixels back: the backend may change what it was asked to leave.

    Args:
        inpainter: The backend.
        pixels: Shape (1, 3, H, W), float32 in [0, 1], on the CPU; the result has the same.
        prompt: The user's prompt.
        emphases: Weights within it, eq. (7).
        strength: Delta of eq. (9), in [0, 1].
        plan: n2 steps, seed, locked pixels and listener.

    Raises:
        RefineError: If the backend returns nothing that may be used, twice.
    """
    strengths = torch.full_like(pixels[:, :1], strength)
    if plan.locked is not None:
        strengths = strengths * ~plan.locked.cpu()
    return repaint(inpainter, pixels, prompt, emphases, strengths=strengths, plan=plan)


def repaint(
    inpainter: Inpainter,
    pixels: Tensor,
    prompt: str,
    emphases: Sequence[Emphasis],
    *,
    strengths: Tensor,
    plan: StagePlan,
) -> Tensor:
    """Repaint each pixel of a picture as strongly as asked, tile by tile; see `stage2`.

    Where the strength is 0 the result is the backend's own view of the picture: the caller puts back
    what must not change.

    Args:
        inpainter: The backend.
        pixels: Shape (1, 3, H, W), float32 in [0, 1], on the CPU; the result has the same.
        prompt: The user's prompt.
        emphases: Weights within it, eq. (7).
        strengths: Shape (1, 1, H, W), float32 in [0, 1].
        plan: Steps, seed and listener; its locked pixels are the caller's business.

    Raises:
        RefineError: If the backend returns nothing that may be used, twice.
    """
    windows = _tiles((pixels.shape[2], pixels.shape[3]), inpainter.working_size)
    batches = [range(i, min(i + BATCH, len(windows))) for i in range(0, len(windows), BATCH)]
    steps = denoising_steps(plan.steps, float(strengths.amax()))
    total, weight = torch.zeros_like(pixels), torch.zeros_like(pixels[:, :1])
    for number, batch in enumerate(batches):
        request = InpaintRequest(
            images=torch.cat([crop(pixels, windows[i]) for i in batch]),
            strengths=torch.cat([crop(strengths, windows[i]) for i in batch]),
            prompts=[prompt] * len(batch),
            emphases=[emphases] * len(batch),
            seeds=[plan.seed_of("stage2", i) for i in batch],
            steps=plan.steps,
        )
        spare = [plan.seed_of("stage2", i, spare=True) for i in batch]
        hear = plan.listener(number * steps, steps, len(batches) * steps)
        for i, tile in zip(batch, paint(inpainter, request, spare, on_step=hear), strict=True):
            if tile.pixels is None:
                raise RefineError(tile.error)
            _add_tile(total, weight, tile.pixels, windows[i])
    return (total / weight).clamp(0, 1)


def _tiles(size: tuple[int, int], side: int) -> list[Window]:
    """Return windows that cover a picture, evenly spread, row by row."""
    rows, columns = (_starts(length, side) for length in size)
    return [Window(top, left, side) for top in rows for left in columns]


def _starts(length: int, side: int) -> list[int]:
    """Return the first coordinates of tiles on one axis."""
    if length <= side:
        return [-((side - length) // 2)]
    overlap = round(side * OVERLAP)
    count = math.ceil((length - overlap) / (side - overlap))
    return [round(i * (length - side) / (count - 1)) for i in range(count)]


def _add_tile(total: Tensor, weight: Tensor, made: Tensor, window: Window) -> None:
    """Add a tile (3, S, S) to the weighted sum, and its weights to theirs, both in place."""
    ramp = torch.sin((torch.arange(window.side) + 0.5) * (math.pi / window.side)).square()  # never 0
    fade = ramp[:, None] * ramp[None, :]  # (S, S)
    height, width = total.shape[2:]
    top, left = max(0, window.top), max(0, window.left)
    bottom, right = min(height, window.top + window.side), min(width, window.left + window.side)
    inside = (slice(top - window.top, bottom - window.top), slice(left - window.left, right - window.left))
    total[0, :, top:bottom, left:right] += (made * fade)[:, *inside]
    weight[0, 0, top:bottom, left:right] += fade[inside]
