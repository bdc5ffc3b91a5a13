from __future__ import annotations

import pytest

from aqmap.prompts.boilerplate import DEGREES, WHOLE, is_boilerplate


@pytest.mark.parametrize(
    "part",
    [
        "masterpiece",
        "Best Quality",
        "quality best",
        "ultra-detailed",
        "highly detailed!",
        "extremely detailed CG unity 8k wallpaper",
        "8K UHD",
        "4 k",
        "8k resolution",
        "high-res",
        "in high resolution",
        "sharp focus",
        "intricate details",
        "award-winning",
        "trending on ArtStation",
        "artstation HQ",
        "score 9",
        "score 8 up",
        "very aesthetic",
        "absurdres",
        "worst quality",
        "masterpiece best quality ultra high res",
    ],
)
def test_praise_is_boilerplate(part: str) -> None:
    assert is_boilerplate(part)


@pytest.mark.parametrize(
    "part",
    [
        "8k photo of a cat",
        "best friends",
        "the best",
        "high",
        "anime style",
        "oil painting",
        "realistic",
        "photorealistic",
        "HDR lighting",
        "octane render",
        "beautiful",
        "soft focus",
        "blurred detail",
        "detailed eyes",
        "the intricate",
        "bad anatomy",
        "a sharp knife",
        "instagram",
        "studio",
        "",
        "...",
    ],
)
def test_what_a_picture_can_show_is_not(part: str) -> None:
    assert not is_boilerplate(part)


def test_vocabulary_is_written_as_it_is_looked_up() -> None:
    assert all(entry == entry.lower() == " ".join(entry.split()) for entry in WHOLE | DEGREES)
    assert not WHOLE & DEGREES
