"""One refinement in progress: rounds of repairs, then the mild pass, each change offered to the guard.

A round assesses, repairs regions, and keeps what helped. The mild pass runs once, after the last
round: it goes over every pixel, and each time would wear the good ones a little more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor

from balanced_refiner.backend import Inpainter, OnStep
from balanced_refiner.errors import RefineError
from balanced_refiner.guard import MAX_SHIFT, Assess, Guard, Stage, color_shift
from balanced_refiner.mask import feather_inwards
from balanced_refiner.planning import RepairPlan, plan_repairs, raise_emphases
from balanced_refiner.records import RefineSettings, Round, Stopped
from balanced_refiner.stages import StagePlan, stage1, stage2
from balanced_refiner.strength import denoising_steps
from grefine_core import Assessment

OnProgress = Callable[[str, int, int], None]
"""Called with the stage, the denoising steps done in it, and how many it has."""


@dataclass(kw_only=True, eq=False)
class Work:
    """One picture on its way through the stages."""

    assess: Assess
    prompt: str
    seed: int
    locked: Tensor | None
    settings: RefineSettings
    before: Assessment
    guard: Guard
    on_progress: OnProgress | None
    rounds: list[Round] = field(default_factory=list)
    stopped: Stopped = "limit"
    steps: dict[str, int] = field(default_factory=lambda: {"stage1": 0, "stage2": 0})
    timings: dict[str, float] = field(default_factory=dict)

    def plan(self, steps: int, stage: Stage) -> StagePlan:
        """Return what a stage of this round is told."""
        hear = self.on_progress
        on_step: OnStep | None = None if hear is None else (lambda done, total: hear(stage, done, total))
        return StagePlan(steps=steps, seed=self.seed, round=self.guard.round, locked=self.locked, on_step=on_step)

    @contextmanager
    def clock(self, part: str) -> Iterator[None]:
        """Add the seconds of a block to those of a part."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.timings[part] = self.timings.get(part, 0.0) + time.perf_counter() - began

    def measured(self, pixels: Tensor) -> Assessment:
        """Return the assessment of the picture as it stands, measured if the guard did not."""
        if self.guard.assessment is None:
            self.guard.assessment = self.assess(pixels, self.prompt)
        return self.guard.assessment


def repair_in_rounds(work: Work, inpainter: Inpainter, pixels: Tensor) -> Tensor:
    """Return the picture after as many rounds of stage 1 as are allowed and still do something.

    The first round is recorded even if it finds nothing; a further one only if it tries something.
    """
    for number in range(1, work.settings.rounds + 1):
        work.guard.round = number
        assessment = raise_emphases(work.measured(pixels), [done.before for done in work.rounds])
        plan = plan_repairs(
            assessment, work.prompt, work.settings, max_strength=inpainter.max_strength, locked=work.locked
        )
        if plan.empty:
            work.stopped = "clear"
            if number == 1:
                work.rounds.append(_record(work, plan, [], 0))
            break
        with work.clock("stage1"):
            repaired, seeds, kept = _repair(work, inpainter, pixels, plan)
        work.rounds.append(_record(work, plan, seeds, kept))
        if kept == 0:
            work.stopped = "unimproved"
            break
        pixels = repaired
    work.guard.round = len(work.rounds)  # a round that found nothing is none
    return pixels


def _record(work: Work, plan: RepairPlan, seeds: list[int], kept: int) -> Round:
    return Round(
        number=work.guard.round,
        before=plan.assessment,
        mask=plan.mask,
        found=plan.found,
        strength=plan.strength,
        seeds=tuple(seeds),
        kept=kept,
    )


def _repair(work: Work, inpainter: Inpainter, pixels: Tensor, plan: RepairPlan) -> tuple[Tensor, list[int], int]:
    """Return the picture with every repair that the guard keeps, their seeds, and how many were kept."""
    told = work.plan(work.settings.n1, "stage1")
    steps = max(denoising_steps(told.steps, region.strength) for region in plan.found.regions)
    work.steps["stage1"] = max(work.steps["stage1"], steps)
    seeds, kept = list[int](), 0
    for repair in stage1(inpainter, pixels, plan.found, told):
        index = repair.region.index
        seeds.append(repair.seed)
        if repair.generated is None:
            work.guard.refuse("stage1", index, repair.error)
            continue
        candidate = repair.apply(pixels, plan.weights[index])
        if work.guard.offer(candidate, "stage1", index):
            pixels, kept = candidate, kept + 1
    return pixels, seeds, kept


def pass_over(work: Work, inpainter: Inpainter, pixels: Tensor) -> Tensor:
    """Return the picture after the mild pass, or as it was if that failed or the guard drops it."""
    settings = work.settings
    plan = work.plan(settings.n2, "stage2")
    work.steps["stage2"] = denoising_steps(plan.steps, settings.delta)
    if work.steps["stage2"] == 0:
        return pixels
    emphases = work.rounds[-1].before.emphases  # the words are those of the last repairs, as in eq. (10)
    try:
        candidate = stage2(inpainter, pixels, work.prompt, emphases, strength=settings.delta, plan=plan)
    except RefineError as error:
        work.guard.refuse("stage2", None, str(error))
        return pixels
    candidate = keep_locked(pixels, candidate, work.locked, settings.mask.feather)
    shift = color_shift(pixels, candidate)
    if settings.guard and shift > MAX_SHIFT:
        reason = f"The mild pass shifts colours by {shift:.3f} on average, limit {MAX_SHIFT:g}: dropped."
        work.guard.refuse("stage2", None, reason)
        return pixels
    return candidate if work.guard.offer(candidate, "stage2") else pixels


def keep_locked(pixels: Tensor, candidate: Tensor, locked: Tensor | None, feather: int) -> Tensor:
    """Return `candidate` (1, 3, H, W) with the locked pixels of `pixels`, bit for bit, and a soft rim around them."""
    if locked is None:
        return candidate
    weights = torch.from_numpy(feather_inwards(~locked.cpu().numpy(), feather))
    blend = weights * candidate + (1 - weights) * pixels
    return torch.where(weights > 0, blend, pixels)
