"""From pictures to their perceptual quality: encoder, text pairs and eq. (3) joined."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import overload

import torch
from PIL import Image
from torch import Tensor

from grefine_core import Encoder, ImageFeatures, ImageInput, InputError, Picture
from pqmap.bands import band_of
from pqmap.degenerate import CEILING
from pqmap.dimensions import RESERVED
from pqmap.functional import quality_of_features
from pqmap.pairs import TextPairs
from pqmap.perception import FACTORS, raw_scores
from pqmap.prepare import Prepared, prepare_picture
from pqmap.results import Perception, split_tokens


class PerceptionAssessor:
    """Assess pictures with one encoder and its pairs; the texts are encoded once, here.

    Calling it changes nothing in it, so threads may share one.
    """

    differentiable = True
    """Whether `perceptual_quality` can take tensors through it."""

    def __init__(self, encoder: Encoder, pairs: TextPairs, *, dimensions: TextPairs | None = None) -> None:
        """Encode the texts.

        Args:
            encoder: Sees the pictures.
            pairs: Of the four factors.
            dimensions: Own pairs, of any other names; each gives one more score and map beside p.

        Raises:
            InputError: If `pairs` are not those of the four factors, or `dimensions` repeat a column's name.
            WeightsError: If the pairs were fitted for another encoder.
        """
        pairs.check_encoder(encoder)
        if pairs.names != FACTORS:
            raise InputError(f"`pairs` must be those of {', '.join(FACTORS)}, got {', '.join(pairs.names)}.")
        self._encoder, self._pairs, self._dimensions = encoder, pairs, dimensions
        with torch.no_grad():
            self._text = pairs.text_features(encoder)
            if dimensions is not None:
                dimensions.check_encoder(encoder)
                _check_names(dimensions.names)
                self._dimension_text = dimensions.text_features(encoder)

    @property
    def encoder(self) -> Encoder:
        """The model that sees the pictures."""
        return self._encoder

    @property
    def pairs(self) -> TextPairs:
        """The texts that it compares them with."""
        return self._pairs

    @property
    def text(self) -> Tensor:
        """Features of the texts, (4, 2, D), L2-normalised, on the encoder's device."""
        return self._text

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the scores that a picture gets, in the order of a row: p, factors, own dimensions."""
        return ("p", *FACTORS, *(self._dimensions.names if self._dimensions else ()))

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

    def assess(self, image: ImageInput) -> Perception:
        """Assess one picture of any size; it is encoded once for all factors.

        Raises:
            InputError: If it cannot be read, is no image of `ImageInput`, or the encoder makes
                something of it that is not finite.
        """
        return self.assess_prepared([self.prepare(image)])[0]

    def assess_all(self, images: Sequence[ImageInput] | Tensor, *, batch_size: int = 16) -> list[Perception]:
        """Assess pictures of any sizes, those of one fitted size together; the order is kept.

        A picture's numbers do not depend on its company: float32 on a CPU differs by less than 1e-5.

        Raises:
            InputError: If any is not what `assess` takes, or `batch_size` is below 1.
        """
        if batch_size < 1:
            raise InputError(f"`batch_size` must be at least 1, got {batch_size}.")
        results: dict[int, Perception] = {}
        waiting: dict[tuple[int, ...], list[tuple[int, Prepared]]] = defaultdict(list)
        for index, image in enumerate(images):
            prepared = self.prepare(image)
            bucket = waiting[tuple(prepared.pixels.shape)]
            bucket.append((index, prepared))
            if len(bucket) == batch_size:
                results |= self._assess_bucket(waiting.pop(tuple(prepared.pixels.shape)))
        for bucket in waiting.values():
            results |= self._assess_bucket(bucket)
        return [results[index] for index in sorted(results)]

    def _assess_bucket(self, bucket: list[tuple[int, Prepared]]) -> dict[int, Perception]:
        found = self.assess_prepared([prepared for _, prepared in bucket])
        return {index: result for (index, _), result in zip(bucket, found, strict=True)}

    def prepare(self, image: ImageInput) -> Prepared:
        """Do for one picture what needs no model: read, resize, look for flags. Safe in threads.

        Raises:
            InputError: If it cannot be read or is no image of `ImageInput`.
        """
        return prepare_picture(image, self._encoder)

    @torch.no_grad()
    def assess_prepared(self, batch: Sequence[Prepared]) -> list[Perception]:
        """Assess prepared pictures of one fitted size in one pass of the encoder.

        Raises:
            InputError: If their sizes differ, or the encoder makes something of one that is not finite.
        """
        device = self._encoder.device
        shapes = {tuple(one.pixels.shape) for one in batch}
        if len(shapes) != 1:
            raise InputError(f"A batch must hold pictures of one prepared size, got {sorted(shapes)}.")
        features = self._encoder.encode_image(torch.cat([one.pixels.to(device) for one in batch]))
        pairs = self._pairs
        quality = quality_of_features(features, self._text, temperature=pairs.temperature, alpha=pairs.alpha).cpu()
        own, own_grid = self._measure_dimensions(features)
        results = []
        for index, one in enumerate(batch):
            ceiling = CEILING if one.flags else 1.0
            score = min(float(quality.score[index]), ceiling)
            results.append(
                Perception(
                    score=score,
                    grid=quality.grid[index].clamp(max=ceiling),
                    raw=quality.raw[index],
                    raw_grid=quality.raw_grid[index],
                    size=one.size,
                    encoder=self._encoder.name,
                    band=band_of(score, reference=pairs.reference, flags=one.flags),
                    flags=one.flags,
                    dimensions=dict(zip(self.names[1 + len(FACTORS) :], own[index].tolist(), strict=True)),
                    dimension_grids=own_grid[index] if self._dimensions else None,
                )
            )
        return results

    def _measure_dimensions(self, features: ImageFeatures) -> tuple[Tensor, Tensor]:
        """Return the scores (B, K) and grids (B, K, gh, gw) of the own dimensions, K = 0 where there are none."""
        batch, gh, gw = features.patches.shape[:3]
        if self._dimensions is None:
            return torch.zeros(batch, 0), torch.zeros(batch, 0, gh, gw)
        raw = raw_scores(features.tokens(), self._dimension_text, temperature=self._dimensions.temperature)
        return split_tokens(raw.cpu(), (gh, gw))


def _check_names(names: Sequence[str]) -> None:
    taken = sorted({*FACTORS, *RESERVED}.intersection(names))
    if taken:
        raise InputError(f"An own dimension cannot be called `{taken[0]}`: a column has that name already.")
