from __future__ import annotations

import pytest

from aqmap.prompts.canvas import Canvas


def test_invisible_characters_are_left_out_and_places_kept() -> None:
    canvas = Canvas("c\u200ba\u00adt\ufeff")
    assert (canvas.text, canvas.places) == ("cat", [0, 2, 4])


def test_joiners_stay_where_a_script_needs_them() -> None:
    kept = "\u0645\u06cc\u200c\u062e \U0001f469\u200d\U0001f467"  # a Persian verb, a family
    assert Canvas(f"{kept} c\u200dat").text == f"{kept} cat"


def test_plain_text_is_as_long_as_the_text() -> None:
    canvas = Canvas("a_(b)|\uff0c")
    assert (canvas.plain, len(canvas.text)) == ("a  b ;,", 7)


def test_taken_span_leaves_its_mark_and_spaces() -> None:
    canvas = Canvas("abcdef")
    canvas.take(1, 4, mark=";", weighs=True)
    canvas.take(5, 5)
    assert (canvas.text, canvas.weighting, canvas.source) == ("a;  ef", {1, 2, 3}, "abcdef")


@pytest.mark.parametrize(
    ("scales", "weights"),
    [
        ([], [1, 1, 1]),
        ([(0, 2, 1.5), (1, 3, 2)], [1.5, 3, 2]),
        ([(0, 3, 1e300), (1, 2, -2)], [10, -10, 10]),
        ([(0, 3, 0), (1, 2, float("inf"))], [0, 0, 0]),
        ([(0, 1, 1e-5), (1, 1, 3)], [0, 1, 1]),
        ([(1, 2, -1), (1, 2, -1.1)], [1, 1.1, 1]),
    ],
)
def test_weights_of_spans_multiply_and_are_bounded(scales: list[tuple[int, int, float]], weights: list[float]) -> None:
    canvas = Canvas("abc")
    for start, end, factor in scales:
        canvas.scale(start, end, factor)
    assert canvas.weights() == weights


def test_weight_behind_many_brackets_is_exactly_neutral() -> None:
    canvas = Canvas("a" * 1000 + "b")
    for depth in range(500):
        canvas.scale(depth, 1000 - depth, 1.1 if depth % 2 else 1 / 1.1)
    assert canvas.weights()[-1] == 1
