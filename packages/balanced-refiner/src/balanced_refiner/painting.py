"""Ask a backend for squares, and once more with other noise where it gives nothing that may be used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from torch import Tensor

from balanced_refiner.backend import Inpainter, InpaintRequest, OnStep, check_generated
from balanced_refiner.errors import RefineError

AGAIN = "So did a second try with another seed."


@dataclass(frozen=True, kw_only=True, eq=False)
class Painted:
    """What became of one square of a request."""

    pixels: Tensor | None
    """Shape (3, S, S), float32 in [0, 1], on the CPU; None where the backend failed."""
    seed: int
    """Of the noise that it was painted from, the second one where the first failed."""
    error: str = ""
    """Why it failed."""


def paint(
    inpainter: Inpainter, request: InpaintRequest, spare_seeds: Sequence[int], *, on_step: OnStep | None = None
) -> list[Painted]:
    """Return what the backend makes of each square of a request.

    Where a call fails, each of its squares is asked for alone, so that one bad square does not cost
    the others theirs; one that fails alone, too, is tried once more with its spare seed.

    Args:
        inpainter: The backend.
        request: B squares.
        spare_seeds: B seeds for a second try.
        on_step: Hears of steps; a second try starts its count anew.
    """
    try:
        made = check_generated(inpainter.inpaint(request, on_step=on_step), request)
    except RefineError as failure:
        if len(request.seeds) == 1:
            return [_second_try(inpainter, request, spare_seeds[0], str(failure), on_step)]
        singles = [_single(request, place) for place in range(len(request.seeds))]
        pairs = zip(singles, spare_seeds, strict=True)
        return [paint(inpainter, single, [spare], on_step=on_step)[0] for single, spare in pairs]
    return [Painted(pixels=square, seed=seed) for square, seed in zip(made, request.seeds, strict=True)]


def _second_try(
    inpainter: Inpainter, request: InpaintRequest, seed: int, reason: str, on_step: OnStep | None
) -> Painted:
    again = replace(request, seeds=[seed])
    try:
        made = check_generated(inpainter.inpaint(again, on_step=on_step), again)
    except RefineError:
        return Painted(pixels=None, seed=seed, error=f"{reason} {AGAIN}")
    return Painted(pixels=made[0], seed=seed)


def _single(request: InpaintRequest, place: int) -> InpaintRequest:
    """Return the request for one square of it."""
    only = slice(place, place + 1)
    return replace(
        request,
        images=request.images[only],
        strengths=request.strengths[only],
        prompts=request.prompts[only],
        emphases=request.emphases[only],
        seeds=request.seeds[only],
    )
