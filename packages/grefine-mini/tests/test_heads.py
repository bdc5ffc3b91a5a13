"""Each part of a text's feature says what it is there for."""

from __future__ import annotations

import pytest
import torch

from grefine_core import load_encoder
from grefine_mini.color import COLORS
from grefine_mini.encoder import MiniEncoder
from grefine_mini.heads import CONSTANT, DIMENSIONS, PARTS

COLOR = slice(CONSTANT - len(COLORS), CONSTANT)
THING = CONSTANT - len(COLORS) - 2


@pytest.fixture(scope="module")
def encoder() -> MiniEncoder:
    return load_encoder("mini", device="cpu")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("a red car", {"red"}),
        ("a grey cat beside a BLUE bowl", {"gray", "blue"}),
        ("violet flowers", {"purple"}),
        ("a car", set()),
        ("a rusty barn", set()),
    ],
)
def test_colour_part_holds_the_colours_that_are_named(encoder: MiniEncoder, text: str, named: set[str]) -> None:
    part = encoder.encode_text([text])[0, COLOR]
    assert {COLORS[i] for i in part.nonzero()[:, 0].tolist()} == named


def test_objects_are_things_and_grounds_are_not(encoder: MiniEncoder) -> None:
    things = encoder.encode_text(["a dog", "a bicycle", "a banana"])[:, THING]
    grounds = encoder.encode_text(["blue sky", "green leaves", "a sandy beach"])[:, THING]
    assert things.min() > grounds.max()


def test_parts_of_an_image_have_their_shares(encoder: MiniEncoder) -> None:
    whole = encoder.encode_image(torch.rand(1, 3, 96, 96)).global_[0]
    lengths = torch.stack([part.square().sum() for part in whole.split(PARTS)])
    assert (lengths - encoder.heads.shares).abs().max() < 1e-5
    assert len(whole) == DIMENSIONS
    assert whole[THING] == 0  # a whole picture is neither thing nor ground
