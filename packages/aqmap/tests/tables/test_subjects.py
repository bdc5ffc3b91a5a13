from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aqmap.tables.subjects import (
    TableColumns,
    Wanted,
    fixed_prompt,
    prompt_of_picture,
    subjects_of_pictures,
    subjects_of_table,
)
from grefine_core import InputError


def table(folder: Path, text: str) -> Path:
    path = folder / "t.csv"
    path.write_text(text, encoding="utf-8")
    return path


def found(path: Path, **options: Any) -> list[tuple[Any, ...]]:
    return [
        (subject.key, subject.cells["image"], subject.path, subject.prompt, subject.negative)
        for subject in subjects_of_table(path, TableColumns(), **options)
    ]


def test_rows_are_numbered_and_pictures_are_beside_the_table(tmp_path: Path) -> None:
    path = table(tmp_path, "image,prompt\nsub/a.png,cat\n/abs/b.png,007\n")
    assert found(path) == [
        ("1", "sub/a.png", tmp_path / "sub/a.png", "cat", None),
        ("2", "/abs/b.png", Path("/abs/b.png"), "007", None),
    ]


def test_negative_of_the_row_goes_before_that_for_all(tmp_path: Path) -> None:
    path = table(tmp_path, "image,prompt,negative\na,cat,dog\nb,cat,\n")
    assert [row[-1] for row in found(path, negative="hat")] == ["dog", "hat"]
    assert [row[-1] for row in found(path)] == ["dog", None]


def test_prompt_that_is_given_goes_before_the_column(tmp_path: Path) -> None:
    path = table(tmp_path, "image,prompt\na,cat\n")
    assert found(path, find=fixed_prompt("dog", "hat"))[0][-2:] == ("dog", "hat")


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (",cat", "Row 1 of {table} names no picture."),
        (" ,cat", "Row 1 of {table} names no picture."),
        ("a.png,", "The picture {folder}/a.png has no prompt in the column `prompt`."),
    ],
)
def test_row_that_lacks_something_says_so(tmp_path: Path, line: str, error: str) -> None:
    path = table(tmp_path, f"image,prompt\n{line}\n")
    (subject,) = subjects_of_table(path, TableColumns())
    assert subject.error == error.format(table=path, folder=tmp_path)
    assert subject.key == "1"


def test_table_without_the_column_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path, "picture,text\na,cat\n")
    with pytest.raises(InputError, match=r"has no column `image`, only picture, text\."):
        subjects_of_table(path, TableColumns())
    with pytest.raises(InputError, match="has no column `prompt`"):
        subjects_of_table(path, TableColumns(image="picture"))


def test_pictures_are_named_by_their_path_and_one_without_prompt_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("cat\nNegative prompt: dog")
    paths = [tmp_path / "a.png", tmp_path / "b\udcff.png"]
    good, bad = subjects_of_pictures(paths, prompt_of_picture("sidecar"))
    assert (good.key, good.prompt, good.negative, good.error) == (str(paths[0]), "cat", "dog", None)
    assert bad.key == f"{tmp_path}/b\\udcff.png"
    assert "has no prompt beside it" in str(bad.error)


def test_argument_goes_before_what_the_picture_does_not_want(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("cat\nNegative prompt: dog")
    wanted = prompt_of_picture("sidecar", "hat")(tmp_path / "a.png")
    assert wanted == Wanted(prompt="cat", negative="hat", source="sidecar")


def test_text_that_no_file_takes_is_shown_in_plain_letters(tmp_path: Path) -> None:
    (subject,) = subjects_of_pictures([tmp_path / "a.png"], fixed_prompt("c\ud800at"))
    assert subject.known["prompt"] == "c\\ud800at"
    assert subject.prompt == "c\ud800at"
