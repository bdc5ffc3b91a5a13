"""The parts of a mask, one record each: where, how bad, why, and what to ask of the backend."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from balanced_refiner.mask import Bools, RepairMask, drop_islands
from balanced_refiner.strength import MISSING_STRENGTH
from grefine_core import Assessment, Defect, Emphasis, InputError

RegionKind = Literal["quality", "missing", "attribute"]
"""Why a region is in the mask: poor pixels, an absent object, or an object without its attributes."""
RegionOrder = Literal["worst", "largest", "reading"]
"""Order of repair: by the sum of deficits, by area, or by the upper left corner, row by row."""

COVERAGE = 0.25
"""A defect names a region if it fills this much of it on average: half of the mask's default floor,
that is half of the reason why the region was selected."""
FINE = 0.5
"""P above which pixels are not poor in themselves: the default mask selects those below on their own."""
SMALLEST_PART = 0.002
"""Share of the image below which a part of one cause goes with the other cause around it."""
MISSING_WEIGHT = 1.1
"""Weight of a missing phrase that eq. (7) did not emphasise already: its 1 + 0.1."""


@dataclass(frozen=True, kw_only=True)
class RegionSettings:
    """How many regions to treat, in which order, and how strongly."""

    strength: float
    """Full strength of a repair, in [0, 1]."""
    missing_strength: float = MISSING_STRENGTH
    """The same for an object that is missing altogether."""
    max_regions: int = 8
    """How many to keep, the worst ones whatever the order."""
    order: RegionOrder = "worst"


@dataclass(frozen=True, kw_only=True)
class Region:
    """One connected part of the mask."""

    index: int
    """Place in the order of repair, from 0."""
    box: tuple[int, int, int, int]
    """Top, left, bottom, right in pixels; bottom and right are exclusive."""
    area: int
    """Pixels."""
    pq: float
    """Mean of P over the region, in [0, 1], 1 is good."""
    aq: float
    """Mean of A over the region, in [0, 1], 1 is good."""
    kind: RegionKind
    phrase: str | None
    """The phrase that fails here, None for `quality`."""
    span: tuple[int, int] | None
    """Its first character in the user's prompt, and one past its last."""
    strength: float
    """Highest level of noise that a pixel of it is repainted from, in [0, 1]; all are but for a soft mask."""
    prompt: str
    """What the backend is asked to paint, see `find_regions`."""
    emphases: tuple[Emphasis, ...] = ()
    """Weights within `prompt`."""

    def to_dict(self) -> dict[str, object]:
        """Return the fields as plain values that json can write."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True, eq=False)
class RegionSet:
    """The regions of one mask, and which pixel belongs to which."""

    regions: tuple[Region, ...]
    """In the order of repair."""
    labels: Tensor
    """Shape (H, W), int32: a region's index plus 1, 0 outside all of them."""
    strengths: Tensor
    """Shape (H, W), float32 in [0, 1]: level of noise that each pixel is repainted from, 0 outside."""
    skipped: int
    """Further parts of the mask, over the limit or a second place of a missing object; left alone."""


def find_regions(mask: RepairMask, assessment: Assessment, prompt: str, settings: RegionSettings) -> RegionSet:
    """Part the mask into connected regions (8 neighbours) of one cause, and say what each one needs.

    Poor pixels beside a place where a phrase fails are a region of their own: they want another
    prompt and strength, and the guard can keep the one repair without the other.

    What the backend is asked for depends on the cause. `quality`: the whole prompt. `missing`: the
    phrase alone, strongly, so that nothing else of the prompt is painted in its place. `attribute`:
    the phrase and then the whole prompt, so that the failing words come first where a text model
    listens best, and the rest still says what stands around them.

    Args:
        mask: The mask of eq. (9), of H x W pixels.
        assessment: Maps and defects, all of H x W pixels.
        prompt: The user's prompt, which the spans of `assessment` refer to.
        settings: Strengths, limit and order.

    Raises:
        InputError: If a defect's region has another size than the mask.
    """
    _check_sizes(mask, assessment)
    parts = list(_parts(mask, assessment))
    chosen: list[tuple[_Place, Region]] = []
    placed: set[tuple[int, int] | None] = set()
    for at in parts:
        if len(chosen) == settings.max_regions:
            break
        region = _describe(at, assessment, prompt, settings)
        if region.kind == "missing" and region.span in placed:
            continue  # one missing object wants one place, not one in each stray part of its map
        if region.kind == "missing":
            placed.add(region.span)
        chosen.append((at, region))
    return _number(_ordered(chosen, settings.order), mask, skipped=len(parts) - len(chosen))


def _parts(mask: RepairMask, assessment: Assessment) -> Iterator[_Place]:
    """Yield the connected parts of one cause, the worst first."""
    failing = _failing_alignment(mask, assessment)
    found, count = _label_causes(mask, failing)
    sums = ndimage.sum_labels(mask.deficit.numpy(), found, np.arange(1, count + 1))
    boxes = ndimage.find_objects(found)
    for place in np.argsort(-sums, kind="stable").tolist():  # stable: ties in reading order
        rows, columns = boxes[place]
        inside = found[rows, columns] == place + 1
        at_fault = bool(failing[rows, columns][inside].mean() > 0.5)
        share = mask.share[rows, columns] * torch.from_numpy(inside)
        yield _Place(rows, columns, torch.from_numpy(inside), share, failing=at_fault)


def _ordered(chosen: list[tuple[_Place, Region]], order: RegionOrder) -> list[tuple[_Place, Region]]:
    if order == "largest":
        return sorted(chosen, key=lambda pair: -pair[1].area)
    if order == "reading":
        return sorted(chosen, key=lambda pair: pair[1].box[:2])
    return chosen


def _number(chosen: list[tuple[_Place, Region]], mask: RepairMask, *, skipped: int) -> RegionSet:
    """Return the set of the regions, numbered as they come."""
    labels = torch.zeros(mask.hard.shape, dtype=torch.int32)
    strengths = torch.zeros(mask.hard.shape)
    for index, (at, region) in enumerate(chosen):
        labels[at.rows, at.columns][at.inside] = index + 1
        full = region.strength / float(at.share.max())
        strengths[at.rows, at.columns][at.inside] = full * at.share[at.inside]
    regions = tuple(replace(region, index=index) for index, (_, region) in enumerate(chosen))
    return RegionSet(regions=regions, labels=labels, strengths=strengths, skipped=skipped)


def _failing_alignment(mask: RepairMask, assessment: Assessment) -> Bools:
    """Return where (H, W) the picture is fine in itself, and alignment is what is worse.

    Poor pixels need repair whatever else should be drawn there. The rim that dilation added belongs
    to the cause of the nearest pixel that was selected itself.
    """
    quality, alignment = assessment.pq.map.cpu(), assessment.aq.map.cpu()
    worse: Bools = ((quality > FINE) & (alignment < quality)).numpy()
    selected = (mask.deficit >= mask.threshold).numpy() & mask.hard.numpy()
    if not selected.any():
        return worse
    rows, columns = ndimage.distance_transform_edt(~selected, return_distances=False, return_indices=True)
    nearest: Bools = worse[rows, columns]
    return nearest


def _label_causes(mask: RepairMask, alignment: Bools) -> tuple[NDArray[np.int32], int]:
    """Return labels (H, W) from 1 of the connected parts of each cause, and how many there are."""
    hard = mask.hard.numpy()
    smallest = max(SMALLEST_PART * hard.size, mask.smallest)
    failing = drop_islands(hard & alignment, smallest)
    poor = hard & ~failing
    if failing.any():
        poor = drop_islands(poor, smallest)  # what is too small on its own goes with its surroundings
        failing = hard & ~poor
    eight = np.ones((3, 3), bool)
    first, n = ndimage.label(failing, structure=eight)
    second, m = ndimage.label(poor, structure=eight)
    return np.where(second > 0, second + n, first).astype(np.int32), n + m


@dataclass(frozen=True)
class _Place:
    """A box and the pixels of it that belong to a region."""

    rows: slice
    columns: slice
    inside: Tensor
    share: Tensor
    """Of the full strength, by pixel of the box; 0 outside the region."""
    failing: bool
    """Whether alignment is the cause in most of it."""

    def mean(self, values: Tensor) -> float:
        return float(values[self.rows, self.columns].cpu()[self.inside].double().mean())


def _check_sizes(mask: RepairMask, assessment: Assessment) -> None:
    size = tuple(mask.hard.shape)
    for defect in assessment.defects:
        if tuple(defect.region.shape) != size:
            raise InputError(
                f"The region of `{defect.phrase}` must have the image's size {size}, got {tuple(defect.region.shape)}."
            )


def _describe(at: _Place, assessment: Assessment, prompt: str, settings: RegionSettings) -> Region:
    defect = _main_defect(at, assessment) if at.failing else None
    missing = defect is not None and defect.kind == "missing"
    text, emphases = _wording(defect, assessment, prompt)
    return Region(
        index=0,  # until the order is known
        box=(at.rows.start, at.columns.start, at.rows.stop, at.columns.stop),
        area=int(at.inside.sum()),
        pq=at.mean(assessment.pq.map),
        aq=at.mean(assessment.aq.map),
        kind=defect.kind if defect else "quality",
        phrase=defect.phrase if defect else None,
        span=(defect.start, defect.end) if defect else None,
        strength=(settings.missing_strength if missing else settings.strength) * float(at.share.max()),
        prompt=text,
        emphases=emphases,
    )


def _wording(defect: Defect | None, assessment: Assessment, prompt: str) -> tuple[str, tuple[Emphasis, ...]]:
    """Return what to ask for, and the weights within it."""
    if defect is None or (defect.kind == "attribute" and defect.phrase == prompt.strip()):
        return prompt, assessment.emphases
    first = _phrase_emphasis(defect, assessment)
    if defect.kind == "missing":
        return defect.phrase, first
    before = f"{defect.phrase}, "
    rest = (replace(e, start=e.start + len(before), end=e.end + len(before)) for e in assessment.emphases)
    return before + prompt, (*first, *rest)


def _main_defect(at: _Place, assessment: Assessment) -> Defect | None:
    """Return the defect that fills most of the region, if any fills enough; the first on a tie."""
    covers = [at.mean(defect.region) for defect in assessment.defects]
    if not covers or max(covers) < COVERAGE:
        return None
    return assessment.defects[covers.index(max(covers))]


def _phrase_emphasis(defect: Defect, assessment: Assessment) -> tuple[Emphasis, ...]:
    """Return one emphasis over the whole phrase, since its words may lie apart in the prompt."""
    weights = [e.weight for e in assessment.emphases if e.start < defect.end and e.end > defect.start]
    weight = max(weights, default=MISSING_WEIGHT)
    return (Emphasis(text=defect.phrase, start=0, end=len(defect.phrase), weight=weight),)
