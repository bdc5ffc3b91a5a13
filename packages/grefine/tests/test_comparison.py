from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from grefine import comparison
from grefine.certificate import MAX_SHIFT
from grefine.comparison import colour_shift, compare_files, read_mask, seam_energy


def test_seam_energy_is_worked_out_by_hand() -> None:
    levels = np.zeros((1, 12, 3), np.uint8)
    levels[0, 6:] = 51  # a step of 0.2 at the rim, none beside it
    mask = np.zeros((1, 12), bool)
    mask[0, 6:] = True
    assert seam_energy(levels, mask) == pytest.approx((51 + 1) / (0 + 1))
    levels[0] = np.arange(12)[:, None] * 5  # the same step everywhere
    assert seam_energy(levels, mask) == pytest.approx(1)


def test_roughness_far_from_the_rim_does_not_count() -> None:
    levels = np.zeros((1, 40, 3), np.uint8)
    levels[0, 20:] = 51
    mask = np.arange(40)[None] >= 20
    calm = seam_energy(levels, mask)
    levels[0, 30::2] = 255
    assert seam_energy(levels, mask) == calm


def test_mask_without_a_rim_has_no_seam() -> None:
    assert seam_energy(np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), bool)) is None


def test_colour_shift_is_ciede2000_over_the_ring_only() -> None:
    before = np.full((40, 40, 3), 119, np.uint8)
    after = before.copy()
    mask = np.zeros((40, 40), bool)
    mask[16:24, 16:24] = True
    after[mask] = 0  # the repair itself is no shift
    after[:4] = 255  # nor is what lies far away
    assert colour_shift(before, after, mask) == 0
    after[12:14, 16:24] = 138  # 16 of the 24 x 24 - 64 pixels of the ring, 7.2 CIEDE2000 lighter
    assert colour_shift(before, after, mask) == pytest.approx(7.2 * 16 / 512, rel=0.05)


def test_noise_that_went_is_no_colour_shift() -> None:
    rng = np.random.default_rng(1)
    before, after = np.full((80, 80, 3), 119, np.uint8), np.full((80, 80, 3), 119, np.uint8)
    mask = np.zeros((80, 80), bool)
    mask[24:56, 24:56] = True
    before[~mask] = rng.integers(79, 160, before[~mask].shape)
    assert colour_shift(before, after, mask) < MAX_SHIFT


def test_bands_change_no_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    for name in "ab":
        Image.fromarray(rng.integers(0, 256, (50, 30, 4), np.uint8), "RGBA").save(tmp_path / f"{name}.png")
    mask = rng.random((50, 30)) < 0.1
    whole = compare_files(tmp_path / "a.png", tmp_path / "b.png", mask)
    monkeypatch.setattr(comparison, "_BAND", 100)
    assert compare_files(tmp_path / "a.png", tmp_path / "b.png", mask) == whole
    assert whole.changed_outside == (~mask).sum()


def test_change_of_alpha_alone_is_a_difference(tmp_path: Path) -> None:
    for name, alpha in (("a", 255), ("b", 200)):
        Image.new("RGBA", (9, 7), (10, 20, 30, alpha)).save(tmp_path / f"{name}.png")
    compared = compare_files(tmp_path / "a.png", tmp_path / "b.png", np.zeros((7, 9), bool))
    assert (compared.outside, compared.changed_outside) == (pytest.approx(55 / 255), 63)


def test_gray_and_the_same_gray_in_colours_do_not_differ(tmp_path: Path) -> None:
    gray = Image.fromarray(np.arange(63, dtype=np.uint8).reshape(7, 9))
    gray.save(tmp_path / "a.png")
    gray.convert("RGB").save(tmp_path / "b.png")
    assert compare_files(tmp_path / "a.png", tmp_path / "b.png", np.zeros((7, 9), bool)).changed_outside == 0


def test_deep_gray_is_compared_at_its_depth(tmp_path: Path) -> None:
    for name, value in (("a", 1000), ("b", 1001)):
        Image.fromarray(np.full((7, 9), value, np.uint16)).save(tmp_path / f"{name}.png")
    compared = compare_files(tmp_path / "a.png", tmp_path / "b.png", np.zeros((7, 9), bool))
    assert compared.outside == pytest.approx(1 / 65535)


def test_only_black_of_a_mask_is_protected(tmp_path: Path) -> None:
    image = Image.new("L", (4, 1))
    for place, value in enumerate((0, 1, 128, 255)):
        image.putpixel((place, 0), value)
    image.save(tmp_path / "m.png")
    assert read_mask(tmp_path / "m.png").tolist() == [[False, True, True, True]]


def test_transparent_part_of_a_mask_is_protected(tmp_path: Path) -> None:
    image = Image.new("RGBA", (2, 1), (255, 255, 255, 0))
    image.putpixel((1, 0), (255, 255, 255, 255))
    image.save(tmp_path / "m.png")
    assert read_mask(tmp_path / "m.png").tolist() == [[False, True]]
