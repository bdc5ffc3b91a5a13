from __future__ import annotations

import time

import pytest

from aqmap.prompts.prompt import normalise
from grefine_core import InputError


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("a (red hair:1.3) girl", "a red hair girl"),
        ("((masterpiece)), [dog]", "masterpiece, dog"),
        ("a cat <lora:add_detail:0.8> on a mat", "a cat on a mat"),
        ("a cat --ar 16:9 --v 5 --style raw", "a cat"),
        ("a cat,--ar 16:9 --no trees, birds", "a cat"),
        ("a cat --no dogs --tile", "a cat"),
        ("a well-known cat -- asleep", "a well-known cat -- asleep"),
        ("a cat BREAK a dog|a mouse", "a cat; a dog;a mouse"),
        ("a cat\n\na dog\nasleep", "a cat;a dog asleep"),
        ("[cat:dog:0.5]", "cat;dog"),
        (r"saber \(fate\)", "saber fate"),
        ("red_hair, {big} “sign”", "red hair, big sign"),
        ("a cat, , ,, a dog,", "a cat, a dog"),
        ("a cat, BREAK a dog", "a cat; a dog"),
        ("a (big] (mouse", "a big mouse"),
        ("1,000 cats at 3.5 m", "1,000 cats at 3.5 m"),
        ("a\ud800cat\x00", "a cat"),
        ("一只猫\uff0c一只狗\u3002", "一只猫,一只狗."),
    ],
)
def test_syntax_is_taken_off(prompt: str, text: str) -> None:
    assert normalise(prompt).text == text


@pytest.mark.parametrize(
    ("prompt", "word", "weight"),
    [
        ("a (red hair:1.3) girl", "hair", 1.3),
        ("a (red hair:1.3) girl", "girl", 1),
        ("((x))", "x", 1.21),
        ("[dog]", "dog", 1 / 1.1),
        ("(a (red:1.5) hat:1.2)", "red", 1.8),
        ("(a (red:1.5) hat:1.2)", "hat", 1.2),
        ("[cat:dog:0.5]", "dog", 1),
        (r"\(fate\)", "fate", 1),
        ("(cat", "cat", 1),
        ("cat) dog", "dog", 1),
        ("(cat:999)", "cat", 10),
        ("(cat:-.5)", "cat", -0.5),
        ("<lora:(x):2> cat", "cat", 1),
    ],
)
def test_weights_of_the_user_are_kept(prompt: str, word: str, weight: float) -> None:
    assert normalise(prompt).weights[prompt.index(word)] == pytest.approx(weight)


def test_each_plain_character_knows_its_place() -> None:
    prompt = normalise("a (red hair:1.3) girl, <lora:x:1> smiling --v 5")
    words = [(word, prompt.text.index(word)) for word in ("red", "hair", "girl", "smiling")]
    assert [prompt.original[prompt.origins[at] :].startswith(word) for word, at in words] == [True] * 4
    assert list(prompt.origins) == sorted(set(prompt.origins))


def test_pieces_end_where_the_weight_may_change() -> None:
    prompt = normalise("(big:1.2)cat")
    assert prompt.pieces(0, 12) == ((1, 4), (9, 12))
    prompt = normalise("{big (red}cat)")  # the brace is no weight, the bracket begins one
    assert [prompt.original[start:end] for start, end in prompt.pieces(0, 14)] == ["big", "red", "cat"]


def test_pieces_hold_no_syntax_and_one_weight() -> None:
    prompt = normalise('a (red:1.3) "big" red_cat')
    pieces = [prompt.original[start:end] for start, end in prompt.pieces(0, len(prompt.original))]
    assert pieces == ["a", "red", "big", "red_cat"]


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ("", "empty"),
        (" \n\t", "empty"),
        ("...!?", "no words left"),
        ("--ar 16:9 --v 5", "no words left"),
        ("<lora:x:1>", "no words left"),
        ("(((", "no words left"),
        ("a" * 20_001, "at most 20000 characters, got 20001"),
    ],
)
def test_prompt_that_says_nothing_is_refused(prompt: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        normalise(prompt)


@pytest.mark.parametrize("prompt", ["(" * 9_990 + "x" + ")" * 9_990, "a cat, " * 2_850, "--no " * 3_999 + "x"])
def test_longest_prompts_take_no_quadratic_time(prompt: str) -> None:
    start = time.process_time()
    try:
        weights = normalise(prompt).weights
    except InputError:
        weights = (0.0,)
    assert max(weights) <= 10
    assert time.process_time() - start < 5
