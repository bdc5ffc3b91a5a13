from __future__ import annotations

import pytest

from aqmap.prompts.negation import NEGATIONS, is_negation, is_number


@pytest.mark.parametrize("word", ["no", "No", "not", "without", "n't", "isn't", "don\u2019t", "nothing"])
def test_negations_are_known_in_any_case(word: str) -> None:
    assert is_negation(word)


def test_other_words_negate_nothing() -> None:
    assert not any(map(is_negation, ("knot", "note", "ant", "", "zero")))
    assert all(word == word.lower() for word in NEGATIONS)


@pytest.mark.parametrize("word", ["3", "3.5", "1,000", "three", "Twenty-five", "dozen", "zero", "\u0663", "三", "½"])
def test_counts_are_numbers(word: str) -> None:
    assert is_number(word)


@pytest.mark.parametrize("word", ["", "-", ".", "2nd", "8k", "1girl", "3d", "1990s", "a", "one-eyed", "3.", "third"])
def test_words_with_digits_are_none(word: str) -> None:
    assert not is_number(word)
