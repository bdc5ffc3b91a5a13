"""The output folder: checked before any work, filled with all files of a result or with none."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grefine_core.checks import check_output_folder
from grefine_core.errors import InputError
from grefine_core.files import write_atomically

if TYPE_CHECKING:
    from PIL import Image


@contextmanager
def output_folder(folder: Path) -> Iterator[Path]:
    """Make the folder for the time of a run; where the run fails, take away what was made for it.

    Raises:
        InputError: If the folder is a file or cannot be written to.
    """
    made = _missing(folder)
    check_output_folder(folder)
    try:
        yield folder
    except BaseException:  # an interrupt too must leave nothing behind
        for path in made:
            try:
                path.rmdir()
            except OSError:
                break  # somebody else has put a file there
        raise


@contextmanager
def all_or_nothing(folder: Path) -> Iterator[Path]:
    """Give a scratch folder; when the block ends well, move each of its files to `folder`.

    All files are complete on the same disk before the first one is moved, so that neither an
    error nor an interrupt while they are written leaves half of a result.

    Raises:
        InputError: If the disk is full or the folder cannot be written to.
    """
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".grefine-") as scratch:
            yield Path(scratch)
            complete = sorted(Path(scratch).iterdir())
            for path in complete:
                if (folder / path.name).is_dir():
                    raise InputError(f"{folder / path.name} is a folder, but a result has this name.")
            for path in complete:
                path.replace(folder / path.name)
    except OSError as error:
        raise InputError(f"The output folder {folder} cannot be written: {error.strerror or error}.") from error


def check_input_survives(source: Path, folder: Path, names: Sequence[str]) -> None:
    """Refuse an output folder in which a result would take the place of the input.

    Raises:
        InputError: If `source` is one of the files `names` in `folder`.
    """
    if source.resolve() in {(folder / name).resolve() for name in names}:
        raise InputError(f"The result would replace the input {source}; choose another output folder.")


def write_png(path: Path, image: Image.Image) -> None:
    """Write a picture for people."""
    write_atomically(path, lambda file: image.save(file, "PNG"))


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write plain values for programs, and for people who look."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_atomically(path, lambda file: file.write(text.encode()))


def _missing(folder: Path) -> list[Path]:
    """Return the folders that have to be made, the innermost first."""
    return [path for path in (folder, *folder.parents) if not path.exists()]
