"""A tiny folder of assets, drawn here: what the tests of tools/mini compose scenes from."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

OBJECTS = {  # noun: (colour word, fill, style)
    "apple": ("red", (215, 30, 30), "photo"),
    "truck": ("blue", (30, 70, 220), "3d render"),
    "cactus": ("green", (30, 160, 40), "clip art"),
    "piano": ("black", (15, 15, 15), "photo"),
    "guitar": ("yellow", (240, 220, 40), "clip art"),
    "umbrella": ("purple", (130, 40, 170), "3d render"),
    "kettle": (None, (150, 140, 120), "photo"),
    "zebra": (None, (120, 120, 120), "photo"),
}
GROUNDS = ("flat gray boards", "a checkered cloth", "rough plaster")


def write_assets(folder: Path) -> Path:
    """Write manifest.jsonl and one zip file into `folder/assets`; return `folder`."""
    rng = np.random.default_rng(0)
    (folder / "assets").mkdir(parents=True)
    rows = []
    with zipfile.ZipFile(folder / "assets" / "all.zip", "w") as file:
        for number, (noun, (color, fill, style)) in enumerate(OBJECTS.items()):
            size = (60 + 10 * number, 100 + 4 * number)
            image = Image.new("RGBA", size)
            ImageDraw.Draw(image).ellipse((0, 0, size[0] - 1, size[1] - 1), fill=(*fill, 255))
            article = "an" if noun[0] in "aeiou" else "a"
            rows.append(_row(file, f"o{number}", image) | {
                "kind": "object", "phrase": noun, "noun": noun, "article": article, "caption": f"{article} {noun}",
                "color": color, "style": style, "category": "other",
            })  # fmt: skip
        for number, caption in enumerate(GROUNDS):
            texture = rng.integers(90, 200, (20, 20, 3)).astype(np.uint8)
            image = Image.fromarray(texture).resize((160, 160), Image.Resampling.BICUBIC)
            rows.append(_row(file, f"b{number}", image) | {
                "kind": "background", "phrase": caption, "caption": caption, "style": "photo", "wallpaper": caption,
            })  # fmt: skip
    lines = [json.dumps(row) for row in rows]
    (folder / "assets" / "manifest.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def _row(file: zipfile.ZipFile, name: str, image: Image.Image) -> dict[str, object]:
    data = io.BytesIO()
    image.save(data, "WEBP", lossless=True)
    file.writestr(f"{name}.webp", data.getvalue())
    return {"id": name, "shard": "all.zip", "member": f"{name}.webp", "width": image.width, "height": image.height}
