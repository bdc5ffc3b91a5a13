from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms
from torch import Tensor

from grefine_core import InputError, Picture, fit_size, from_pil, read_image, resize, to_pil

PngMaker = Callable[..., bytes]


def levels(picture: Picture) -> list[Any]:
    """Return the pixels as (H, W, 3) in 0..255."""
    return (picture.pixels[0].permute(1, 2, 0) * 255).tolist()


def stored(image: Image.Image, format_: str, **options: Any) -> Image.Image:
    """Return the image as a file of that format would give it."""
    buffer = BytesIO()
    image.save(buffer, format_, **options)
    return Image.open(buffer)


def pixels_of(image: Image.Image) -> Tensor:
    return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)[None].float() / 255


def test_bytes_become_fractions_of_255(photo: Image.Image, tmp_path: Path) -> None:
    photo.save(tmp_path / "a.png")
    picture = read_image(tmp_path / "a.png")
    assert picture.pixels.dtype == torch.float32
    assert torch.equal(picture.pixels, pixels_of(photo))
    assert picture.size == (4, 6)
    assert (picture.format, picture.path, picture.alpha) == ("PNG", tmp_path / "a.png", None)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_comes_out_upright(orientation: int, photo: Image.Image, tmp_path: Path) -> None:
    turn_back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,  # stored so, it is to be shown turned by 270 degrees
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    lying = photo.transpose(turn_back[orientation]) if orientation > 1 else photo
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = "a cat"
    lying.save(tmp_path / "a.png", exif=exif)
    picture = read_image(tmp_path / "a.png")
    assert torch.equal(picture.pixels, pixels_of(photo))
    kept = Image.Exif()
    kept.load(picture.exif)
    assert kept[0x010E] == "a cat"
    assert kept.get(0x0112, 1) == 1


def test_transparent_pixels_are_flattened_on_white() -> None:
    image = Image.fromarray(np.array([[[200, 100, 0, 255], [200, 100, 0, 0], [200, 100, 0, 51]]], np.uint8), "RGBA")
    picture = from_pil(image)
    assert torch.allclose(torch.tensor(levels(picture)[0][0]), torch.tensor([200.0, 100, 0]))
    assert levels(picture)[0][1] == [255, 255, 255]
    assert levels(picture)[0][2] == pytest.approx([0.2 * v + 0.8 * 255 for v in (200, 100, 0)], abs=1e-3)
    assert picture.alpha is not None
    assert (picture.alpha * 255).round().flatten().tolist() == [255, 0, 51]


def test_gray_with_alpha_is_flattened_on_white() -> None:
    picture = from_pil(stored(Image.fromarray(np.array([[[100, 0], [100, 255]]], np.uint8), "LA"), "PNG"))
    assert levels(picture) == [[[255] * 3, pytest.approx([100] * 3, abs=1e-3)]]
    assert picture.alpha is not None


def test_premultiplied_gray_is_read() -> None:
    assert from_pil(Image.new("La", (2, 2))).pixels.shape == (1, 3, 2, 2)


def test_transparent_palette_entry_is_flattened_on_white() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.putpixel((1, 0), 1)
    picture = from_pil(stored(image, "PNG", transparency=0))
    assert levels(picture) == [[[255, 255, 255], [0, 255, 0]]]
    assert picture.alpha is not None
    assert picture.alpha.flatten().tolist() == [0, 1]


def test_palette_without_transparency_has_no_alpha(photo: Image.Image) -> None:
    palette = photo.quantize(8)
    picture = from_pil(stored(palette, "PNG"))
    assert picture.alpha is None
    assert torch.equal(picture.pixels, pixels_of(palette))


@pytest.mark.parametrize("format_", ["PNG", "TIFF"])
def test_deep_gray_is_scaled_not_clipped(format_: str) -> None:
    image = stored(Image.fromarray(np.array([[0, 300, 32768, 65535]], np.uint16)), format_)
    picture = from_pil(image)
    expected = torch.tensor([0, 300, 32768, 65535]) / 65535
    assert torch.allclose(picture.pixels[0, :, 0], expected.expand(3, 4), atol=1e-7)


def test_big_endian_gray_is_scaled() -> None:
    image = Image.frombytes("I;16B", (2, 1), np.array([0, 32768], ">u2").tobytes())
    assert from_pil(image).pixels[0, 0, 0].tolist() == pytest.approx([0, 32768 / 65535])


def test_transparent_value_of_deep_gray_is_flattened_on_white(
    deep_png: PngMaker, png_chunk: Callable[[bytes, bytes], bytes], tmp_path: Path
) -> None:
    (tmp_path / "a.png").write_bytes(
        deep_png(np.array([[7, 20000]]), colour_type=0, before=png_chunk(b"tRNS", b"\0\7"))
    )
    picture = read_image(tmp_path / "a.png")
    assert picture.pixels[0, 0, 0].tolist() == pytest.approx([1, 20000 / 65535])
    assert picture.alpha is not None
    assert picture.alpha.flatten().tolist() == [0, 1]


def test_deep_colours_are_scaled(deep_png: PngMaker, tmp_path: Path) -> None:
    values = np.array([[[0, 32896, 65535], [257, 514, 771]]])
    (tmp_path / "a.png").write_bytes(deep_png(values, colour_type=2))
    assert (torch.tensor(levels(read_image(tmp_path / "a.png"))) - torch.tensor(values / 257)).abs().max() <= 1


def test_deep_gray_with_alpha_is_flattened(deep_png: PngMaker, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(deep_png(np.array([[[32896, 0], [32896, 65535]]]), colour_type=4))
    assert levels(read_image(tmp_path / "a.png"))[0][0] == [255] * 3
    assert levels(read_image(tmp_path / "a.png"))[0][1] == pytest.approx([128] * 3, abs=1)


def test_floating_gray_keeps_its_values() -> None:
    picture = from_pil(stored(Image.fromarray(np.array([[0, 0.123, 1]], np.float32)), "TIFF"))
    assert picture.pixels[0, 2, 0].tolist() == pytest.approx([0, 0.123, 1], abs=1e-6)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.array([[0, 255]], np.float32), r"\[0, 1\], or nan"),
        (np.array([[0, float("nan")]], np.float32), r"\[0, 1\], or nan"),
        (np.array([[-0.5, 0]], np.float32), r"\[0, 1\], or nan"),
        (np.array([[0, 70000]], np.int32), r"\[0, 65535\], or nan"),
    ],
)
def test_gray_beyond_its_range_is_refused_not_clipped(values: np.ndarray, message: str, tmp_path: Path) -> None:
    Image.fromarray(values).save(tmp_path / "a.tif")
    with pytest.raises(InputError, match=rf"a\.tif has gray values outside {message}"):
        read_image(tmp_path / "a.tif")


def test_one_bit_is_black_and_white() -> None:
    image = Image.new("1", (2, 1), 1)
    image.putpixel((0, 0), 0)
    assert levels(from_pil(stored(image, "PNG"))) == [[[0, 0, 0], [255, 255, 255]]]


def test_cmyk_jpeg_has_its_colours() -> None:
    image = stored(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG")  # no cyan, all magenta and yellow: red
    assert image.mode == "CMYK"
    assert levels(from_pil(image))[8][8] == pytest.approx([255, 0, 0], abs=2)


@pytest.mark.parametrize("format_", ["BMP", "GIF", "TIFF", "PPM", "TGA"])
def test_common_formats_keep_a_flat_colour(format_: str) -> None:
    picture = from_pil(stored(Image.new("RGB", (8, 8), (10, 20, 30)), format_))
    assert levels(picture)[3][3] == pytest.approx([10, 20, 30], abs=1e-3)
    assert picture.format == format_


def test_first_frame_of_an_animation_is_read(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "lime")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert levels(read_image(tmp_path / "a.gif"))[0][0] == [255, 0, 0]


def test_icc_profile_is_converted_to_srgb() -> None:
    image = Image.new("RGB", (2, 2), (200, 40, 60))
    image.info["icc_profile"] = swapped_profile()
    assert levels(from_pil(image))[0][0] == pytest.approx([40, 200, 60], abs=4)


def swapped_profile() -> bytes:
    """Return sRGB with the primaries of red and green exchanged, so that a conversion cannot be missed."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = data.index(b"rXYZ", 128), data.index(b"gXYZ", 128)  # entries of the tag table
    data[red : red + 4], data[green : green + 4] = b"gXYZ", b"rXYZ"
    data[84:100] = bytes(16)  # the profile's own digest, now wrong; zero means none
    return bytes(data)


def test_srgb_profile_changes_no_byte(photo: Image.Image) -> None:
    photo.info["icc_profile"] = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert torch.equal(from_pil(photo).pixels, pixels_of(photo))


def test_broken_profile_is_ignored(photo: Image.Image) -> None:
    photo.info["icc_profile"] = b"no profile"
    assert torch.equal(from_pil(photo).pixels, pixels_of(photo))


def test_profile_of_a_picture_with_alpha_is_converted() -> None:
    image = Image.new("RGBA", (2, 2), (200, 40, 60, 255))
    image.info["icc_profile"] = swapped_profile()
    assert levels(from_pil(image))[0][0] == pytest.approx([40, 200, 60], abs=4)


def test_text_behind_the_pixels_is_found(
    deep_png: PngMaker, png_chunk: Callable[[bytes, bytes], bytes], tmp_path: Path
) -> None:
    after = png_chunk(b"tEXt", b"parameters\0a cat")
    (tmp_path / "a.png").write_bytes(deep_png(np.zeros((2, 2)), colour_type=0, after=after))
    assert read_image(tmp_path / "a.png").text == {"parameters": "a cat"}


def test_text_is_kept_of_png_only(photo: Image.Image, tmp_path: Path) -> None:
    photo.save(tmp_path / "a.tif")  # its `info` has strings too, such as the compression
    assert read_image(tmp_path / "a.tif").text == {}


def test_every_byte_maps_to_itself() -> None:
    ramp = Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16)).convert("RGB")
    assert to_pil(from_pil(ramp).pixels).tobytes() == ramp.tobytes()


def test_to_pil_clamps_but_refuses_nan() -> None:
    assert to_pil(torch.tensor([-0.5, 0.5, 1.5]).view(3, 1, 1)).getpixel((0, 0)) == (0, 128, 255)
    with pytest.raises(InputError, match="hold nan"):
        to_pil(torch.full((3, 2, 2), float("nan")))


@pytest.mark.parametrize(
    ("height", "width", "longer", "multiple", "expected"),
    [
        (100, 100, 64, 16, (64, 64)),
        (100, 200, 64, 16, (32, 64)),
        (200, 100, 64, 16, (64, 32)),
        (1000, 10, 64, 16, (64, 16)),  # never below one cell
        (1, 1, 448, 32, (448, 448)),
        (480, 640, 448, 32, (320, 448)),  # 336 is 10.5 cells; half rounds to even
    ],
)
def test_longer_side_is_fitted_and_the_aspect_kept(
    height: int, width: int, longer: int, multiple: int, expected: tuple[int, int]
) -> None:
    assert fit_size(height, width, longer=longer, multiple=multiple) == expected


def test_resize_clamps_the_overshoot() -> None:
    edge = torch.zeros(1, 3, 4, 8)
    edge[..., 4:] = 1
    larger = resize(edge, (8, 40))
    assert larger.shape == (1, 3, 8, 40)
    assert (larger.min(), larger.max()) == (0, 1)


def test_resize_keeps_a_constant_and_the_same_size() -> None:
    flat = torch.full((1, 3, 5, 7), 0.3)
    assert torch.allclose(resize(flat, (11, 4)), torch.full((1, 3, 11, 4), 0.3), atol=1e-6)
    assert resize(flat, (5, 7)) is flat
