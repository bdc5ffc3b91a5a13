"""`read_image`: files that are no pictures, and pictures that are too much."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from grefine_core import InputError, read_image


def write_bad(folder: Path, name: str) -> Path:
    """Write a file that is wrong in the way its name says."""
    path, good = folder / name, BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)).save(good, "PNG")
    jpeg = BytesIO()
    Image.open(good).save(jpeg, "JPEG")
    if name == "folder":
        path.mkdir()
    elif name != "missing.png":
        content = {
            "empty.png": b"",
            "text.png": b"hello, I am a text",
            "cut.png": good.getvalue()[: len(good.getvalue()) // 2],
            "cut.jpg": jpeg.getvalue()[: len(jpeg.getvalue()) // 2],
        }
        path.write_bytes(content[name])
    return path


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.png", "missing.png does not exist."),
        ("folder", "folder is a folder, not a picture."),
        ("empty.png", "empty.png is empty (0 bytes)."),
        ("text.png", "text.png is not a picture that can be read."),
        ("cut.png", "cut.png is damaged or truncated: image file is truncated"),
        ("cut.jpg", "cut.jpg is damaged or truncated: image file is truncated"),
    ],
)
def test_unreadable_file_is_named_with_its_fault(name: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_image(write_bad(tmp_path, name))
    assert message in str(caught.value)
    assert str(tmp_path) in str(caught.value)
    assert not str(caught.value).endswith("..")


@pytest.mark.parametrize("error", [RuntimeError("codec."), EOFError("end"), KeyError("tag"), OverflowError("size")])
def test_any_error_of_a_decoder_becomes_an_input_error(
    error: Exception, photo: Image.Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo.save(tmp_path / "a.png")

    def fail(self: Image.Image) -> None:
        raise error

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", fail)
    with pytest.raises(InputError, match=r"a\.png is damaged or truncated: '?\w+'?\.$"):  # one full stop
        read_image(tmp_path / "a.png")


def test_odd_metadata_gives_no_warning(photo: Image.Image, tmp_path: Path) -> None:
    photo.save(tmp_path / "a.jpg", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x7f")  # says 127 entries, has none
    assert read_image(tmp_path / "a.jpg").size == (4, 6)  # a warning is an error here


def test_more_pixels_than_the_limit_are_refused_before_decoding(tmp_path: Path) -> None:
    Image.new("RGB", (30, 20)).save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png", max_pixels=600).size == (20, 30)
    with pytest.raises(InputError, match=r"a\.png has 30 x 20 pixels; the limit is 599 in all"):
        read_image(tmp_path / "a.png", max_pixels=599)


def test_decompression_bomb_is_an_input_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("RGB", (300, 300)).save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(InputError, match=r"a\.png has too many pixels"):
        read_image(tmp_path / "a.png")
