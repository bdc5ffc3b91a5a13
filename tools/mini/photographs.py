"""What the known photographs show: those of the Kodak Lossless True Color Image Suite, and some of scikit-image."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

CAPTIONS = {
    "kodak01": "a red door and windows in an old brick wall",
    "kodak03": "colorful hats and caps on a wooden wall",
    "kodak05": "motorcycle riders in a race",
    "kodak08": "houses of an old town, cars and a street",
    "kodak09": "sailboats on the sea",
    "kodak11": "a boat by a rocky shore",
    "kodak13": "a mountain river with trees and bushes",
    "kodak15": "a girl with a painted face and a sweater",
    "kodak17": "a stone statue of a head",
    "kodak19": "a white lighthouse and a house behind a fence",
    "kodak22": "a red barn by a pond with trees",
    "kodak24": "a country house with paintings on its wall and a tree",
}
PACKAGED = {
    "chelsea.png": "a tabby cat in close-up",
    "coffee.png": "a cup of coffee and a spoon on a wooden table",
    "astronaut.png": "a smiling woman in an orange space suit",
    "rocket.jpg": "a rocket and floodlights by night",
    "motorcycle_left.png": "a motorcycle in a workshop",
}
"""Colour photographs among scikit-image's pictures: public domain or CC0, as the docstrings of `skimage.data` say."""
UNKNOWN = "a real place"


def packaged_photographs() -> list[Path]:
    """Return the photographs that come with scikit-image; none where it is not installed."""
    found = find_spec("skimage")
    if found is None or found.origin is None:
        return []
    files = [Path(found.origin).parent / "data" / name for name in PACKAGED]
    return [file for file in files if file.is_file()]


def caption_of(file: Path) -> str:
    """Return what a photograph shows, its name being all that is known of it."""
    return PACKAGED.get(file.name) or CAPTIONS.get(file.stem, UNKNOWN)
