"""`write_image`: what a file carried beside its pixels comes out again."""

from __future__ import annotations

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


def test_opaque_pixels_and_alpha_come_back(photo: Image.Image, tmp_path: Path) -> None:
    alpha = np.full((4, 6), 255, np.uint8)
    alpha[0, :3] = (0, 100, 254)
    photo.putalpha(Image.fromarray(alpha))
    photo.save(tmp_path / "a.png")
    picture = read_image(tmp_path / "a.png")
    write_image(tmp_path / "b.png", picture.pixels, like=picture)
    with Image.open(tmp_path / "b.png") as written:
        assert np.array_equal(np.array(written)[..., 3], alpha)
        assert np.array_equal(np.array(written)[1:, :, :3], np.array(photo)[1:, :, :3])


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
