"""Which pictures stand behind a database of the paper's tables, in one data folder.

For each name of the paper the folder may have a subfolder, such as `agiqa-3k` for AGIQA-3K: a copy of the
database, or any pictures with a table `items.csv`. A folder with `stand-in.json` stands for all of them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grefine.databases.item_tables import ItemColumns, read_items
from grefine.databases.records import ALIGNMENT, QUALITY, Item
from grefine.databases.registry import DATABASES
from grefine_core.errors import InputError
from grefine_core.tables import read_table

FOLDERS: Mapping[str, str] = {
    "GenImage": "genimage",
    "DiffusionDB": "diffusiondb",
    "AGIQA-1K": "agiqa-1k",
    "AGIQA-3K": "agiqa-3k",
    "AIGIQA-20K": "aigiqa-20k",
    "SD1.5": "sd1.5",
    "SD Cascade": "sd-cascade",
}
"""Subfolder, and name of the database where there is one, by the paper's name."""
SAMPLES: Mapping[str, int] = {"GenImage": 3000, "DiffusionDB": 3000}
"""Pictures that the paper draws at random (4.1); all are used of the others."""
SPLITS: Mapping[str, str] = {"AIGIQA-20K": "test"}
"""Part that the paper uses, where the database has parts."""
T2I_MODELS = ("AnimateDiff", "DALLE2", "Dreamlike", "IF", "PixArt", "SD1.5", "SD Cascade", "SDXL")
"""Generators of the paper's radar figure; it made 500 pictures by each and published none."""
TABLE, STAND_IN = "items.csv", "stand-in.json"


@dataclass(frozen=True, kw_only=True)
class Source:
    """Pictures for one name of the paper."""

    name: str
    """The paper's."""
    origin: str
    """What they really are, for the reader of the table; empty where there are none."""
    items: tuple[Item, ...] = ()
    missing: str = ""
    """Why there are none."""


def find_source(name: str, data: Path, *, limit: int | None = None, seed: int = 0) -> Source:
    """Return the pictures behind a name of the paper; without any, why.

    Args:
        name: Of a database or a generator.
        data: The data folder.
        limit: Most pictures, drawn at random.
        seed: Decides the draw, with the pictures' ids and nothing else.

    Raises:
        InputError: If the folder does not exist.
    """
    if not data.is_dir():
        raise InputError(f"The data folder {data} does not exist.")
    try:
        origin, items = _read(name, data)
    except InputError as error:
        return Source(name=name, origin="", missing=str(error).rstrip("."))
    present = [item for item in items if item.image.is_file()]
    if not present:
        reason = f"none of the {len(items)} pictures of {name} is there" if items else f"no picture stands for {name}"
        return Source(name=name, origin=origin, missing=reason)
    most = min(limit or len(present), SAMPLES.get(name, len(present)))
    return Source(name=name, origin=origin, items=draw(present, most, seed=seed))


def draw(items: Sequence[Item], most: int, *, seed: int) -> tuple[Item, ...]:
    """Return at most so many items, drawn at random, in their order."""

    def ticket(place: int) -> str:
        return hashlib.sha256(f"{seed}/{items[place].id}".encode()).hexdigest()

    return tuple(items[place] for place in sorted(sorted(range(len(items)), key=ticket)[:most]))


def find_generators(data: Path) -> dict[str, str]:
    """Return the generators that there are pictures of, for the radar figure: name to find them under, by title.

    Raises:
        InputError: If a stand-in's description is damaged.
    """
    if (data / STAND_IN).is_file():
        known = _stand_in(data)
        models = {name: _wanted(known, name).get("model") for name in known["stands_for"]}
        return {f"{model} (for {name})": name for name, model in models.items() if model}
    return {name: name for name in T2I_MODELS if (data / folder_of(name)).is_dir()}


def folder_of(name: str) -> str:
    """Return the subfolder for a name of the paper."""
    return FOLDERS.get(name, name.lower().replace(" ", "-"))


def _read(name: str, data: Path) -> tuple[str, Sequence[Item]]:
    """Return what the pictures are, and all of them."""
    if (data / STAND_IN).is_file():
        known = _stand_in(data)
        if name not in known["stands_for"]:
            raise InputError(f"{known['name']} does not stand for {name}")
        wanted, items = _wanted(known, name), read_table_items(data / known["table"])
        return known["name"], [i for i in items if all(getattr(i, key) == value for key, value in wanted.items())]
    folder = data / folder_of(name)
    if not folder.is_dir():
        database = DATABASES.get(folder.name)
        source = f"; get it at {database.source}" if database else f" with a table {TABLE} of its pictures"
        raise InputError(f"there is no folder {folder}{source}")
    if (folder / TABLE).is_file():
        return name, read_table_items(folder / TABLE)
    if folder.name not in DATABASES:
        raise InputError(f"{folder} has no table {TABLE} of its pictures")
    items, split = DATABASES[folder.name].read(folder), SPLITS.get(name)
    parts = {item.split for item in items}
    return name, [item for item in items if item.split == split] if split in parts else items


def read_table_items(table: Path) -> tuple[Item, ...]:
    """Return the pictures of a table with the columns `image` and `prompt`.

    The columns `id`, `quality`, `alignment`, `model`, `style` and `split` count where they are there.

    Raises:
        InputError: If the table cannot be read or lacks one of the two.
    """
    there = list(read_table(table, text=("image", "prompt", "id", "model", "style", "split"))[0])
    key, model, style, split = (name if name in there else "" for name in ("id", "model", "style", "split"))
    labels = {name: name for name in (QUALITY, ALIGNMENT) if name in there}
    columns = ItemColumns(image="image", prompt="prompt", id=key, labels=labels, model=model, style=style, split=split)
    return read_items(table, columns)


def _stand_in(data: Path) -> dict[str, Any]:
    path = data / STAND_IN
    try:
        known: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if not all(isinstance(known[key], kind) for key, kind in (("name", str), ("table", str), ("stands_for", dict))):
            raise TypeError("a field has another kind")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} must have `name`, `table` and `stands_for`: {error!r}.") from error
    return known


def _wanted(known: Mapping[str, Any], name: str) -> dict[str, str]:
    """Return what items must be to stand for a name: `split`, `model` or `style` by value."""
    wanted = known["stands_for"][name]
    if not isinstance(wanted, dict) or not wanted.keys() <= {"split", "model", "style"}:
        raise InputError(f"What stands for {name} must be told by split, model or style, got {wanted!r}.")
    return wanted
