from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from grefine.databases import DATABASES
from grefine_core import InputError

CSV = """name,prompt,adj1,adj2,style,mos_quality,std_quality,mos_align,std_align
AttnGAN_normal_000.jpg,statue of a man,,,,0.9,0.2,0.4,0.6
sd1.5_lowcorr_001.jpg,"a tray of sushi, anime style",,,anime style,3.5,0.4,4.5,0.7
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    (tmp_path / "data.csv").write_text(CSV)
    return tmp_path


def test_names_tell_the_model_and_its_mode(copy: Path) -> None:
    items = DATABASES["agiqa-3k"].read(copy)
    assert [item.model for item in items] == ["AttnGAN_normal", "sd1.5_lowcorr"]


def test_table_alone_is_read_without_pictures(copy: Path) -> None:
    first, second = DATABASES["agiqa-3k"].read(copy / "data.csv")
    assert first.labels == {"quality": 0.9, "alignment": 0.4}
    assert first.spread == {"quality": 0.2, "alignment": 0.6}
    assert (second.prompt, second.style) == ("a tray of sushi, anime style", "anime style")
    assert not first.image.exists()


@pytest.mark.parametrize("folder", ["", "images", "AGIQA-3K/pictures"])
def test_pictures_are_found_wherever_they_were_unpacked(copy: Path, folder: str) -> None:
    (copy / folder).mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8)).save(copy / folder / "sd1.5_lowcorr_001.jpg")
    assert DATABASES["agiqa-3k"].read(copy)[1].image == copy / folder / "sd1.5_lowcorr_001.jpg"


def test_folder_without_the_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no table of items; it must have data\.csv or agiqa3k\.csv"):
        DATABASES["agiqa-3k"].read(tmp_path)


def test_absent_folder_is_refused_with_the_source(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"does not exist; agiqa-3k is at https://github\.com/"):
        DATABASES["agiqa-3k"].check(tmp_path / "nowhere")


def test_released_table_keeps_every_rule_but_that_of_the_pictures(data_folder: Path) -> None:
    (problem,) = DATABASES["agiqa-3k"].check(data_folder / "prompts" / "agiqa3k.csv")
    assert problem.startswith("2982 of 2982 pictures are missing")
