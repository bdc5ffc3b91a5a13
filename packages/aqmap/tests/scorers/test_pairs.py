from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from aqmap.scorers.pairs import PairScorer
from aqmap.scorers.scorer import Scorer
from grefine_core import InputError


class Brightness:
    """Compares the mean of a picture with the number that a text ends with; a token is a word."""

    name, size, context_length = "brightness", 2, 3

    def __init__(self) -> None:
        self.images: list[int] = []
        self.texts: list[list[str]] = []

    def prepare(self, pixels: Tensor) -> Tensor:
        return pixels.mean(dim=(0, 2, 3))[:, None, None].expand(3, 2, 2)

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def encode(self, images: Tensor) -> Tensor:
        self.images.append(len(images))
        return images.mean(dim=(1, 2, 3))

    def compare(self, encoded: Tensor, texts: Sequence[str]) -> Tensor:
        self.texts.append(list(texts))
        return 1 - (encoded - torch.tensor([float(text.split()[-1]) for text in texts])).abs()


@pytest.fixture
def model() -> Brightness:
    return Brightness()


@pytest.fixture
def scorer(model) -> PairScorer:
    return PairScorer(model, to_unit=lambda raw: raw / 2)


def gray(value: float, height: int = 4, width: int = 5) -> Tensor:
    return torch.full((3, height, width), value)


def test_scorer_has_the_protocol_of_one(scorer) -> None:
    assert isinstance(scorer, Scorer)


def test_each_pair_gets_its_own_score(scorer) -> None:
    found = scorer.raw([gray(0.5), gray(1.0)], ["at 0.25", "at 1"])
    assert found.tolist() == pytest.approx([0.75, 1.0])
    assert found.dtype == torch.float32


def test_score_is_the_raw_value_brought_to_the_unit(scorer) -> None:
    assert scorer.score([gray(0.5)], ["at 0.5"]).tolist() == [0.5]


def test_same_picture_is_encoded_once_and_same_pair_compared_once(scorer, model) -> None:
    picture = gray(0.5)
    found = scorer.raw([picture, gray(0.0), picture, picture], ["at 1", "at 1", "at 0.5", "at 1"])
    assert found.tolist() == [0.5, 0.0, 1.0, 0.5]
    assert model.images == [2]
    assert model.texts == [["at 1", "at 0.5", "at 1"]]


def test_many_pairs_go_through_in_batches(scorer, model) -> None:
    pictures = [gray(number / 39) for number in range(40)]
    prompts = [f"at {number / 39}" for number in range(40)]
    assert scorer.raw(pictures, prompts).tolist() == pytest.approx([1.0] * 40)
    assert model.images == [16, 16, 8]
    scorer.raw([pictures[0]] * 100, [f"at {number / 99}" for number in range(100)])
    assert [len(texts) for texts in model.texts[3:]] == [64, 36]


def test_long_prompt_is_split_and_averaged(scorer, model) -> None:
    prompts = ["at 0, at 1", "at 1"]
    assert scorer.parts(prompts) == [2, 1]
    assert scorer.raw([gray(1.0)] * 2, prompts).tolist() == [0.5, 1.0]


def test_prepared_picture_scores_as_the_picture(scorer) -> None:
    picture = gray(0.5)
    prepared = scorer.prepare(picture[None])
    assert prepared.shape == (3, 2, 2)
    assert torch.equal(scorer.prepare(prepared[None]), prepared)
    assert scorer.raw([prepared], ["at 0.25"]).tolist() == scorer.raw([picture], ["at 0.25"]).tolist()


@pytest.mark.parametrize(
    ("pixels", "prompts", "message"),
    [
        ([gray(0.5)], [], "come in pairs, got 1 and 0"),
        ([], [], "come in pairs, got 0 and 0"),
        ([gray(0.5)] * 3, "cat", "come in pairs"),
        ([gray(0.5)], [" "], "The prompt is empty"),
        ([gray(2.0)], ["at 1"], r"must lie in \[0, 1\]"),
        ([gray(0.5)[None]], ["at 1"], "must have shape"),
        ([gray(0.5), gray(0.5)], ["at 1", "at nan"], "`brightness` gave nan for pair 2 of 2"),
    ],
)
def test_wrong_pairs_are_refused(scorer, pixels, prompts, message: str) -> None:
    with pytest.raises(InputError, match=message):
        scorer.score(pixels, prompts)


def test_only_one_picture_is_prepared_at_a_time(scorer) -> None:
    with pytest.raises(InputError, match="One image is prepared at a time, got 2"):
        scorer.prepare(torch.zeros(2, 3, 4, 4))
