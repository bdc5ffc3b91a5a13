"""No negative optimisation: a change stays only if the scores, measured again, allow it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Literal

from torch import Tensor
from torch.nn import functional

from grefine_core import Assessment

Assess = Callable[[Tensor, str], Assessment]
"""Measure p, P, a and A of pixels (1, 3, H, W) in [0, 1] for a prompt."""

Stage = Literal["stage1", "stage2"]

TOLERANCE = 0.0
"""Fall of p + a, of 2, that is accepted. None by default: the same picture measures the same each
time, so a fall is not noise. Raise it for an assessor that is not deterministic."""

BLOCK = 16
"""Side in pixels of the blocks whose mean colours `color_shift` compares: texture averages out."""
MAX_SHIFT = 0.02
"""Largest mean colour shift, of 1, of a pass that is meant to be mild: 5 of 255, about what the eye
sees on a plain surface. The scores alone do not notice that a red cup turned brown."""


def color_shift(before: Tensor, after: Tensor) -> float:
    """Return the mean absolute change of block colours between two pictures (1, 3, H, W), in [0, 1]."""
    blocks = [functional.avg_pool2d(x, BLOCK, ceil_mode=True) for x in (before, after)]
    return float((blocks[0] - blocks[1]).abs().mean())


@dataclass(frozen=True, kw_only=True)
class GuardDecision:
    """What became of one change, and why."""

    round: int
    """1 is the first."""
    stage: Stage
    region: int | None
    """Index of the region in its round, None for the whole image."""
    before_p: float | None
    before_a: float | None
    """Scores of the picture that the change was made to; None if the guard is off."""
    after_p: float | None
    after_a: float | None
    """Scores with the change; None if they were not measured."""
    kept: bool
    reason: str
    """One sentence."""

    def to_dict(self) -> dict[str, object]:
        """Return the fields as plain values that json can write."""
        return asdict(self)


class Guard:
    """Judge changes one after the other, each on top of those that were kept.

    A change is measured against the best picture so far, so that many small falls cannot add up:
    with the guard on, the result's p + a is never more than `tolerance` below the input's, after
    however many rounds.

    Args:
        assess: How to measure.
        prompt: The user's prompt.
        before: Assessment of the untouched picture.
        tolerance: Largest fall of p + a that is accepted, in [0, 2].
        enabled: Off keeps every change and measures nothing.
    """

    def __init__(
        self, assess: Assess, prompt: str, before: Assessment, *, tolerance: float = TOLERANCE, enabled: bool = True
    ) -> None:
        self._assess, self._prompt = assess, prompt
        self._tolerance, self._enabled = tolerance, enabled
        self._best = before.pq.score + before.aq.score
        self.assessment: Assessment | None = before
        """Of the picture as it stands; None once something was kept unmeasured."""
        self.round = 1
        """Which round the decisions to come belong to."""
        self.decisions: list[GuardDecision] = []

    def offer(self, candidate: Tensor, stage: Stage, region: int | None = None) -> bool:
        """Return whether to keep `candidate`, shape (1, 3, H, W) in [0, 1], and record why."""
        if not self._enabled:
            self._record(stage, region, None, kept=True, reason="The guard is off, so the change is kept unmeasured.")
            self.assessment = None
            return True
        after = self._assess(candidate, self._prompt)
        kept, reason = self._judge(after)
        self._record(stage, region, after, kept=kept, reason=reason)
        if kept:
            self.assessment = after
            self._best = max(self._best, after.pq.score + after.aq.score)
        return kept

    def refuse(self, stage: Stage, region: int | None, reason: str) -> None:
        """Record a change that never came to be."""
        self._record(stage, region, None, kept=False, reason=reason)

    def _judge(self, after: Assessment) -> tuple[bool, str]:
        now = after.pq.score + after.aq.score
        if not math.isfinite(now):
            return False, "The scores of the changed picture are not numbers, so the change is dropped."
        kept = now >= self._best - self._tolerance - 1e-9  # a fall of the tolerance itself is no rounding matter
        verb = "kept" if kept else "dropped"
        comparison = f"p + a is {now:.4f} after the change and at best {self._best:.4f} before"
        return kept, f"{comparison}, tolerance {self._tolerance:g}: {verb}."

    def _record(self, stage: Stage, region: int | None, after: Assessment | None, *, kept: bool, reason: str) -> None:
        before = self.assessment
        decision = GuardDecision(
            round=self.round,
            stage=stage,
            region=region,
            before_p=before.pq.score if before else None,
            before_a=before.aq.score if before else None,
            after_p=after.pq.score if after else None,
            after_a=after.aq.score if after else None,
            kept=kept,
            reason=reason,
        )
        self.decisions.append(decision)
