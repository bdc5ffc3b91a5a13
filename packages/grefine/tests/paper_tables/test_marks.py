from __future__ import annotations

from grefine.paper_tables.marks import Mark, mark_column, paper_marks
from grefine.paper_tables.paper import paper_table


def places(marks: list[Mark]) -> list[str]:
    return [mark.place for mark in marks]


def test_best_and_second_follow_the_direction() -> None:
    values = [0.1, 0.3, 0.2]
    assert places(mark_column(values, higher=True)) == ["", "best", "second"]
    assert places(mark_column(values, higher=False)) == ["best", "", "second"]


def test_shared_first_place_leaves_no_second() -> None:
    assert places(mark_column([0.3, 0.3, 0.2], higher=True)) == ["best", "best", ""]


def test_worse_than_the_original_is_negative_and_equal_is_not() -> None:
    marks = mark_column([0.5, 0.4, 0.5, 0.6], higher=True, original=0)
    assert [mark.negative for mark in marks] == [False, True, False, False]
    lower = mark_column([0.5, 0.4, 0.5, 0.6], higher=False, original=0)
    assert [mark.negative for mark in lower] == [False, False, False, True]


def test_cell_without_a_value_has_no_mark_and_takes_no_place() -> None:
    assert mark_column([None, 0.1, 0.2], higher=True, original=0) == [Mark(), Mark(place="second"), Mark(place="best")]


def test_tables_without_an_original_have_no_negative_cell() -> None:
    assert not any(mark.negative for row in paper_marks(paper_table(6)) for mark in row)
