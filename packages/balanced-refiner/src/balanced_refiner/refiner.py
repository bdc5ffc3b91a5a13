"""The balanced refiner: assess, repair regions, pass mildly over all, and keep what helped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from balanced_refiner.backend import Inpainter, OnStep
from balanced_refiner.errors import RefineError
from balanced_refiner.guard import MAX_SHIFT, Assess, Guard, Stage, color_shift
from balanced_refiner.mask import RepairMask, feather_inwards, make_mask
from balanced_refiner.records import Refinement, RefineSettings
from balanced_refiner.regions import RegionSet, find_regions
from balanced_refiner.stages import StagePlan, region_seed, stage1, stage2
from balanced_refiner.strength import denoising_steps, stage1_strength
from grefine_core import Assessment, InputError, check_images, check_prompt

OnProgress = Callable[[str, int, int], None]
"""Called with the stage, the denoising steps done in it, and how many it has."""


@dataclass(frozen=True, kw_only=True)
class _Work:
    """What one call plans before it touches a pixel."""

    prompt: str
    seed: int
    before: Assessment
    mask: RepairMask
    found: RegionSet
    weights: list[Tensor]
    """Of the new pixels, (H, W) in [0, 1], for each region."""
    strength: float
    guard: Guard
    on_progress: OnProgress | None
    steps: dict[str, int] = field(default_factory=lambda: {"stage1": 0, "stage2": 0})
    timings: dict[str, float] = field(default_factory=dict)

    def listener(self, stage: Stage) -> OnStep | None:
        hear = self.on_progress
        return None if hear is None else (lambda done, total: hear(stage, done, total))

    @contextmanager
    def clock(self, part: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self.timings[part] = time.perf_counter() - began


class BalancedRefiner:
    """Join a backend and an assessor to eqs. (9) and (10); holds no state between calls.

    Args:
        inpainter: The diffusion backend.
        assess: Measures p, P, a, A and the defects of pixels (1, 3, H, W) for a prompt.
        settings: Steps, mask, guard.
    """

    def __init__(self, inpainter: Inpainter, assess: Assess, settings: RefineSettings | None = None) -> None:
        self._inpainter, self._assess = inpainter, assess
        self._settings = settings or RefineSettings()

    @torch.no_grad()
    def __call__(
        self, pixels: Tensor, prompt: str, *, seed: int = 0, on_progress: OnProgress | None = None
    ) -> Refinement:
        """Refine one picture.

        Where the mask is empty there is nothing to repair, and the input comes back bit for bit.
        A backend that fails changes nothing either; the decisions say what it did.

        Args:
            pixels: Shape (1, 3, H, W), float32 in [0, 1], any H and W; it is not changed.
            prompt: What the picture should show.
            seed: The same seed gives the same picture; not negative.
            on_progress: Hears of every denoising step.

        Raises:
            InputError: If an argument breaks the above, or the assessor's maps have another size.
        """
        _check(pixels, prompt, seed)
        source = pixels.detach().cpu()
        began = time.perf_counter()
        work = self._plan(source, prompt, seed, on_progress)
        result = source
        if not work.mask.empty:
            with work.clock("stage1"):
                result = self._run_stage1(result, work)
        repaired = result
        if self._settings.stage2 == "always" or (self._settings.stage2 == "auto" and not work.mask.empty):
            with work.clock("stage2"):
                result = self._run_stage2(result, work)
        changed = not torch.equal(result, source)
        after = (work.guard.assessment or self._assess(result, prompt)) if changed else work.before
        work.timings["total"] = time.perf_counter() - began
        return self._report(work, repaired, result, after, changed=changed)

    def _plan(self, source: Tensor, prompt: str, seed: int, on_progress: OnProgress | None) -> _Work:
        """Assess the picture and decide where and how strongly to repair it."""
        began = time.perf_counter()
        before = self._assess(source, prompt)
        timings = {"assess": time.perf_counter() - began}
        size = tuple(source.shape[2:])
        for name, found in (("P", before.pq.map), ("A", before.aq.map)):
            if tuple(found.shape) != size:
                raise InputError(f"The map {name} must have the image's size {size}, got {tuple(found.shape)}.")
        settings = self._settings
        asked = stage1_strength(before.pq.score, before.aq.score, literal=settings.literal)
        strength = min(asked, self._inpainter.max_strength)
        mask = make_mask(before.pq.map, before.aq.map, settings=settings.mask)
        regions = find_regions(mask, before, prompt, strength=strength, max_regions=settings.max_regions)
        treated = regions.labels > 0
        # each region has its own soft rim, also towards a neighbour: the guard may keep one of the two
        weights = [
            torch.from_numpy(feather_inwards((regions.labels == i + 1).numpy(), settings.mask.feather))
            for i in range(len(regions.regions))
        ]
        guard = Guard(self._assess, prompt, before, tolerance=settings.tolerance, enabled=settings.guard)
        return _Work(
            prompt=prompt,
            seed=seed,
            before=before,
            mask=replace(mask, hard=treated, feathered=sum(weights, torch.zeros(size))),
            found=regions,
            weights=weights,
            strength=strength,
            guard=guard,
            on_progress=on_progress,
            timings=timings,
        )

    def _run_stage1(self, pixels: Tensor, work: _Work) -> Tensor:
        """Return the picture with every repair that the guard keeps, one region after the other."""
        plan = StagePlan(steps=self._settings.n1, seed=work.seed, on_step=work.listener("stage1"))
        work.steps["stage1"] = max(denoising_steps(plan.steps, r.strength) for r in work.found.regions)
        for repair in stage1(self._inpainter, pixels, work.found, plan):
            index = repair.region.index
            if repair.generated is None:
                work.guard.refuse("stage1", index, repair.error)
                continue
            candidate = repair.apply(pixels, work.weights[index])
            if work.guard.offer(candidate, "stage1", index):
                pixels = candidate
        return pixels

    def _run_stage2(self, pixels: Tensor, work: _Work) -> Tensor:
        """Return the picture after the mild pass, or as it was if the guard drops that."""
        settings = self._settings
        plan = StagePlan(steps=settings.n2, seed=work.seed, on_step=work.listener("stage2"))
        work.steps["stage2"] = denoising_steps(plan.steps, settings.delta)
        if work.steps["stage2"] == 0:
            return pixels
        emphases = work.before.emphases
        try:
            candidate = stage2(self._inpainter, pixels, work.prompt, emphases, strength=settings.delta, plan=plan)
        except RefineError as error:
            work.guard.refuse("stage2", None, str(error))
            return pixels
        shift = color_shift(pixels, candidate)
        if settings.guard and shift > MAX_SHIFT:
            reason = f"The mild pass shifts colours by {shift:.3f} on average, limit {MAX_SHIFT:g}: dropped."
            work.guard.refuse("stage2", None, reason)
            return pixels
        return candidate if work.guard.offer(candidate, "stage2") else pixels

    def _report(self, work: _Work, repaired: Tensor, pixels: Tensor, after: Assessment, *, changed: bool) -> Refinement:
        return Refinement(
            pixels=pixels,
            stage1_pixels=repaired,
            changed=changed,
            message=_message(work, changed=changed),
            before=work.before,
            after=after,
            mask=work.mask,
            found=work.found,
            decisions=tuple(work.guard.decisions),
            strengths={"stage1": work.strength, "stage2": self._settings.delta},
            steps=work.steps,
            seed=work.seed,
            seeds=tuple(region_seed(work.seed, "stage1", region.index) for region in work.found.regions),
            backend=self._inpainter.name,
            settings=self._settings,
            timings=work.timings,
        )


def _check(pixels: Tensor, prompt: str, seed: int) -> None:
    check_images(pixels)
    check_prompt(prompt)
    if len(pixels) != 1 or pixels.dtype != torch.float32:
        raise InputError(
            f"`pixels` must be one float32 image (1, 3, H, W), got {tuple(pixels.shape)} of {pixels.dtype}."
        )
    if seed < 0:
        raise InputError(f"`seed` must not be negative, got {seed}.")


def _message(work: _Work, *, changed: bool) -> str:
    """Say in one sentence what happened."""
    decisions = work.guard.decisions
    p, a = work.before.pq.score, work.before.aq.score
    if not decisions and p + a < 1:
        return f"The scores are low (p {p:.2f}, a {a:.2f}), but the maps point at no part of the image to repair."
    if not decisions:
        return f"Nothing to repair: no part of the image reaches a deficit of {work.mask.threshold:.2f}."
    kept = sum(d.kept for d in decisions)
    if not changed:
        return f"Nothing was changed: none of {len(decisions)} attempted changes was kept."
    return f"Kept {kept} of {len(decisions)} changes."
