from __future__ import annotations

import pytest
import torch

from aqmap.scorers.pictures import crop_square, pad_square
from grefine_core import to_pil


@pytest.mark.parametrize("size", [(37, 50), (50, 37), (11, 7), (224, 300), (33, 32), (500, 41)])
def test_crop_square_equals_torchvision_bit_for_bit(picture, size: tuple[int, int]) -> None:
    transforms = pytest.importorskip("torchvision.transforms", reason="needs the extra `scorers`")
    pixels = picture(*size)
    reference = transforms.Compose(
        [
            transforms.Resize(32, interpolation=transforms.InterpolationMode.BICUBIC),
            transforms.CenterCrop(32),
            transforms.ToTensor(),
        ]
    )
    assert torch.equal(crop_square(pixels[None], 32), reference(to_pil(pixels)))


def test_crop_square_keeps_the_middle() -> None:
    pixels = torch.zeros(1, 3, 4, 8)
    pixels[..., 2:6] = 1
    assert torch.equal(crop_square(pixels, 4), torch.ones(3, 4, 4))


def test_crop_square_of_a_long_strip_needs_no_long_strip(picture) -> None:
    strip = picture(1, 100_000)[None]
    assert crop_square(strip, 32).shape == (3, 32, 32)


@pytest.mark.parametrize(("size", "rows", "columns"), [((8, 4), (0, 8), (2, 6)), ((3, 8), (2, 5), (0, 8))])
def test_pad_square_centres_the_whole_picture_on_black(size, rows, columns) -> None:
    padded = pad_square(torch.ones(1, 3, *size), 8)
    expected = torch.zeros(3, 8, 8)
    expected[:, slice(*rows), slice(*columns)] = 1
    assert torch.equal(padded, expected)


def test_pad_square_resizes_the_longer_side_as_torchvision_does_and_clamps(picture) -> None:
    functional = pytest.importorskip("torchvision.transforms.functional", reason="needs the extra `scorers`")
    from torchvision.transforms import InterpolationMode

    pixels = picture(48, 64)
    inner = functional.resize(pixels, [24, 32], InterpolationMode.BICUBIC, antialias=True)
    padded = pad_square(pixels[None], 32)
    assert torch.allclose(padded[:, 4:28], inner.clamp(0, 1), atol=1e-6)
    assert padded[:, :4].max() == padded[:, 28:].max() == 0


def test_strip_leaves_a_pixel_of_the_shorter_side() -> None:
    assert pad_square(torch.ones(1, 3, 1, 400), 32).sum() == 3 * 32
