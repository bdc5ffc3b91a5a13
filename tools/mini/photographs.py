"""What the known photographs show: the Kodak Lossless True Color Image Suite, and others."""

from __future__ import annotations

import os
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
FETCHED = {
    "beacon-street-sunset": "roofs of a city at sunset",
    "blue-periwinkle": "small blue flowers in the dark",
    "canyon-wren": "a small bird on a rock",
    "casa-mila": "the courtyard of a high building, seen from below",
    "extreme-desert-hike": "people on the ridge of a red dune",
    "high-trestle-trail": "a bridge under tilted frames by night",
    "lake-sherburne": "snowy mountains by a lake",
    "oakland-zoo-otters": "an otter on a stone by the water",
    "perched-osprey": "an osprey on a dry tree",
    "piazza-gae-aulenti": "a tower, seen through a round opening",
    "roman-colosseum": "arches of an ancient ruin under clouds",
    "singaporean-cityscape": "skyscrapers by the water in the evening",
    "tea-gardens": "green hills of tea in the mist",
}
"""What `tools.mini.fetch_photographs` fetches: CC0, by the developers of the Budgie desktop."""
FOLDER_VARIABLE = "GREFINE_PHOTOGRAPHS"
UNKNOWN = "a real place"


def packaged_photographs() -> list[Path]:
    """Return the photographs that come with scikit-image; none where it is not installed."""
    found = find_spec("skimage")
    if found is None or found.origin is None:
        return []
    files = [Path(found.origin).parent / "data" / name for name in PACKAGED]
    return [file for file in files if file.is_file()]


def fetched_photographs() -> list[Path]:
    """Return those of FETCHED that are in the folder of the environment variable GREFINE_PHOTOGRAPHS, if any."""
    folder = os.environ.get(FOLDER_VARIABLE)
    files = [Path(folder) / f"{name}.png" for name in FETCHED] if folder else []
    return [file for file in files if file.is_file()]


def caption_of(file: Path) -> str:
    """Return what a photograph shows, its name being all that is known of it."""
    return PACKAGED.get(file.name) or FETCHED.get(file.stem) or CAPTIONS.get(file.stem, UNKNOWN)
