from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from PIL import Image

from balanced_refiner import regions_schema
from grefine import Settings, plan_file
from grefine_core import InputError

jsonschema = pytest.importorskip("jsonschema")
pytestmark = pytest.mark.usefixtures("no_packs")


def planned(models, path, folder, prompt="a red wall", **settings):
    return plan_file(path, prompt, folder, Settings(**settings), load=models.load)


def test_plan_writes_masks_under_the_name_of_the_picture(models, damaged_pixels, save_picture, tmp_path) -> None:
    planned(models, save_picture(damaged_pixels, "cat.png"), tmp_path / "plan")
    names = {path.name for path in (tmp_path / "plan").iterdir()}
    assert names == {"cat.png", "cat-strength.png", "regions.json", "prompt.txt", "plan.png"}


def test_mask_is_black_and_white_and_of_the_size_of_the_picture(models, damaged_pixels, save_picture, tmp_path) -> None:
    result = planned(models, save_picture(damaged_pixels), tmp_path / "plan")
    mask = Image.open(tmp_path / "plan" / "picture.png")
    assert (mask.mode, mask.size) == ("L", (damaged_pixels.shape[3], damaged_pixels.shape[2]))
    assert (np.asarray(mask) == 255 * result.plan.mask.hard.numpy()).all()
    assert np.asarray(mask)[10, 20] == 255
    assert np.asarray(mask)[-1, -1] == 0


def test_strength_mask_says_the_level_of_each_pixel(models, damaged_pixels, save_picture, tmp_path) -> None:
    result = planned(models, save_picture(damaged_pixels), tmp_path / "plan", strength=0.4)
    strengths = np.asarray(Image.open(tmp_path / "plan" / "picture-strength.png"))
    assert strengths.max() == round(0.4 * 255)
    assert ((strengths > 0) == result.plan.mask.hard.numpy()).all()


def test_regions_of_a_plan_keep_to_the_schema_and_are_untried(models, damaged_pixels, save_picture, tmp_path) -> None:
    planned(models, save_picture(damaged_pixels), tmp_path / "plan")
    regions = json.loads((tmp_path / "plan" / "regions.json").read_text("utf-8"))
    jsonschema.validate(regions, regions_schema())
    assert [region["kept"] for region in regions["regions"]] == [None]


def test_prompt_file_has_the_emphasised_prompt(models, damaged_pixels, save_picture, tmp_path) -> None:
    planned(models, save_picture(damaged_pixels), tmp_path / "plan", "a red bicycle")
    assert (tmp_path / "plan" / "prompt.txt").read_text("utf-8") == "a red (bicycle:1.1)\n"


def test_good_picture_gives_black_masks(models, good_pixels, save_picture, tmp_path) -> None:
    result = planned(models, save_picture(good_pixels), tmp_path / "plan")
    assert result.plan.empty
    assert np.asarray(Image.open(tmp_path / "plan" / "picture.png")).max() == 0


def test_plan_needs_no_diffusion_package(models, damaged_pixels, save_picture, tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "diffusers", None)  # an import fails from here on
    monkeypatch.setattr(models, "inpaint", None)
    assert planned(models, save_picture(damaged_pixels), tmp_path / "plan").plan.found.regions


def test_mask_that_would_replace_the_picture_is_refused(models, damaged_pixels, save_picture, tmp_path) -> None:
    path = save_picture(damaged_pixels)
    content = path.read_bytes()
    with pytest.raises(InputError, match="replace the input"):
        planned(models, path, tmp_path)
    assert path.read_bytes() == content
    assert models.loaded == 0
