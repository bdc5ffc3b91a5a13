from __future__ import annotations

import json
import shutil

import pytest

from grefine.tables.sources import draw, find_generators, find_source, read_table_items
from grefine_core import InputError


def test_stand_in_plays_the_part_that_it_says(data) -> None:
    assert len(find_source("GenImage", data).items) == 6
    weak = find_source("SD1.5", data)
    assert {item.model for item in weak.items} == {"weak"}
    assert weak.origin == "coloured squares"


def test_name_that_nothing_stands_for_says_so(data) -> None:
    assert find_source("AGIQA-1K", data).missing == "coloured squares does not stand for AGIQA-1K"


def test_subfolder_with_a_table_is_read(data, tmp_path) -> None:
    shutil.copytree(data, tmp_path / "real" / "sd-cascade")
    found = find_source("SD Cascade", tmp_path / "real")
    assert (len(found.items), found.origin) == (6, "SD Cascade")
    assert find_generators(tmp_path / "real") == {"SD Cascade": "SD Cascade"}


def test_missing_folder_says_where_the_database_is(tmp_path) -> None:
    missing = find_source("AGIQA-3K", tmp_path).missing
    assert "there is no folder" in missing
    assert "get it at https://github.com/" in missing
    assert "with a table items.csv" in find_source("SD1.5", tmp_path).missing


def test_table_without_its_pictures_is_missing(data) -> None:
    for path in data.glob("*.png"):
        path.unlink()
    assert find_source("GenImage", data).missing == "none of the 6 pictures of GenImage is there"


def test_draw_is_the_same_for_a_seed_and_keeps_the_order(data) -> None:
    items = read_table_items(data / "items.csv")
    drawn = draw(items, 3, seed=1)
    assert drawn == draw(items, 3, seed=1)
    assert [items.index(item) for item in drawn] == sorted(items.index(item) for item in drawn)
    ids = [{item.id for item in draw(items, 3, seed=seed)} for seed in range(8)]
    assert any(chosen != ids[0] for chosen in ids)
    assert {item.id for item in draw(items, 2, seed=1)} <= {item.id for item in drawn}  # a larger limit adds


def test_limit_draws_that_many(data) -> None:
    assert len(find_source("GenImage", data, limit=2).items) == 2


def test_generators_of_a_stand_in_are_those_told_by_model(data) -> None:
    assert find_generators(data) == {"weak (for SD1.5)": "SD1.5", "good (for SD Cascade)": "SD Cascade"}


def test_damaged_stand_in_is_told(data) -> None:
    (data / "stand-in.json").write_text("{}", encoding="utf-8")
    assert "must have `name`, `table` and `stands_for`" in find_source("GenImage", data).missing
    known = {"name": "x", "table": "items.csv", "stands_for": {"GenImage": {"colour": "red"}}}
    (data / "stand-in.json").write_text(json.dumps(known), encoding="utf-8")
    assert "must be told by split, model or style" in find_source("GenImage", data).missing


def test_absent_data_folder_is_refused(tmp_path) -> None:
    with pytest.raises(InputError, match=r"The data folder .*nowhere does not exist"):
        find_source("GenImage", tmp_path / "nowhere")
