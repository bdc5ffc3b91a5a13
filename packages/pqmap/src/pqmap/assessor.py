"""From a picture to its perceptual quality: encoder, text pairs and eq. (3) joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import torch
from PIL import Image
from torch import Tensor

from grefine_core import (
    Encoder,
    ImageInput,
    InputError,
    Picture,
    QualityMap,
    as_pixels,
    load_encoder,
    tokens_to_map,
)
from pqmap.pairs import TextPairs
from pqmap.perception import FACTORS, combine_factors, raw_scores
from pqmap.presets import load_pairs


@dataclass(frozen=True, kw_only=True, eq=False)  # eq=False: `==` on tensors has no single truth
class Perception:
    """Perceptual quality of one picture; tensors on the CPU, 1 is good everywhere."""

    score: float
    """p of eq. (3), in [0, 1]."""
    map: Tensor
    """P of eq. (3), shape (H, W) of the picture, float32 in [0, 1]."""
    raw: Tensor
    """L_raw of the whole picture, shape (4,), float32 in [0, 1]: which factor is low."""
    raw_grid: Tensor
    """L_raw of the patches, shape (4, gh, gw), float32 in [0, 1]: where it is low."""
    encoder: str
    """Name of the model; scores of different models do not compare."""

    @property
    def quality(self) -> QualityMap:
        """Score and map, as the refiner takes them."""
        return QualityMap(score=self.score, map=self.map)

    @property
    def factors(self) -> dict[str, float]:
        """Raw score by the name of its factor."""
        return dict(zip(FACTORS, self.raw.tolist(), strict=True))

    @property
    def raw_maps(self) -> Tensor:
        """L_raw at the size of the picture, (4, H, W), float32 in [0, 1]; made anew at each access."""
        height, width = self.map.shape
        return tokens_to_map(self.raw_grid, (height, width))

    def to_json(self) -> dict[str, Any]:
        """Return what can be told without the maps, ready for `json.dumps`."""
        height, width = self.map.shape
        return {
            "score": self.score,
            "factors": self.factors,
            "height": height,
            "width": width,
            "encoder": self.encoder,
        }


class PerceptionAssessor:
    """Assess pictures with one encoder and its pairs; the texts are encoded once, here."""

    def __init__(self, encoder: Encoder, pairs: TextPairs) -> None:
        """Encode the texts.

        Raises:
            WeightsError: If the pairs were fitted for another encoder.
        """
        pairs.check_encoder(encoder)
        self._encoder, self._pairs = encoder, pairs
        with torch.no_grad():
            self._text = pairs.text_features(encoder)

    @property
    def encoder(self) -> Encoder:
        """The model that sees the pictures."""
        return self._encoder

    @property
    def pairs(self) -> TextPairs:
        """The texts that it compares them with."""
        return self._pairs

    @overload
    def __call__(self, image: str | Path | Picture | Image.Image) -> Perception: ...
    @overload
    def __call__(self, image: list[ImageInput] | tuple[ImageInput, ...]) -> list[Perception]: ...
    @overload
    def __call__(self, image: Tensor) -> Perception | list[Perception]: ...
    def __call__(self, image: ImageInput | list[ImageInput] | tuple[ImageInput, ...]) -> Perception | list[Perception]:
        """Assess one picture, or several: a list, or a tensor (B, 3, H, W), gives a list."""
        if isinstance(image, Tensor):
            return self.assess_all(image) if image.ndim == 4 else self.assess(image)
        if isinstance(image, list | tuple):
            return self.assess_all(image)
        return self.assess(image)

    def assess_all(self, images: Sequence[ImageInput] | Tensor) -> list[Perception]:
        """Assess pictures one after the other, so that each gets the result that it gets alone.

        Raises:
            InputError: If any is not what `assess` takes.
        """
        return [self.assess(image) for image in images]

    @torch.inference_mode()
    def assess(self, image: ImageInput) -> Perception:
        """Assess one picture of any size; it is encoded once for all factors.

        Raises:
            InputError: If it cannot be read, is no image of `ImageInput`, or the encoder makes
                something of it that is not finite.
        """
        pixels = as_pixels(image)
        height, width = pixels.shape[2:]
        features = self._encoder.encode_image(pixels.to(self._encoder.device))
        tokens = features.tokens()  # (1, 1+N, D)
        if not tokens.isfinite().all():
            raise InputError(f"The encoder `{self._encoder.name}` gave no finite features for this picture.")
        raw = raw_scores(tokens, self._text, temperature=self._pairs.temperature).cpu()  # (1, 1+N, 4)
        combined = combine_factors(raw, alpha=self._pairs.alpha)  # (1, 1+N)
        grid = features.patches.shape[1:3]
        return Perception(
            score=float(combined[0, 0]),
            map=tokens_to_map(combined[:, 1:].reshape(1, *grid), (height, width))[0],
            raw=raw[0, 0],
            raw_grid=raw[0, 1:].T.reshape(-1, *grid).contiguous(),  # (4, gh, gw)
            encoder=self._encoder.name,
        )


def load(preset: str = "mini", *, device: str = "auto") -> PerceptionAssessor:
    """Load the encoder and the text pairs of an installed preset.

    Args:
        preset: `mini` comes with `pip install pqmap[mini]`, works offline and on a CPU.
        device: `auto`, or a name that torch knows, such as `cpu` or `cuda:1`.

    Raises:
        InputError: If the preset is not installed or the device is absent.
        WeightsError: If a weights file is absent or altered.
    """
    encoder = load_encoder(preset, device=device)
    return PerceptionAssessor(encoder, load_pairs(preset, encoder))
