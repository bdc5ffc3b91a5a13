"""The Encoder protocol: all that anyone may know of an image-text model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from grefine_core.presets import load_preset
from grefine_core.records import ImageFeatures

ENCODERS = "grefine.encoders"
"""Entry point group; each entry is a `Preset` whose `load(device=, dtype=)` returns an Encoder."""


@runtime_checkable
class Encoder(Protocol):
    """An image tower and a text tower that share a space of D dimensions."""

    @property
    def name(self) -> str:
        """Identify the model and its version; text pairs fitted for another name are refused."""

    @property
    def device(self) -> torch.device:
        """Where the weights are and the features come out."""

    @property
    def input_size(self) -> int:
        """Longer side in pixels that images are brought to."""

    @property
    def patch_size(self) -> int:
        """Side in pixels of one cell of the patch grid."""

    @property
    def context_length(self) -> int:
        """Most tokens that a text may have, start and end included."""

    @property
    def logit_scale(self) -> float:
        """Scale of similarities that the model was trained with."""

    @property
    def alignment_scale(self) -> float:
        """Temperature s_a of eq. (5): 10 for CLIP towers, calibrated for others."""

    def fitted_size(self, height: int, width: int) -> tuple[int, int]:
        """Return the size that `encode_image` brings such an image to; one that has it stays as it is."""

    def encode_image(self, pixels: Tensor) -> ImageFeatures:
        """Encode (B, 3, H, W) in [0, 1], sRGB, any H and W."""

    def encode_text(self, texts: Sequence[str]) -> Tensor:
        """Encode T texts to (T, D), L2-normalised; "" is allowed."""

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text, start and end included; the end is the last one."""

    def embed_tokens(self, texts: Sequence[str]) -> Tensor:
        """Return token embeddings (T, L, W) as they enter the text transformer, zero-padded."""

    def encode_token_embeddings(self, embeddings: Tensor, eot: Tensor) -> Tensor:
        """Encode (T, L, W) to (T, D), L2-normalised; `eot` (T,) is each text's last position."""


def load_encoder(preset: str, *, device: str = "auto", dtype: torch.dtype = torch.float32) -> Encoder:
    """Load an encoder.

    Args:
        preset: An installed preset such as `mini` or `vit-b-16`; `ARCH/TAG` of open_clip such as
            `ViT-B-32/laion2b_s34b_b79k`; `local-dir:FOLDER`; or the path of a folder in open_clip's
            layout, or of a CLIP weights file.
        device: `auto`, or a name that torch knows.
        dtype: Of the weights, where the encoder leaves the choice; features are float32 always.

    Raises:
        InputError: If the preset is none of these, or the device is absent.
        WeightsError: If a file is absent or its sha256 differs.
    """
    from grefine_core.device import pick_device

    encoder: Encoder = load_preset(ENCODERS, preset).load(device=pick_device(device), dtype=dtype)
    return encoder
