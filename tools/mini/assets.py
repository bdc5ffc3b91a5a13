"""Read the licensed assets (cut-out objects, backgrounds) that the mini pack is trained on.

The folder is never part of the repository: programs take it as an argument or from the
environment variable GREFINE_DATA. Its `manifest.jsonl` has one JSON line per picture and names
the uncompressed zip file (`shard`) and the `member` that hold it. Any folder of this format will do.

Pictures are decoded once a process and kept as uint8; cut-outs are kept at the sizes that were asked
for (whole, half, a quarter, ...), so that composing never shrinks a large picture to a small one.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from grefine_core import InputError
from tools.mini.photographs import fetched_photographs, packaged_photographs

Array = NDArray[np.float32]
Pixels = NDArray[np.uint8]
Row = dict[str, Any]
Split = Literal["train", "held-out", "all"]

HELD_OUT_SHARE = 10
"""One in this many wallpapers and nouns is kept from training, chosen by the hash of its name."""
HELD_OUT_PHOTOS = 3
"""The same for photographs, of which there are few."""
PHOTO_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


def data_folder(argument: str | None) -> Path:
    """Return the data folder from the argument or GREFINE_DATA; exit with one sentence if absent."""
    name = argument or os.environ.get("GREFINE_DATA")
    if not name:
        raise SystemExit("Give the data folder as an argument or in GREFINE_DATA.")
    folder = Path(name)
    if not (folder / "assets" / "manifest.jsonl").is_file():
        raise SystemExit(f"{folder} has no assets/manifest.jsonl, so it is not the data folder.")
    return folder


def held_out(name: str, share: int = HELD_OUT_SHARE) -> bool:
    """Tell whether a wallpaper, noun or photograph is kept for evaluation; stable across machines."""
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % share == 0


def find_photographs(folder: Path) -> list[Path]:
    """Return the picture files of a folder, by name."""
    return sorted(file for file in folder.iterdir() if file.suffix.lower() in PHOTO_SUFFIXES)


class Assets:
    """Rows of the manifest, split by name, and a reader of their pictures.

    It may be sent to another process, where it reads its pictures again.
    """

    def __init__(
        self, folder: Path, *, training: bool = False, split: Split | None = None, photos: Path | None = None
    ) -> None:
        """Read the manifest.

        Args:
            folder: One with `manifest.jsonl`, or one with `assets/manifest.jsonl`.
            training: True: the rows to train on; False: the rows kept for evaluation.
            split: The same by name, or `all`: every row; goes before `training`.
            photos: Folder of photographs; by default `photos` in `folder`, if there is one.

        Raises:
            InputError: If there is no manifest, or the split has no objects, or neither backgrounds nor photographs.
        """
        self.split: Split = split or ("train" if training else "held-out")
        self.folder = folder if (folder / "manifest.jsonl").is_file() else folder / "assets"
        if not (self.folder / "manifest.jsonl").is_file():
            raise InputError(f"`folder` must hold manifest.jsonl or assets/manifest.jsonl, got {folder}")
        text = (self.folder / "manifest.jsonl").read_text(encoding="utf-8")
        rows = [json.loads(line) for line in text.splitlines() if line.strip()]
        wanted = [row for row in rows if self._wants(_name(row), HELD_OUT_SHARE)]
        self.backgrounds: list[Row] = [row for row in wanted if row["kind"] == "background"]
        self.objects: list[Row] = [row for row in wanted if row["kind"] == "object"]
        place = photos or folder / "photos"
        known = find_photographs(place) if place.is_dir() else []
        self.photographs: list[Path] = [file for file in known if self._wants(file.stem, HELD_OUT_PHOTOS)]
        if self.split == "train":
            self.photographs += packaged_photographs() + fetched_photographs()
        if not self.objects or not (self.backgrounds or self.photographs):
            raise InputError(
                f"`folder` must give objects, and backgrounds or photographs, got {folder} ({self.split}) without"
            )
        self._forget()

    def _wants(self, name: str, share: int) -> bool:
        return self.split == "all" or held_out(name, share) == (self.split == "held-out")

    def _forget(self) -> None:
        self._zips: dict[str, zipfile.ZipFile] = {}
        self._cache: dict[tuple[str, int], Pixels] = {}
        self._chosen: dict[tuple[str, ...], list[Row]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._forget()

    def of_styles(self, kind: Literal["object", "background"], styles: tuple[str, ...] | None) -> list[Row]:
        """Return the objects or backgrounds of some styles; of all where it is None.

        Raises:
            InputError: If there are none.
        """
        rows = self.objects if kind == "object" else self.backgrounds
        if styles is None:
            return rows
        key = (kind, *styles)
        if key not in self._chosen:
            self._chosen[key] = [row for row in rows if row["style"] in styles]
        if not self._chosen[key]:
            raise InputError(f"`styles` must name styles of some {kind}, got {styles}")
        return self._chosen[key]

    def load(self, row: Row) -> Image.Image:
        """Return the decoded picture: RGB for a background, RGBA (not premultiplied) for an object."""
        return self._decode(row)

    def background(self, ground: Row | Path, level: int = 0) -> Pixels:
        """Return a background or a photograph, its sides halved `level` times.

        Returns:
            Shape (H, W, 3), uint8; not to be written to.
        """
        key = (str(ground) if isinstance(ground, Path) else str(ground["id"]), level)
        if key not in self._cache:
            if level:
                larger = self.background(ground, level - 1)
                height, width = larger.shape[:2]
                small = cv2.resize(larger, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
                self._cache[key] = _frozen(small)
            else:
                image = Image.open(ground).convert("RGB") if isinstance(ground, Path) else self._decode(ground)
                self._cache[key] = _frozen(np.asarray(image))
        return self._cache[key]

    def cut_out(self, row: Row, side: int) -> Pixels:
        """Return an object, its longer side at least `side` if it has that many pixels.

        Returns:
            Shape (h, w, 4), uint8: colours times alpha, and alpha; not to be written to.
        """
        longest, level = max(int(row["width"]), int(row["height"])), 0
        while longest >> (level + 1) >= max(side, 1):
            level += 1
        key = (str(row["id"]), level)
        if key not in self._cache:
            rgba = np.asarray(self._decode(row)).astype(np.uint16)
            rgba[..., :3] = (rgba[..., :3] * rgba[..., 3:] + 127) // 255
            small = rgba.astype(np.uint8)
            if level:
                height, width = small.shape[:2]
                sizes = (max(1, round(width / 2**level)), max(1, round(height / 2**level)))
                small = cv2.resize(small, sizes, interpolation=cv2.INTER_AREA)
            self._cache[key] = _frozen(small)
        return self._cache[key]

    def _decode(self, row: Row) -> Image.Image:
        shard = str(row["shard"])
        if shard not in self._zips:
            self._zips[shard] = zipfile.ZipFile(self.folder / shard)
        image = Image.open(io.BytesIO(self._zips[shard].read(row["member"])))
        return image.convert("RGB" if row["kind"] == "background" else "RGBA")


def _name(row: Row) -> str:
    return str(row.get("wallpaper") or row["id"]) if row["kind"] == "background" else str(row["noun"])


def _frozen(array: NDArray[Any]) -> Pixels:
    pixels: Pixels = np.ascontiguousarray(array, np.uint8)
    pixels.flags.writeable = False
    return pixels
