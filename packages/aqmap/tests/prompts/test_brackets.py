from __future__ import annotations

import pytest

from aqmap.prompts.brackets import find_brackets, take_brackets
from aqmap.prompts.canvas import Canvas


def weights(text: str) -> list[float]:
    canvas = Canvas(text)
    take_brackets(canvas, ())
    return canvas.weights()


def test_pairs_and_strays_are_told_apart() -> None:
    pairs, stray = find_brackets("(a [b) c]")
    assert [(pair.start, pair.end) for pair in pairs] == [(3, 8)]
    assert sorted(stray) == [0, 5]


def test_escaped_brackets_are_none_and_escaped_backslashes_escape_nothing() -> None:
    pairs, stray = find_brackets(r"\(a\) \\(b)")
    assert [(pair.start, pair.end) for pair in pairs] == [(8, 10)]
    assert stray == []


def test_marks_belong_to_the_innermost_bracket() -> None:
    pairs, _ = find_brackets("[a:(b:c|d, e)|f]")
    assert [dict(pair.marks) for pair in pairs] == [
        {"|": [7], ":": [5], ",": [9]},
        {"|": [13], ":": [2], ",": []},
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("((a)b)c", [1.1, 1.21, 1.21, 1.21, 1.1, 1.1, 1]),
        ("(a: 2 )b", [2, 2, 2, 2, 2, 2, 2, 1]),
        ("[a]", [1 / 1.1] * 3),
        ("{a}", [1.05] * 3),
        ("(a)2 b", [2, 2, 2, 1, 1, 1]),
        ("[a|b]", [1] * 5),
        ("{a|b}", [1] * 5),
        ("[a:b:0.5]", [1] * 9),
        ("${a}", [1] * 4),
    ],
)
def test_brackets_weigh_what_is_in_them(text: str, expected: list[float]) -> None:
    assert weights(text) == pytest.approx(expected)


def test_places_that_only_say_a_weight_are_known_and_those_of_choices_are_not() -> None:
    canvas = Canvas("(a:2) [b] {c} (d)++ [e:f:3] {g|h} (i")
    take_brackets(canvas, ())
    kept = "".join(character for place, character in enumerate(canvas.source) if place not in canvas.weighting)
    assert kept == "a b c d [e:f:3] {g|h} i"
