"""The real assessors and refiner around an encoder and a parser that need no weights."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor
from torch.nn import functional

import grefine
from aqmap import Token, Tree
from grefine import GRefiner, Settings
from grefine_core import ImageFeatures, InputError
from pqmap import pairs_from_words

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
    monkeypatch.setattr("grefine.pipeline.load_encoder", lambda *_, **__: encoder)
    monkeypatch.setattr("grefine.pipeline.load_pairs", lambda _, found: pairs_from_words(found, WORDS))
    monkeypatch.setattr("grefine.pipeline.load_parser", lambda _: WordParser())
    monkeypatch.setattr("grefine.pipeline.load_inpainter", lambda *_, **__: models)
    return encoder


def test_score_has_maps_of_the_picture_s_size_and_the_prompt_s_phrases(encoder, damaged_pixels) -> None:
    score = grefine.load("mini", device="cpu").score(damaged_pixels, "red cat, blue dog")
    assert 0 <= score.p <= 1
    assert 0 <= score.a <= 1
    assert score.perception.map.shape == score.alignment.map.shape == (48, 64)
    assert [phrase.text for phrase in score.alignment.phrases] == ["red cat", "blue dog"]


def test_each_picture_is_encoded_once_for_both_assessors(encoder, damaged_pixels) -> None:
    models = GRefiner.load(Settings(device="cpu"))
    encoder.encoded = 0
    models.score(damaged_pixels, "red cat")
    assert encoder.encoded == 1
    models.score(damaged_pixels, "red cat")
    assert encoder.encoded == 2


def test_refinement_runs_through_both_stages(encoder, damaged_pixels) -> None:
    outcome = GRefiner.load(Settings(device="cpu", guard=False)).refine(damaged_pixels, "red cat, blue dog")
    assert {decision.stage for decision in outcome.refinement.decisions} == {"stage1", "stage2"}
    assert outcome.after.alignment.phrases[0].text == "red cat"


def test_literal_reaches_both_equations(encoder, damaged_pixels) -> None:
    plain = GRefiner.load(Settings(device="cpu")).refine(damaged_pixels, "red cat, blue dog")
    literal = GRefiner.load(Settings(device="cpu", literal=True)).refine(damaged_pixels, "red cat, blue dog")
    assert plain.refinement.settings.literal is False
    assert literal.refinement.settings.literal is True
    assert not torch.equal(plain.before.alignment.map, literal.before.alignment.map)


def test_unknown_preset_is_refused() -> None:
    with pytest.raises(InputError, match="Preset `huge` is not installed"):
        grefine.load("huge", device="cpu")
