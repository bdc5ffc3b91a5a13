"""One picture file a phrase: where the picture shows it."""

from __future__ import annotations

import unicodedata
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from grefine_core.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from aqmap.results import Alignment

_LONGEST = 40
"""Characters of a phrase that its file is named by."""


def check_phrase_maps(folder: Path) -> None:
    """Refuse a folder that cannot be written, or holds files that could be taken for those of this picture.

    Raises:
        InputError: If it is a file, is not empty, or cannot be made or written.
    """
    from grefine_core.checks import check_output_folder

    if folder.is_dir() and any(folder.iterdir()):
        raise InputError(f"The folder {folder} of --phrase-maps is not empty; name a new one.")
    if not folder.parent.is_dir():
        raise InputError(f"The folder {folder.parent} of --phrase-maps does not exist.")
    made = not folder.exists()
    check_output_folder(folder)
    if made:
        folder.rmdir()  # proven; nothing is left behind if the run ends before there is something to write


def write_phrase_maps(folder: Path, pixels: Tensor, result: Alignment) -> list[Path]:
    """Write the map of each phrase over the gray picture as PNG: green where the picture shows it, red where not.

    Args:
        folder: Made if need be.
        pixels: The picture, (3, H, W) in [0, 1].
        result: Of that picture.

    Returns:
        The files, in the order of the phrases.
    """
    from grefine_core import check_output_folder, overlay, write_atomically

    check_output_folder(folder)
    files = []
    for index, phrase in enumerate(result.phrases):
        image = overlay(pixels, result.phrase_map(index, of="phrase"))
        file = folder / file_name(index, len(result.phrases), phrase.text)
        files.append(write_atomically(file, partial(image.save, format="PNG")))
    return files


def file_name(index: int, count: int, text: str) -> str:
    """Return a name such as `01-red-cat.png`: numbered, and of letters and digits that every file system takes.

    Args:
        index: Of the phrase, from 0.
        count: Of all phrases; their numbers have the same length.
        text: Its words.
    """
    letters = "".join(letter if letter.isalnum() else " " for letter in unicodedata.normalize("NFC", text).lower())
    words = "-".join(letters.split())[:_LONGEST].rstrip("-")
    number = f"{index + 1:0{max(2, len(str(count)))}}"
    return f"{number}-{words}.png" if words else f"{number}.png"
