"""English of the composer's captions."""

from __future__ import annotations

import pytest

from tools.mini.words import could_name, counted, some


@pytest.mark.parametrize(
    ("noun", "text", "may"),
    [
        ("ball", "a soccer ball", True),
        ("ship", "a small boat", True),
        ("tree", "a narrow path in a dark green forest", True),
        ("piano", "a red apple", False),
        ("dogs", "dog", True),
    ],
)
def test_noun_that_could_name_the_thing_is_known(noun: str, text: str, may: bool) -> None:
    assert could_name(noun, [text]) is may


@pytest.mark.parametrize(
    ("phrase", "noun", "many"),
    [
        ("apple", "apple", "apples"),
        ("slice of pie", "pie", "slices of pie"),
        ("soccer ball", "soccer ball", "soccer balls"),
        ("pregnant woman", "woman", "pregnant women"),
        ("man with hat", "man", None),
        ("box", "box", "boxes"),
        ("city", "city", "cities"),
    ],
)
def test_plural_is_english(phrase: str, noun: str, many: str | None) -> None:
    assert counted({"phrase": phrase, "noun": noun, "article": "a"}) == many


def test_article_fits_the_word() -> None:
    assert [some(noun) for noun in ("apple", "unicorn", "french fries", "bus", "hourglass")] == [
        "an apple",
        "a unicorn",
        "french fries",
        "a bus",
        "an hourglass",
    ]
