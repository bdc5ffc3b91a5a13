"""Perceptual quality as a torchmetrics metric, so that a training loop can watch it; needs ``pqmap[metric]``."""

from __future__ import annotations

import torch
from torch import Tensor
from torchmetrics import Metric

from pqmap.assessor import PerceptionAssessor
from pqmap.functional import perceptual_quality
from pqmap.presets import load


class PerceptualQuality(Metric):
    """Mean p of eq. (3) over all images seen, in [0, 1], 1 is good.

    ``update(images)`` takes (B, 3, H, W), floating, sRGB in [0, 1]; ``compute()`` gives a 0-d float32
    tensor. Pictures without content are not flagged here; see `pqmap.PerceptionAssessor`.
    """

    is_differentiable = True
    higher_is_better = True
    full_state_update = False
    plot_lower_bound = 0.0
    plot_upper_bound = 1.0

    total: Tensor
    count: Tensor

    def __init__(self, assessor: PerceptionAssessor | str = "mini") -> None:
        """Take an assessor, or load that of a preset.

        Args:
            assessor: What `pqmap.load` returns, or the name of a preset; it stays on its own device.

        Raises:
            InputError: If the preset is unknown.
            WeightsError: If a weights file is absent or altered.
        """
        super().__init__()
        self._assessor = load(assessor) if isinstance(assessor, str) else assessor
        self.add_state("total", torch.zeros(()), dist_reduce_fx="sum")
        self.add_state("count", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, images: Tensor) -> None:
        """Score images (B, 3, H, W).

        Raises:
            InputError: If shape, dtype or range are wrong.
        """
        score = perceptual_quality(images, self._assessor).score
        self.total = self.total + score.sum().to(self.total)
        self.count = self.count + len(score)

    def compute(self) -> Tensor:
        """Return the mean score of the images so far; nan before the first."""
        return self.total / self.count
