"""Settings of a refinement, and what it returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

from torch import Tensor

from balanced_refiner.guard import TOLERANCE, GuardDecision
from balanced_refiner.mask import MaskSettings, RepairMask
from balanced_refiner.regions import RegionOrder, RegionSet
from balanced_refiner.strength import DELTA
from grefine_core import Assessment, InputError

Stage2Mode = Literal["auto", "always", "never"]
"""`auto`: the mild pass runs only if a repair of stage 1 was kept, since it is there to blend them in, and only if its
backend does good pixels no harm (`Inpainter.mild_pass`)."""
Stopped = Literal["clear", "unimproved", "limit"]
"""Why no further round ran: nothing was left to repair, the last one kept nothing, or that was the last one allowed."""


@dataclass(frozen=True, kw_only=True)
class RefineSettings:
    """What decides a refinement beside the picture, its prompt and the seed."""

    steps: int = 20
    """Denoising operations of both stages, n1 + n2 of eq. (10); the odd one goes to stage 1."""
    delta: float = DELTA
    """Strength of stage 2, in [0, 1]."""
    mask: MaskSettings = field(default_factory=MaskSettings)
    guard: bool = True
    """Keep a change only if the scores do not fall; off reproduces the paper."""
    tolerance: float = TOLERANCE
    """Fall of p + a that the guard accepts, in [0, 2]."""
    literal: bool = False
    """Strength of stage 1 as eq. (9) prints it."""
    strength: float | None = None
    """Strength of stage 1 in place of eq. (9), in (0, 1], whatever the backend advises; missing
    objects keep theirs."""
    rounds: int = 1
    """Times that regions are looked for and repaired at most; fewer where nothing is left or nothing helps."""
    max_regions: int = 8
    """Regions repaired in a round at most, the worst ones; each costs one call of the assessors."""
    order: RegionOrder = "worst"
    """Order of repair; each is judged on top of those before it."""
    stage2: Stage2Mode = "auto"

    def __post_init__(self) -> None:
        if self.steps < 2:
            raise InputError(f"`steps` must be at least 2, one for each stage, got {self.steps}.")
        if not 0 <= self.delta <= 1:
            raise InputError(f"`delta` must lie in [0, 1], got {self.delta}.")
        if not 0 <= self.tolerance <= 2:
            raise InputError(f"`tolerance` must lie in [0, 2], got {self.tolerance}.")
        if self.strength is not None and not 0 < self.strength <= 1:
            raise InputError(f"`strength` must lie in (0, 1], got {self.strength}.")
        for name, count in (("max_regions", self.max_regions), ("rounds", self.rounds)):
            if count < 1:
                raise InputError(f"`{name}` must be at least 1, got {count}.")
        if self.order not in ("worst", "largest", "reading"):
            raise InputError(f"`order` must be `worst`, `largest` or `reading`, got `{self.order}`.")
        if self.stage2 not in ("auto", "always", "never"):
            raise InputError(f"`stage2` must be `auto`, `always` or `never`, got `{self.stage2}`.")

    @property
    def n1(self) -> int:
        """Steps of stage 1."""
        return self.steps - self.steps // 2

    @property
    def n2(self) -> int:
        """Steps of stage 2."""
        return self.steps // 2


@dataclass(frozen=True, kw_only=True, eq=False)
class Round:
    """What one round of stage 1 found and did; the decisions name their round."""

    number: int
    """1 is the first."""
    before: Assessment
    """Of the picture at its start, with the emphases of this round."""
    mask: RepairMask
    """Mask of eq. (9), without the regions that were left alone."""
    found: RegionSet
    strength: float
    """Of stage 1, also if there was nothing to repair."""
    seeds: tuple[int, ...]
    """Of the noise of each region."""
    kept: int
    """Repairs that the guard kept."""

    def to_dict(self) -> dict[str, object]:
        """Return everything but the tensors as plain values that json can write."""
        return {
            "number": self.number,
            "before": _scores(self.before),
            "mask": _mask(self.mask),
            "strength": self.strength,
            "regions": [region.to_dict() for region in self.found.regions],
            "regions_skipped": self.found.skipped,
            "seeds": list(self.seeds),
            "kept": self.kept,
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Refinement:
    """A refined picture, and all that led to it."""

    pixels: Tensor
    """Shape (1, 3, H, W), float32 in [0, 1], on the CPU; the input bit for bit where nothing was kept."""
    stage1_pixels: Tensor
    """The picture after stage 1, of the same kind; outside the mask the input bit for bit."""
    changed: bool
    """Whether any pixel differs from the input's."""
    message: str
    """What happened, in one sentence."""
    before: Assessment
    after: Assessment
    """Measured on `pixels`; the very record `before` where nothing changed."""
    mask: RepairMask
    """Where stage 1 may have changed something: the masks of all rounds together, each without the
    regions that were left alone; deficit and threshold are those of the input."""
    found: RegionSet
    """Regions of the input, those of the first round."""
    rounds: tuple[Round, ...]
    """At least one, the first, also if it found nothing."""
    stopped: Stopped
    decisions: tuple[GuardDecision, ...]
    """One for each change that was tried, in order."""
    strengths: Mapping[str, float]
    """`stage1` of eq. (9) in the first round, also if it did not run, and `stage2`."""
    steps: Mapping[str, int]
    """Denoising operations that each stage ran per square; 0 where it did not run."""
    seed: int
    seeds: tuple[int, ...]
    """Of the noise of each region of the first round."""
    backend: str
    """Of stage 1."""
    second: str
    """Backend of stage 2; the same name where the two are one."""
    settings: RefineSettings
    timings: Mapping[str, float]
    """Seconds, by part."""

    def to_dict(self) -> dict[str, object]:
        """Return everything but the tensors as plain values that json can write."""
        return {
            "changed": self.changed,
            "message": self.message,
            "before": _scores(self.before),
            "after": _scores(self.after),
            "mask": _mask(self.mask),
            "regions": [region.to_dict() for region in self.found.regions],
            "regions_skipped": self.found.skipped,
            "rounds": [done.to_dict() for done in self.rounds],
            "stopped": self.stopped,
            "decisions": [decision.to_dict() for decision in self.decisions],
            "strengths": dict(self.strengths),
            "steps": dict(self.steps),
            "seed": self.seed,
            "seeds": list(self.seeds),
            "backend": self.backend,
            "second": self.second,
            "settings": asdict(self.settings),
            "timings": dict(self.timings),
        }


def _scores(assessment: Assessment) -> dict[str, object]:
    return {
        "p": assessment.pq.score,
        "a": assessment.aq.score,
        "defects": [{"phrase": d.phrase, "kind": d.kind, "start": d.start, "end": d.end} for d in assessment.defects],
        "emphases": [asdict(emphasis) for emphasis in assessment.emphases],
    }


def _mask(mask: RepairMask) -> dict[str, object]:
    return {"threshold": mask.threshold, "share": float(mask.hard.float().mean())}
