from __future__ import annotations

from aqmap.prompts.brackets import find_brackets, weigh


def test_pairs_and_strays_are_told_apart() -> None:
    pairs, stray = find_brackets("(a [b) c]")
    assert [(pair.start, pair.end) for pair in pairs] == [(3, 8)]
    assert sorted(stray) == [0, 5]


def test_number_before_the_bracket_is_its_weight() -> None:
    (pair,), _ = find_brackets("(a:b: 1.25 )")
    assert (pair.factor, pair.tail, pair.schedule) == (1.25, 4, False)


def test_square_bracket_with_a_number_is_a_schedule() -> None:
    (pair,), _ = find_brackets("[a:b:0.5]")
    assert (pair.factor, pair.tail, pair.schedule) == (1, 4, True)


def test_weights_multiply_and_end_with_their_bracket() -> None:
    pairs, _ = find_brackets("((a)b)c")
    assert [round(weight, 2) for weight in weigh(7, pairs)] == [1.1, 1.21, 1.21, 1.21, 1.1, 1.1, 1]
