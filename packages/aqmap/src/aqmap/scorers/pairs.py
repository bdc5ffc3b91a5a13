"""Pairs of images and prompts, scored in batches by any model that compares an image with a text.

N pairs; a model sees squares of S x S pixels. Each image is encoded once, however many pairs it is in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor

from aqmap.splitting import split_texts
from grefine_core import InputError, check_images, check_prompt

_IMAGES = 16
"""Images encoded at once."""
_PAIRS = 64
"""Pairs compared at once."""


class PairModel(Protocol):
    """A model that compares images with texts."""

    @property
    def name(self) -> str:
        """Identify the model and its weights."""

    @property
    def size(self) -> int:
        """Side S of the squares that it sees, in pixels."""

    @property
    def context_length(self) -> int:
        """Most tokens that a text may have, start and end included."""

    def prepare(self, pixels: Tensor) -> Tensor:
        """Bring (1, 3, H, W) in [0, 1] to (3, S, S) in [0, 1]."""

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text, start and end included."""

    def encode(self, images: Tensor) -> Tensor:
        """Encode (B, 3, S, S) in [0, 1] to whatever `compare` takes, shape (B, ...)."""

    def compare(self, encoded: Tensor, texts: Sequence[str]) -> Tensor:
        """Compare P encoded images, shape (P, ...), with P texts: (P,) float32, higher is better."""


class PairScorer:
    """See `Scorer`, which this implements for any `PairModel`."""

    def __init__(self, model: PairModel, *, to_unit: Callable[[Tensor], Tensor]) -> None:
        """Join a model and the scale of its values.

        Args:
            model: Compares.
            to_unit: Brings its values to [0, 1]; it must not change their order.
        """
        self._model, self._to_unit = model, to_unit

    @property
    def name(self) -> str:
        """Identify the model and its weights."""
        return self._model.name

    def prepare(self, pixels: Tensor) -> Tensor:
        """Bring one image (1, 3, H, W) to (3, S, S), both in [0, 1]; one that has this size stays as it is.

        Raises:
            InputError: If shape, dtype or range are wrong.
        """
        check_images(pixels)
        if len(pixels) != 1:
            raise InputError(f"One image is prepared at a time, got {len(pixels)}.")
        if pixels.shape[2:] == (self._model.size, self._model.size):
            return pixels[0].float()
        return self._model.prepare(pixels)

    def parts(self, prompts: Sequence[str]) -> list[int]:
        """Say in how many parts each prompt is scored; more than 1 where it exceeds the model's context."""
        split = self._split(prompts)
        return [len(split[prompt]) for prompt in prompts]

    def score(self, pixels: Sequence[Tensor], prompts: Sequence[str]) -> Tensor:
        """Return `to_unit(raw(pixels, prompts))`, shape (N,), float32 in [0, 1]; 1 is good."""
        return self.to_unit(self.raw(pixels, prompts))

    def to_unit(self, raw: Tensor) -> Tensor:
        """Bring values of the model's own scale to [0, 1], in the same order."""
        return self._to_unit(raw)

    @torch.inference_mode()
    def raw(self, pixels: Sequence[Tensor], prompts: Sequence[str]) -> Tensor:
        """Score N pairs on the model's own scale, as its authors publish it.

        A prompt longer than the context is cut at sentences, else commas, else words, and the average
        over its parts is returned.

        Args:
            pixels: N images (3, H, W), floating in [0, 1], prepared or not.
            prompts: N prompts.

        Returns:
            Shape (N,), float32, on the CPU; higher is better.

        Raises:
            InputError: If an image or a prompt breaks the above, or a score is not finite.
        """
        if isinstance(prompts, str) or len(pixels) != len(prompts) or not prompts:
            raise InputError(f"Images and prompts come in pairs, got {len(pixels)} and {len(prompts)}.")
        split = self._split([check_prompt(prompt) for prompt in prompts])
        images = {id(image): image for image in pixels}  # the same object is the same image
        wanted: dict[int, dict[str, float]] = {key: {} for key in images}
        for image, prompt in zip(pixels, prompts, strict=True):
            wanted[id(image)].update(dict.fromkeys(split[prompt], 0.0))
        keys = list(images)
        for start in range(0, len(keys), _IMAGES):
            some = keys[start : start + _IMAGES]
            self._fill([images[key] for key in some], [wanted[key] for key in some])
        values = [[wanted[id(i)][part] for part in split[prompt]] for i, prompt in zip(pixels, prompts, strict=True)]
        return self._finite(torch.tensor([sum(parts) / len(parts) for parts in values]))

    def _fill(self, images: Sequence[Tensor], wanted: Sequence[dict[str, float]]) -> None:
        """Put the values of each image with its texts into the dicts."""
        encoded = self._model.encode(torch.stack([self.prepare(image[None]).cpu() for image in images]))
        pairs = [(row, text) for row, texts in enumerate(wanted) for text in texts]
        for start in range(0, len(pairs), _PAIRS):
            rows, texts = zip(*pairs[start : start + _PAIRS], strict=True)
            values = self._model.compare(encoded[list(rows)], texts)
            for row, text, value in zip(rows, texts, values.tolist(), strict=True):
                wanted[row][text] = value

    def _split(self, prompts: Sequence[str]) -> dict[str, list[str]]:
        return split_texts(prompts, count=self._model.token_counts, limit=self._model.context_length)

    def _finite(self, values: Tensor) -> Tensor:
        if not values.isfinite().all():
            bad = int((~values.isfinite()).nonzero()[0])
            raise InputError(f"The scorer `{self.name}` gave {float(values[bad])} for pair {bad + 1} of {len(values)}.")
        return values
