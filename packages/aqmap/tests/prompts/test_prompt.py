from __future__ import annotations

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
        ("a cat\n\na dog\nasleep", "a cat; a dog asleep"),
        ("[cat:dog:0.5]", "cat;dog"),
        (r"saber \(fate\)", "saber fate"),
        ("red_hair, {big} “sign”", "red hair, big sign"),
        ("a cat, , ,, a dog,", "a cat, a dog"),
        ("a cat, BREAK a dog", "a cat; a dog"),
        ("a (big] (mouse", "a big mouse"),
        ("1,000 cats at 3.5 m", "1,000 cats at 3.5 m"),
        ("a\ud800cat\x00", "a cat"),
        ("一只猫\uff0c一只狗\u3002", "一只猫,一只狗."),
        ("c\u200bat \u202eא\u202c", "cat א"),
        ("👩\u200d👩\u200d👧, c\u200dat", "👩\u200d👩\u200d👧, cat"),
        ("a (red cat:1.2). A (dog++)! A hat .", "a red cat. A dog! A hat ."),
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
    assert normalise("a cat\n\na dog").pieces(0, 12) == ((0, 5), (7, 12))


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ("", "empty"),
        (" \n\t", "empty"),
        ("...!?", "no words left"),
        ("--ar 16:9 --v 5", "no words left"),
        ("<lora:x:1>", "no words left"),
        ("(((", "no words left"),
        ("\u200b\u2060\u3164\u2800", "no words left"),
        ("\ud800\x00", "no words left"),
        ("embedding:easynegative <x> __colour__ https://a.b/c.png", "no words left"),
        ("--no hands, feet", "only says what is not wanted"),
        ("a" * 50_000, "at most 20000 characters, got 50000"),
        ("a" * 20_001, "at most 20000 characters, got 20001"),
    ],
)
def test_prompt_that_says_nothing_is_refused_in_one_sentence(prompt: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        normalise(prompt)
    assert str(caught.value).count(".") == 1


@pytest.mark.parametrize(
    "prompt", ["🐱", "חתול על שטיח", "一只猫坐在垫子上", "猫 [(cat", "a" * 20_000, "\ud83d cat", "cat\x1b[31m"]
)
def test_odd_prompts_are_read(prompt: str) -> None:
    assert normalise(prompt).segments


def test_what_is_not_wanted_comes_from_flags_and_from_the_argument() -> None:
    prompt = normalise("a cat --no hands, (feet:1.3) --v 6", negative="[hat], embedding:bad, worst quality")
    assert prompt.text == "a cat"
    assert prompt.negative == "hands, feet, hat, worst quality"


@pytest.mark.parametrize("negative", [None, "", " ", "...", "embedding:bad_hands", "(((", "\ud800"])
def test_negative_prompt_that_says_nothing_is_none(negative: str | None) -> None:
    assert normalise("a cat", negative=negative).negative is None


def test_negative_prompt_that_is_too_long_is_refused_by_its_name() -> None:
    with pytest.raises(InputError, match="`negative` must have at most 20000 characters, got 20001"):
        normalise("a cat", negative="a" * 20_001)


def test_parts_that_only_ask_for_quality_are_known_and_stay_in_the_text() -> None:
    text = "(best quality:1.2), a cat, anime style, score_9, 8k photo of a hat, ultra-detailed"
    prompt = normalise(text)
    assert [text[start:end] for start, end in prompt.unjudged] == ["best quality", "score_9", "ultra-detailed"]
    assert prompt.text == "best quality, a cat, anime style, score 9, 8k photo of a hat, ultra-detailed"


def test_prompt_of_praise_alone_is_a_prompt() -> None:
    prompt = normalise("masterpiece, best quality")
    assert prompt.text == "masterpiece, best quality"
    assert prompt.unjudged == ((0, 11), (13, 25))


def test_parser_gets_writing_as_one_noun_of_its_length() -> None:
    text = "a mat with 'Hello, (big:1.2) world.' on it, a \"red\" hat"
    prompt = normalise(text)
    assert prompt.parser_segments() == ("a mat with Xxxxxxxxxxxxxxxxx on it", "a red hat")
    (writing,) = prompt.writing
    assert prompt.text[slice(*writing)] == "Hello, big world."
    assert text[prompt.origins[writing[0]] :].startswith("Hello")


def test_invisible_characters_have_the_weight_of_their_word() -> None:
    prompt = normalise("(c\u200bat:1.3)")
    assert prompt.weights[1:5] == (1.3,) * 4
    assert prompt.pieces(0, 10) == ((1, 5),)


def test_only_words_are_weighted() -> None:
    text = "(a <lora:x:1> cat | dog \\(b\\) AND hat:1.3)"
    prompt = normalise(text)
    weighted = "".join(text[at] for at, weight in enumerate(prompt.weights) if weight != 1)
    assert weighted.split() == ["a", "cat", "dog", "b", "hat"]
