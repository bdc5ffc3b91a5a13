"""The certificate of what `write_image` writes, for each kind of input: nothing is violated that need not be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo
from skimage import data

from balanced_refiner.mask import feather_inwards
from grefine.certificate import Certificate, certify
from grefine_core import read_image, write_image
from grefine_core.picture_writer import plan_output


def photograph(mode: str) -> Image.Image:
    """Return a photograph of 151 x 203 in the mode."""
    image = Image.fromarray(data.astronaut()[:203, 150:301])
    if mode in {"LA", "RGBA"}:
        image.putalpha(Image.fromarray((np.arange(203)[:, None] + np.zeros(151)).astype(np.uint8)))
    if mode == "I;16":
        return Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 250 + 7)
    return image.quantize(64) if mode == "P" else image.convert(mode)


def said(name: str) -> dict[str, Any]:
    """Return what the file is to say beside its pixels."""
    exif = Image.Exif()
    exif[0x010E], exif[0x0112] = "an astronaut", 6 if name.startswith("turned") else 1
    info = PngInfo()
    info.add_text("parameters", "an astronaut, steps 20")
    if Path(name).suffix in {".bmp", ".tga", ".ppm"}:
        return {}
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = {} if name.startswith(("gray", "cmyk")) else {"icc_profile": srgb}
    return {"exif": exif, "dpi": (300, 300), "pnginfo": info, **profile}


def repaired(path: Path, *, keep: bool = False) -> tuple[Certificate, Path]:
    """Blend another picture into a disc with a soft rim, write it like its source, and certify that."""
    picture = read_image(path)
    height, width = picture.size
    rows, columns = np.ogrid[:height, :width]
    mask = (rows - height / 2) ** 2 + (columns - width / 2) ** 2 < (min(height, width) / 4) ** 2
    weights = torch.from_numpy(feather_inwards(mask, 8))
    new = picture.pixels.flip(3) * 0.8 + 0.1
    pixels = torch.where(weights > 0, picture.pixels + weights * (new - picture.pixels), picture.pixels)
    plan = plan_output(path, keep=keep)
    result = write_image(path.with_name(f"result{plan.suffix}"), pixels, like=picture, receipt='{"seed": 0}')
    return certify(path, result, mask), result


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("colour.png", "RGB"),
        ("alpha.png", "RGBA"),
        ("gray.png", "L"),
        ("gray-alpha.png", "LA"),
        ("gray-deep.png", "I;16"),
        ("palette.png", "P"),
        ("turned.png", "RGB"),
        ("turned.jpg", "RGB"),
        ("gray.jpg", "L"),
        ("cmyk.jpg", "CMYK"),
        ("colour.webp", "RGB"),
        ("alpha.webp", "RGBA"),
        ("colour.tif", "RGB"),
        ("cmyk.tif", "CMYK"),
        ("gray-deep.tif", "I;16"),
        ("colour.bmp", "RGB"),
        ("colour.tga", "RGB"),
        ("gray.ppm", "L"),
        ("palette.gif", "P"),
        ("colour.avif", "RGB"),
    ],
)
def test_soft_repair_violates_no_certificate(name: str, mode: str, tmp_path: Path) -> None:
    if Path(name).suffix not in Image.registered_extensions():
        pytest.skip("this Pillow writes no such files")
    photograph(mode).save(tmp_path / name, **said(name))
    certificate, result = repaired(tmp_path / name)
    assert certificate.violations == ()
    assert certificate.changed_outside == 0
    assert result.read_bytes() != (tmp_path / name).read_bytes()


def test_jpeg_that_stays_jpeg_violates_it_in_its_pixels_alone(tmp_path: Path) -> None:
    photograph("RGB").save(tmp_path / "a.jpg", quality=90, **said("a.jpg"))
    certificate, result = repaired(tmp_path / "a.jpg", keep=True)
    assert result.suffix == ".jpg"
    assert [check.name for check in certificate.checks if not check.holds] == ["outside the mask, file"]


def test_colours_of_16_bits_in_tiff_are_known_to_be_lost(tmp_path: Path) -> None:
    tifffile = pytest.importorskip("tifffile")
    tifffile.imwrite(tmp_path / "a.tif", np.asarray(photograph("RGB")).astype(np.uint16) * 257, photometric="rgb")
    certificate, _ = repaired(tmp_path / "a.tif")
    assert certificate.violations == ("The input has 16 bits a sample, the result 8.",)
    assert any("16 bits were read as 8" in note for note in plan_output(tmp_path / "a.tif").notes)


def test_command_checks_files_alone(tmp_path: Path) -> None:
    photograph("RGB").save(tmp_path / "a.png")
    Image.new("L", (151, 203), 0).save(tmp_path / "m.png")
    line = [sys.executable, "-c", "from grefine.cli import main; main()", "check", "a.png", "a.png", "--mask", "m.png"]
    done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "The certificate holds" in done.stdout
