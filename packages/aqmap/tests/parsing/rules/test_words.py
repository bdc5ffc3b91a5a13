from __future__ import annotations

import pytest

from aqmap.parsing.rules.words import find_prepositions, tag


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("a red cat on the mat", "DET ADJ NOUN ADP DET NOUN"),
        ("two girls wearing straw hats", "NUM NOUN VERB NOUN NOUN"),
        ("the building is old", "DET NOUN AUX ADJ"),
        ("a cat sits on a bed", "DET NOUN VERB ADP DET NOUN"),
        ("highly detailed , sharp focus", "ADV VERB PUNCT ADJ NOUN"),
        ("dogs play", "NOUN VERB"),
        ("a play", "DET NOUN"),
        ("red-haired woman", "ADJ NOUN"),
        ("salt & pepper", "NOUN CCONJ NOUN"),
        ("the top of a hill", "DET NOUN ADP DET NOUN"),
        ("the top drawer", "DET ADJ NOUN"),
        ("3 cats", "NUM NOUN"),
        ("Ein Hund", "NOUN NOUN"),
        ("", ""),
    ],
)
def test_words_have_their_parts_of_speech(text: str, tags: str) -> None:
    assert tag(text.split()) == tags.split()


def test_longest_preposition_is_found() -> None:
    words = ["a", "cat", "on", "top", "of", "a", "box", "next", "to", "a", "dog"]
    assert find_prepositions(words) == {2: 5, 7: 9}
