from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from grefine.databases import DATABASES
from grefine_core import InputError


@pytest.fixture
def copy(tmp_path: Path, paint: Any) -> Path:
    for split, name in (("train", "DALLE2_0000.png"), ("val", "LCM_SDXL_0001.png"), ("test", "SDXL_0002.png")):
        (tmp_path / f"info_{split}.csv").write_text(f"name,prompt,mos\n{name},a cat,3.5\n")
        paint(tmp_path / split / name)
    return tmp_path


def test_official_splits_come_from_their_tables(copy: Path) -> None:
    items = DATABASES["aigiqa-20k"].read(copy)
    assert [item.split for item in items] == ["train", "validation", "test"]
    assert [item.model for item in items] == ["DALLE2", "LCM_SDXL", "SDXL"]
    assert [item.image.parent.name for item in items] == ["train", "val", "test"]


def test_one_opinion_stands_for_quality_and_alignment(copy: Path) -> None:
    assert DATABASES["aigiqa-20k"].read(copy)[0].labels == {"quality": 3.5, "alignment": 3.5}


def test_one_split_alone_is_read_and_its_lack_is_told(copy: Path) -> None:
    for name in ("info_train.csv", "info_val.csv"):
        (copy / name).unlink()
    database = DATABASES["aigiqa-20k"]
    assert [item.split for item in database.read(copy)] == ["test"]
    assert database.check(copy) == ["There are 1 items, a whole copy has 20000."]


def test_whole_table_has_no_splits(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("name,prompt,MOS\nSDXL_0002.png,a cat,3.5\n")
    assert DATABASES["aigiqa-20k"].read(tmp_path)[0].split == ""


def test_folder_without_tables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"must have info_train\.csv or info_val\.csv or info_test\.csv or data\.csv"):
        DATABASES["aigiqa-20k"].read(tmp_path)
