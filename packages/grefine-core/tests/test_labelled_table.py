from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from grefine_core import InputError
from grefine_core.labelled_table import LabelledTable, TableColumns, check_labels, read_rows

LABELS = {"technical": "technical", "sharpness": "sharp"}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Return where a table lies, beside three files; what is in them makes no difference here."""
    for name in ("a.png", "b.png", "7"):
        (tmp_path / name).touch()
    return tmp_path / "labels.csv"


def read(table: Path, text: str, **options: Any) -> LabelledTable:
    table.write_text(text, encoding="utf-8")
    rows = read_rows(table)
    split = "split" if "split" in rows[0] else None
    columns = TableColumns.find(rows, table=table, labels=LABELS, split=split)
    return check_labels(rows, columns, table=table, **options)


def test_rows_become_pictures_with_labels_in_order(table: Path) -> None:
    found = read(table, "image,sharp,technical\na.png,1,2.5\n7,3,4\n")
    assert [(p.row, p.path, p.labels) for p in found.pictures] == [
        (1, table.parent / "a.png", (2.5, 1.0)),
        (2, table.parent / "7", (4.0, 3.0)),
    ]


def test_image_column_is_image_then_path_unless_named() -> None:
    rows = [{"path": "a", "image": "b", "file": "c"}]
    find = lambda rows, **options: TableColumns.find(rows, table=Path("t.csv"), labels={}, **options).image  # noqa: E731
    assert find(rows) == "image"
    assert find([{"path": "a", "file": "c"}]) == "path"
    assert find(rows, image="file") == "file"


def test_missing_column_is_named_with_those_that_are_there() -> None:
    with pytest.raises(InputError, match=r"t\.csv has no column `sharp`; it has image, technical"):
        TableColumns.find([{"image": "a", "technical": 1}], table=Path("t.csv"), labels=LABELS)
    with pytest.raises(InputError, match=r"t\.csv has no column `prompt`; it has image"):
        TableColumns.find([{"image": "a"}], table=Path("t.csv"), labels={}, others=["prompt"])


def test_columns_of_text_stay_text(table: Path) -> None:
    table.write_text("image,prompt,score\n7,1984,3\n")
    assert read_rows(table, text=("prompt",)) == [{"image": "7", "prompt": "1984", "score": 3}]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("none.png,1,2,train", r"`image` names none\.png, but there is no file .*none\.png"),
        (",1,2,train", "`image` must name a picture, got nothing"),
        ("a.png,,2,train", "`sharp` must be a finite number, got nothing"),
        ("a.png,nan,2,train", "`sharp` must be a finite number, got nan"),
        ("a.png,1,inf,train", "`technical` must be a finite number, got inf"),
        ("a.png,1,good,train", "`technical` must be a finite number, got 'good'"),
        ("a.png,1,5.5,train", "`technical` must lie between 0 and 5, got 5.5"),
        ("a.png,1,2,trian", "`split` must be one of train, val, valid, validation, test, got 'trian'"),
    ],
)
def test_bad_row_is_refused_by_number_column_and_value_or_dropped(row: str, message: str, table: Path) -> None:
    text = f"image,sharp,technical,split\nb.png,0,1,train\n{row}\na.png,2,3,VAL\n"
    with pytest.raises(InputError, match=rf"Row 2 of .*labels\.csv: {message}"):
        read(table, text, limits=(0, 5))
    found = read(table, text, limits=(0, 5), skip_bad=True)
    assert [(p.row, p.split, p.labels) for p in found.pictures] == [
        (1, "train", (1.0, 0.0)),
        (3, "validation", (3.0, 2.0)),
    ]
    assert len(found.bad) == 1
    assert "Row 2" in found.bad[0]


def test_truth_is_no_label(table: Path) -> None:
    with pytest.raises(InputError, match="`technical` must be a finite number, got True"):
        check_labels(
            [{"image": "a.png", "technical": True}],
            TableColumns(image="image", labels={"technical": "technical"}),
            table=table,
        )


def test_test_rows_are_left_out_and_counted(table: Path) -> None:
    found = read(table, "image,sharp,technical,split\na.png,1,2,test\nb.png,1,2,train\n")
    assert [p.row for p in found.pictures] == [2]
    assert found.left_out == 1


def test_table_without_a_good_row_is_refused(table: Path) -> None:
    with pytest.raises(InputError, match=r"No row of .*labels\.csv can be used; the first: Row 1"):
        read(table, "image,sharp,technical\nnone.png,1,2\n", skip_bad=True)
