from __future__ import annotations

import pytest
import torch

from balanced_refiner.diffusion.clip_text import ClipConditioner, split_text
from grefine_core import Emphasis, InputError

PROMPT = "a girl with red hair, on a bench"
LONG = " ".join(f"a small red house{',' if i % 7 == 6 else ''}" for i in range(50))
"""200 words."""


@pytest.fixture(scope="module", params=["StableDiffusionXLInpaintPipeline", "StableDiffusionInpaintPipeline"])
def pipe(request, build_pipeline):
    return build_pipeline(request.param)


@pytest.fixture(scope="module")
def xl(build_pipeline):
    return build_pipeline("StableDiffusionXLInpaintPipeline")


def emphasis(phrase, weight, text=PROMPT):
    start = text.index(phrase)
    return Emphasis(text=phrase, start=start, end=start + len(phrase), weight=weight)


@torch.no_grad()
def stock(pipe, text, negative=None):
    """Return (2, 77, W) and (2, P) or None, as the pipeline's own method has them."""
    if hasattr(pipe, "text_encoder_2"):
        states, opposite, pooled, opposite_pooled = pipe.encode_prompt(text, negative_prompt=negative)
        return torch.cat([opposite, states]), torch.cat([opposite_pooled, pooled])
    states, opposite = pipe.encode_prompt(text, torch.device("cpu"), 1, True, negative)
    return torch.cat([opposite, states]), None


def words_of(pipe, text, phrase):
    """Return which of 77 tokens belong to a phrase, by counting tokens of the text before it."""
    before, start = text[: text.index(phrase)], text.index(phrase)
    first = len(pipe.tokenizer(before).input_ids) - 1
    last = len(pipe.tokenizer(text[: start + len(phrase)]).input_ids) - 1
    mask = torch.zeros(77, dtype=torch.bool)
    mask[first:last] = True
    return mask


@pytest.mark.parametrize("negative", ["", "blurry, bad hands"])
def test_weight_one_equals_the_pipelines_own_states_exactly(negative, pipe):
    states = ClipConditioner(pipe, negative_prompt=negative)(PROMPT, [emphasis("red hair", 1.0)])
    hidden, pooled = stock(pipe, PROMPT, negative or None)
    assert torch.equal(states.hidden, hidden)
    assert (states.pooled is None) == (pooled is None)
    assert pooled is None or torch.equal(states.pooled, pooled)


@pytest.mark.parametrize("weight", [1.1, 1.5, 0.7])
def test_emphasised_tokens_move_from_the_empty_text_by_the_weight(weight, pipe):
    states = ClipConditioner(pipe)(PROMPT, [emphasis("red hair", weight)]).hidden[1]
    plain, empty = stock(pipe, PROMPT)[0][1], stock(pipe, "")[0][1]
    inside = words_of(pipe, PROMPT, "red hair")
    assert 2 <= inside.sum() < 20
    expected = torch.where(inside[:, None], empty + weight * (plain - empty), plain)
    torch.testing.assert_close(states, expected, atol=1e-6, rtol=0)
    assert torch.equal(states[~inside], plain[~inside])


def test_weight_above_one_has_the_ratio_that_compel_has(pipe):
    plain = ClipConditioner(pipe)(PROMPT, []).hidden[1]
    heavy = ClipConditioner(pipe)(PROMPT, [emphasis("red hair", 1.1)]).hidden[1]
    empty = ClipConditioner(pipe)("", []).hidden[1]
    inside = words_of(pipe, PROMPT, "red hair")
    moved, away = (heavy - plain)[inside], (plain - empty)[inside]
    assert float((moved * away).sum() / (away * away).sum()) == pytest.approx(0.1, abs=1e-5)


def test_overlapping_emphases_add_up(pipe):
    condition = ClipConditioner(pipe)
    both = condition(PROMPT, [emphasis("red hair", 1.1), emphasis("hair, on", 1.2)]).hidden
    apart = [emphasis("red", 1.1), emphasis("hair", 1.3), emphasis(", on", 1.2)]
    torch.testing.assert_close(both, condition(PROMPT, apart).hidden, atol=1e-6, rtol=0)


@pytest.mark.parametrize(("asked", "held"), [(5.0, 2.0), (-3.0, 0.1), (0.0, 0.1)])
def test_weights_are_held_to_their_limits(asked, held, pipe):
    condition = ClipConditioner(pipe)
    found = condition(PROMPT, [emphasis("red hair", asked)]).hidden
    torch.testing.assert_close(found, condition(PROMPT, [emphasis("red hair", held)]).hidden, atol=1e-6, rtol=0)


def test_pooled_states_know_no_emphasis(xl):
    plain, heavy = (ClipConditioner(xl)(PROMPT, e) for e in ([], [emphasis("red hair", 1.5)]))
    assert torch.equal(plain.pooled, heavy.pooled)
    assert not torch.equal(plain.hidden, heavy.hidden)


def test_span_beyond_the_prompt_is_harmless(pipe):
    condition = ClipConditioner(pipe)
    outside = Emphasis(text="", start=len(PROMPT), end=len(PROMPT) + 9, weight=2.0)
    assert torch.equal(condition(PROMPT, [outside]).hidden, condition(PROMPT, []).hidden)


def test_long_prompt_is_read_to_its_end(pipe):
    condition = ClipConditioner(pipe)
    states = condition(LONG, [])
    parts = split_text(LONG, [pipe.tokenizer])
    assert len(parts) > 2
    assert states.hidden.shape[:2] == (2, 77 * len(parts))
    changed = condition(LONG[:-5] + "mouse", []).hidden
    assert not torch.equal(states.hidden[1, -77:], changed[1, -77:])
    assert torch.equal(states.hidden[1, :-77], changed[1, :-77])


def test_each_part_of_a_long_prompt_is_a_framed_text_of_its_own(pipe):
    hidden = ClipConditioner(pipe)(LONG, []).hidden[1]
    for place, (start, end) in enumerate(split_text(LONG, [pipe.tokenizer])):
        assert torch.equal(hidden[77 * place : 77 * (place + 1)], stock(pipe, LONG[start:end])[0][1])


def test_emphasis_in_a_late_part_reaches_its_words_alone(pipe):
    text = LONG + " and a girl"
    condition = ClipConditioner(pipe)
    difference = (condition(text, [emphasis("girl", 1.5, text)]).hidden - condition(text, []).hidden).abs().sum(-1)
    start, end = split_text(text, [pipe.tokenizer])[-1]
    assert not difference[:, :-77].any()
    assert torch.equal(difference[1, -77:] > 0, words_of(pipe, text[start:end], "girl"))


def test_pooled_states_of_a_long_prompt_are_those_of_the_pipeline(xl):
    assert torch.equal(ClipConditioner(xl)(LONG, []).pooled, stock(xl, LONG)[1])


def test_short_negative_is_filled_up_with_empty_parts(build_pipeline):
    pipe = build_pipeline("StableDiffusionInpaintPipeline")
    hidden = ClipConditioner(pipe, negative_prompt="blurry")(LONG, []).hidden
    assert torch.equal(hidden[0, :77], stock(pipe, "blurry")[0][1])
    assert torch.equal(hidden[0, 77:154], stock(pipe, "")[0][1])


def test_long_negative_lengthens_a_short_prompt(pipe):
    hidden = ClipConditioner(pipe, negative_prompt=LONG)(PROMPT, []).hidden
    assert torch.equal(hidden[1, :77], stock(pipe, PROMPT)[0][1])
    assert torch.equal(hidden[1, 77:154], stock(pipe, "")[0][1])


def test_single_encoder_of_the_xl_refiner_is_enough(build_pipeline):
    pipe = build_pipeline("StableDiffusionXLInpaintPipeline")
    whole = ClipConditioner(pipe)(PROMPT, [])
    pipe.text_encoder = pipe.tokenizer = None
    single = ClipConditioner(pipe)(PROMPT, [])
    assert torch.equal(single.hidden, whole.hidden[..., 32:])
    assert torch.equal(single.pooled, whole.pooled)


def test_pipeline_without_text_encoders_is_refused(build_pipeline):
    pipe = build_pipeline("StableDiffusionInpaintPipeline")
    pipe.text_encoder = None
    with pytest.raises(InputError, match="has no text encoder"):
        ClipConditioner(pipe)


def test_parts_end_at_commas_where_one_is_near(xl):
    parts = [LONG[start:end] for start, end in split_text(LONG, [xl.tokenizer])]
    assert all(part.endswith(",") for part in parts[:-1])
    assert " ".join(parts) == LONG


def test_parts_end_at_words_where_no_comma_is(xl):
    text = " ".join(["red"] * 200)
    parts = [text[start:end] for start, end in split_text(text, [xl.tokenizer])]
    assert " ".join(parts) == text
    assert all(len(xl.tokenizer(part).input_ids) <= 77 for part in parts)
    assert len(parts) == 3


def test_text_without_spaces_loses_nothing(xl):
    text = "\u7d05" * 120  # three tokens a character here
    spans = split_text(text, [xl.tokenizer])
    assert "".join(text[start:end] for start, end in spans) == text
    assert all(len(xl.tokenizer(text[start:end]).input_ids) <= 77 for start, end in spans)
