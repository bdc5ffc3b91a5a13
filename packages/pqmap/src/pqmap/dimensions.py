"""Named pairs of words: own dimensions from a TOML file, and what pairs start from without one.

A file names each dimension and its two ends:

    [sharpness]
    positive = "a sharp photo"
    negative = "a blurry photo"
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from grefine_core import Encoder, InputError
from pqmap.pairs import TextPairs, pairs_from_words
from pqmap.perception import FACTORS

DEFAULT_WORDS: dict[str, tuple[str, str]] = {
    "overall": ("Good photo.", "Bad photo."),
    "technical": ("Sharp photo.", "Blurry photo."),
    "rationality": ("Plausible photo.", "Distorted photo."),
    "naturalness": ("Natural photo.", "Synthetic photo."),
}
"""Four pairs for encoders that nobody has fitted; the first two are CLIP-IQA's wording."""
RESERVED = ("p", "path", "image", "score", "band", "flags", "error", "width", "height")
"""Columns that tables of scores have already."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_ENDS = ("positive", "negative")


def read_dimensions(path: str | Path) -> dict[str, tuple[str, str]]:
    """Return (positive, negative) words by name, in the file's order.

    A file may instead name all four of `FACTORS`, to start a fit from; they come in that order.

    Raises:
        InputError: If the file cannot be read, a name cannot be a column of a table or is some but
            not all of `FACTORS`, or a text is missing, empty, or equal to its opposite.
    """
    path = Path(path)
    content = _read(path)
    if not content:
        raise InputError(f"{path} names no dimension; write a table such as [sharpness] for each.")
    words = {name: _ends(path, name, entry) for name, entry in content.items()}
    factors = [name for name in FACTORS if name in words]
    if not factors:
        return words
    if len(factors) < len(FACTORS) or len(words) > len(FACTORS):
        raise InputError(
            f"{path}: [{factors[0]}] is the name of a factor; an own dimension needs another name, "
            f"and a file with other words for the factors names all four and nothing else."
        )
    return {name: words[name] for name in FACTORS}


def load_dimensions(path: str | Path, *, encoder: Encoder, temperature: float | None = None) -> TextPairs:
    """Return own dimensions for an encoder: words in TOML as they are, or a file of fitted pairs.

    Args:
        path: TOML as `read_dimensions` takes it, or what `pqmap fit` wrote.
        encoder: The model that reads them.
        temperature: s_p of words; the encoder's `alignment_scale` where it is None. Fitted pairs have
            their own.

    Raises:
        InputError: If the file is unreadable TOML, or names the four factors.
        WeightsError: If it is no TOML and no pairs file for this encoder.
    """
    path = Path(path)
    if is_words(path):
        pairs = pairs_from_words(encoder, read_dimensions(path), temperature=temperature)
    else:
        pairs = TextPairs.load(path, encoder=encoder)
    taken = [name for name in pairs.names if name in (*FACTORS, *RESERVED)]
    if taken:
        raise InputError(f"{path}: `{taken[0]}` is a column already, so no own dimension can have this name.")
    return pairs


def is_words(path: Path) -> bool:
    """Tell a TOML file of words from a file of pairs."""
    return path.suffix.lower() == ".toml"


def pair_names(path: Path) -> tuple[str, ...]:
    """Return the names in a TOML file of words or in a pairs file; needs no encoder.

    Raises:
        InputError: If the TOML cannot be used; see `read_dimensions`.
        WeightsError: If it is no TOML and no pairs file.
    """
    return tuple(read_dimensions(path)) if is_words(path) else TextPairs.read(path).names


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"The dimensions file {path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"The dimensions file {path} is not valid TOML: {error}.") from error


def _ends(path: Path, name: str, entry: Any) -> tuple[str, str]:
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{path}: the name [{name}] must start with a letter and hold letters, digits, - and _ only, "
            "as it becomes a column."
        )
    if name in RESERVED:
        raise InputError(f"{path}: [{name}] is a column already; choose another name.")
    if not isinstance(entry, dict):
        raise InputError(f"{path}: `{name}` must be a table [{name}] with positive and negative, got {entry!r}.")
    unknown = sorted(set(entry) - set(_ENDS))
    if unknown:
        raise InputError(f"{path}: [{name}] has the unknown key `{unknown[0]}`; it takes positive and negative.")
    for key in _ENDS:
        if not (isinstance(entry.get(key), str) and entry[key].strip()):
            raise InputError(f"{path}: `{key}` of [{name}] must be a text, got {entry.get(key, 'nothing')!r}.")
    if entry["positive"].strip() == entry["negative"].strip():
        raise InputError(f"{path}: both ends of [{name}] say `{entry['positive']}`, so every score would be 0.5.")
    return entry["positive"], entry["negative"]
