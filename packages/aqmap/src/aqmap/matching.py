"""How well texts match an image, as a whole and by patch, eq. (5) of G-Refine (arXiv:2404.18343).

T texts, a grid of gh x gw patches. Scores lie in [0, 1], and 1 is good; 0.5 is as like the image as
the empty text is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import torch
from torch import Tensor

from grefine_core import Encoder, InputError, check_images

_BOUNDARIES = (re.compile(r"[.!?;]\s+"), re.compile(r",\s*"), re.compile(r"\s+"))
"""Where a text that is too long is cut, the best first."""


@dataclass(frozen=True, kw_only=True, eq=False)  # eq=False: `==` on tensors has no single truth
class Matches:
    """What one image says to T texts; on the CPU."""

    scores: Tensor
    """Shape (T,), float32 in [0, 1]: the first entry of eq. (5) for the whole image."""
    grids: Tensor
    """Shape (T, gh, gw), float32 in [0, 1]: the same for each patch."""
    parts: tuple[int, ...]
    """In how many parts each text was scored; more than 1 where it exceeds the encoder's context."""


def match(image: Tensor, texts: Tensor, empty: Tensor, *, scale: float) -> Tensor:
    """Return ``sigmoid(scale * image . (text - empty))``: the softmax over a text and "".

    Args:
        image: Shape (..., D), L2-normalised features.
        texts: Shape (T, D), L2-normalised.
        empty: Shape (1, D), the feature of "".
        scale: Temperature s_a.

    Returns:
        Shape (..., T), float32 in [0, 1].
    """
    # float32: half precision steps by 5e-4 near 0.5, enough to tie a noun with its phrase
    return (scale * image.float() @ (texts.float() - empty.float()).T).sigmoid()


class Matcher:
    """Match texts with images through one encoder; the feature of "" is kept."""

    def __init__(self, encoder: Encoder, *, templates: Sequence[str] = ()) -> None:
        """Prepare; nothing is encoded yet.

        Args:
            encoder: Model behind the features.
            templates: Texts such as "a photo of {}." over which each text is averaged; none by default.
        """
        self._encoder, self._templates = encoder, tuple(templates) or ("{}",)
        self._empty: Tensor | None = None

    @property
    def encoder(self) -> Encoder:
        """The model behind the features."""
        return self._encoder

    @torch.inference_mode()
    def __call__(self, pixels: Tensor, texts: Sequence[str]) -> Matches:
        """Match texts with one image: it is encoded once, and all texts in one batch.

        A text longer than the encoder's context is cut at sentences, else commas, else words, and
        the average over its parts is returned.

        Args:
            pixels: Shape (1, 3, H, W), floating in [0, 1].
            texts: T texts, at least one; repeated ones cost nothing.

        Raises:
            InputError: If the image breaks the above, or the encoder makes something of it that is
                not finite.
        """
        check_images(pixels)
        if len(pixels) != 1:
            raise InputError(f"One image is matched at a time, got {len(pixels)}.")
        if self._empty is None:
            self._empty = self._encode([""])
        parts = self._split(texts)
        row = {part: number for number, part in enumerate(dict.fromkeys(chain.from_iterable(parts.values())))}
        encoded = self._encode(list(row))
        features = self._encoder.encode_image(pixels)
        values = match(features.tokens(), encoded, self._empty, scale=self._encoder.alignment_scale)  # (1, 1+N, P)
        if not values.isfinite().all():
            raise InputError(f"The encoder `{self._encoder.name}` gave no finite features for this image.")
        averaged = torch.stack([values[0, :, [row[part] for part in parts[text]]].mean(dim=1) for text in texts]).cpu()
        return Matches(
            scores=averaged[:, 0],
            grids=averaged[:, 1:].unflatten(1, features.patches.shape[1:3]),  # (T, gh, gw)
            parts=tuple(len(parts[text]) for text in texts),
        )

    def _encode(self, texts: list[str]) -> Tensor:
        """Return (T, D): normalised means over the templates."""
        filled = [template.replace("{}", text) for text in texts for template in self._templates]
        features = self._encoder.encode_text(filled).unflatten(0, (len(texts), len(self._templates)))  # (T, K, D)
        return torch.nn.functional.normalize(features.float().mean(dim=1), dim=-1)

    def _split(self, texts: Sequence[str]) -> dict[str, list[str]]:
        """Return for each text its parts, none longer than the context."""
        parts = {text: [text] for text in texts}
        unsure = list(parts)
        while unsure:
            long = self._too_long(unsure)
            for text, pieces in parts.items():
                parts[text] = [half for piece in pieces for half in (_halve(piece) if piece in long else [piece])]
            unsure = [half for piece in long for half in _halve(piece)]
        return parts

    def _too_long(self, texts: list[str]) -> set[str]:
        """Return the texts that exceed the context; what cannot be cut is not among them."""
        filled = [template.replace("{}", text) for text in texts for template in self._templates]
        counts = torch.tensor(self._encoder.token_counts(filled)).reshape(len(texts), -1).amax(dim=1)
        limit = self._encoder.context_length
        return {text for text, count in zip(texts, counts.tolist(), strict=True) if count > limit and len(text) > 1}


def _halve(text: str) -> list[str]:
    """Cut a text in its middle half, at the best boundary there is, nearest to the middle."""
    quarter, middle = len(text) // 4, len(text) / 2
    for boundary in _BOUNDARIES:
        ends = [found.end() for found in boundary.finditer(text) if quarter <= found.end() <= len(text) - quarter]
        ends = [end for end in ends if 0 < end < len(text) and text[:end].strip() and text[end:].strip()]
        if ends:
            end = min(ends, key=lambda place: abs(place - middle))
            return [text[:end].strip(" ,;"), text[end:].strip(" ,;")]
    return [text[: len(text) // 2], text[len(text) // 2 :]]
