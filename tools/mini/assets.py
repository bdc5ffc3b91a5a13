"""Read the licensed assets (cut-out objects, backgrounds) that the mini pack is trained on.

The folder is never part of the repository: programs take it as an argument or from the
environment variable GREFINE_DATA. Its `manifest.jsonl` has one JSON line per picture and names
the uncompressed zip file (`shard`) and the `member` that hold it.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

HELD_OUT_SHARE = 10
"""One in this many wallpapers and nouns is kept from training, chosen by the hash of its name."""


def data_folder(argument: str | None) -> Path:
    """Return the data folder from the argument or GREFINE_DATA; exit with one sentence if absent."""
    name = argument or os.environ.get("GREFINE_DATA")
    if not name:
        raise SystemExit("Give the data folder as an argument or in GREFINE_DATA.")
    folder = Path(name)
    if not (folder / "assets" / "manifest.jsonl").is_file():
        raise SystemExit(f"{folder} has no assets/manifest.jsonl, so it is not the data folder.")
    return folder


def held_out(name: str) -> bool:
    """Tell whether a wallpaper or noun is kept for evaluation; stable across machines."""
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % HELD_OUT_SHARE == 0


@dataclass
class Assets:
    """Rows of the manifest, split by name, and a reader of their pictures."""

    folder: Path
    training: bool
    """True: the rows to train on; False: the rows kept for evaluation."""
    backgrounds: list[dict[str, Any]] = field(init=False)
    objects: list[dict[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        self.folder = self.folder / "assets"
        text = (self.folder / "manifest.jsonl").read_text(encoding="utf-8")
        rows = [json.loads(line) for line in text.splitlines()]
        shards = sorted({r["shard"] for r in rows})
        self._zips = {shard: zipfile.ZipFile(self.folder / shard) for shard in shards}
        self._cache: dict[str, Image.Image] = {}
        wanted = [r for r in rows if held_out(self._name(r)) != self.training]
        self.backgrounds = [r for r in wanted if r["kind"] == "background"]
        self.objects = [r for r in wanted if r["kind"] == "object"]

    @staticmethod
    def _name(row: dict[str, Any]) -> str:
        return str(row["wallpaper"] if row["kind"] == "background" else row["noun"])

    def load(self, row: dict[str, Any]) -> Image.Image:
        """Return the decoded picture: RGB for a background, RGBA for an object; kept in memory."""
        if row["id"] not in self._cache:
            image = Image.open(io.BytesIO(self._zips[row["shard"]].read(row["member"])))
            mode = "RGB" if row["kind"] == "background" else "RGBA"
            self._cache[row["id"]] = image.convert(mode)
        return self._cache[row["id"]]
