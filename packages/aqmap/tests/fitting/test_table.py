from __future__ import annotations

from pathlib import Path

import pytest

from aqmap.fitting.table import PromptColumns, PromptTable, read_prompt_table
from grefine_core import InputError


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Return where a table lies, beside three files; what is in them makes no difference here."""
    for name in ("a.png", "b.png", "7"):
        (tmp_path / name).touch()
    return tmp_path / "labels.csv"


def read(table: Path, text: str, columns: PromptColumns | None = None) -> PromptTable:
    table.write_text(text, encoding="utf-8")
    return read_prompt_table(table, columns or PromptColumns())


def test_rows_have_picture_prompt_and_label(table: Path) -> None:
    found = read(table, "image,prompt,label\na.png,a cat,2.5\n7,1984,3\n")
    assert [(row.path.name, row.prompt, row.label, row.missing) for row in found.rows] == [
        ("a.png", "a cat", 2.5, None),
        ("7", "1984", 3.0, None),
    ]
    assert found.bad == ()


def test_columns_of_other_names_are_read(table: Path) -> None:
    columns = PromptColumns(image="file", prompt="words", label="mos", missing="gone")
    found = read(table, "file,words,mos,gone\na.png,a cat,1,red cat; hat ;\nb.png,a dog,2,\n", columns)
    assert [row.missing for row in found.rows] == [("red cat", "hat"), ()]


def test_column_named_missing_counts_only_if_asked_for(table: Path) -> None:
    # `aqmap score` writes its own verdicts there; they are no truth to fit to
    assert read(table, "image,prompt,label,missing\na.png,x,1,cat\nb.png,y,2,\n").rows[0].missing is None


def test_rows_without_picture_or_prompt_are_dropped_and_told(table: Path) -> None:
    found = read(table, "image,prompt,label\nnone.png,a cat,1\na.png,,2\nb.png,a dog,3\n")
    assert [row.place for row in found.rows] == [f"Row 3 of {table}"]
    assert found.bad[0].startswith(f"Row 1 of {table}: `image` names none.png, but there is no file")
    assert found.bad[1] == f"Row 2 of {table}: `prompt` must be a text, got nothing."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image,prompt,label\na.png,a cat,nan\nb.png,x,1\n", r"Row 1 of .*: `label` must be a finite number, got nan"),
        ("image,prompt,label\nnone.png,a cat,1\nb.png,x,bad\n", r"Row 2 of .*: `label` must be a finite .*, got 'bad'"),
        ("image,prompt,label\na.png,a cat,2\nb.png,x,2\n", r"All labels in the column `label` of .* are equal"),
        ("image,prompt,mos\na.png,a cat,2\n", r"has no column `label`; it has image, prompt, mos"),
        ("image,text,label\na.png,a cat,2\n", r"has no column `prompt`; it has image, text, label"),
        ("file,prompt,label\na.png,a cat,2\n", r"has no column `image`"),
        ("image,prompt,label\na.png,,1\nb.png,,2\n", r"No row of .* can be used; the first: Row 1"),
        ("image,prompt,label\nnone,x,1\nno,y,2\n", r"No row of .* can be used; the first: Row 1"),
        ("image,prompt,label\n", "has no rows"),
    ],
)
def test_table_that_cannot_be_fitted_on_is_refused(text: str, message: str, table: Path) -> None:
    with pytest.raises(InputError, match=message):
        read(table, text)


def test_absent_missing_column_is_refused(table: Path) -> None:
    with pytest.raises(InputError, match="has no column `gone`"):
        read(table, "image,prompt,label\na.png,a cat,2\nb.png,x,1\n", PromptColumns(missing="gone"))
