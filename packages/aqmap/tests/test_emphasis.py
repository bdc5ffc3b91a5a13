from __future__ import annotations

import pytest

from aqmap.emphasis import emphasise, plain_emphases, render
from aqmap.prompts.prompt import normalise


def emphasised(text: str, word: str, rounds: int = 1) -> str:
    prompt = normalise(text)
    spans = prompt.pieces(text.index(word), text.index(word) + len(word))
    return render(prompt, emphasise(prompt, spans, rounds=rounds))


@pytest.mark.parametrize(
    ("text", "word", "expected"),
    [
        ("a red cat on a mat", "red cat", "a (red cat:1.1) on a mat"),
        ("a (red cat:1.3) here", "red cat", "a (red cat:1.4) here"),
        ("a ((red)) cat", "red", "a (red:1.31) cat"),
        ("a ((red)) cat", "cat", "a (red:1.21) (cat:1.1)"),
        ("[dog], cat", "cat", "(dog:0.909), (cat:1.1)"),
        ("a (cat, big (dog", "dog", "a cat, big (dog:1.1)"),
        ("cat <lora:x:0.8> BREAK dog --ar 16:9", "dog", "cat <lora:x:0.8> BREAK (dog:1.1) --ar 16:9"),
        ("[cat:dog:0.5]", "dog", "[cat:(dog:1.1):0.5]"),
        (r"saber \(fate\)", "saber", r"(saber:1.1) \(fate\)"),
    ],
)
def test_words_get_a_tenth_on_top_of_the_weight_of_the_user(text: str, word: str, expected: str) -> None:
    assert emphasised(text, word) == expected


def test_each_round_adds_a_tenth() -> None:
    assert emphasised("a red cat", "red cat", rounds=3) == "a (red cat:1.3)"


def test_text_of_the_user_stays_without_emphases() -> None:
    text = "a ((red)) [cat"
    assert render(normalise(text), ()) == text


def test_emphasis_names_words_as_the_user_wrote_them() -> None:
    prompt = normalise("a (red_Hat:1.3)")
    (emphasis,) = emphasise(prompt, prompt.pieces(2, len(prompt.original)))
    assert (emphasis.text, emphasis.weight) == ("red_Hat", 1.4)
    assert prompt.original[emphasis.start : emphasis.end] == emphasis.text


def test_rendered_prompt_has_the_weights_that_were_given() -> None:
    text = "a ((red)) [cat], (big:0.7) dog"
    prompt = normalise(text)
    given = emphasise(prompt, prompt.pieces(0, 14))
    again = normalise(render(prompt, given))
    weights = {word: round(again.weights[again.original.index(word)], 3) for word in ("red", "cat", "big", "dog")}
    assert weights == {"red": 1.31, "cat": 1.01, "big": 0.7, "dog": 1}


def plain(text: str, word: str = "") -> list[tuple[str, float]]:
    """Return words and weights of the plain text after one round for a word; checks that the spans say the words."""
    prompt = normalise(text)
    spans = prompt.pieces(text.index(word), text.index(word) + len(word)) if word else []
    found = plain_emphases(prompt, emphasise(prompt, spans))
    assert all(prompt.text[one.start : one.end] == one.text for one in found)
    return [(one.text, pytest.approx(one.weight)) for one in found]


@pytest.mark.parametrize(
    ("text", "word", "expected"),
    [
        ("a red cat on a mat", "", []),
        ("a red cat on a mat", "red cat", [("red cat", 1.1)]),
        ("(red hair:1.3) girl, <lora:x:0.8> --ar 16:9", "", [("red hair", 1.3)]),
        ("(red hair:1.3) girl, <lora:x:0.8> --ar 16:9", "red hair", [("red hair", 1.4)]),
        ("(red hair:1.3) girl, <lora:x:0.8> --ar 16:9", "girl", [("red hair", 1.3), ("girl", 1.1)]),
        ("a (red cat:1.3) here", "cat", [("red", 1.3), ("cat", 1.4)]),
        ("[dog], cat", "", [("dog", 1 / 1.1)]),
        ("a (cat:1.2), (dog:1.2)", "", [("cat", 1.2), ("dog", 1.2)]),
        ("cat, cat, (cat:1.5)", "", [("cat", 1.5)]),
        ("cat BREAK (dog:1.2) AND mouse", "", [("dog", 1.2)]),
    ],
)
def test_plain_text_has_the_weights_of_the_user_and_of_the_failures(text, word, expected) -> None:
    assert plain(text, word) == expected


def test_plain_weight_is_on_the_very_words_that_the_user_weighed() -> None:
    (found,) = plain_emphases(normalise("cat, cat, (cat:1.5)"), ())
    assert (found.start, found.end) == (10, 13)
