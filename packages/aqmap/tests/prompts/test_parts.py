from __future__ import annotations

import pytest

from aqmap.prompts.prompt import normalise


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("cat AND dog :0.6 AND a bird:1.5", "cat; dog; a bird"),
        ("cat AND dog :0.6 <lora:a_very_long_name_indeed_of_a_network:1> AND hat", "cat; dog; hat"),
        ("a clock at 11:44 AND a dog", "a clock at 11:44; a dog"),
        ("a clock: 3 cats", "a clock: 3 cats"),
        ("KEEP CALM AND CARRY ON", "KEEP CALM AND CARRY ON"),
        ("a sign COFFEE BREAK", "a sign COFFEE BREAK"),
        ("cat, BREAK, dog", "cat; dog"),
        ("cat BREAK\nDOG BREAK hat", "cat; DOG; hat"),
        ("ANDES, BREAKFAST", "ANDES, BREAKFAST"),
        ("hot::2 dog:: bun ::-0.5", "hot; dog; bun"),
        ("1.5::rain, night::, -1::hat:: cat", "rain, night, hat cat"),
        ("-2::rain", "rain"),
        ("cat\n \n\ndog\nhat", "cat; dog hat"),
    ],
)
def test_parts_are_put_apart(prompt: str, text: str) -> None:
    assert normalise(prompt).text == text


@pytest.mark.parametrize(
    ("prompt", "weights"),
    [
        ("cat AND dog :0.6 AND hat:1.5", {"cat": 1, "dog": 0.6, "hat": 1.5}),
        ("cat AND (dog:2):0.5", {"cat": 1, "dog": 1}),
        ("cat::2 dog::-.5 hat", {"cat": 2, "dog": -0.5, "hat": 1}),
        ("cat 1.5::dog, mat:: hat", {"cat": 1, "dog": 1.5, "mat": 1.5, "hat": 1}),
        ("cat -1::dog", {"cat": 1, "dog": -1}),
        ("cat::" + "9" * 400 + " dog", {"cat": 10, "dog": 1}),
        ("cat BREAK dog :0.6", {"cat": 1, "dog": 1}),
    ],
)
def test_weights_of_parts_are_kept(prompt: str, weights: dict[str, float]) -> None:
    found = normalise(prompt).weights
    assert {word: found[prompt.index(word)] for word in weights} == pytest.approx(weights)
