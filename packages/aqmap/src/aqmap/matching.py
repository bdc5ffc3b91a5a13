"""How well texts match an image, as a whole and by patch, eq. (5) of G-Refine (arXiv:2404.18343).

T texts, a grid of gh x gw patches. Scores lie in [0, 1], and 1 is good; 0.5 is as like the image as
the empty text is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

import torch
from torch import Tensor

from aqmap.splitting import split_texts
from grefine_core import Encoder, ImageFeatures, InputError, check_images

REMEMBERED = 256
"""Prompts of which the tree and the features are kept: several pictures are often made from one."""


@dataclass(frozen=True, kw_only=True, eq=False)  # eq=False: `==` on tensors has no single truth
class Matches:
    """What one image says to T texts; on the CPU."""

    scores: Tensor
    """Shape (T,), float32 in [0, 1]: the first entry of eq. (5) for the whole image."""
    grids: Tensor
    """Shape (T, gh, gw), float32 in [0, 1]: the same for each patch."""
    margins: tuple[tuple[float, ...], ...]
    """For each text, a part each, how much more like the image it is than "": before temperature and
    sigmoid, in [-2, 2]. More than one part where the text exceeds the encoder's context."""

    @property
    def parts(self) -> tuple[int, ...]:
        """In how many parts each text was scored."""
        return tuple(map(len, self.margins))


@dataclass(frozen=True, kw_only=True, eq=False)
class EncodedTexts:
    """Features of T texts in P parts; a text that fits the context is one part."""

    features: Tensor
    """Shape (P, D), float32, L2-normalised, on the encoder's device."""
    parts: tuple[tuple[int, ...], ...]
    """For each text the rows of its parts."""


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
    return (scale * margin(image, texts, empty)).sigmoid()


def margin(image: Tensor, texts: Tensor, empty: Tensor) -> Tensor:
    """Return ``image . (text - empty)``, shape (..., T), float32; the arguments are those of `match`."""
    # float32: half precision steps by 5e-4 near 0.5, enough to tie a noun with its phrase
    return image.float() @ (texts.float() - empty.float()).T


class Matcher:
    """Match texts with images through one encoder.

    The features of "" and of the last lists of texts are kept. Each list is encoded by itself, so that
    neither the batch that it comes in nor what came before moves a bit of its features.
    """

    def __init__(self, encoder: Encoder, *, templates: Sequence[str] = (), scale: float | None = None) -> None:
        """Prepare; nothing is encoded yet.

        Args:
            encoder: Model behind the features.
            templates: Texts such as "a photo of {}." over which each text is averaged; none by default.
            scale: Temperature s_a; the encoder's own by default.
        """
        self._encoder, self._templates = encoder, tuple(templates) or ("{}",)
        self._scale = encoder.alignment_scale if scale is None else scale
        self._empty: Tensor | None = None
        self._remembered = lru_cache(maxsize=REMEMBERED)(self._encode_parts)

    @property
    def encoder(self) -> Encoder:
        """The model behind the features."""
        return self._encoder

    @property
    def scale(self) -> float:
        """Temperature s_a of eq. (5)."""
        return self._scale

    def __call__(self, pixels: Tensor, texts: Sequence[str]) -> Matches:
        """Match texts with one image; see `match_pairs`."""
        check_images(pixels)
        if len(pixels) != 1:
            raise InputError(f"One image is matched at a time, got {len(pixels)}.")
        return self.match_pairs(pixels, [(0, tuple(texts))])[0]

    @torch.inference_mode()
    def match_pairs(self, pixels: Tensor, pairs: Sequence[tuple[int, tuple[str, ...]]]) -> list[Matches]:
        """Match lists of texts with images: each image is encoded once, and each list in one batch.

        A text longer than the encoder's context is cut at sentences, else commas, else words, and
        the average over its parts is returned.

        Args:
            pixels: Shape (B, 3, H, W), floating in [0, 1].
            pairs: Place of an image among the B, and texts for it, at least one; repeated ones cost nothing.

        Raises:
            InputError: If an image breaks the above, or the encoder makes something of one that is
                not finite.
        """
        check_images(pixels)
        if self._empty is None:
            self._empty = self._encode([""])
        encoded = [self._remembered(texts) for _, texts in pairs]
        features = self._encoder.encode_image(pixels)
        return [self._compare(features, index, texts) for (index, _), texts in zip(pairs, encoded, strict=True)]

    def _compare(self, features: ImageFeatures, index: int, texts: EncodedTexts) -> Matches:
        assert self._empty is not None
        margins = margin(features.tokens()[index], texts.features, self._empty).cpu()  # (1 + N, P)
        if not margins.isfinite().all():
            raise InputError(f"The encoder `{self._encoder.name}` gave no finite features for this image.")
        values = (self._scale * margins).sigmoid()
        averaged = torch.stack([values[:, list(rows)].mean(dim=1) for rows in texts.parts])  # (T, 1 + N)
        return Matches(
            scores=averaged[:, 0],
            grids=averaged[:, 1:].unflatten(1, features.patches.shape[1:3]),  # (T, gh, gw)
            margins=tuple(tuple(margins[0, list(rows)].tolist()) for rows in texts.parts),
        )

    def _encode_parts(self, texts: tuple[str, ...]) -> EncodedTexts:
        parts = split_texts(texts, count=self._token_counts, limit=self._encoder.context_length)
        rows = {part: number for number, part in enumerate(dict.fromkeys(chain.from_iterable(parts.values())))}
        return EncodedTexts(
            features=self._encode(list(rows)), parts=tuple(tuple(rows[part] for part in parts[text]) for text in texts)
        )

    def _encode(self, texts: list[str]) -> Tensor:
        """Return (T, D): normalised means over the templates."""
        filled = [template.replace("{}", text) for text in texts for template in self._templates]
        features = self._encoder.encode_text(filled).unflatten(0, (len(texts), len(self._templates)))  # (T, K, D)
        return torch.nn.functional.normalize(features.float().mean(dim=1), dim=-1)

    def _token_counts(self, texts: list[str]) -> list[int]:
        """Return the most tokens that each text has in any template."""
        filled = [template.replace("{}", text) for text in texts for template in self._templates]
        counts = torch.tensor(self._encoder.token_counts(filled)).reshape(len(texts), -1).amax(dim=1)
        return [int(count) for count in counts]
