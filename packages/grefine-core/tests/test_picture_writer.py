"""A changed picture is written like its source: outside the change the decoded files are equal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms, ImageOps

from grefine_core import InputError, read_image, write_image
from grefine_core.picture_metadata import read_metadata
from grefine_core.picture_samples import read_samples
from grefine_core.picture_writer import plan_output

Sizes = list[tuple[int, int]]


def some_sizes(count: int) -> Sizes:
    """Return sizes (height, width) from 40 to 200, every fourth in multiples of 8."""
    rng = np.random.default_rng(11)
    return [
        tuple(int(side) // 8 * 8 if i % 4 == 0 else int(side) for side in rng.integers(40, 200, 2))
        for i in range(count)
    ]


def noise(size: tuple[int, int], bands: int, dtype: type = np.uint8) -> np.ndarray:
    """Return smooth colours with some noise, all values of the type among them."""
    rng = np.random.default_rng(size[0] * 1000 + size[1])
    return rng.integers(0, np.iinfo(dtype).max + 1, (*size, bands), dtype).squeeze()


def wide_gamut() -> bytes:
    """Return a profile of primaries beyond sRGB's, as Adobe RGB has them, with gamma 2.2."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    adobe = {
        b"rXYZ": (0.60974, 0.31111, 0.01947),
        b"gXYZ": (0.20528, 0.62567, 0.06087),
        b"bXYZ": (0.14919, 0.06322, 0.74457),
    }
    for tag, xyz in adobe.items():
        entry = data.index(tag, 128)
        place = int.from_bytes(data[entry + 4 : entry + 8], "big") + 8
        data[place : place + 12] = b"".join(round(v * 65536).to_bytes(4, "big") for v in xyz)
    data[84:100] = bytes(16)  # the profile's own digest, now wrong; zero means none
    return bytes(data)


def gray_profile() -> bytes:
    """Return a gray profile of gamma 1.8, with the least that ICC asks for."""
    white = b"XYZ \0\0\0\0" + b"".join(round(v * 65536).to_bytes(4, "big") for v in (0.9642, 1.0, 0.8249))
    curve = b"curv\0\0\0\0" + (1).to_bytes(4, "big") + round(1.8 * 256).to_bytes(2, "big") + b"\0\0"
    text = b"desc\0\0\0\0" + (5).to_bytes(4, "big") + b"gray\0" + bytes(80)
    text += bytes(-len(text) % 4)
    parts, place, table, body = {b"wtpt": white, b"kTRC": curve, b"desc": text}, 128 + 4 + 36, b"", b""
    for tag, part in parts.items():
        table += tag + (place + len(body)).to_bytes(4, "big") + len(part).to_bytes(4, "big")
        body += part
    head = bytearray(128)
    head[0:4] = (place + len(body)).to_bytes(4, "big")
    head[8:12], head[12:16], head[16:20], head[20:24] = b"\x02\x10\0\0", b"mntr", b"GRAY", b"XYZ "
    head[36:40] = b"acsp"
    head[68:80] = white[8:20]
    return bytes(head) + (3).to_bytes(4, "big") + table + body


def array(bands: int, mode: str) -> Callable[[tuple[int, int]], Image.Image]:
    return lambda size: Image.fromarray(noise(size, bands), mode)


def deep(size: tuple[int, int]) -> Image.Image:
    return Image.fromarray(noise(size, 1, np.uint16))


def palette(size: tuple[int, int]) -> Image.Image:
    return array(3, "RGB")(size).quantize(17)


def turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a cat"
    return exif


@dataclass(frozen=True)
class Kind:
    name: str
    make: Callable[[tuple[int, int]], Image.Image]
    options: Any = None
    result: str = ""
    """Ending of the result where it is another than that of the name."""

    def save(self, size: tuple[int, int], folder: Path) -> Path:
        path = folder / self.name
        if path.suffix not in Image.registered_extensions():
            pytest.skip(f"this Pillow writes no {path.suffix}")
        self.make(size).save(path, **(self.options() if self.options else {}))
        return path


KINDS = [
    Kind("rgb.png", array(3, "RGB")),
    Kind("rgba.png", array(4, "RGBA")),
    Kind("gray-alpha.png", array(2, "LA")),
    Kind("gray.png", array(1, "L")),
    Kind("deep.png", deep),
    Kind("palette.png", palette),
    Kind("palette-with-hole.png", palette, lambda: {"transparency": 3}),
    Kind("colour-key.png", array(3, "RGB"), lambda: {"transparency": (255, 0, 0)}),
    Kind("bits.png", lambda size: array(1, "L")(size).convert("1")),
    Kind("wide.png", array(3, "RGB"), lambda: {"icc_profile": wide_gamut()}),
    Kind("wide-alpha.png", array(4, "RGBA"), lambda: {"icc_profile": wide_gamut()}),
    Kind("gray-profile.png", array(1, "L"), lambda: {"icc_profile": gray_profile()}),
    Kind("turned.jpg", array(3, "RGB"), lambda: {"exif": turned(), "icc_profile": wide_gamut()}, ".png"),
    Kind("gray.jpg", array(1, "L"), None, ".png"),
    Kind("cmyk.jpg", array(4, "CMYK"), None, ".png"),
    Kind("lossy.webp", array(3, "RGB"), lambda: {"quality": 60}),
    Kind("alpha.webp", array(4, "RGBA"), lambda: {"lossless": True, "exact": True}),
    Kind("rgb.tif", array(3, "RGB"), lambda: {"compression": "tiff_lzw"}),
    Kind("cmyk.tiff", array(4, "CMYK")),
    Kind("deep.tif", deep),
    Kind("float.tif", lambda size: Image.fromarray(noise(size, 1).astype(np.float32) / 255)),
    Kind("whole.tif", lambda size: Image.fromarray(noise(size, 1, np.uint16).astype(np.int32))),
    Kind("rgb.bmp", array(3, "RGB")),
    Kind("gray.tga", array(1, "L")),
    Kind("rgb.ppm", array(3, "RGB")),
    Kind("palette.gif", palette, None, ".png"),
    Kind("rgb.avif", array(3, "RGB"), None, ".png"),
]


def changed_part(path: Path) -> tuple[Any, torch.Tensor, np.ndarray]:
    """Return a picture, its pixels with a blob of new colours, and the mask of the blob."""
    picture = read_image(path)
    height, width = picture.size
    rows, columns = np.ogrid[:height, :width]
    mask = (rows - height / 3) ** 2 + (columns - width / 2) ** 2 < (min(height, width) / 4) ** 2
    new = torch.rand(picture.pixels.shape, generator=torch.Generator().manual_seed(5))
    return picture, torch.where(torch.from_numpy(mask), new, picture.pixels), mask


def own(path: Path, mode: str) -> np.ndarray:
    """Return the upright samples of a file in a mode, as Pillow decodes them, nothing of ours between."""
    with Image.open(path) as image:
        upright = ImageOps.exif_transpose(image)
        return np.asarray(upright if upright.mode == mode else upright.convert(mode))


@pytest.mark.parametrize(
    ("kind", "size"),
    list(zip(KINDS, some_sizes(len(KINDS)), strict=True)),
    ids=lambda value: value.name if isinstance(value, Kind) else str(value),
)
def test_outside_the_change_every_sample_is_the_input_s(kind: Kind, size: tuple[int, int], tmp_path: Path) -> None:
    path = kind.save(size, tmp_path)
    picture, pixels, mask = changed_part(path)
    suffix = plan_output(path).suffix
    result = write_image(tmp_path / f"result{suffix}", pixels, like=picture)
    assert suffix == (kind.result or path.suffix)
    with Image.open(result) as image:
        mode = image.mode
    before = own(path, mode)
    assert np.array_equal(own(result, mode)[~mask], before[~mask])
    assert (own(result, mode)[mask] != before[mask]).any()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_result_is_read_back_as_it_was_meant(kind: Kind, tmp_path: Path) -> None:
    path = kind.save((48, 64), tmp_path)
    picture, pixels, mask = changed_part(path)
    pixels = 0.3 + 0.4 * pixels  # within every gamut, and not in the dark, where gamma makes steps of 8 bits large
    if picture.alpha is not None:
        pixels = 1 - picture.alpha * (1 - pixels)  # what alpha allows to be seen
    if np.ptp(picture.pixels.numpy(), axis=1).max() == 0:  # gray stays gray
        pixels = (pixels * torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(1, keepdim=True).expand_as(pixels)
    result = write_image(tmp_path / f"result{plan_output(path).suffix}", pixels, like=picture)
    difference = (read_image(result).pixels - pixels).abs().amax((0, 1))
    assert difference[torch.from_numpy(mask)].max() <= (3 if read_metadata(path).icc else 1.01) / 255


@pytest.mark.parametrize("size", some_sizes(20), ids=str)
def test_result_of_any_size_differs_only_where_it_was_changed(size: tuple[int, int], tmp_path: Path) -> None:
    path = Kind("a.png", array(3, "RGB")).save(size, tmp_path)
    picture, pixels, mask = changed_part(path)
    result = write_image(tmp_path / "b.png", pixels, like=picture)
    assert np.array_equal((own(result, "RGB") != own(path, "RGB")).any(-1) & ~mask, np.zeros(size, bool))
    assert read_samples(result).size == (size[1], size[0])


def test_new_gray_never_hits_the_value_that_counts_as_transparent(tmp_path: Path) -> None:
    Image.fromarray(np.full((9, 7), 500, np.uint16)).save(tmp_path / "a.png", transparency=300)
    picture = read_image(tmp_path / "a.png")
    pixels = picture.pixels.clone()
    pixels[..., :4, :] = 300 / 65535
    result = write_image(tmp_path / "b.png", pixels, like=picture)
    assert own(result, "I;16")[:4].tolist() == [[301] * 7] * 4
    assert read_image(result).alpha.min() == 1


def test_result_with_nan_is_refused(tmp_path: Path) -> None:
    for name, make in (("a.png", array(3, "RGB")), ("b.png", deep)):
        make((9, 7)).save(tmp_path / name)
        picture = read_image(tmp_path / name)
        pixels = picture.pixels.clone()
        pixels[0, 1, 2, 3] = float("nan")
        with pytest.raises(InputError, match="hold nan"):
            write_image(tmp_path / "c.png", pixels, like=picture)
    assert not (tmp_path / "c.png").exists()
