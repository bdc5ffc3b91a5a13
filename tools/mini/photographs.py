"""What the known photographs show: the names are those of the Kodak Lossless True Color Image Suite."""

from __future__ import annotations

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
UNKNOWN = "a real place"


def caption_of(file: Path) -> str:
    """Return what a photograph shows, its name being all that is known of it."""
    return CAPTIONS.get(file.stem, UNKNOWN)
