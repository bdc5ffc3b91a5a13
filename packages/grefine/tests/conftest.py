"""Models without weights: quality is the red channel, and a prompt's last word may be absent."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from aqmap import Alignment, PhraseResult, Token, Tree, load_parser, read_prompts
from balanced_refiner import InpaintRequest
from grefine import GRefiner, Settings
from grefine_core import Emphasis, ImageFeatures
from pqmap import Perception, pairs_from_words

HEIGHT, WIDTH = 48, 64
HOLE = (slice(8, 24), slice(16, 40))
"""Rows and columns of the damage in `damaged_pixels`."""


@dataclass
class FakeModels:
    """Counts what it is asked for."""

    red: float = 1.0
    """What the inpainter paints; at 1 it heals, at 0 it makes things worse."""
    absent: str = "bicycle"
    scored: int = 0
    loaded: int = 0
    seeds: list[int] = field(default_factory=list)
    name: str = "fake"
    working_size: int = 32
    max_strength: float = 1.0
    mild_pass: bool = True

    def perceive(self, pixels: Tensor) -> Perception:
        self.scored += 1
        found = pixels[0, 0].clone()
        raw = torch.full((4,), float(found.mean()))
        return Perception(
            score=float(found.mean()),
            grid=found,
            raw=raw,
            raw_grid=raw.reshape(4, 1, 1),
            size=tuple(found.shape),
            encoder="fake-encoder",
        )

    def align(self, pixels: Tensor, prompt: str) -> Alignment:
        missing = self.absent in prompt
        start = prompt.index(self.absent) if missing else 0
        end = start + len(self.absent) if missing else len(prompt)
        phrase = PhraseResult(
            text=prompt[start:end],
            noun=prompt[start:end],
            start=start,
            end=end,
            spans=((start, end),),
            noun_score=0.2 if missing else 0.9,
            phrase_score=0.2 if missing else 0.9,
            verdict="missing" if missing else "ok",
            reason=None,
            ancestor=0,
        )
        grid = torch.zeros(1, 24, 32)  # fine, so that small regions count
        emphasis = Emphasis(text=phrase.text, start=start, end=end, weight=1.1)
        return Alignment(
            score=0.4 if missing else 0.9,
            prompt_score=0.9,
            coverage=1.0,
            prompt_parts=1,
            size=(pixels.shape[2], pixels.shape[3]),
            literal=False,
            phrases=(phrase,),
            noun_grids=grid,
            phrase_grids=grid,
            regions=(0,) if missing else (None,),
            emphases=(emphasis,) if missing else (),
            unwanted=(),
            warnings=(),
            reading=read_prompts([prompt], load_parser("chunker"))[0],
            encoder="fake-encoder",
            scorer=None,
        )

    def inpaint(self, request: InpaintRequest, *, on_step: Callable[[int, int], None] | None = None) -> Tensor:
        self.seeds += request.seeds
        if on_step is not None:
            on_step(1, 1)
        generator = torch.Generator().manual_seed(request.seeds[0] % 1000)
        made = request.images * 0.5 + 0.5 * torch.rand(request.images.shape, generator=generator)
        made[:, 0] = self.red
        return made

    def load(self, settings: Settings) -> GRefiner:
        self.loaded += 1
        return GRefiner(self.perceive, self.align, lambda: self, settings)


@pytest.fixture
def models() -> FakeModels:
    """Return fresh fakes."""
    return FakeModels()


@pytest.fixture
def good_pixels() -> Tensor:
    """Return a picture that the fakes find perfect, in steps of 1/255."""
    pixels = torch.randint(0, 256, (1, 3, HEIGHT, WIDTH), generator=torch.Generator().manual_seed(1)).float() / 255
    pixels[:, 0] = 1
    return pixels


@pytest.fixture
def damaged_pixels(good_pixels: Tensor) -> Tensor:
    """Return the same with a rectangle of quality 0."""
    pixels = good_pixels.clone()
    pixels[:, 0, *HOLE] = 0
    return pixels


@pytest.fixture
def save_picture(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes pixels (1, 3, H, W) to a file of the test's folder."""

    def save(pixels: Tensor, name: str = "picture.png", **options: object) -> Path:
        image = Image.fromarray((pixels[0].permute(1, 2, 0) * 255).round().to(torch.uint8).numpy())
        image.save(tmp_path / name, **options)
        return tmp_path / name

    return save


@pytest.fixture
def no_packs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let runs pass without any installed model pack."""
    monkeypatch.setattr("grefine.run.check_packs", lambda *_, **__: ())
    monkeypatch.setattr("grefine.receipts.check_packs", lambda *_, **__: ())


WORDS = (("good", "bad"), ("sharp", "blurred"), ("plausible", "broken"), ("natural", "artificial"))


class TinyEncoder:
    """Cells of 8 pixels by their mean colour; a text is the mean of random word vectors."""

    name, input_size, patch_size, context_length = "tiny", 64, 8, 16
    logit_scale, alignment_scale = 100.0, 10.0
    device = torch.device("cpu")
    encoded = 0

    def fitted_size(self, height: int, width: int) -> tuple[int, int]:
        return height, width

    def encode_image(self, pixels: Tensor) -> ImageFeatures:
        self.encoded += 1
        cells = functional.adaptive_avg_pool2d(pixels, (6, 8)).permute(0, 2, 3, 1) - 0.5
        cells = functional.normalize(functional.pad(cells, (0, 1), value=0.1), dim=-1)
        return ImageFeatures(global_=functional.normalize(cells.mean((1, 2)), dim=-1), patches=cells)

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) + 1 for text in texts]

    def embed_tokens(self, texts: Sequence[str]) -> Tensor:
        out = torch.zeros(len(texts), self.context_length, 4)
        for row, text in enumerate(texts):
            for place, word in enumerate([*text.split(), "."]):
                generator = torch.Generator().manual_seed(zlib.crc32(word.encode()))
                out[row, place] = torch.randn(4, generator=generator)
        return out

    def encode_token_embeddings(self, embeddings: Tensor, eot: Tensor) -> Tensor:
        return functional.normalize(embeddings.sum(1) / (eot[:, None] + 1), dim=-1)

    def encode_text(self, texts: Sequence[str]) -> Tensor:
        return self.encode_token_embeddings(self.embed_tokens(texts), torch.tensor(self.token_counts(texts)) - 1)


class WordParser:
    """Takes the last word of a segment for a noun and those before for its adjectives."""

    name = "words"

    def parse(self, segments: Sequence[str]) -> list[Tree]:
        return [self._parse(segment) for segment in segments]

    def _parse(self, segment: str) -> Tree:
        words = segment.split()
        tokens, last = [], len(words) - 1
        for index, word in enumerate(words):
            start = len(" ".join(words[:index])) + bool(index)
            noun = index == last
            tokens.append(
                Token(
                    index=index,
                    text=word,
                    start=start,
                    end=start + len(word),
                    upos="NOUN" if noun else "ADJ",
                    head=None if noun else last,
                    relation="root" if noun else "amod",
                )
            )
        return Tree(tuple(tokens))


@pytest.fixture
def encoder(monkeypatch, models) -> TinyEncoder:
    """Return the encoder that `GRefiner.load` will find in place of the installed one."""
    encoder = TinyEncoder()
    monkeypatch.setattr("grefine.assessors.load_encoder", lambda *_, **__: encoder)
    monkeypatch.setattr("grefine.assessors.load_pairs", lambda _, found: pairs_from_words(found, WORDS))
    monkeypatch.setattr("grefine.assessors.load_parser", lambda _: WordParser())
    monkeypatch.setattr("grefine.pipeline.load_inpainter", lambda *_, **__: models)
    return encoder
