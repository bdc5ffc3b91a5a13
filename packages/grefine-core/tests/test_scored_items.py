from __future__ import annotations

import pytest

from grefine_core import InputError, Row
from grefine_core.scored_items import ScoredColumns, join_rows, read_scored_items

COLUMNS = ScoredColumns(key="image", labels=("mos",), scores=("p",), by=("model",))


def _row(image: str, mos: object = 1.0, p: object = 0.5, model: str | None = "m") -> Row:
    return {"image": image, "mos": mos, "p": p, "model": model}


def test_columns_become_arrays_in_the_order_of_rows() -> None:
    items = read_scored_items([_row("b", 2), _row("a", "1.5", model=None)], COLUMNS, where="t.csv")
    assert items.keys == ("b", "a")
    assert items.labels["mos"].tolist() == [2.0, 1.5]
    assert items.groups["model"] == ("m", "")


@pytest.mark.parametrize("value", [None, "nan", float("inf"), "good"])
@pytest.mark.parametrize("column", ["mos", "p"])
def test_value_that_is_no_number_is_named_with_its_row(column: str, value: object) -> None:
    rows = [_row("a"), {**_row("b"), column: value}]
    with pytest.raises(InputError, match=rf"Row 2 of t\.csv: `{column}` must be a finite number"):
        read_scored_items(rows, COLUMNS, where="t.csv")


def test_repeated_item_is_named_with_both_rows() -> None:
    with pytest.raises(InputError, match=r"Row 3 of t\.csv repeats the `image` of row 1: a\."):
        read_scored_items([_row("a"), _row("b"), _row("a")], COLUMNS, where="t.csv")


def test_missing_column_is_named() -> None:
    with pytest.raises(InputError, match=r"t\.csv has no column `p`; it has image, mos, model"):
        read_scored_items([{"image": "a", "mos": 1, "model": "m"}], COLUMNS, where="t.csv")


def test_tables_are_joined_by_key_in_the_order_of_labels() -> None:
    labelled, scored = [{"id": "b", "mos": 2}, {"id": "a", "mos": 1}], [{"id": "a", "p": 0.1}, {"id": "b", "p": 0.2}]
    joined = join_rows(labelled, scored, key="id", names=("labels", "scores"))
    assert joined == [{"id": "b", "p": 0.2, "mos": 2}, {"id": "a", "p": 0.1, "mos": 1}]


@pytest.mark.parametrize(
    ("labelled", "scored", "message"),
    [
        (["a", "b"], ["a"], "1 items are not in the scores: b"),
        (["a"], ["a", "x", "y", "z", "w"], r"4 items are not in the labels: w, x, y, \.\.\."),
        (["a", "a"], ["a"], "Row 2 of the labels repeats"),
    ],
)
def test_unmatched_and_repeated_items_are_refused(labelled: list[str], scored: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        join_rows(
            [{"id": i} for i in labelled], [{"id": i} for i in scored], key="id", names=("the labels", "the scores")
        )
