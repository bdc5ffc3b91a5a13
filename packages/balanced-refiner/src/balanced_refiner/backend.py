"""The Inpainter protocol: all that the stages may know of a diffusion model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from balanced_refiner.errors import RefineError
from balanced_refiner.strength import NOISE_LEVELS
from grefine_core import Emphasis, InputError, check_images

OnStep = Callable[[int, int], None]
"""Called after each denoising operation with how many are done and how many there are; it may raise `Cancelled`."""

BLACK = 1 / 255
"""A picture with no value above this is black: what half precision gives when it overflows."""


@dataclass(frozen=True, kw_only=True, eq=False)
class InpaintRequest:
    """B squares to repaint, each pixel as strongly as asked."""

    images: Tensor
    """Shape (B, 3, S, S), floating in [0, 1], S the backend's working size."""
    strengths: Tensor
    """Shape (B, 1, S, S), floating in [0, 1]: the level of noise that each pixel is repainted from, 0 to leave it;
    what is below a thousandth is left, too."""
    prompts: Sequence[str]
    """B texts."""
    emphases: Sequence[Sequence[Emphasis]]
    """B lists; spans refer to the text of the same place."""
    seeds: Sequence[int]
    """B seeds; an image's result depends on its own seed only."""
    steps: int
    """Denoising operations from an image's highest strength down; see `denoising_steps` for how many fit it."""

    @property
    def masks(self) -> Tensor:
        """Where to repaint at all: shape (B, 1, S, S), float32, 1 there and 0 elsewhere."""
        return (self.strengths >= 1 / NOISE_LEVELS).float()

    @property
    def tops(self) -> tuple[float, ...]:
        """Highest strength of each image."""
        return tuple(self.strengths.flatten(1).amax(1).tolist())


@runtime_checkable
class Inpainter(Protocol):
    """A model that repaints parts of squares."""

    @property
    def name(self) -> str:
        """Identify the model in reports."""

    @property
    def working_size(self) -> int:
        """Side in pixels of the squares that it takes."""

    @property
    def max_strength(self) -> float:
        """Highest strength that suits the model, in (0, 1]; nothing stronger is asked for by itself."""

    @property
    def mild_pass(self) -> bool:
        """Whether a mild pass over the whole picture does good pixels no harm; if not, `auto` leaves it out."""

    def inpaint(self, request: InpaintRequest, *, on_step: OnStep | None = None) -> Tensor:
        """Return (B, 3, S, S) on the CPU, float32 in [0, 1].

        Where the strength is 0 nothing of it is used, but the model's own view of the surroundings, not
        the source's pixels, tells whether it shifts colours; see `color_match`.

        The same request gives the same result, whatever shares its batch (to rounding).
        """


def check_request(request: InpaintRequest, working_size: int) -> None:
    """Refuse a request that breaks the contract of its fields.

    Raises:
        InputError: If a shape, range or length is wrong.
    """
    check_images(request.images)
    count, expected = len(request.images), (working_size, working_size)
    if tuple(request.images.shape[2:]) != expected:
        raise InputError(f"`images` must be {expected}, the working size, got {tuple(request.images.shape[2:])}.")
    if tuple(request.strengths.shape) != (count, 1, *expected):
        raise InputError(f"`strengths` must have shape {(count, 1, *expected)}, got {tuple(request.strengths.shape)}.")
    if not ((request.strengths >= 0) & (request.strengths <= 1)).all():  # nan fails here too
        raise InputError("`strengths` must lie in [0, 1].")
    for name in ("prompts", "emphases", "seeds"):
        if len(getattr(request, name)) != count:
            raise InputError(f"`{name}` must have one entry an image, {count}, got {len(getattr(request, name))}.")
    if request.steps < 1:
        raise InputError(f"`steps` must be positive, got {request.steps}.")


def check_generated(generated: Tensor, request: InpaintRequest) -> Tensor:
    """Return what a backend painted, clamped to [0, 1], if it may be used.

    Raises:
        RefineError: If the shape is wrong, a value is not finite, or a picture is black though
            its source is not.
    """
    return check_painted(generated, request.images)


def check_painted(generated: Tensor, source: Tensor) -> Tensor:
    """Return what was painted of `source`, clamped to [0, 1], if it may be used; see `check_generated`."""
    if generated.shape != source.shape:
        raise RefineError(f"The backend returned shape {tuple(generated.shape)}, not {tuple(source.shape)}.")
    if not torch.isfinite(generated).all():
        raise RefineError("The backend returned values that are not numbers (nan or infinite).")
    dark = generated.flatten(1).amax(1).cpu() <= BLACK
    if (dark & (source.flatten(1).amax(1).cpu() > BLACK)).any():
        raise RefineError("The backend returned a black picture.")
    return generated.detach().float().cpu().clamp(0, 1)
