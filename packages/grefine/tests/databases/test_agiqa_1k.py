from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from grefine.databases import DATABASES
from grefine_core import InputError

CELLS = [
    ["deepai_0_0_0_0.jpg", "bird, driving aircraft, city, anime style", "2.79"],
    ["dreamStudio_8_9_1_1.jpg", "alien, wearing shirt, wild, realistic style", "0.44"],
    ["dreamStudio_8_9_1_1.jpg", "alien, wearing shirt, wild, realistic style", "2.08"],
]


@pytest.mark.parametrize("header", [[], [["Image name", "Prompt", "MOS"]]])
def test_spreadsheet_is_read_with_and_without_a_header(
    tmp_path: Path, spreadsheet: Any, paint: Any, header: list[list[str]]
) -> None:
    spreadsheet(tmp_path / "AIGC_MOS_Zscore.xlsx", header + CELLS)
    paint(tmp_path / "file" / "deepai_0_0_0_0.jpg")
    first, second, third = DATABASES["agiqa-1k"].read(tmp_path)
    assert (first.labels, first.model, first.style) == ({"quality": 2.79}, "stable diffusion v2.0", "anime style")
    assert first.image == tmp_path / "file" / "deepai_0_0_0_0.jpg"
    assert second.model == "stable inpainting v1.0"
    assert (second.id, third.id) == ("dreamStudio_8_9_1_1.jpg", "dreamStudio_8_9_1_1.jpg#2")  # as released


def test_table_of_other_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("name,prompt,mos\ncat.png,cat,2\n")
    with pytest.raises(InputError, match="pictures of AGIQA-1K begin with deepai or dreamStudio"):
        DATABASES["agiqa-1k"].read(tmp_path / "t.csv")


def test_released_table_has_every_row(data_folder: Path) -> None:
    items = DATABASES["agiqa-1k"].read(data_folder / "prompts" / "agiqa1k.csv")
    assert len({item.id for item in items}) == DATABASES["agiqa-1k"].count == 1080
    assert {item.style for item in items} == {"anime style", "realistic style"}
