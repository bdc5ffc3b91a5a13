"""Q-Refine (Li et al., arXiv:2401.01117), the paper's predecessor, on our PQ-Map.

Its code was never released, and we had its abstract and what G-Refine says of it, not the full text. After
these, three adaptive pipelines: the quality of a patch, the largest within it, decides which of them change
it. Low quality gets Gaussian noise, so that what follows finds something to change; low and medium quality
is inpainted under a mask; then everything is enhanced mildly, with words of quality behind the prompt.
Q-Refine measures by a network of its own. All numbers below, for our p, and the words are ours.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from balanced_refiner import DELTA, Inpainter, StagePlan
from grefine.indicators.own import OwnModels
from grefine.optimizers.optimizer import Building, OptimizerInfo
from grefine.optimizers.whole_picture import paint_whole
from grefine.packs import check_packs, packs_digest
from grefine.plain_prompts import PlainPrompts

Q_REFINE = OptimizerInfo(
    key="q-refine",
    title="Q-Refine",
    family="refinement",
    licence="rebuilt after its abstract, Apache-2.0; the weights are those of the preset",
)
PATCHES = 8
"""Patches along each side; this and all that follows is our choice."""
LOW, HIGH = 0.35, 0.65
"""Quality below which a patch is of low, and of at most medium, quality."""
NOISE = 0.2
"""Deviation of the noise that a patch of quality 0 gets."""
STRENGTHS = (0.1, 0.95)
WORDS = "high quality, sharp, detailed"
"""What the enhancement asks for beside the prompt."""


def patch_quality(quality: Tensor) -> Tensor:
    """Return the quality of the patch that each pixel lies in: shape (H, W), as the map's.

    Args:
        quality: Map P, shape (H, W), in [0, 1].
    """
    height, width = quality.shape
    grid = (min(PATCHES, height), min(PATCHES, width))
    pooled = functional.adaptive_max_pool2d(quality[None, None], grid)
    return functional.interpolate(pooled, size=(height, width), mode="nearest")[0, 0]


def add_noise(pixels: Tensor, quality: Tensor, *, seed: int) -> Tensor:
    """Return the picture with Gaussian noise where quality is low: the more, the lower.

    Args:
        pixels: Shape (1, 3, H, W), in [0, 1].
        quality: That of the patches, shape (H, W).
        seed: The same seed gives the same noise.
    """
    amount = NOISE * (1 - quality / LOW).clamp(min=0)
    noise = torch.randn(pixels.shape, generator=torch.Generator().manual_seed(seed))
    return (pixels + amount * noise).clamp(0, 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class QRefine:
    """The three pipelines, one after the other; see `Optimizer`."""

    info: OptimizerInfo
    models: OwnModels
    inpainter: Inpainter
    steps: int
    weights: str = ""
    """Digest of all weights."""

    @property
    def name(self) -> str:
        """Optimizer, assessor, model, steps and weights."""
        preset = self.models.models.settings.preset
        return f"{self.info.key}:{preset}:{self.inpainter.name}:{self.steps}:{self.weights}"

    def optimize(self, pixels: Tensor, prompt: str, *, seed: int) -> Tensor:
        """Refine a picture; half of the iterations inpaint, half enhance."""
        quality = patch_quality(self.models.score(pixels, prompt).assessment.pq.map)
        first, half = PlainPrompts(self.inpainter, prompt), max(1, self.steps // 2)
        mask = (quality < HIGH)[None, None]
        result = add_noise(pixels, quality, seed=seed)
        if mask.any():
            strength = self._fitting(1 - float(quality[mask[0, 0]].mean()))
            plan = StagePlan(steps=half, seed=seed)
            result = paint_whole(first, result, prompt, strengths=strength * mask.float(), plan=plan)
        mild = torch.full_like(pixels[:, :1], self._fitting(DELTA))
        words = f"{first.plain}, {WORDS}"
        return paint_whole(
            self.inpainter, result, words, strengths=mild, plan=StagePlan(steps=self.steps - half or 1, seed=seed + 1)
        )

    def _fitting(self, strength: float) -> float:
        low, high = STRENGTHS
        return min(max(strength, low), high, self.inpainter.max_strength)


def load_q_refine(info: OptimizerInfo, building: Building) -> QRefine:
    """Return it around the models of the run: our PQ-Map and the diffusion model of the repairs."""
    own, settings = building.own(), building.settings
    weights = packs_digest(check_packs(settings))
    first = own.models.backends()[0]
    return QRefine(info=info, models=own, inpainter=first, steps=settings.steps, weights=weights)
