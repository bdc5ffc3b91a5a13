from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from grefine import Settings, refine_file
from grefine.certificate import certify
from grefine.comparison import read_mask
from grefine.save import WRITTEN
from grefine_core import write_image

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
    monkeypatch.setattr("grefine.save.write_json", fail)
    with pytest.raises(ValueError, match="No space left on device"):
        refine(path)
    assert names(tmp_path) == ["picture.png"]


def test_pixels_changed_outside_the_mask_stop_the_run(
    refine, damaged_pixels, save_picture, tmp_path, monkeypatch
) -> None:
    path = save_picture(damaged_pixels)
    monkeypatch.setattr("grefine.save.stage1_damage", lambda _: 0.5)
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


def test_writer_that_changes_pixels_outside_the_mask_stops_the_run(
    models, damaged_pixels, save_picture, tmp_path, monkeypatch
) -> None:
    def careless(path, pixels, *, like, receipt):
        changed = like.pixels.clone()
        changed[..., -1, -1] = 0.5
        return write_image(path, changed, like=like, receipt=receipt)

    path = save_picture(damaged_pixels)
    monkeypatch.setattr("grefine.save.write_image", careless)
    monkeypatch.setattr("grefine.save.passed_over_all", lambda _: False)
    with pytest.raises(RuntimeError, match="differs from the input outside the mask"):
        refine_file(path, "a cat", tmp_path / "out", Settings(), load=models.load)
    assert names(tmp_path) == ["picture.png"]


@pytest.mark.parametrize(
    ("name", "settings", "result"),
    [
        ("picture.jpg", {}, "refined.png"),
        ("picture.jpg", {"format": "keep"}, "refined.jpg"),
        ("picture.webp", {}, "refined.webp"),
        ("picture.TIFF", {}, "refined.TIFF"),
        ("picture.gif", {}, "refined.png"),
    ],
)
def test_format_is_the_input_s_where_it_keeps_every_pixel(
    name, settings, result, refine, damaged_pixels, save_picture
) -> None:
    path = save_picture(damaged_pixels, name)
    finished = refine(path, **settings)
    assert finished.files[0].name == result
    outside = [check for check in finished.certificate.checks if check.name == "outside the mask, file"]
    assert outside[0].holds == (settings == {})
    with Image.open(finished.files[0]) as image, Image.open(path) as source:
        assert image.size == source.size
        assert image.format == {"refined.png": "PNG", "refined.jpg": "JPEG"}.get(result, source.format)


def test_receipt_is_appended_to_the_texts_of_the_input(refine, damaged_pixels, save_picture) -> None:
    info = PngInfo()
    info.add_text("parameters", "a cat, steps 20")
    finished = refine(save_picture(damaged_pixels, pnginfo=info), seed=5)
    with Image.open(finished.files[0]) as image:
        assert list(image.text) == ["parameters", "grefine"]
        assert json.loads(image.text["grefine"])["seed"] == 5


def test_certificate_of_the_report_can_be_computed_again(refine, damaged_pixels, save_picture, tmp_path) -> None:
    path = save_picture(damaged_pixels)
    finished = refine(path)
    mask = read_mask(tmp_path / "out" / "mask.png")
    told = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))["certificate"]
    again = certify(path, finished.files[0], mask, whole=told["whole"], stage1_outside=told["stage1_outside_mask"])
    assert again.to_json() == told


KILLED = """
import sys
from pathlib import Path
from PIL import Image
from grefine.outputs import all_or_nothing
from grefine_core import read_image, write_image

folder, picture = Path(sys.argv[1]), read_image(sys.argv[2])
for level in range(1, 1000):
    with all_or_nothing(folder) as scratch:
        pixels = picture.pixels * 0 + level % 256 / 255
        write_image(scratch / "refined.png", pixels, like=picture)
    write_image(folder / "alone.tif", pixels, like=picture)
    print(level, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no SIGKILL")
@pytest.mark.parametrize("delay", [0.004, 0.021])
def test_kill_while_writing_leaves_the_old_or_the_new_file(delay, save_picture, tmp_path) -> None:
    path = save_picture(torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(8)))
    (tmp_path / "out").mkdir()
    line = [sys.executable, "-c", KILLED, str(tmp_path / "out"), str(path)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as writer:
        for _ in range(2):
            level = int(writer.stdout.readline())
        time.sleep(delay)
        writer.send_signal(signal.SIGKILL)
        written = [level, *map(int, writer.stdout.read().split())]
    for name in ("refined.png", "alone.tif"):
        with Image.open(tmp_path / "out" / name) as image:
            (low, high), *_ = image.getextrema()
        assert low == high  # one write whole, not a piece of it
        assert low in {level % 256 for level in (*written, written[-1] + 1)}
