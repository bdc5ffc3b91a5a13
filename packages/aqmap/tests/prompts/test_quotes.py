from __future__ import annotations

import pytest

from aqmap.prompts.prompt import normalise
from aqmap.prompts.quotes import find_quotations


def writing(text: str) -> list[str]:
    prompt = normalise(text)
    return [prompt.text[start:end] for start, end in prompt.writing]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the word 'START' on a hat", ["START"]),
        ('a sign that says "Very Deep Learning" and is red', ["Very Deep Learning"]),
        ("a wall with 'Hello, world.' written on it", ["Hello, world."]),
        ("a book with the words 'Don't Panic!' written on it", ["Don't Panic!"]),
        ("the word 'mardefly' on a mug", ["mardefly"]),
        ("a blue '5' painted on top", ["5"]),
        ('"G I G G L E" painted on a wall', ["G I G G L E"]),
        ("a sign “KEEP OFF” and «NE PAS» here", ["KEEP OFF", "NE PAS"]),
        ('a sign "Stop! Now." A dog', ["Stop! Now"]),
        ("says \u2018it\u2019s ME\u2019 here", ["it\u2019s ME"]),
    ],
)
def test_words_to_be_seen_are_writing(text: str, expected: list[str]) -> None:
    assert writing(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        'a "big" dog',
        '"a red cat on a mat"',
        '("a red cat", "a Dog").and()',
        '"Big flames"++ in a wood',
        "a kids' book on dogs' toys",
        "rock 'n' roll",
        "5'10\" tall and 6'2\" wide",
        'a "' + "word " * 20 + '" x',
        'a "..." x',
        'a "Cat\nDog" x',
    ],
)
def test_other_quotations_are_read_as_words(text: str) -> None:
    assert writing(text) == []


def test_apostrophes_are_no_marks() -> None:
    assert find_quotations("a kids' book, don't, the dog's 'red' mat") == [(31, 35)]


def test_quotations_may_be_nested() -> None:
    assert find_quotations("'a 'b' c'") == [(3, 5), (0, 8)]
    assert normalise("'a 'b' c'").text == "a b c"
