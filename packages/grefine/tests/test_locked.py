from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from grefine.locked import read_locked
from grefine_core import InputError

SIZE = (20, 30)
LOCKED = np.zeros(SIZE, bool)
LOCKED[:, :7] = True


def saved(image, folder):
    image.save(folder / "mask.png")
    return folder / "mask.png"


@pytest.mark.parametrize("mode", ["L", "1", "RGB", "P"])
def test_white_is_locked_in_any_mode(mode, tmp_path) -> None:
    image = Image.fromarray(LOCKED.astype(np.uint8) * 255).convert(mode)
    assert torch.equal(read_locked(saved(image, tmp_path), SIZE), torch.from_numpy(LOCKED))


def test_white_of_16_bits_is_locked(tmp_path) -> None:
    image = Image.fromarray(LOCKED.astype(np.uint16) * 65535)
    assert torch.equal(read_locked(saved(image, tmp_path), SIZE), torch.from_numpy(LOCKED))


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (200, 0, 0)])
def test_paint_on_nothing_is_locked_whatever_its_colour(colour, tmp_path) -> None:
    image = Image.new("RGBA", (30, 20), (*colour, 255))
    image.putalpha(Image.fromarray(LOCKED.astype(np.uint8) * 255))
    assert torch.equal(read_locked(saved(image, tmp_path), SIZE), torch.from_numpy(LOCKED))


def test_alpha_that_hides_nothing_has_no_say(tmp_path) -> None:
    image = Image.fromarray(LOCKED.astype(np.uint8) * 255).convert("RGBA")
    assert torch.equal(read_locked(saved(image, tmp_path), SIZE), torch.from_numpy(LOCKED))


def test_mask_of_another_size_is_refused_with_both_sizes(tmp_path) -> None:
    with pytest.raises(InputError, match="has 30 x 20 pixels, the picture 31 x 20; both must agree"):
        read_locked(saved(Image.new("L", (30, 20)), tmp_path), (20, 31))


def test_mask_that_is_no_picture_is_refused(tmp_path) -> None:
    (tmp_path / "mask.png").write_text("white")
    with pytest.raises(InputError, match="is not a picture"):
        read_locked(tmp_path / "mask.png", SIZE)
