"""What a text says to a diffusion model: token states, with a second row for what is not wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from grefine_core import DiffusionPack, Emphasis


@dataclass(frozen=True, kw_only=True, eq=False)
class TextStates:
    """One prompt as a diffusion model takes it."""

    hidden: Tensor
    """Shape (2, L, W), float32: row 0 what is not wanted (the negative or the empty text), row 1 the prompt."""
    pooled: Tensor | None = None
    """Shape (2, P), float32, for SDXL; None elsewhere."""


class Conditioner(Protocol):
    """The text side of a model."""

    def __call__(self, prompt: str, emphases: Sequence[Emphasis]) -> TextStates:
        """Return the states of a prompt whose parts weigh as `emphases` say; spans refer to the prompt."""


class PackConditioner:
    """The text side of a diffusion pack, beside the empty text.

    Args:
        pack: Its `condition` gives states of any length.
    """

    def __init__(self, pack: DiffusionPack) -> None:
        self._condition = pack.condition

    @torch.no_grad()
    def __call__(self, prompt: str, emphases: Sequence[Emphasis]) -> TextStates:
        """Return the states of the empty text and of the prompt, zero-padded to one length."""
        sides = [self._condition("", ())[0], self._condition(prompt, emphases)[0]]  # (L, W) each
        length = max(map(len, sides))
        return TextStates(
            hidden=torch.stack([functional.pad(side.float(), (0, 0, 0, length - len(side))) for side in sides])
        )
