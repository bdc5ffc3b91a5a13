"""`as_pixels`: whatever shows one image becomes (1, 3, H, W)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from grefine_core import InputError, as_pixels, from_pil, read_image


def test_all_kinds_of_one_image_give_the_same_pixels(photo: Image.Image, tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    photo.save(file)
    expected = torch.from_numpy(np.array(photo)).permute(2, 0, 1)[None].float() / 255
    for image in (file, str(file), read_image(file), photo, expected, expected[0]):
        assert torch.equal(as_pixels(image), expected)


def test_transparent_image_is_flattened_on_white() -> None:
    assert as_pixels(Image.new("RGBA", (2, 2), (200, 0, 0, 0))).unique().tolist() == [1]


def test_half_precision_becomes_float32() -> None:
    pixels = as_pixels(torch.full((3, 2, 5), 0.5, dtype=torch.float16))
    assert (pixels.dtype, pixels.shape) == (torch.float32, (1, 3, 2, 5))


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (torch.zeros(8, 8), "must have shape"),
        (torch.zeros(1, 8, 8), r"must have shape \(B, 3, H, W\), got \(1, 1, 8, 8\)"),
        (torch.zeros(2, 3, 8, 8), r"One image has shape .* got \(2, 3, 8, 8\)"),
        (torch.zeros(3, 0, 8), r"got \(1, 3, 0, 8\)"),
        (torch.zeros(3, 8, 8, dtype=torch.uint8), "divide bytes by 255"),
        (torch.full((3, 8, 8), 255.0), r"must lie in \[0, 1\]"),
        (torch.full((3, 8, 8), float("nan")), "hold no nan"),
        (np.zeros((8, 8, 3)), "must be a path, Picture, PIL image or tensor, got ndarray"),
        (None, "got NoneType"),
        ("none.png", r"none\.png does not exist"),
    ],
)
def test_what_is_not_one_image_is_refused(image: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        as_pixels(image)


def test_pixels_of_a_picture_are_not_copied(photo: Image.Image) -> None:
    picture = from_pil(photo)
    assert as_pixels(picture) is picture.pixels
