"""The denoising loop: levels of noise, the update between two of them, and pixels that wait for theirs.

Each pixel has a level of its own that it is repainted from. Above that level it is held: before each
step it is set to the original, noised to the level of the step. This is differential diffusion
(arXiv:2306.00950). The update is the first-order one that DDIM (arXiv:2010.02502) and Euler's method
on the same levels share; solvers that remember earlier steps would remember held pixels.

A level is a time step of training, 999 the noisiest of 1000, and `CLEAN` (-1) the picture without
noise. Everything here is float32 and knows no model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from balanced_refiner.strength import NOISE_LEVELS, denoising_steps
from grefine_core import InputError

CLEAN = -1
"""Level of a picture without noise."""
NOISIEST = NOISE_LEVELS - 1
"""Level of pure noise."""
SMALLEST_SIGNAL = 2**-24
"""Least share of the picture's variance at a level: schedules with "zero terminal SNR" have none at
the noisiest, and a picture cannot be computed from noise alone. Diffusers' Euler scheduler takes the same."""

Prediction = Literal["epsilon", "v_prediction", "sample"]
"""What a model returns: the noise, the velocity ``alpha * noise - sigma * picture``, or the picture."""

Predict = Callable[[Tensor, Tensor], Tensor]
"""From noisy latents (B, C, h, w) and their levels (B,), int64, to the model's output (B, C, h, w), float32."""


@dataclass(frozen=True, kw_only=True, eq=False)
class NoiseSchedule:
    """How much noise each level has, and what the model predicts."""

    signal: Tensor
    """Share of the picture's variance at each level, `alphas_cumprod`: shape (1000,), float32 in [0, 1], on the CPU."""
    prediction: Prediction

    def __post_init__(self) -> None:
        """Refuse what the loop cannot run.

        Raises:
            InputError: If the levels are not 1000 or the prediction is none of the three.
        """
        if self.signal.shape != (NOISE_LEVELS,):
            raise InputError(f"The noise schedule must have {NOISE_LEVELS} levels, got {tuple(self.signal.shape)}.")
        if self.prediction not in get_args(Prediction):
            raise InputError(f"A model must predict one of {get_args(Prediction)}, got `{self.prediction}`.")

    def scales(self, levels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the factors of picture and noise at levels of any shape, both float32 of that shape."""
        with_clean = torch.cat([self.signal.clamp(min=SMALLEST_SIGNAL), torch.ones(1)])  # [-1] is `CLEAN`
        signal = with_clean[levels]
        return signal.sqrt(), (1 - signal).sqrt()

    def split(self, noisy: Tensor, output: Tensor, alpha: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
        """Return the picture and the noise that the model sees in `noisy`, both of its shape.

        Args:
            noisy: Shape (B, C, h, w), ``alpha * picture + sigma * noise``.
            output: The model's output, of the same shape.
            alpha: Factor of the picture, shape (B, 1, 1, 1), positive.
            sigma: Factor of the noise, shape (B, 1, 1, 1), positive.
        """
        if self.prediction == "epsilon":
            return (noisy - sigma * output) / alpha, output
        if self.prediction == "v_prediction":
            return alpha * noisy - sigma * output, alpha * output + sigma * noisy
        return output, (noisy - alpha * output) / sigma


@dataclass(frozen=True, kw_only=True, eq=False)
class Canvas:
    """B pictures to repaint: the originals, their noise, and from which level each pixel is repainted."""

    clean: Tensor
    """Latents of the originals, shape (B, C, h, w), float32."""
    noise: Tensor
    """Standard normal, of the same shape."""
    own_levels: Tensor
    """Shape (B, 1, h, w), int64: level of each pixel, `CLEAN` to leave it; see `own_levels`."""
    levels: Tensor
    """Shape (B, N + 1), int64, on the CPU; see `plan_levels`."""


def plan_levels(tops: Sequence[float], steps: int) -> Tensor:
    """Return the levels that pictures go through: shape (B, N + 1), int64, the last one `CLEAN`.

    They come down evenly from the level of each picture's highest strength, "trailing", so that the
    last step reaches the clean picture. N is the largest number of steps of any picture; one with
    fewer waits at its first level, where a step changes nothing.

    Args:
        tops: Highest strength of each picture, in [0, 1], at least one level.
        steps: Denoising operations wanted; see `denoising_steps`.
    """
    counts = [denoising_steps(steps, top) for top in tops]
    rows = []
    for top, count in zip(tops, counts, strict=True):
        highest = round(top * NOISE_LEVELS)
        row = [round(highest * left / count) - 1 for left in range(count, 0, -1)]
        rows.append([row[0]] * (max(counts) - count) + [*row, CLEAN])
    return torch.tensor(rows)


def own_levels(strengths: Tensor) -> Tensor:
    """Return the level of each pixel, int64 in [-1, 999], from strengths of the same shape in [0, 1]."""
    # float64, in which `plan_levels` rounds; else the highest pixel could end below its picture's first level
    scaled = strengths.double() * NOISE_LEVELS
    return torch.where(scaled < 1 - 1e-6, CLEAN, scaled.round() - 1).long()


@torch.no_grad()
def denoise(
    schedule: NoiseSchedule, canvas: Canvas, predict: Predict, on_step: Callable[[], None] | None = None
) -> Tensor:
    """Repaint the pixels of a canvas: shape (B, C, h, w), float32.

    A pixel starts at the first of its picture's levels that is not above its own; one that no level
    suits is left. What is left has exactly the latents of the original.

    Args:
        schedule: The model's noise.
        canvas: Pictures and levels, on the device of the model.
        predict: The model; called once a step with the whole batch.
        on_step: Called after each step.
    """
    device = canvas.clean.device
    alphas, sigmas = (scale[:, :, None, None, None].to(device) for scale in schedule.scales(canvas.levels))
    levels = canvas.levels.to(device)
    noisy = torch.zeros_like(canvas.clean)
    begun = torch.zeros_like(canvas.own_levels, dtype=torch.bool)
    for k in range(levels.shape[1] - 1):
        held = alphas[:, k] * canvas.clean + sigmas[:, k] * canvas.noise
        if k == 0:  # at full strength nothing of the original may shine through
            held = torch.where(canvas.own_levels == NOISIEST, canvas.noise, held)
        noisy = torch.where(begun, noisy, held)
        begun = canvas.own_levels >= levels[:, k, None, None, None]
        picture, noise = schedule.split(noisy, predict(noisy, levels[:, k]), alphas[:, k], sigmas[:, k])
        noisy = alphas[:, k + 1] * picture + sigmas[:, k + 1] * noise
        if on_step is not None:
            on_step()
    return torch.where(begun, noisy, canvas.clean)
