"""What a round sets out to do: mask, regions, strengths and words, from an assessment alone.

No backend is needed, so a plan can be made and handed on where no diffusion package is installed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from balanced_refiner.mask import MaskSettings, RepairMask, feather_inwards, make_mask
from balanced_refiner.records import RefineSettings
from balanced_refiner.regions import RegionSet, RegionSettings, find_regions
from balanced_refiner.strength import MISSING_STRENGTH, WORDS_STRENGTH, stage1_strength
from grefine_core import Assessment, Emphasis, InputError

MIN_CELLS = 2
"""Parts of the mask with fewer cells of the coarser map's grid are left alone: what a single cell says is
noise more often than damage. With the first mini preset (14 x 14 cells) it freed 17 of 100 clean scenes and
cost no damage."""
LARGEST_LEAST = 0.25
"""Share of the picture that a part may always have, however coarse the map is."""
STEP = 0.1
"""What eq. (7) adds to the weight of a phrase each time it fails again."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RepairPlan:
    """What stage 1 is to do."""

    assessment: Assessment
    """Of the picture as it stands, with the emphases of this round."""
    mask: RepairMask
    """Mask of eq. (9), without the regions that are left alone."""
    found: RegionSet
    weights: tuple[Tensor, ...]
    """Of the new pixels, (H, W) in [0, 1], for each region."""
    strength: float
    """Of stage 1, in [0, 1]."""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to repair."""
        return not self.found.regions


def plan_repairs(
    assessment: Assessment,
    prompt: str,
    settings: RefineSettings,
    *,
    max_strength: float = 1.0,
    locked: Tensor | None = None,
) -> RepairPlan:
    """Decide where and how strongly to repair a picture, and with which words.

    Args:
        assessment: Maps of H x W pixels, scores, defects and emphases.
        prompt: The user's prompt.
        settings: Mask, limit and order of regions, strength.
        max_strength: What the backend can do; nothing stronger is planned, a missing object
            included, unless the settings name a strength. Below `WORDS_STRENGTH` what the picture
            lacks of A is left out: only poor pixels are repaired.
        locked: Pixels to leave alone, shape (H, W), bool.

    Raises:
        InputError: If the maps, the defects or `locked` have different sizes.
    """
    p, a = assessment.pq.score, assessment.aq.score
    strength = settings.strength
    if strength is None:
        strength = min(stage1_strength(p, a, literal=settings.literal), max_strength)
    words = max_strength >= WORDS_STRENGTH
    seen = assessment if words else _without_words(assessment)
    bounds = _within_sight(settings.mask, seen)
    mask = make_mask(seen.pq.map, seen.aq.map, settings=bounds, locked=locked)
    regions = RegionSettings(
        strength=strength,
        missing_strength=min(MISSING_STRENGTH, max_strength),
        max_regions=settings.max_regions,
        order=settings.order,
    )
    found = find_regions(mask, seen, prompt, regions)
    if not words:
        found = _with_alignment(found, assessment.aq.map)
    # each region has its own soft rim, also towards a neighbour: the guard may keep one of the two
    weights = tuple(
        torch.from_numpy(feather_inwards((found.labels == i + 1).numpy(), settings.mask.feather))
        for i in range(len(found.regions))
    )
    treated = found.labels > 0
    feathered = sum(weights, torch.zeros(treated.shape))
    mask = replace(mask, hard=treated, feathered=feathered, share=mask.share * treated)
    return RepairPlan(assessment=assessment, mask=mask, found=found, weights=weights, strength=strength)


def _with_alignment(found: RegionSet, alignment: Tensor) -> RegionSet:
    """Return the regions with their mean of A (H, W), which had no part in finding them."""
    means = (float(alignment.cpu()[found.labels == region.index + 1].double().mean()) for region in found.regions)
    regions = tuple(replace(region, aq=mean) for region, mean in zip(found.regions, means, strict=True))
    return replace(found, regions=regions)


def _within_sight(settings: MaskSettings, assessment: Assessment) -> MaskSettings:
    """Return the settings with a least area that the coarser of the maps can tell from noise."""
    known = [found.cells for found in (assessment.pq, assessment.aq) if found.cells]
    if not known:
        return settings
    return replace(settings, min_area=max(settings.min_area, min(MIN_CELLS / min(known), LARGEST_LEAST)))


def _without_words(assessment: Assessment) -> Assessment:
    """Return what is left to repair where no phrase can be put right."""
    aligned = replace(assessment.aq, map=torch.ones_like(assessment.aq.map))
    return replace(assessment, aq=aligned, defects=())


def raise_emphases(assessment: Assessment, earlier: Sequence[Assessment]) -> Assessment:
    """Return the assessment with 0.1 more weight for each earlier round in which a phrase failed, too.

    The assessor gives 1 + 0.1 on top of the user's own weight each time, as it knows of one picture
    only; with this, eq. (7) counts rounds.
    """
    if not earlier or not assessment.emphases:
        return assessment
    raised = (
        replace(emphasis, weight=round(emphasis.weight + STEP * _failures(emphasis, earlier), 6))
        for emphasis in assessment.emphases
    )
    return replace(assessment, emphases=tuple(raised))


def _failures(emphasis: Emphasis, earlier: Sequence[Assessment]) -> int:
    """Return in how many earlier rounds some of the same words were emphasised."""
    return sum(any(e.start < emphasis.end and e.end > emphasis.start for e in past.emphases) for past in earlier)


def check_maps(assessment: Assessment, size: tuple[int, int]) -> None:
    """Refuse maps that are not of the picture's (height, width).

    Raises:
        InputError: If one is not.
    """
    for name, found in (("P", assessment.pq.map), ("A", assessment.aq.map)):
        if tuple(found.shape) != size:
            raise InputError(f"The map {name} must have the image's size {size}, got {tuple(found.shape)}.")
