"""Damage has the place, the kind and the severity that it says."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from grefine_core import InputError
from tools.mini.damage import FACTORS, KINDS, blob, damage_image
from tools.mini.damage.masks import several

SIDE = 160


@pytest.fixture(scope="module")
def image() -> NDArray[np.uint8]:
    """A picture with edges, texture and a smooth part, none of it near black or white."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    smooth = 60 + 120 * np.stack([x, y, 1 - x], -1)
    tiles = rng.integers(-40, 40, (SIDE // 8, SIDE // 8, 3)).repeat(8, 0).repeat(8, 1)
    texture = rng.normal(0, 10, (SIDE, SIDE, 1))
    return (smooth + tiles + texture).clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def box() -> NDArray[np.float32]:
    mask = np.zeros((SIDE, SIDE), np.float32)
    mask[40:110, 30:120] = 1
    return mask


@pytest.mark.parametrize("kind", KINDS)
def test_kind_is_the_same_for_the_same_seed(kind: str, image: NDArray[np.uint8]) -> None:
    one, two = (damage_image(image, np.random.default_rng(4), kind=kind, severity=0.5) for _ in range(2))
    assert np.array_equal(one.pixels, two.pixels)
    assert np.array_equal(one.mask, two.mask)


@pytest.mark.parametrize("kind", KINDS)
def test_kind_keeps_to_its_mask(kind: str, image: NDArray[np.uint8]) -> None:
    for seed in range(4):
        worse = damage_image(image, np.random.default_rng(seed), kind=kind, severity=0.7)
        assert not (worse.pixels != image).any(-1)[worse.mask == 0].any()


@pytest.mark.parametrize("kind", KINDS)
def test_severity_makes_the_difference_grow(kind: str, image: NDArray[np.uint8], box: NDArray[np.float32]) -> None:
    def difference(severity: float) -> float:
        seeds = range(6)
        worse = [damage_image(image, np.random.default_rng(s), kind=kind, severity=severity, mask=box) for s in seeds]
        return float(np.mean([np.abs(w.pixels.astype(float) - image).mean() for w in worse]))

    mild, middle, strong = (difference(severity) for severity in (0.1, 0.5, 1.0))
    assert 0 < mild < middle < strong


@pytest.mark.parametrize("kind", KINDS)
def test_kind_covers_everything_or_several_places_when_asked(kind: str, image: NDArray[np.uint8]) -> None:
    worse = damage_image(image, np.random.default_rng(2), kind=kind, severity=0.8, everywhere=True)
    whole = kind not in ("missing", "duplicate", "swap", "edges", "pasted")
    assert (worse.mask.min() == 1) == whole
    assert worse.visible.mean() > 0.02


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(40, 90), (33, 17), (224, 128)])
def test_any_size_keeps_shape_and_range(kind: str, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(3)
    worse = damage_image(rng.random((*shape, 3), dtype=np.float32), rng, kind=kind, severity=0.9)
    assert worse.image.shape == (*shape, 3)
    assert worse.mask.shape == worse.visible.shape == shape
    assert 0 <= worse.image.min() <= worse.image.max() <= 1


def test_given_mask_is_the_place(image: NDArray[np.uint8], box: NDArray[np.float32]) -> None:
    worse = damage_image(image, np.random.default_rng(0), kind="noise", severity=0.5, mask=box)
    assert np.array_equal(worse.mask, box)


def test_pasted_part_keeps_about_to_its_mask(image: NDArray[np.uint8], box: NDArray[np.float32]) -> None:
    worse = damage_image(image, np.random.default_rng(0), kind="pasted", severity=0.5, mask=box)
    assert np.abs(worse.mask - box).mean() < 0.03


def test_edges_damage_the_border_of_the_mask(image: NDArray[np.uint8], box: NDArray[np.float32]) -> None:
    worse = damage_image(image, np.random.default_rng(0), kind="edges", severity=0.5, mask=box)
    assert worse.mask[40, 75] == 1
    assert worse.mask[75, 75] == 0


def test_blur_of_a_flat_picture_is_not_visible() -> None:
    flat = np.full((SIDE, SIDE, 3), 130, np.uint8)
    worse = damage_image(flat, np.random.default_rng(0), kind="blur", severity=1.0, everywhere=True)
    assert worse.mask.min() == 1
    assert worse.visible.max() == 0


def test_visible_is_part_of_the_mask(image: NDArray[np.uint8]) -> None:
    for seed in range(30):
        worse = damage_image(image, np.random.default_rng(seed))
        assert (worse.visible <= worse.mask + 1e-6).all()


def test_strong_noise_is_visible_all_over_its_mask(image: NDArray[np.uint8], box: NDArray[np.float32]) -> None:
    worse = damage_image(image, np.random.default_rng(0), kind="noise", severity=1.0, mask=box)
    assert worse.visible[box == 1].min() == 1


def test_float_and_integer_images_are_damaged_alike(image: NDArray[np.uint8]) -> None:
    floats = image.astype(np.float32) / np.float32(255)
    one, two = (damage_image(i, np.random.default_rng(1), kind="warp", severity=0.4) for i in (image, floats))
    assert np.array_equal(one.pixels, two.pixels)


def test_input_is_left_alone(image: NDArray[np.uint8]) -> None:
    before = image.copy()
    for kind in KINDS:
        damage_image(image, np.random.default_rng(1), kind=kind, severity=1.0, everywhere=True)
    assert np.array_equal(image, before)


def test_factors_are_drawn_alike(image: NDArray[np.uint8]) -> None:
    rng = np.random.default_rng(0)
    drawn = [KINDS[damage_image(image[:32, :32], rng).kind][0] for _ in range(600)]
    assert all(150 < drawn.count(factor) < 250 for factor in FACTORS)


def test_several_places_cover_a_third_to_a_half() -> None:
    means = [float(several(SIDE, SIDE, np.random.default_rng(seed)).mean()) / 255 for seed in range(60)]
    assert min(means) > 0.25
    assert np.median(means) > 1 / 3
    assert max(means) < 0.65


def test_blob_covers_about_its_share() -> None:
    rng = np.random.default_rng(0)
    means = [float(blob(SIDE, SIDE, rng).mean()) for _ in range(300)]
    assert min(means) > 0.005
    assert max(means) < 0.65
    assert 0.06 < np.median(means) < 0.25


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "rust"}, "`kind`"),
        ({"severity": 0.0}, "`severity`"),
        ({"severity": 1.5}, "`severity`"),
        ({"mask": np.ones((3, 3), np.float32)}, "`mask`"),
    ],
)
def test_wrong_argument_is_refused_and_named(options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        damage_image(np.zeros((8, 8, 3), np.uint8), np.random.default_rng(0), **options)  # type: ignore[arg-type]
