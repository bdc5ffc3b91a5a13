"""A tiny encoder that obeys the protocol, and pairs for it: no downloads, milliseconds."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from grefine_core import ImageFeatures, fit_size, resize
from pqmap import TextPairs, pairs_from_words

WORDS = (
    ("a good picture", "a bad picture"),
    ("sharp and clean", "blurred and noisy"),
    ("a plausible scene", "broken anatomy"),
    ("natural colours", "artificial look"),
)


class TinyEncoder(nn.Module):
    """Cells of 8 x 8 pixels by mean and spread; texts by an average over two small layers."""

    width, dims, context_length, patch_size, input_size = 12, 16, 8, 8, 56
    logit_scale, alignment_scale = 100.0, 10.0

    def __init__(self, name: str = "tiny-1") -> None:
        super().__init__()
        self.name = name
        self.images_encoded = 0
        self.texts_encoded = 0
        generator = torch.Generator().manual_seed(7)
        draw = lambda *shape: nn.Parameter(torch.randn(*shape, generator=generator))  # noqa: E731
        self.vocabulary, self.positions = draw(64, self.width), draw(self.context_length, self.width)
        self.hidden, self.text_out = draw(self.width, 32), draw(32, self.dims)
        self.image_out = draw(6, self.dims)

    @property
    def device(self) -> torch.device:
        return self.vocabulary.device

    def fitted_size(self, height: int, width: int) -> tuple[int, int]:
        return fit_size(height, width, longer=self.input_size, multiple=self.patch_size)

    def encode_image(self, pixels: Tensor) -> ImageFeatures:
        pixels = resize(pixels, self.fitted_size(*pixels.shape[2:]))
        self.images_encoded += len(pixels)
        height, width = (max(1, round(side / self.patch_size)) for side in pixels.shape[2:])
        mean = functional.adaptive_avg_pool2d(pixels, (height, width))
        spread = (functional.adaptive_avg_pool2d(pixels.square(), (height, width)) - mean.square()).clamp(min=0)
        cells = torch.cat([mean, spread], 1).permute(0, 2, 3, 1) + 0.1  # (B, gh, gw, 6), never zero
        normal = lambda x: functional.normalize(x @ self.image_out, dim=-1)  # noqa: E731
        return ImageFeatures(global_=normal(cells.mean((1, 2))), patches=normal(cells))

    def _ids(self, text: str) -> list[int]:
        return [1, *(3 + zlib.crc32(word.encode()) % 61 for word in text.split()), 2]

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        return [len(self._ids(text)) for text in texts]

    @torch.no_grad()
    def embed_tokens(self, texts: Sequence[str]) -> Tensor:
        out = torch.zeros(len(texts), self.context_length, self.width)
        for index, text in enumerate(texts):
            ids = self._ids(text)
            out[index, : len(ids)] = self.vocabulary[ids]
        return out

    def encode_token_embeddings(self, embeddings: Tensor, eot: Tensor) -> Tensor:
        self.texts_encoded += len(embeddings)
        length = embeddings.shape[1]
        mask = (torch.arange(length)[None] <= eot[:, None]).float()[..., None]
        states = torch.tanh((embeddings + self.positions[:length]) @ self.hidden / 4)
        pooled = (states * mask).sum(1) / mask.sum(1)
        return functional.normalize(pooled @ self.text_out, dim=-1)

    def encode_text(self, texts: Sequence[str]) -> Tensor:
        eot = torch.tensor(self.token_counts(texts)) - 1
        return self.encode_token_embeddings(self.embed_tokens(texts), eot)


@pytest.fixture
def make_encoder() -> Callable[..., TinyEncoder]:
    return TinyEncoder


@pytest.fixture
def encoder() -> TinyEncoder:
    return TinyEncoder()


@pytest.fixture
def pairs(encoder: TinyEncoder) -> TextPairs:
    return pairs_from_words(encoder, WORDS)


@pytest.fixture
def pixels() -> Tensor:
    """Return a picture (3, 40, 56) with a smooth and a noisy half."""
    generator = torch.Generator().manual_seed(3)
    smooth = torch.linspace(0.2, 0.8, 56).expand(3, 40, 56).clone()
    smooth[:, :, 28:] = torch.rand(3, 40, 28, generator=generator)
    return smooth
