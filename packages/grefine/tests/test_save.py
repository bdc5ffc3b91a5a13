from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from grefine import Settings, refine_file
from grefine.save import WRITTEN

pytestmark = pytest.mark.usefixtures("no_packs")


@pytest.fixture
def refine(models, tmp_path):
    """Return a function that refines a file into the folder `out`."""
    return lambda path, **settings: refine_file(path, "a cat", tmp_path / "out", Settings(**settings), load=models.load)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_changed_picture_comes_with_all_its_files(refine, damaged_pixels, save_picture, tmp_path) -> None:
    finished = refine(save_picture(damaged_pixels, "picture.jpg"))
    assert names(tmp_path / "out") == sorted(WRITTEN) == sorted(file.name for file in finished.files)
    assert json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))["files"] == sorted(WRITTEN)
    for name in WRITTEN:
        if name.endswith(".png"):
            with Image.open(tmp_path / "out" / name) as image:
                image.load()


def test_mask_is_black_where_every_pixel_was_kept(refine, damaged_pixels, save_picture, tmp_path) -> None:
    refine(save_picture(damaged_pixels))
    with Image.open(tmp_path / "out" / "mask.png") as mask:
        assert mask.size == (64, 48)
        assert mask.getpixel((28, 16)) == 255
        assert mask.getpixel((63, 47)) == 0


@pytest.mark.parametrize("name", ["picture.png", "picture.jpg", "picture.webp"])
def test_good_picture_is_copied_byte_for_byte(name, refine, good_pixels, save_picture, tmp_path) -> None:
    good_pixels[:] = 1
    path = save_picture(good_pixels, name)
    finished = refine(path)
    copy = tmp_path / "out" / f"refined{path.suffix}"
    assert finished.files[0] == copy
    assert copy.read_bytes() == path.read_bytes()
    assert "Nothing to repair" in json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))["message"]


def test_refined_picture_of_an_earlier_run_does_not_stay_beside_the_new_one(
    refine, damaged_pixels, good_pixels, save_picture, tmp_path
) -> None:
    refine(save_picture(damaged_pixels, "bad.png"))
    (tmp_path / "out" / "refined.txt").write_text("the user's own")
    refine(save_picture(good_pixels * 0 + 1, "good.jpg"))
    assert "refined.png" not in names(tmp_path / "out")
    assert {"refined.jpg", "refined.txt"} <= set(names(tmp_path / "out"))


def test_text_exif_and_alpha_of_the_input_are_kept(refine, damaged_pixels, save_picture, tmp_path) -> None:
    info = PngInfo()
    info.add_text("parameters", "a cat, steps 20")
    exif = Image.Exif()
    exif[0x010E] = "described"
    path = save_picture(damaged_pixels, pnginfo=info, exif=exif)
    with Image.open(path) as image:
        transparent = image.convert("RGBA")
    transparent.putpixel((63, 47), (*transparent.getpixel((63, 47))[:3], 0))
    transparent.save(path, pnginfo=info, exif=exif)
    refine(path)
    with Image.open(tmp_path / "out" / "refined.png") as image:
        assert image.text["parameters"] == "a cat, steps 20"
        assert image.getexif()[0x010E] == "described"
        assert image.getchannel("A").getpixel((63, 47)) == 0


def test_error_while_writing_leaves_nothing(refine, damaged_pixels, save_picture, tmp_path, monkeypatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    path = save_picture(damaged_pixels)
    monkeypatch.setattr("grefine.save._write_json", fail)
    with pytest.raises(ValueError, match="No space left on device"):
        refine(path)
    assert names(tmp_path) == ["picture.png"]


def test_pixels_changed_outside_the_mask_stop_the_run(
    refine, damaged_pixels, save_picture, tmp_path, monkeypatch
) -> None:
    path = save_picture(damaged_pixels)
    monkeypatch.setattr("grefine.report._largest", lambda *_: 0.5)
    with pytest.raises(RuntimeError, match="outside its mask"):
        refine(path)
    assert names(tmp_path) == ["picture.png"]


def test_same_seed_gives_the_same_bytes(refine, damaged_pixels, save_picture, tmp_path) -> None:
    path = save_picture(damaged_pixels)
    written = []
    for seed in (3, 3, 4):
        refine(path, seed=seed)
        written.append((tmp_path / "out" / "refined.png").read_bytes())
    assert written[0] == written[1] != written[2]
