"""GenImage (arXiv:2306.08571): a folder for each generator, in it train and val, in these `ai` and `nature`.

Its pictures come without prompts. They were asked for by ImageNet's classes, and the class is in the name of the file
or of a folder above it; the words around it, `PROMPT`, are ours. Only the generated ones, `ai`, are read. Nobody
rated them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from grefine.databases.imagenet_names import ClassNames, read_class_names
from grefine.databases.item_tables import find_below
from grefine.databases.published import Published
from grefine.databases.records import Item
from grefine_core.errors import InputError
from grefine_core.picture_files import find_pictures

PROMPT = "photo of {}"
"""Our wording; a copy does not say what each generator was told."""
_GENERATORS = {
    "imagenet_midjourney": "Midjourney",
    "imagenet_ai_0419_sdv4": "Stable Diffusion V1.4",
    "imagenet_ai_0424_sdv5": "Stable Diffusion V1.5",
    "imagenet_ai_0508_adm": "ADM",
    "imagenet_glide": "GLIDE",
    "imagenet_ai_0424_wukong": "Wukong",
    "imagenet_ai_0419_vqdm": "VQDM",
    "imagenet_ai_0419_biggan": "BigGAN",
}
"""Folders as they are unpacked; others are named after themselves."""
_SPLITS = {"train": "train", "val": "validation", "test": "test"}
_SYNSET = re.compile(r"n\d{8}")
_NUMBERS = (re.compile(r"^(?:GLIDE|VQDM)_\d+_\d+_\d+_(\d{1,3})_"), re.compile(r"^(\d{1,3})_"))
"""`GLIDE_1000_200_08_808_glide_00033.png` and `208_midjourney_76.png`: classes 808 and 208."""


def _read(folder: Path) -> tuple[Item, ...]:
    if folder.is_file():
        raise InputError(f"GenImage is a folder of generators, and {folder} is a file.")
    places = [path for path in find_below(folder, "ai") if path.is_dir()]
    if not places:
        raise InputError(f"{folder} has no folder `ai`; GenImage has GENERATOR/train/ai and GENERATOR/val/ai.")
    names = read_class_names(folder)
    return tuple(item for place in places for item in _items(place, folder, names))


def _items(place: Path, folder: Path, names: ClassNames) -> Iterator[Item]:
    split = _SPLITS.get(place.parent.name, "")
    generator = (place.parent.parent if split else place.parent).name
    for path in find_pictures([str(place)]):
        yield Item(
            id=path.relative_to(folder).as_posix(),
            image=path,
            prompt=PROMPT.format(_class_name(path.relative_to(place), names)),
            model=_GENERATORS.get(generator, generator),
            split=split,
        )


def _class_name(path: Path, names: ClassNames) -> str:
    """Return the name of the class in a file's name or folders.

    Raises:
        InputError: If there is none.
    """
    for part in reversed(path.parts):
        synset = _SYNSET.search(part)
        if synset and synset.group() in names.by_synset:
            return names.by_synset[synset.group()]
    for pattern in _NUMBERS:
        number = pattern.match(path.name)
        if number and int(number.group(1)) < len(names.by_number):
            return names.by_number[int(number.group(1))]
    if len(path.parts) > 1 and path.parts[0].isdigit() and int(path.parts[0]) < len(names.by_number):
        return names.by_number[int(path.parts[0])]
    raise InputError(f"The name of {path} tells no ImageNet class.")


GEN_IMAGE = Published(
    name="genimage",
    summary="1.3 million generated pictures of ImageNet's 1,000 classes by 8 models; not rated",
    licence="none stated in its repository; ImageNet's terms hold for the photographs beside them",
    source="https://github.com/GenImage-Dataset/GenImage",
    reader=_read,
)
