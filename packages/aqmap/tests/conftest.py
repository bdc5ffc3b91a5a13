"""Hand-made trees, and an encoder whose features are planted, so that numbers can be worked by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from torch import Tensor

from aqmap.parsing.tree import Token, Tree
from grefine_core import ImageFeatures, ParserPack

if TYPE_CHECKING:
    from aqmap.alignment import AlignmentAssessor

AXES = {"": 0, "cat": 1, "dog": 2, "red": 3, "hat": 4, "mat": 5}
"""The direction of each word; others share the last one."""
WIDTH = 8


def direction(**parts: float) -> Tensor:
    """Return (D,) with the given parts; `empty` is the text ""."""
    feature = torch.zeros(WIDTH)
    for word, part in parts.items():
        feature[AXES["" if word == "empty" else word]] = part
    return feature


class PlantedEncoder:
    """Texts point along their words; the image is what the test plants, and calls are counted."""

    name, device, input_size, patch_size = "planted", torch.device("cpu"), 32, 16
    logit_scale, alignment_scale, context_length = 100.0, 10.0, 12

    def __init__(self, whole: Tensor, patches: Tensor) -> None:
        self.features = ImageFeatures(global_=whole[None], patches=patches[None])
        self.image_calls, self.text_calls = 0, []

    def fitted_size(self, height: int, width: int) -> tuple[int, int]:
        return height, width

    def encode_image(self, pixels: Tensor) -> ImageFeatures:
        self.image_calls += 1
        count = len(pixels)
        return ImageFeatures(
            global_=self.features.global_.expand(count, -1), patches=self.features.patches.expand(count, -1, -1, -1)
        )

    def encode_text(self, texts: Sequence[str]) -> Tensor:
        self.text_calls.append(list(texts))
        features = torch.zeros(len(texts), WIDTH)
        for row, text in enumerate(texts):
            for word in text.lower().replace(",", "").replace(".", "").split() or [""]:
                features[row, AXES.get(word, WIDTH - 1)] += 1
        return torch.nn.functional.normalize(features, dim=-1)

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) + 2 for text in texts]

    def embed_tokens(self, texts: Sequence[str]) -> Tensor:
        raise NotImplementedError

    def encode_token_embeddings(self, embeddings: Tensor, eot: Tensor) -> Tensor:
        raise NotImplementedError


class WrittenParser:
    """Trees written down per segment."""

    name = "written"

    def __init__(self, trees: Mapping[str, str]) -> None:
        self.trees = trees

    def parse(self, segments: Sequence[str]) -> list[Tree]:
        return [grow_tree(self.trees[segment], segment) for segment in segments]


def grow_tree(lines: str, text: str | None = None) -> Tree:
    """Return a tree of `word/UPOS/head/relation` items, head `-` for a root, words in their order."""
    items = [item.rsplit("/", 3) for item in lines.split()]
    text = " ".join(item[0] for item in items) if text is None else text
    tokens, place = [], 0
    for index, (word, upos, head, relation) in enumerate(items):
        start = text.index(word, place)
        place = start + len(word)
        tokens.append(
            Token(
                index=index,
                text=word,
                start=start,
                end=place,
                upos=upos,
                head=None if head == "-" else int(head),
                relation=relation,
            )
        )
    return Tree(tuple(tokens))


@pytest.fixture
def grow() -> Callable[..., Tree]:
    return grow_tree


@pytest.fixture
def plant() -> type[PlantedEncoder]:
    return PlantedEncoder


@pytest.fixture
def towards() -> Callable[..., Tensor]:
    return direction


@pytest.fixture
def written() -> type[WrittenParser]:
    return WrittenParser


@pytest.fixture(scope="session")
def stanza_pack(data_folder: Path) -> ParserPack:
    folder = data_folder / "stanza-tiny"
    if not folder.is_dir():
        pytest.skip("needs the folder `stanza-tiny` of the test data")
    return ParserPack(
        name="tiny",
        language="en",
        folder=folder,
        tokenizer=folder / "tok.pt",
        tagger=folder / "tag.pt",
        parser=folder / "parse.pt",
        vectors=folder / "glove50-fp16.pt",
    )


CAT_AND_HAT = {
    "a red cat on a hat": "a/DET/2/det red/ADJ/2/amod cat/NOUN/-/root on/ADP/5/case a/DET/5/det hat/NOUN/2/nmod",
    "red cat on red mat": "red/ADJ/1/amod cat/NOUN/-/root on/ADP/4/case red/ADJ/4/amod mat/NOUN/1/nmod",
    "cat on a mat asleep": "cat/NOUN/-/root on/ADP/3/case a/DET/3/det mat/NOUN/0/nmod asleep/ADJ/0/amod",
    "cat": "cat/NOUN/-/root",
    "dog": "dog/NOUN/-/root",
}


@pytest.fixture
def planted() -> PlantedEncoder:
    """A cat that is not red in the upper cell of a 2 x 1 grid, nothing below."""
    patches = torch.stack([direction(cat=1.0), direction(empty=1.0)])[:, None]
    return PlantedEncoder(direction(cat=0.8, empty=0.6), patches)


@pytest.fixture
def assessor(planted: PlantedEncoder) -> AlignmentAssessor:
    from aqmap.alignment import AlignmentAssessor

    return AlignmentAssessor(planted, WrittenParser(CAT_AND_HAT))


@pytest.fixture
def parser() -> WrittenParser:
    return WrittenParser(CAT_AND_HAT)
