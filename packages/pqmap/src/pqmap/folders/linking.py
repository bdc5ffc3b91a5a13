"""Links to chosen pictures in one folder; nothing is ever removed or written over."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from grefine_core.errors import InputError


def link_pictures(pictures: Sequence[Path], folder: Path) -> int:
    """Link each picture into the folder and return how many links are new.

    A link has the name of its picture; where that is taken by another, a part of the sha256 of the
    picture's path is added. Links that are there already stay as they are. Where the system has no
    symbolic links for this user, hard links are made.

    Raises:
        InputError: If a picture does not exist (before any link is made), the folder cannot be made
            or written, or both names are taken by other files.
    """
    for picture in pictures:
        if not picture.is_file():
            raise InputError(f"{picture} does not exist here; a table's paths hold for the folder it was made in.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"The folder {folder} cannot be made: {error.strerror}.") from error
    return sum(_link(picture, folder) for picture in pictures)


def _link(picture: Path, folder: Path) -> bool:
    """Return whether a link was made; False where there was one."""
    target = picture.absolute()
    digest = hashlib.sha256(os.fsencode(target)).hexdigest()[:8]
    links = [folder / picture.name, folder / f"{picture.stem}-{digest}{picture.suffix}"]
    if any(_leads_to(link, target) for link in links):
        return False
    for link in links:
        if not os.path.lexists(link):
            _make_link(link, target)
            return True
    raise InputError(f"{links[0]} and {links[1].name} exist and are not {picture}; nothing is written over.")


def _leads_to(link: Path, target: Path) -> bool:
    return link.exists() and link.samefile(target)


def _make_link(link: Path, target: Path) -> None:
    try:
        link.symlink_to(target)
    except OSError:
        try:
            link.hardlink_to(target)
        except OSError as error:
            raise InputError(f"{link} cannot be made, as symbolic or as hard link: {error.strerror}.") from error
