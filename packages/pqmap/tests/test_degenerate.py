from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from grefine_core import as_pixels, fit_size, resize
from pqmap import CEILING, FLAGS, find_flags

SIDES = (64, 256, 700)
"""Below, at about and above the size that an encoder takes."""
ENCODERS = (224, 448)


def flags_of(image: Image.Image | Tensor, *, longer: int = 448) -> tuple[str, ...]:
    """Return the flags of a picture as an encoder of this size would be given it."""
    pixels = as_pixels(image)
    height, width = pixels.shape[2:]
    return find_flags(resize(pixels, fit_size(height, width, longer=longer, multiple=32)), (height, width))


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer)


def to_image(values: np.ndarray) -> Image.Image:
    return Image.fromarray(values.clip(0, 255).astype(np.uint8))


def scene(side: int = 256) -> Image.Image:
    """Return a landscape of a sky, a sun, hills and a house: no photograph, but made like one."""
    image = Image.new("RGB", (side, side))
    rows = np.linspace(0, 1, side)[:, None, None]
    sky = np.array([90, 150, 230]) * (1 - rows) + np.array([240, 220, 190]) * rows
    image.paste(to_image(np.broadcast_to(sky, (side, side, 3))))
    draw = ImageDraw.Draw(image)
    draw.ellipse((side * 0.65, side * 0.1, side * 0.8, side * 0.25), fill=(255, 240, 150))
    draw.polygon([(0, side), (0, side * 0.7), (side * 0.4, side * 0.5), (side, side * 0.8), (side, side)], fill="green")
    draw.rectangle((side * 0.3, side * 0.55, side * 0.5, side * 0.75), fill=(150, 70, 50))
    return image


def text_screen(side: int, *, ground: str, ink: str, size: int, lines: int) -> Image.Image:
    image = Image.new("RGB", (side, side), ground)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size=size)
    words = (
        "error",
        "while",
        "loading",
        "the",
        "model",
        "request",
        "blocked",
        "by",
        "policy",
        "please",
        "try",
        "again",
    )
    rng = np.random.default_rng(4)
    for line in range(lines):
        text = ""
        while draw.textlength(text, font=font) < side * 0.7:
            text += f"{words[rng.integers(len(words))]} "
        draw.text((side * 0.06, side * 0.06 + line * size * 1.4), text, fill=ink, font=font)
    return image


@pytest.mark.parametrize("longer", ENCODERS)
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("colour", ["gray", "tomato", "#123456", "khaki"])
def test_one_colour_is_flat(colour: str, side: int, longer: int) -> None:
    assert flags_of(Image.new("RGB", (side, side), colour), longer=longer) == ("flat",)


@pytest.mark.parametrize("quality", [10, 50, 90])
@pytest.mark.parametrize(("level", "flags"), [(0, ("flat", "black")), (255, ("flat", "white")), (120, ("flat",))])
def test_jpeg_and_sensor_noise_hide_no_single_colour(level: int, flags: tuple[str, ...], quality: int) -> None:
    values = level + np.random.default_rng(1).normal(0, 2, (256, 256, 3))
    assert flags_of(jpeg(to_image(values), quality)) == flags


def test_speck_does_not_hide_a_single_colour() -> None:
    image = Image.new("RGB", (256, 256), "black")
    image.paste("white", (100, 100, 110, 110))
    assert flags_of(image) == ("flat", "black")


def test_gradient_is_not_flat() -> None:
    ramp = np.linspace(60, 130, 256)[:, None, None] * np.ones((1, 256, 3))
    assert flags_of(to_image(ramp)) == ()


NOISES: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "uniform": lambda rng, side: rng.integers(0, 256, (side, side, 3)),
    "gaussian": lambda rng, side: rng.normal(128, 60, (side, side, 3)),
    "gray": lambda rng, side: rng.normal(128, 50, (side, side, 1)).repeat(3, 2),
    "salt and pepper": lambda rng, side: rng.choice([0, 255], (side, side, 1)).repeat(3, 2),
    "sparse": lambda rng, side: np.where(rng.random((side, side, 3)) < 0.3, rng.choice([0, 255], (side, side, 3)), 128),
    "tinted": lambda rng, side: rng.normal((200, 90, 60), 40, (side, side, 3)),
    "blocks of 2": lambda rng, side: np.kron(rng.integers(0, 256, (side // 2, side // 2, 3)), np.ones((2, 2, 1))),
}


@pytest.mark.parametrize("longer", ENCODERS)
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("kind", NOISES)
def test_noise_alone_is_found(kind: str, side: int, longer: int) -> None:
    assert "noise" in flags_of(to_image(NOISES[kind](np.random.default_rng(2), side)), longer=longer)


def test_noise_is_found_behind_jpeg() -> None:
    image = to_image(NOISES["uniform"](np.random.default_rng(2), 256))
    assert flags_of(jpeg(image, 50)) == ("noise",)


def test_checkerboard_of_pixels_is_noise() -> None:
    image = to_image((np.indices((256, 256)).sum(0) % 2 * 255)[..., None].repeat(3, 2))
    assert "noise" in flags_of(image)


@pytest.mark.parametrize("longer", ENCODERS)
@pytest.mark.parametrize("spread", [20, 60, 100])
def test_picture_under_noise_is_no_noise(spread: int, longer: int) -> None:
    values = np.asarray(scene(448)) + np.random.default_rng(3).normal(0, spread, (448, 448, 3))
    assert flags_of(to_image(values), longer=longer) == ()


@pytest.mark.parametrize("longer", ENCODERS)
@pytest.mark.parametrize(
    ("ground", "ink"), [("white", "black"), ("black", "lime"), ("navy", "white"), ("wheat", "red")]
)
@pytest.mark.parametrize(("size", "lines"), [(24, 6), (24, 24), (30, 3), (34, 16)])
def test_screen_of_text_is_found(ground: str, ink: str, size: int, lines: int, longer: int) -> None:
    assert flags_of(text_screen(900, ground=ground, ink=ink, size=size, lines=lines), longer=longer) == ("text-screen",)


def test_screen_of_text_is_found_behind_jpeg() -> None:
    assert flags_of(jpeg(text_screen(900, ground="white", ink="black", size=24, lines=20), 40)) == ("text-screen",)


def poster() -> Image.Image:
    image = Image.new("RGB", (600, 800), "khaki")
    image.paste(scene(400), (100, 250))
    draw = ImageDraw.Draw(image)
    for line, text in enumerate(("the last summer", "a film in colour")):
        draw.text((60, 40 + 70 * line), text, fill="black", font=ImageFont.load_default(size=48))
    return image


def comic() -> Image.Image:
    image = Image.new("RGB", (700, 700), "white")
    draw = ImageDraw.Draw(image)
    for x, y in ((0, 0), (350, 0), (0, 350), (350, 350)):
        draw.rectangle((x + 8, y + 8, x + 342, y + 342), outline="black", width=4)
        draw.ellipse((x + 30, y + 20, x + 320, y + 130), outline="black", width=3)
        for line in range(3):
            draw.text(
                (x + 90, y + 40 + 22 * line), "why is it so late", fill="black", font=ImageFont.load_default(size=18)
            )
        draw.ellipse((x + 120, y + 160, x + 220, y + 260), outline="black", width=3)
        draw.line((x + 170, y + 260, x + 170, y + 340), fill="black", width=3)
    return image


def line_drawing() -> Image.Image:
    image = Image.new("RGB", (600, 600), "white")
    draw, rng = ImageDraw.Draw(image), np.random.default_rng(5)
    for _ in range(40):
        path = rng.uniform(0, 600, 2) + rng.normal(0, 25, (12, 2)).cumsum(0)
        draw.line([(float(x), float(y)) for x, y in path], fill="black", width=2)
    return image


def dots() -> Image.Image:
    image = Image.new("RGB", (512, 512), "white")
    draw = ImageDraw.Draw(image)
    for y in range(0, 512, 20):
        for x in range(0, 512, 20):
            draw.ellipse((x, y, x + 10, y + 10), fill="red")
    return image


def wordmark() -> Image.Image:
    image = Image.new("RGB", (800, 600), "white")
    ImageDraw.Draw(image).text((100, 220), "Horizon", fill="black", font=ImageFont.load_default(size=120))
    return image


@pytest.mark.parametrize("longer", ENCODERS)
@pytest.mark.parametrize("make", [scene, poster, comic, line_drawing, dots, wordmark])
def test_picture_with_a_subject_gets_no_flag(make: Callable[[], Image.Image], longer: int) -> None:
    assert flags_of(make(), longer=longer) == ()


def test_photographs_and_generated_pictures_get_no_flag(data_folder: Path) -> None:
    files = [*sorted((data_folder / "photos").glob("*.png")), *sorted((data_folder / "examples").glob("*.jpg"))]
    assert len(files) > 30
    assert {file.name: flags_of(Image.open(file)) for file in files} == {file.name: () for file in files}


@pytest.mark.parametrize(("size", "tiny"), [((1, 1), True), ((31, 400), True), ((32, 32), False), ((64, 48), False)])
def test_shorter_side_makes_a_picture_tiny(size: tuple[int, int], tiny: bool) -> None:
    assert ("tiny" in flags_of(scene().resize(size))) is tiny


@pytest.mark.parametrize("size", [(1, 1), (1, 2000), (2000, 1), (3, 5), (8, 8), (2, 448), (33, 4000)])
@pytest.mark.parametrize("fitted", [True, False])
def test_awkward_sizes_are_borne(size: tuple[int, int], fitted: bool) -> None:
    pixels = torch.rand(1, 3, *size)
    found = flags_of(pixels[0]) if fitted else find_flags(pixels, size)
    assert set(found) <= set(FLAGS)
    assert ("tiny" in found) is (min(size) < 32)


def test_flags_are_the_same_each_time_and_leave_the_pixels_alone() -> None:
    pixels = as_pixels(text_screen(448, ground="white", ink="black", size=16, lines=12))
    before = pixels.clone()
    assert find_flags(pixels, (448, 448)) == find_flags(pixels, (448, 448)) == ("text-screen",)
    assert torch.equal(pixels, before)


def test_half_precision_and_gradients_are_borne() -> None:
    pixels = torch.zeros(1, 3, 64, 64, dtype=torch.float16, requires_grad=True)
    assert find_flags(pixels, (64, 64)) == ("flat", "black")


def test_ceiling_is_a_low_score_above_the_worst() -> None:
    assert 0 < CEILING <= 0.2
