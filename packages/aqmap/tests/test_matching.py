from __future__ import annotations

import math

import pytest
import torch

from aqmap.matching import REMEMBERED, Matcher, match
from grefine_core import InputError

PIXELS = torch.rand(1, 3, 20, 30)


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


@pytest.fixture
def encoder(plant, towards):
    """Cat at the left of a 1 x 2 grid, nothing at the right; over all rather a cat than nothing."""
    patches = torch.stack([towards(cat=1.0), towards(empty=1.0)])[None]
    return plant(towards(cat=0.8, empty=0.6), patches)


def test_score_is_the_sigmoid_of_the_scaled_difference(encoder) -> None:
    found = Matcher(encoder)(PIXELS, ["cat", "red cat"])
    # F . ("cat" - "") = 0.8 - 0.6; F . ("red cat" - "") = 0.8 / sqrt(2) - 0.6; s_a = 10
    assert found.scores.tolist() == pytest.approx([sigmoid(2), sigmoid(8 / math.sqrt(2) - 6)])


def test_grid_points_to_the_planted_cell(encoder) -> None:
    found = Matcher(encoder)(PIXELS, ["cat"])
    assert found.grids.shape == (1, 1, 2)
    assert found.grids[0, 0].tolist() == pytest.approx([sigmoid(10), sigmoid(-10)])


def test_match_equals_the_printed_softmax(towards) -> None:
    image, text, empty = towards(cat=0.8, empty=0.6), towards(cat=1.0), towards(empty=1.0)
    pair = (10 * image @ torch.stack([text, empty]).T).softmax(0)
    assert match(image, text[None], empty[None], scale=10).item() == pytest.approx(pair[0].item())


def test_half_precision_features_give_float32(towards) -> None:
    half = [towards(cat=1.0).half()[None]] * 3
    assert match(*half, scale=10).dtype == torch.float32


def test_image_is_encoded_once_and_texts_in_one_batch(encoder) -> None:
    matcher = Matcher(encoder)
    matcher(PIXELS, ["cat", "dog", "cat"])
    assert encoder.image_calls == 1
    assert encoder.text_calls == [[""], ["cat", "dog"]]
    matcher(PIXELS, ["hat"])
    assert encoder.text_calls[2:] == [["hat"]]  # the empty text is kept
    matcher(PIXELS, ["cat", "dog", "cat"])
    assert len(encoder.text_calls) == 3  # and so is what was asked before


def test_forgotten_texts_are_encoded_again(encoder) -> None:
    matcher = Matcher(encoder)
    for number in range(REMEMBERED + 1):
        matcher(PIXELS, [f"cat {number}"])
    calls = len(encoder.text_calls)
    matcher(PIXELS, ["cat 0"])
    assert len(encoder.text_calls) == calls + 1


def test_pairs_of_one_image_encode_it_once(encoder) -> None:
    both = Matcher(encoder).match_pairs(PIXELS, [(0, ("cat",)), (0, ("red cat", "cat"))])
    assert encoder.image_calls == 1
    assert both[0].scores[0] == both[1].scores[1]


def test_own_scale_replaces_the_encoder_s(encoder) -> None:
    found = Matcher(encoder, scale=5.0)(PIXELS, ["cat"])
    assert found.scores.tolist() == pytest.approx([sigmoid(1)])
    assert found.margins[0] == pytest.approx([0.2])


def test_margins_give_the_scores_of_any_scale(encoder) -> None:
    found = Matcher(encoder)(PIXELS, ["cat cat cat cat cat cat. dog dog dog dog dog dog"])
    assert found.scores[0].item() == pytest.approx(sum(sigmoid(10 * one) for one in found.margins[0]) / 2)


def test_long_text_is_cut_at_sentences_and_averaged(encoder) -> None:
    text = "cat cat cat cat cat cat. dog dog dog dog dog dog"
    found = Matcher(encoder)(PIXELS, [text, "cat"])
    assert found.parts == (2, 1)
    assert encoder.text_calls[1] == ["cat cat cat cat cat cat.", "dog dog dog dog dog dog", "cat"]
    assert found.scores[0].item() == pytest.approx((sigmoid(2) + sigmoid(-6)) / 2)


@pytest.mark.parametrize("text", ["cat, " * 400, "cat " * 300, "x" * 5000])
def test_no_part_exceeds_the_context_and_no_word_is_lost(encoder, text: str) -> None:
    encoder.token_counts = lambda texts: [math.ceil(len(text) / 4) + 2 for text in texts]
    Matcher(encoder)(PIXELS, [text])
    parts = encoder.text_calls[1]
    assert max(encoder.token_counts(parts)) <= encoder.context_length
    assert "".join(parts).replace(" ", "").replace(",", "") in text.replace(" ", "").replace(",", "")


def test_text_is_averaged_over_templates(encoder) -> None:
    Matcher(encoder, templates=("a {}", "red {}"))(PIXELS, ["cat"])
    assert encoder.text_calls == [["a ", "red "], ["a cat", "red cat"]]


def test_longest_template_decides_whether_a_text_is_cut(encoder) -> None:
    matcher = Matcher(encoder, templates=("{}", "on a very big old dark photo of {}"))  # 13 tokens, and 12 are read
    assert matcher(torch.rand(1, 3, 32, 16), ["cat dog hat"]).parts == (2,)


def test_features_that_are_not_finite_are_refused(encoder) -> None:
    encoder.features.global_[0, 0] = float("nan")
    with pytest.raises(InputError, match="`planted` gave no finite features"):
        Matcher(encoder)(PIXELS, ["cat"])


@pytest.mark.parametrize("pixels", [torch.rand(2, 3, 4, 4), torch.rand(3, 4, 4), torch.rand(1, 3, 4, 4) * 255])
def test_wrong_image_is_refused(encoder, pixels) -> None:
    with pytest.raises(InputError):
        Matcher(encoder)(pixels, ["cat"])
