from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from grefine.databases import DATABASES
from grefine.databases.imagenet_names import MAPPING
from grefine_core import InputError


@pytest.fixture
def copy(tmp_path: Path, paint: Any) -> Path:
    (tmp_path / MAPPING).write_text(
        "n01440764 tench, Tinca tinca\nn01443537 goldfish, Carassius auratus\nn01484850 white shark\n"
    )
    paint(tmp_path / "imagenet_midjourney" / "train" / "ai" / "1_midjourney_76.png")
    paint(tmp_path / "imagenet_midjourney" / "train" / "nature" / "n01440764_10.JPEG")
    paint(tmp_path / "imagenet_glide" / "val" / "ai" / "GLIDE_1000_200_08_002_glide_00033.png")
    paint(tmp_path / "My Model" / "val" / "ai" / "n01440764" / "x.png")
    return tmp_path


def test_generated_pictures_are_read_with_prompts_of_their_class(copy: Path) -> None:
    items = {item.model: item for item in DATABASES["genimage"].read(copy)}
    assert {model: item.prompt for model, item in items.items()} == {
        "Midjourney": "photo of goldfish",
        "GLIDE": "photo of white shark",
        "My Model": "photo of tench",
    }
    assert items["GLIDE"].split == "validation"
    assert items["Midjourney"].id == "imagenet_midjourney/train/ai/1_midjourney_76.png"


def test_whole_copy_has_no_problem(copy: Path) -> None:
    assert DATABASES["genimage"].check(copy) == []


def test_picture_without_a_class_is_named(copy: Path, paint: Any) -> None:
    paint(copy / "My Model" / "val" / "ai" / "x.png")
    with pytest.raises(InputError, match=r"The name of x\.png tells no ImageNet class"):
        DATABASES["genimage"].read(copy)


def test_folder_of_anything_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no folder `ai`"):
        DATABASES["genimage"].read(tmp_path)


def test_damaged_mapping_is_named(copy: Path) -> None:
    (copy / MAPPING).write_text("n01440764\n")
    with pytest.raises(InputError, match=r"LOC_synset_mapping\.txt must have a synset and its names"):
        DATABASES["genimage"].read(copy)


def test_names_come_from_timm_without_the_mapping(copy: Path) -> None:
    pytest.importorskip("timm", reason="needs the class names of timm")
    (copy / MAPPING).unlink()
    prompts = {item.model: item.prompt for item in DATABASES["genimage"].read(copy)}
    assert prompts == {
        "Midjourney": "photo of goldfish",
        "GLIDE": "photo of great white shark",
        "My Model": "photo of tench",
    }
