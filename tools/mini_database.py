"""A database of 60 composed pictures with known damage: the harness of the tables proves itself on it.

Run as ``python -m tools.mini_database -o DIR`` with the data folder in GREFINE_DATA. Scenes are of objects
and backgrounds that the mini pack was not trained on. Half of the pictures play those of a weak generator,
with strong damage, and half those of a good one. Labels follow from what was done, on a scale from 0 to 5:

- quality is 5 less 5 times the severity times how much of the picture it covers (its square root: eyes
  go to the damage);
- alignment is 5 times the share of what the prompt names and the picture shows, a colour counting half
  of its object. Wrong prompts name other objects or other colours than were pasted.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.random import Generator
from PIL import Image

from grefine.tables.sources import STAND_IN, TABLE
from grefine_core import write_atomically, write_table
from grefine_core.tables import Row
from tools.mini.assets import Assets, data_folder
from tools.mini.damage import Array, damage_image
from tools.mini.scenes import Placed, compose

COUNT, SIZE, SEED = 60, 192, 7
TOP = 5.0
"""Best label, as in AGIQA-3K."""
WEAK, GOOD = "weak", "good"
SEVERITIES = {WEAK: (0.4, 1.0), GOOD: (0.0, 0.5)}
"""Of the damage, by the generator that a picture plays; below `UNSEEN` it is left out."""
UNSEEN = 0.1
COLOURS = ("red", "blue", "green", "yellow", "black", "white")
COLUMNS = ("image", "prompt", "quality", "alignment", "model", "style", "split", "severity", "kind")
STANDS_FOR: dict[str, dict[str, str]] = {
    "GenImage": {},
    "DiffusionDB": {},
    "AGIQA-1K": {},
    "AGIQA-3K": {"split": "second"},
    "AIGIQA-20K": {"split": "first"},
    "SD1.5": {"model": WEAK},
    "SD Cascade": {"model": GOOD},
}
"""What plays what; the two databases of tables 6 and 7 are halves, the two generators of table 8 too."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """One picture and what is known of it."""

    image: Array
    """Shape (H, W, 3), float32 in [0, 1]."""
    row: Row


def quality_label(severity: float, covered: float) -> float:
    """Return the label of damage of a severity over a share of the picture, both in [0, 1]."""
    return float(TOP * (1 - severity * covered**0.5))


def alignment_label(shown: list[tuple[bool, bool | None]]) -> float:
    """Return the label of a prompt; each object is (is there, has its colour or names none)."""
    earned = [0.0 if not there else 1.0 if colour is not False else 0.5 for there, colour in shown]
    return TOP * sum(earned) / len(earned)


def make_picture(assets: Assets, rng: Generator, number: int, size: int = SIZE) -> Made:
    """Return one picture; its number decides which generator it plays and which half it is in."""
    model = (WEAK, GOOD)[number % 2]
    scene = compose(assets, rng, size, count=int(rng.integers(1, 3)), share=(0.45, 0.8))
    prompt, shown = _prompt(assets, rng, scene.objects)
    low, high = SEVERITIES[model]
    severity = float(rng.uniform(low, high))
    image, kind, covered = scene.image, "", 0.0
    if severity >= UNSEEN:
        damaged = damage_image(scene.image, rng, severity=severity, everywhere=bool(rng.random() < 0.5))
        image, kind, covered = damaged.image, damaged.kind, float(damaged.mask.mean())
    row: Row = {
        "image": f"pictures/{number:03d}.png",
        "prompt": prompt,
        "quality": round(quality_label(severity, covered), 4),
        "alignment": round(alignment_label(shown), 4),
        "model": model,
        "style": "one" if len(scene.objects) == 1 else "two",
        "split": ("first", "second")[number // 2 % 2],
        "severity": round(severity if covered else 0.0, 4),
        "kind": kind,
    }
    return Made(image=image, row=row)


def _prompt(assets: Assets, rng: Generator, objects: tuple[Placed, ...]) -> tuple[str, list[tuple[bool, bool | None]]]:
    """Return a prompt and how much of it the picture shows."""
    nouns = sorted({str(row["noun"]) for row in assets.objects} - {placed.noun for placed in objects})
    phrases, shown = list[str](), list[tuple[bool, bool | None]]()
    for placed in objects:
        fate = rng.random()
        if fate < 0.3:  # another object
            phrases.append(_with_article(nouns[int(rng.integers(len(nouns)))]))
            shown.append((False, None))
        elif fate < 0.5 and placed.color:  # another colour
            others = [colour for colour in COLOURS if colour != placed.color]
            phrases.append(_with_article(f"{others[int(rng.integers(len(others)))]} {placed.noun}"))
            shown.append((True, False))
        else:
            phrases.append(_with_article(f"{placed.color} {placed.noun}" if placed.color else placed.noun))
            shown.append((True, True))
    return " and ".join(phrases), shown


def _with_article(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def write_database(data: Path, out: Path, *, count: int = COUNT, size: int = SIZE) -> Path:
    """Write pictures, their table and what they stand for; the same data gives the same bytes.

    Args:
        data: The data folder.
        out: Made where it is missing.
        count: Pictures.
        size: Their side in pixels.

    Returns:
        The folder, for `grefine tables --data`.
    """
    assets, rng = Assets(data, training=False), np.random.default_rng(SEED)
    (out / "pictures").mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(count):
        made = make_picture(assets, rng, number, size)
        image = Image.fromarray((made.image.clip(0, 1) * 255 + 0.5).astype(np.uint8))
        write_atomically(out / made.row["image"], partial(image.save, format="PNG"))
        rows.append(made.row)
    write_table(out / TABLE, rows, COLUMNS)
    known = {"name": f"{count} composed pictures with known damage", "table": TABLE, "stands_for": STANDS_FOR}
    text = json.dumps(known, indent=2) + "\n"
    write_atomically(out / STAND_IN, lambda file: file.write(text.encode()))
    return out


def main() -> None:
    """Write the database."""
    parser = argparse.ArgumentParser(description="Write the mini database of the tables.")
    parser.add_argument("data", nargs="?", help="the data folder; GREFINE_DATA by default")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder to fill")
    parser.add_argument("--count", type=int, default=COUNT)
    chosen = parser.parse_args()
    print(f"Written: {write_database(data_folder(chosen.data), chosen.output, count=chosen.count)}")


if __name__ == "__main__":
    main()
