"""What a run has made and measured, one file a picture, so that a stopped run goes on where it was.

Each optimizer has a folder named by a digest of what it is. In it, for each picture, is what became of
it (PNG) and what was measured (JSON), both written under another name first.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from torch import Tensor

from grefine.databases.records import Item
from grefine_core import InputError, read_image, write_atomically, write_image
from grefine_core.files import file_digest

DIGITS = 24
"""Of a sha256: as many as never meet by chance."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What is known of one picture after one optimizer."""

    made: bool = False
    """Whether the optimized picture is there."""
    error: str = ""
    """Why it is not."""
    values: dict[str, float] = field(default_factory=dict)
    """By the indicator's full name."""
    errors: dict[str, str] = field(default_factory=dict)
    """Why an indicator has no value, likewise."""


class Store:
    """Entries on disk.

    Args:
        folder: Made when first written to.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, optimizer: str, key: str) -> Entry:
        """Return what is known; a damaged file counts as nothing."""
        try:
            record: dict[str, Any] = json.loads(self._path(optimizer, key, ".json").read_text(encoding="utf-8"))
            return Entry(**{name: record[name] for name in ("made", "error", "values", "errors")})
        except (OSError, ValueError, KeyError, TypeError):
            return Entry()

    def put(self, optimizer: str, key: str, entry: Entry) -> None:
        """Write what is known.

        Raises:
            InputError: If the folder cannot be written.
        """
        record = {"optimizer": optimizer, **vars(entry)}
        text = json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n"
        write_atomically(self._writable(optimizer, key, ".json"), lambda file: file.write(text.encode()))

    def put_picture(self, optimizer: str, key: str, pixels: Tensor) -> None:
        """Write an optimized picture (1, 3, H, W) in [0, 1].

        Raises:
            InputError: If a value is nan or the folder cannot be written.
        """
        write_image(self._writable(optimizer, key, ".png"), pixels)

    def picture(self, optimizer: str, key: str) -> Tensor:
        """Return an optimized picture as its file has it.

        Raises:
            InputError: If it is not there.
        """
        return read_image(self._path(optimizer, key, ".png")).pixels

    def has_picture(self, optimizer: str, key: str) -> bool:
        """Say whether the file of an optimized picture is there."""
        return self._path(optimizer, key, ".png").is_file()

    def work_folder(self, optimizer: str) -> Path:
        """Return where a command may work."""
        return self.folder / "commands" / digest(optimizer)

    def _path(self, optimizer: str, key: str, ending: str) -> Path:
        return self.folder / digest(optimizer) / f"{key}{ending}"

    def _writable(self, optimizer: str, key: str, ending: str) -> Path:
        path = self._path(optimizer, key, ending)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"The folder {path.parent} cannot be made: {error.strerror}.") from error
        return path


def digest(*texts: str) -> str:
    """Return a file name for texts."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:DIGITS]


def item_key(item: Item) -> str:
    """Return the key of a picture and its prompt: the same wherever the file lies.

    Raises:
        InputError: If the file cannot be read.
    """
    try:
        stat = item.image.stat()
    except OSError as error:
        raise InputError(f"{item.image} cannot be read: {error.strerror}.") from error
    return digest(_file_digest(item.image, stat.st_mtime_ns, stat.st_size), item.prompt)


@cache  # a table asks for each picture once a cell
def _file_digest(path: Path, _modified: int, _size: int) -> str:
    return file_digest(path)
