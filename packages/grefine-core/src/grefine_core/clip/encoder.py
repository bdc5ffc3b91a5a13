"""The Encoder over open_clip models; imports no open_clip, `models.py` builds what this takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from grefine_core.checks import check_images
from grefine_core.clip.text import TextTower
from grefine_core.errors import InputError
from grefine_core.images import fit_size, resize
from grefine_core.records import ImageFeatures
from grefine_core.surgery import DEFAULT_SURGERY, SurgerySettings, tower_tokens

_CONVOLUTION_STRIDE = 32
"""Pixels per cell of the last map of a ModifiedResNet, and of a timm tower that does not say."""


@dataclass(frozen=True, kw_only=True)
class ImageSettings:
    """What images become before the image tower sees them."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    size: int
    """Longer side in pixels."""
    square: bool = False
    """Stretch to `size` x `size`, as the reference code does, instead of keeping the aspect ratio."""


class OpenClipEncoder:
    """See `grefine_core.Encoder`, which this implements; results are float32 whatever the weights.

    The model is put in eval mode and frozen; no call changes it, so that threads may share it. Images
    and token embeddings get gradients.

    Args:
        model: `open_clip.CLIP` or `open_clip.CustomTextCLIP`.
        tokenizer: As `open_clip.get_tokenizer` returns it.
        name: Identifies the weights.
        images: What the image tower was trained on.
        surgery: How patch features are made, eq. (1).
    """

    alignment_scale = 10.0
    """Temperature s_a of eq. (5); the release uses it for CLIP, whose own scale saturates."""

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        *,
        name: str,
        images: ImageSettings,
        surgery: SurgerySettings = DEFAULT_SURGERY,
    ) -> None:
        self.model, self.tokenizer = model.eval().requires_grad_(False), tokenizer
        self.name, self.images, self.surgery = name, images, surgery
        self._text = TextTower(self.model, tokenizer)
        self.patch_size = _patch_size(self.model.visual)

    def replace(
        self, *, images: ImageSettings | None = None, surgery: SurgerySettings | None = None
    ) -> OpenClipEncoder:
        """Return an encoder over the same model with other settings."""
        images, surgery = images or self.images, surgery or self.surgery
        return OpenClipEncoder(self.model, self.tokenizer, name=self.name, images=images, surgery=surgery)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self._text.device

    @property
    def input_size(self) -> int:
        """Longer side in pixels that images are brought to."""
        return self.images.size

    @property
    def context_length(self) -> int:
        """Most tokens that a text may have, start and end included."""
        return self._text.context_length

    @property
    def logit_scale(self) -> float:
        """Scale of similarities that the model was trained with."""
        return float(self.model.logit_scale.float().exp())

    def fitted_size(self, height: int, width: int) -> tuple[int, int]:
        """Return the size that `encode_image` brings such an image to."""
        if self.images.square:
            return self.images.size, self.images.size
        return fit_size(height, width, longer=self.images.size, multiple=self.patch_size)

    def encode_image(self, pixels: Tensor) -> ImageFeatures:
        """Encode (B, 3, H, W) in [0, 1], sRGB; differentiable with respect to the pixels.

        Raises:
            InputError: If shape, dtype or range are wrong, or eq. (1) does not cover the image tower.
        """
        check_images(pixels)
        resized = resize(pixels.to(self.device, torch.float32), self.fitted_size(*pixels.shape[-2:]))
        mean, std = (resized.new_tensor(value)[:, None, None] for value in (self.images.mean, self.images.std))
        tokens, height = self.image_tokens((resized - mean) / std)
        tokens = functional.normalize(tokens, dim=-1)
        return ImageFeatures(global_=tokens[:, 0], patches=tokens[:, 1:].unflatten(1, (height, -1)))

    def image_tokens(self, pixels: Tensor) -> tuple[Tensor, int]:
        """Return what `encode_image` L2-normalises: tokens (B, 1 + N, D) float32, and the height of their grid.

        Args:
            pixels: Of a fitted size, with mean and standard deviation already taken off.
        """
        dtype = next(self.model.visual.parameters()).dtype
        tokens, height = tower_tokens(self.model.visual, pixels.to(self.device, dtype), self.surgery)
        return tokens.float(), height

    def encode_text(self, texts: Sequence[str]) -> Tensor:
        """Encode T texts to (T, D), L2-normalised; "" is allowed.

        Raises:
            InputError: If there is no text, or one is longer than the context (nothing is cut silently).
        """
        return functional.normalize(self._text.encode(texts), dim=-1)

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text, start and end included; the end is the last one."""
        return self._text.token_counts(texts)

    def embed_tokens(self, texts: Sequence[str]) -> Tensor:
        """Return token embeddings (T, L, W), zero behind each end.

        Raises:
            InputError: If a text is too long, or the text tower takes no token embeddings.
        """
        return self._text.embed(texts)

    def encode_token_embeddings(self, embeddings: Tensor, eot: Tensor) -> Tensor:
        """Encode (T, L, W), ends at `eot` (T,), to (T, D), L2-normalised; gradients reach the embeddings.

        Raises:
            InputError: If shapes or ends do not fit, or the text tower takes no token embeddings.
        """
        return functional.normalize(self.text_features(embeddings, eot), dim=-1)

    def text_features(self, embeddings: Tensor, eot: Tensor) -> Tensor:
        """Return what `encode_token_embeddings` does, not normalised."""
        return self._text.features(embeddings, eot)


def _patch_size(visual: Any) -> int:
    """Return the pixels per cell of a tower's grid."""
    if hasattr(visual, "patch_size"):
        height, width = visual.patch_size
        if height != width:
            raise InputError(f"The patches of the image tower must be square, got {height} x {width}.")
        return int(height)
    info = getattr(getattr(visual, "trunk", None), "feature_info", None)
    return int(info[-1]["reduction"]) if info else _CONVOLUTION_STRIDE
