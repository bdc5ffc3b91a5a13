"""Prompts for the diffusion model: the user's syntax taken off, its weights kept.

The assessors, the refiner and the reports speak of the user's text, spans and all. A diffusion model
would paint `(red hair:1.3)`, `<lora:x:0.8>` or `--ar 16:9` as words, so it gets plain ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor

from aqmap import normalise, plain_emphases
from balanced_refiner import Inpainter, InpaintRequest
from balanced_refiner.backend import OnStep
from grefine_core import Emphasis


class PlainPrompts:
    """An inpainter that is asked in a user's words and asks the real one in plain words.

    Args:
        inpainter: The real one.
        prompt: What the user wrote. What stands before it in a request, or in its place, such as a
            phrase of it, is plain already.

    Raises:
        InputError: If the prompt says nothing.
    """

    def __init__(self, inpainter: Inpainter, prompt: str) -> None:
        self._inpainter, self._prompt = inpainter, normalise(prompt)

    @property
    def name(self) -> str:
        """Name of the real one."""
        return self._inpainter.name

    @property
    def working_size(self) -> int:
        """Side of the squares that the real one takes."""
        return self._inpainter.working_size

    @property
    def max_strength(self) -> float:
        """Highest strength of a repair by the real one."""
        return self._inpainter.max_strength

    @property
    def mild_pass(self) -> bool:
        """Whether a mild pass by the real one does good pixels no harm."""
        return self._inpainter.mild_pass

    @property
    def plain(self) -> str:
        """The prompt in plain words."""
        return self._prompt.text

    def inpaint(self, request: InpaintRequest, *, on_step: OnStep | None = None) -> Tensor:
        """Pass the request on; see `Inpainter`."""
        pairs = [self._plain(*pair) for pair in zip(request.prompts, request.emphases, strict=True)]
        plain = replace(request, prompts=[text for text, _ in pairs], emphases=[weights for _, weights in pairs])
        return self._inpainter.inpaint(plain, on_step=on_step)

    def _plain(self, text: str, emphases: Sequence[Emphasis]) -> tuple[str, Sequence[Emphasis]]:
        if not text.endswith(self._prompt.original):
            return text, emphases
        before = text.removesuffix(self._prompt.original)
        shift = len(before)
        ahead = [emphasis for emphasis in emphases if emphasis.end <= shift]
        within = [_moved(emphasis, -shift) for emphasis in emphases if emphasis.end > shift]
        plain = (_moved(emphasis, shift) for emphasis in plain_emphases(self._prompt, within))
        return before + self._prompt.text, (*ahead, *plain)


def _moved(emphasis: Emphasis, places: int) -> Emphasis:
    return replace(emphasis, start=emphasis.start + places, end=emphasis.end + places)
