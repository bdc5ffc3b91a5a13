"""One photograph, stored in ten ways and shown to the real `mini` model: the way must not matter."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from skimage import data

import pqmap
from grefine_core import InputError, WeightsError

TOLERANCE = 0.01
"""Of p: rounding to 8 bits, and the loss of a CMYK conversion."""


@pytest.fixture(scope="module")
def assessor() -> pqmap.PerceptionAssessor:
    try:
        return pqmap.load("mini", device="cpu")
    except (InputError, WeightsError) as error:
        pytest.skip(f"needs the models of grefine-mini: {error}")


def mode_of(path: Path) -> str:
    with Image.open(path) as image:
        return image.mode


def exif_rotated(image: Image.Image, folder: Path) -> Path:
    turned = image.transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by whoever shows it
    turned.save(folder / "rotated.png", exif=exif)
    with Image.open(folder / "rotated.png") as stored:
        assert stored.size == image.size[::-1]
        assert ImageOps.exif_transpose(stored).size == image.size
    return folder / "rotated.png"


def opaque_rgba(image: Image.Image, folder: Path) -> Path:
    image.convert("RGBA").save(folder / "opaque.png")
    return folder / "opaque.png"


def on_transparent_white(image: Image.Image, folder: Path) -> Path:
    """Half-transparent colours that show the photograph when they are laid on white."""
    shown = np.asarray(image).astype(np.float64)
    alpha = np.full(shown.shape[:2], 128, np.uint8)
    straight = (shown - 255 * (1 - 128 / 255)) / (128 / 255)
    kept = (straight >= 0).all(-1)
    colours = np.where(kept[..., None], straight, shown).round().astype(np.uint8)
    alpha[~kept] = 255
    Image.fromarray(np.dstack([colours, alpha])).save(folder / "alpha.png")
    return folder / "alpha.png"


def sixteen_bit(image: Image.Image, folder: Path) -> Path:
    """Pillow writes no 16-bit colours, so the three chunks of the PNG are put together here."""
    values = (np.asarray(image).astype(np.uint16) * 257).astype(">u2")

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = b"".join(b"\0" + row.tobytes() for row in values)
    header = struct.pack(">IIBBBBB", image.width, image.height, 16, 2, 0, 0, 0)
    blocks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    (folder / "deep.png").write_bytes(b"\x89PNG\r\n\x1a\n" + blocks)
    return folder / "deep.png"


def cmyk(image: Image.Image, folder: Path) -> Path:
    image.convert("CMYK").save(folder / "cmyk.tif")
    return folder / "cmyk.tif"


def jpeg(image: Image.Image, folder: Path) -> Path:
    image.save(folder / "best.jpg", quality=100, subsampling=0)
    return folder / "best.jpg"


def lossless_webp(image: Image.Image, folder: Path) -> Path:
    image.save(folder / "a.webp", lossless=True)
    return folder / "a.webp"


@pytest.mark.parametrize(
    "write", [exif_rotated, opaque_rgba, on_transparent_white, sixteen_bit, cmyk, jpeg, lossless_webp]
)
def test_photograph_scores_the_same_however_it_is_stored(
    write: Callable[[Image.Image, Path], Path], assessor: pqmap.PerceptionAssessor, tmp_path: Path
) -> None:
    image = Image.fromarray(data.coffee())
    assert assessor(write(image, tmp_path)).score == pytest.approx(assessor(image).score, abs=TOLERANCE)


@pytest.mark.parametrize("mode", ["L", "P"])
def test_gray_and_palette_score_as_the_colours_that_they_show(
    mode: str, assessor: pqmap.PerceptionAssessor, tmp_path: Path
) -> None:
    image = Image.fromarray(data.coffee())
    image = image.quantize(256) if mode == "P" else image.convert("L")
    image.save(tmp_path / "a.png")
    assert mode_of(tmp_path / "a.png") == mode
    assert assessor(tmp_path / "a.png").score == pytest.approx(assessor(image.convert("RGB")).score, abs=1e-6)


def test_sixteen_bit_gray_scores_as_eight_bit_gray(assessor: pqmap.PerceptionAssessor, tmp_path: Path) -> None:
    gray = Image.fromarray(data.coffee()).convert("L")
    Image.fromarray(np.asarray(gray).astype(np.uint16) * 257).save(tmp_path / "deep.png")
    assert mode_of(tmp_path / "deep.png") == "I;16"
    assert assessor(tmp_path / "deep.png").score == pytest.approx(assessor(gray).score, abs=1e-6)


@pytest.mark.parametrize("size", [(1, 1), (1, 2000), (2000, 1), (427, 640), (33, 31)])
def test_awkward_size_gets_a_score_and_a_map_of_its_shape(
    size: tuple[int, int], assessor: pqmap.PerceptionAssessor
) -> None:
    result = assessor(torch.rand(3, *size))
    assert 0 <= result.score <= 1
    assert result.map.shape == size
    assert result.raw_maps.shape == (4, *size)
    assert result.map.isfinite().all()


def test_photograph_gets_in_any_batch_and_order_what_it_gets_alone(assessor: pqmap.PerceptionAssessor) -> None:
    pictures = [Image.fromarray(getattr(data, name)()) for name in ("coffee", "chelsea", "astronaut", "rocket")]
    pictures += [pictures[0].transpose(Image.Transpose.FLIP_LEFT_RIGHT), pictures[1].resize((300, 450))]
    alone = [assessor(picture) for picture in pictures]
    for order in ([0, 4, 1, 5, 2, 3], [3, 2, 5, 1, 4, 0]):
        together = assessor([pictures[index] for index in order])
        for index, result in zip(order, together, strict=True):
            assert result.score == pytest.approx(alone[index].score, abs=1e-5)
            assert torch.allclose(result.map, alone[index].map, atol=1e-5)
