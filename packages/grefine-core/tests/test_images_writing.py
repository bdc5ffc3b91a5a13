"""`write_image`: what a file carried beside its pixels comes out again."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from grefine_core import InputError, read_image, write_image

XMP = '<r:Description xmlns:r="rdf" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/>'


def test_round_trip_keeps_every_byte(photo: Image.Image, tmp_path: Path) -> None:
    photo.save(tmp_path / "a.png")
    write_image(tmp_path / "b.png", read_image(tmp_path / "a.png").pixels)
    with Image.open(tmp_path / "b.png") as written:
        assert (written.format, written.mode) == ("PNG", "RGB")
        assert written.tobytes() == photo.tobytes()


@pytest.fixture
def see_through(tmp_path: Path) -> Image.Image:
    """Return an RGBA image of 256 x 4, saved as `a.png`: every alpha, over noise."""
    bands = np.random.default_rng(2).integers(0, 256, (4, 256, 4), np.uint8)
    bands[..., 3] = np.arange(256)
    bands[0, 128] = (200, 0, 0, 128)
    image = Image.fromarray(bands, "RGBA")
    image.save(tmp_path / "a.png")
    return image


def test_round_trip_keeps_every_byte_under_alpha(see_through: Image.Image, tmp_path: Path) -> None:
    picture = read_image(tmp_path / "a.png")
    write_image(tmp_path / "b.png", picture.pixels, like=picture)
    with Image.open(tmp_path / "b.png") as written:
        assert (written.mode, written.tobytes()) == ("RGBA", see_through.tobytes())


def test_changed_pixels_show_their_new_colour_on_white(see_through: Image.Image, tmp_path: Path) -> None:
    picture = read_image(tmp_path / "a.png")
    assert picture.alpha is not None
    changed = 1 - picture.alpha * torch.rand(1, 3, 4, 256, generator=torch.Generator().manual_seed(3))  # all reachable
    write_image(tmp_path / "b.png", changed, like=picture)
    assert (read_image(tmp_path / "b.png").pixels - changed).abs().max() < 1 / 255


def test_change_leaves_its_neighbours_and_alpha_alone(see_through: Image.Image, tmp_path: Path) -> None:
    picture = read_image(tmp_path / "a.png")
    changed = picture.pixels.clone()
    changed[..., 1, :] = 0.9
    write_image(tmp_path / "b.png", changed, like=picture)
    before = np.array(see_through)
    with Image.open(tmp_path / "b.png") as written:
        after = np.array(written)
    assert np.array_equal(after[[0, 2, 3]], before[[0, 2, 3]])
    assert np.array_equal(after[..., 3], before[..., 3])
    assert np.array_equal(after[1, 0], before[1, 0])  # transparent: the change cannot be seen


def test_colour_beyond_the_reach_of_alpha_is_clamped(see_through: Image.Image, tmp_path: Path) -> None:
    picture = read_image(tmp_path / "a.png")
    write_image(tmp_path / "b.png", torch.zeros_like(picture.pixels), like=picture)
    with Image.open(tmp_path / "b.png") as written:
        assert written.getpixel((128, 0)) == (0, 0, 0, 128)


def test_picture_of_unknown_straight_colours_is_unflattened(see_through: Image.Image, tmp_path: Path) -> None:
    picture = dataclasses.replace(read_image(tmp_path / "a.png"), straight=None, path=None)
    write_image(tmp_path / "b.png", picture.pixels, like=picture)
    with Image.open(tmp_path / "b.png") as written:
        assert written.getpixel((128, 0)) == (200, 0, 0, 128)
        assert written.getpixel((0, 0)) == (255, 255, 255, 0)


def test_text_is_kept_with_its_kind_of_chunk(photo: Image.Image, tmp_path: Path) -> None:
    info = PngInfo()
    info.add_text("parameters", "a cat\nSteps: 20, Seed: 7")
    info.add_text("prompt", '{"text": "café 猫"}')
    photo.save(tmp_path / "a.png", pnginfo=info)
    picture = read_image(tmp_path / "a.png")
    write_image(tmp_path / "b.png", picture.pixels, like=picture)
    assert (
        read_image(tmp_path / "b.png").text
        == picture.text
        == {
            "parameters": "a cat\nSteps: 20, Seed: 7",
            "prompt": '{"text": "café 猫"}',
        }
    )
    assert b"tEXtparameters\0a cat" in (tmp_path / "b.png").read_bytes()  # some readers know no iTXt


def test_exif_is_kept_and_the_picture_stays_upright(photo: Image.Image, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a cat"
    photo.save(tmp_path / "a.jpg", exif=exif)
    picture = read_image(tmp_path / "a.jpg")
    write_image(tmp_path / "b.png", picture.pixels, like=picture)
    again = read_image(tmp_path / "b.png")
    assert again.size == picture.size == (6, 4)
    assert torch.equal(again.pixels, picture.pixels)
    with Image.open(tmp_path / "b.png") as written:
        assert written.getexif()[0x010E] == "a cat"


def test_orientation_in_xmp_is_applied_once(photo: Image.Image, tmp_path: Path) -> None:
    info = PngInfo()
    info.add_itxt("XML:com.adobe.xmp", XMP)
    photo.save(tmp_path / "a.png", pnginfo=info)
    picture = read_image(tmp_path / "a.png")
    write_image(tmp_path / "b.png", picture.pixels, like=picture)
    assert picture.size == (6, 4)
    assert torch.equal(read_image(tmp_path / "b.png").pixels, picture.pixels)


def test_result_of_another_size_is_refused(photo: Image.Image, tmp_path: Path) -> None:
    photo.save(tmp_path / "a.png")
    picture = read_image(tmp_path / "a.png")
    with pytest.raises(InputError, match=r"size \(8, 8\), its source \(4, 6\)"):
        write_image(tmp_path / "b.png", torch.zeros(1, 3, 8, 8), like=picture)


def test_failed_saving_leaves_the_old_file_and_nothing_else(
    photo: Image.Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "b.png").write_bytes(b"old")

    def save(self: Image.Image, file: object, *args: object, **options: object) -> None:
        file.write(b"half a pic")  # type: ignore[attr-defined]
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", save)
    with pytest.raises(InputError, match=r"b\.png cannot be written: No space left on device\."):
        write_image(tmp_path / "b.png", torch.zeros(1, 3, 4, 6))
    assert [path.name for path in tmp_path.iterdir()] == ["b.png"]
    assert (tmp_path / "b.png").read_bytes() == b"old"
