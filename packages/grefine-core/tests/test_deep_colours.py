from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from grefine_core import read_image, write_image
from grefine_core.deep_colours import has_deep_colours, read_lower_bytes, save_deep_png
from grefine_core.picture_metadata import read_metadata

PngMaker = Callable[..., bytes]


def deep_noise(bands: int, height: int = 43, width: int = 51) -> np.ndarray:
    return np.random.default_rng(bands).integers(0, 65536, (height, width, bands), np.uint16)


def all_bits(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image).astype(np.uint16) * 256 + read_lower_bytes(path)


@pytest.mark.parametrize(("bands", "kind"), [(3, 2), (4, 6)])
def test_both_halves_of_a_sample_are_read(bands: int, kind: int, deep_png: PngMaker, tmp_path: Path) -> None:
    values = deep_noise(bands)
    (tmp_path / "a.png").write_bytes(deep_png(values, colour_type=kind))
    assert has_deep_colours(read_metadata(tmp_path / "a.png"))
    assert np.array_equal(all_bits(tmp_path / "a.png"), values)


def test_written_file_is_read_back_bit_for_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grefine_core.deep_colours._BAND", 1000)  # several bands
    values = deep_noise(4)
    with (tmp_path / "a.png").open("wb") as file:
        save_deep_png(file, (values >> 8).astype(np.uint8), (values & 255).astype(np.uint8))
    assert np.array_equal(all_bits(tmp_path / "a.png"), values)


@pytest.mark.parametrize(("bands", "kind"), [(3, 2), (4, 6)])
def test_unchanged_pixels_of_a_result_keep_16_bits(bands: int, kind: int, deep_png: PngMaker, tmp_path: Path) -> None:
    values = deep_noise(bands)
    (tmp_path / "a.png").write_bytes(deep_png(values, colour_type=kind))
    picture = read_image(tmp_path / "a.png")
    pixels = picture.pixels.clone()
    pixels[..., 5:20, 7:30] = 0.5
    write_image(tmp_path / "b.png", pixels, like=picture)
    outside = np.ones(values.shape[:2], bool)
    outside[5:20, 7:30] = False
    assert np.array_equal(all_bits(tmp_path / "b.png")[outside], values[outside])
    assert (all_bits(tmp_path / "b.png")[~outside] != values[~outside]).any()
    if bands == 3:
        assert (all_bits(tmp_path / "b.png")[~outside] == 128 * 257).all()
    else:
        assert np.array_equal(all_bits(tmp_path / "b.png")[..., 3], values[..., 3])
    assert read_metadata(tmp_path / "b.png").depth == 16


@pytest.mark.parametrize(("bands", "kind"), [(1, 0), (2, 4)])
def test_gray_is_none_of_them(bands: int, kind: int, deep_png: PngMaker, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(deep_png(deep_noise(bands), colour_type=kind))
    assert not has_deep_colours(read_metadata(tmp_path / "a.png"))


def test_change_that_8_bits_cannot_show_is_no_change(deep_png: PngMaker, tmp_path: Path) -> None:
    values = deep_noise(3)
    (tmp_path / "a.png").write_bytes(deep_png(values, colour_type=2))
    picture = read_image(tmp_path / "a.png")
    write_image(tmp_path / "b.png", (picture.pixels + torch.tensor(0.001)).clamp(0, 1), like=picture)
    assert np.array_equal(all_bits(tmp_path / "b.png"), values)
