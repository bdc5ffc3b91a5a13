from __future__ import annotations

import torch
from torch import Tensor

from grefine.shared_encoder import SharedEncoder
from grefine_core import ImageFeatures


class CountingEncoder:
    name = "counting"
    count = 0

    def fitted_size(self, height: int, width: int) -> tuple[int, int]:
        return min(height, 4), min(width, 4)

    def encode_image(self, pixels: Tensor) -> ImageFeatures:
        self.count += 1
        mean = pixels.mean().reshape(1, 1)
        return ImageFeatures(global_=mean, patches=mean.reshape(1, 1, 1, 1))


def test_equal_pixels_are_encoded_once_within_a_block() -> None:
    inner = CountingEncoder()
    shared = SharedEncoder(inner)
    with shared.one_image():
        shared.encode_image(torch.ones(1, 3, 4, 4))
        shared.encode_image(torch.ones(1, 3, 4, 4))
    assert inner.count == 1


def test_other_pixels_are_encoded_anew() -> None:
    inner = CountingEncoder()
    shared = SharedEncoder(inner)
    with shared.one_image():
        shared.encode_image(torch.ones(1, 3, 4, 4))
        found = shared.encode_image(torch.zeros(1, 3, 4, 4))
    assert inner.count == 2
    assert float(found.global_) == 0


def test_picture_brought_to_the_encoder_s_size_counts_as_the_same() -> None:
    inner = CountingEncoder()
    shared = SharedEncoder(inner)
    with shared.one_image():
        shared.encode_image(torch.ones(1, 3, 8, 8))
        shared.encode_image(torch.ones(1, 3, 4, 4))
    assert inner.count == 1


def test_nothing_is_remembered_after_a_block() -> None:
    pixels = torch.ones(1, 3, 4, 4)
    shared = SharedEncoder(CountingEncoder())
    with shared.one_image():
        shared.encode_image(pixels)
    pixels.zero_()
    with shared.one_image():
        assert float(shared.encode_image(pixels).global_) == 0


def test_all_else_is_the_encoder_s_own() -> None:
    assert SharedEncoder(CountingEncoder()).name == "counting"
