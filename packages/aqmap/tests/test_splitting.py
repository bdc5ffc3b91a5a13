from __future__ import annotations

import pytest

from aqmap.splitting import split_texts


def words(texts: list[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def test_short_text_is_its_own_part() -> None:
    assert split_texts(["a red cat", "dog"], count=words, limit=3) == {"a red cat": ["a red cat"], "dog": ["dog"]}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a red cat. a dog, a hat", ["a red cat.", "a dog, a hat"]),
        ("a red cat, a dog on a hat", ["a red cat", "a dog on a hat"]),
        ("one two three four five six", ["one two three", "four five six"]),
    ],
)
def test_text_is_cut_at_sentences_else_commas_else_words(text: str, parts: list[str]) -> None:
    assert split_texts([text], count=words, limit=5) == {text: parts}


def test_each_round_counts_only_new_and_different_parts() -> None:
    seen: list[list[str]] = []

    def count(texts: list[str]) -> list[int]:
        seen.append(texts)
        return words(texts)

    split_texts(["cat, cat", "dog"], count=count, limit=1)
    assert seen == [["cat, cat", "dog"], ["cat"]]


@pytest.mark.parametrize("text", ["x" * 500, ",,, ;; ,,,,", ", " * 300 + "cat"])
def test_text_without_a_good_place_is_cut_all_the_same(text: str) -> None:
    parts = split_texts([text], count=lambda texts: [len(text) for text in texts], limit=7)[text]
    assert max(map(len, parts)) <= 7
    assert all(parts)


def test_single_character_over_the_limit_stays_whole() -> None:
    assert split_texts(["x"], count=lambda texts: [9 for _ in texts], limit=7) == {"x": ["x"]}
