from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from grefine.databases import DATABASES, find_database, own_table
from grefine_core import InputError


def test_every_database_says_what_it_is() -> None:
    assert list(DATABASES) == ["diffusiondb", "genimage", "agiqa-1k", "agiqa-3k", "aigiqa-20k", "aigciqa2023"]
    for name, database in DATABASES.items():
        assert database.name == name
        assert database.summary
        assert database.licence
        assert database.source.startswith("https://")
        assert all(low < high for low, high in database.labels.values())


@pytest.mark.parametrize("name", ["agiqa3k", "agiqa1k"])
def test_released_table_is_known_again(data_folder: Path, name: str) -> None:
    found = find_database(data_folder / "prompts" / f"{name}.csv")
    assert found.name.replace("-", "") == name


def test_table_of_anything_else_is_ones_own(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("image,prompt,quality\na.png,a cat,3\n")
    database = find_database(tmp_path / "t.csv")
    assert database.name == "table"
    assert database.read(tmp_path / "t.csv")[0].labels == {"quality": 3.0}


def test_columns_say_what_they_mean(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("file,text,score,beauty,dev,maker\na.png,a cat,3,9,0.5,SD\n")
    columns = {"image": "file", "prompt": "text", "quality": "score", "beauty": "beauty", "model": "maker"}
    (item,) = find_database(tmp_path / "t.csv", columns={**columns, "spread:quality": "dev"}).read(tmp_path / "t.csv")
    assert (item.id, item.prompt, item.model) == ("a.png", "a cat", "SD")
    assert item.labels == {"quality": 3.0, "beauty": 9.0}
    assert item.spread == {"quality": 0.5}


@pytest.mark.parametrize(
    ("content", "columns", "message"),
    [
        ("a,b\n1,2\n", {}, "no column of pictures; name it with --column image=NAME"),
        ("image\na.png\n", {"quality": "mos"}, "has no column `mos`; it has image"),
        ("image,mos\na.png,good\n", {"quality": "mos"}, "Row 1 of .*: `mos` must be a finite number, got 'good'"),
        ("image,mos\n,1\n", {"quality": "mos"}, "Row 1 of .*: `image` must name a picture"),
    ],
)
def test_table_that_cannot_be_read_is_refused(
    tmp_path: Path, content: str, columns: dict[str, str], message: str
) -> None:
    (tmp_path / "t.csv").write_text(content)
    with pytest.raises(InputError, match=message):
        own_table(columns).read(tmp_path / "t.csv")


def test_unknown_folder_and_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no copy of a database that is known; name one with --database"):
        find_database(tmp_path)
    with pytest.raises(InputError, match="The database coco is unknown; known are diffusiondb"):
        find_database(tmp_path, "coco")
    with pytest.raises(InputError, match="--column is for tables of your own"):
        find_database(tmp_path, "agiqa-3k", {"image": "a"})


def test_registry_loads_nothing_heavy() -> None:
    code = "import sys, grefine.databases; print(sorted({'torch', 'numpy', 'PIL', 'scipy', 'timm'} & set(sys.modules)))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
