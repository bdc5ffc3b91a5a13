from __future__ import annotations

import pytest

from aqmap.prompts.segments import MAX_SEGMENT_CHARACTERS, has_word, hide, split_parts, split_segments


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("a cat, a dog.", ["a cat", "a dog."]),
        ("a photo of a cat, highly detailed, 8k", ["a photo of a cat", "highly detailed", "8k"]),
        (
            "A tall man holds a cup, and a small dog sleeps near him. The sky is blue",
            ["A tall man holds a cup, and a small dog sleeps near him.", "The sky is blue"],
        ),
        ("Dr. Who and J. Doe at 3.5 m. A cat", ["Dr. Who and J. Doe at 3.5 m.", "A cat"]),
        ("1,000 cats", ["1,000 cats"]),
        ("a cat; a dog", ["a cat", "a dog"]),
        ("a cat, ..., a dog", ["a cat", "a dog"]),
    ],
)
def test_tags_are_cut_and_sentences_kept(text: str, segments: list[str]) -> None:
    assert [text[start:end] for start, end in split_segments(text)] == segments


def test_long_segments_are_cut_at_spaces_and_lose_no_word() -> None:
    text = "word " * 500 + "x" * 1500
    parts = [text[start:end] for start, end in split_segments(text)]
    assert max(map(len, parts)) <= MAX_SEGMENT_CHARACTERS
    assert "".join(parts).replace(" ", "") == text.replace(" ", "")
    assert all(set(part.split()) <= {"word"} or "x" in part for part in parts)


def test_pictographs_are_words_and_punctuation_is_not() -> None:
    assert [has_word(text) for text in ("🐱", "7", "猫", "-", "+", " ")] == [True, True, True, False, False, False]


def test_parts_are_cut_in_sentences_too() -> None:
    text = "A tall man with a hat holds a big cup, sharp focus. 8k; a cat"
    parts = ["A tall man with a hat holds a big cup", "sharp focus.", "8k", "a cat"]
    assert [text[start:end] for start, end in split_parts(text)] == parts


def test_hidden_spans_become_one_word_as_long() -> None:
    assert hide("say KEEP OFF, 5", [(4, 12), (14, 15)]) == "say Xxxxxxxx, X"
