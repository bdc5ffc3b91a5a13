"""Names of the 1,000 ImageNet classes, by number and by synset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from grefine_core.errors import InputError

MAPPING = "LOC_synset_mapping.txt"
"""File of ImageNet: a line each, a synset and its names, in the order of the classes."""


@dataclass(frozen=True, kw_only=True)
class ClassNames:
    """The first name of each class."""

    by_number: tuple[str, ...]
    by_synset: Mapping[str, str]


def read_class_names(folder: Path) -> ClassNames:
    """Return the names from ImageNet's own file, if a folder has it, and otherwise from timm.

    Raises:
        InputError: If there is neither, or the file is damaged.
    """
    path = folder / MAPPING
    if path.is_file():
        lines = path.read_text("utf-8").splitlines()
        pairs = [line.split(" ", 1) for line in lines if line.strip()]
        if any(len(pair) < 2 for pair in pairs):
            raise InputError(f"{path} must have a synset and its names in each line.")
    else:
        pairs = _of_timm(folder)
    names = {synset: text.split(",")[0].strip() for synset, text in pairs}
    return ClassNames(by_number=tuple(names.values()), by_synset=names)


def _of_timm(folder: Path) -> list[list[str]]:
    try:
        from timm.data import ImageNetInfo
    except ImportError as error:
        raise InputError(f"Class names need timm (pip install timm) or ImageNet's {MAPPING} in {folder}.") from error
    known = ImageNetInfo()
    return [[synset, known.label_name_to_description(synset)] for synset in known.label_names()]
