"""Which picture files are meant by paths, folders and patterns, and where what is made of them goes."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path, PurePath
from typing import NoReturn

from grefine_core.errors import InputError

_STUBS = {"BUFR", "EPS", "GRIB", "HDF5", "MPEG", "WMF"}
"""Formats that Pillow names but reads only with programs or plug-ins that it does not bring."""


def find_pictures(paths: Sequence[str | Path]) -> list[Path]:
    """Return the picture files that the paths mean, each once, in a fixed order.

    A file is taken whatever its suffix. A folder stands for all files below it that have a suffix of
    a picture, sorted by path; hidden files and folders are skipped, and links to folders are not
    followed. A pattern (`*`, `?`, `[...]`, `**`), where the shell has left one, stands for what it
    matches, sorted.

    Raises:
        InputError: If a path means no file at all, or a folder cannot be read.
    """
    if not paths:
        raise InputError("No pictures were named; name files or folders.")
    found: dict[Path, Path] = {}
    resolved = cache(Path.resolve)  # once a folder, not once a file
    for path in paths:
        for picture in _meant_by(Path(path)):
            found.setdefault(resolved(picture.parent) / picture.name, picture)
    return list(found.values())


def picture_suffixes() -> frozenset[str]:
    """Return the suffixes, in small letters, of the formats that Pillow can read."""
    from PIL import Image

    formats = Image.registered_extensions()
    return frozenset(suffix for suffix, name in formats.items() if name in Image.OPEN and name not in _STUBS)


def count_pixels(path: Path) -> int:
    """Return width times height as the header of a picture has them, and 0 where it cannot be read."""
    import warnings

    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd metadata and big pictures
            with Image.open(path) as image:
                return image.width * image.height
    except Exception:  # noqa: BLE001 - decoders raise what they like; reading it will tell the reason
        return 0


def mirrored(picture: Path, sources: Iterable[Path]) -> PurePath:
    """Return where below an output folder belongs what is made of a picture: never the same for two.

    If the one source is a folder, it is the path within it; else the whole path as given, so that
    pictures of the same name in different folders stay apart.

    Args:
        picture: One of `find_pictures(sources)`.
        sources: What the pictures were found by.
    """
    folders = list(sources)
    if len(folders) == 1 and folders[0].is_dir() and picture.is_relative_to(folders[0]):
        return picture.relative_to(folders[0])
    plain = PurePath(os.path.normpath(picture))
    inner = plain.relative_to(plain.anchor)
    return PurePath(*("__" if part == ".." else part for part in inner.parts))


def _meant_by(path: Path) -> list[Path]:
    if path.is_dir():
        return _in_folder(path)
    if path.is_file():
        return [path]
    if not glob.has_magic(str(path)):
        raise InputError(f"{path} is no file." if os.path.lexists(path) else f"{path} does not exist.")
    # Path.glob takes no absolute pattern
    matches = sorted(Path(match) for match in glob.glob(str(path), recursive=True))  # noqa: PTH207
    if not matches:
        raise InputError(f"{path} matches no file.")
    # files of a pattern such as `**` come again with their folder; the caller keeps one of each
    return [picture for match in matches for picture in (_in_folder(match) if match.is_dir() else [match])]


def _in_folder(folder: Path) -> list[Path]:
    suffixes = picture_suffixes()
    found: list[Path] = []
    for parent, folders, files in os.walk(folder, onerror=_refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        shown = (Path(parent, name) for name in files if not name.startswith("."))
        found += [file for file in shown if file.suffix.lower() in suffixes]
    if not found:
        raise InputError(f"The folder {folder} holds no pictures (no file ends in .png, .jpg, .webp, ...).")
    return sorted(found)


def _refuse(error: OSError) -> NoReturn:
    raise InputError(f"The folder {error.filename} cannot be read: {error.strerror}.") from error
