"""One encoder for both assessors: weights loaded once, each picture encoded once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from grefine_core import Encoder, ImageFeatures, resize


class SharedEncoder:
    """An Encoder that encodes a picture once for all who ask within `one_image`.

    Outside such a block it remembers nothing, so a tensor that its owner changes later is never
    mistaken for what it was. All else is the encoder's own.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._sharing = False
        self._last: tuple[Tensor, ImageFeatures] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)

    @contextmanager
    def one_image(self) -> Iterator[None]:
        """Let everyone who asks for the same pixels in this block have the same features."""
        self._sharing = True
        try:
            yield
        finally:
            self._sharing, self._last = False, None

    def encode_image(self, pixels: Tensor) -> ImageFeatures:
        """Encode (B, 3, H, W) in [0, 1], sRGB, any H and W."""
        # one assessor may bring the picture to the encoder's size first, another may not
        height, width = pixels.shape[-2:]
        pixels = resize(pixels, self._encoder.fitted_size(height, width))
        if self._last is not None and _same(self._last[0], pixels):
            return self._last[1]
        features = self._encoder.encode_image(pixels)
        if self._sharing:
            self._last = (pixels, features)
        return features


def _same(left: Tensor, right: Tensor) -> bool:
    return left.shape == right.shape and left.device == right.device and torch.equal(left, right)
