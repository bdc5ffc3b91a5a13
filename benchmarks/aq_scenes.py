"""What AQ-Map says of 200 composed scenes whose content is known: two coloured objects on a background.

    python -m benchmarks.aq_scenes DATA [--preset mini] [--seen] [--save DIR]

DATA is the data folder (or GREFINE_DATA). The objects and backgrounds are those that the mini pack was not
trained on; `--seen` takes the others. The seed is fixed, and nothing was tuned on these scenes. Four figures:

- absent below present: a noun that is not there is added to the prompt; it scores below both nouns that are;
- wrong colour called `attribute`: one object's colour word is exchanged for one that no object has;
- right colour called `attribute`: the same object with its own colour word (a false alarm);
- pointing game: the maximum of a present noun's map lies inside its object's box.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator
from PIL import Image

import aqmap
from grefine_core import overlay
from tools.mini.assets import Assets, data_folder

SEED, SCENES, SIZE = 20_240_418, 200, 448
COLORS = ("black", "white", "gray", "red", "orange", "brown", "yellow", "green", "blue", "purple", "pink")

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; the last two exclusive."""


@dataclass(frozen=True)
class Scene:
    """One picture and what is known of it."""

    image: Image.Image
    nouns: tuple[str, str]
    colors: tuple[str, str]
    boxes: tuple[Box, Box]
    absent: str
    """A noun that is not in the picture."""
    wrong: str
    """A colour that neither object has."""

    def prompt(self, *, color: str | None = None) -> str:
        """Return the prompt, with `color` for the first object."""
        first = f"{color or self.colors[0]} {self.nouns[0]}"
        return f"a {first} and a {self.colors[1]} {self.nouns[1]}"


def compose(assets: Assets, rng: Generator) -> Scene:
    """Return a scene with one object in each half, left and right."""
    ground = assets.load(assets.backgrounds[rng.integers(len(assets.backgrounds))])
    image = ground.resize((SIZE, SIZE), Image.Resampling.BICUBIC)
    objects = [row for row in assets.objects if row["color"] in COLORS and row["noun"].isalpha()]
    first, second, third = _different(objects, rng)
    boxes = tuple(_paste(image, assets.load(row), half, rng) for half, row in enumerate((first, second)))
    colors = (str(first["color"]), str(second["color"]))
    wrong = [color for color in COLORS if color not in colors]
    return Scene(
        image=image,
        nouns=(str(first["noun"]), str(second["noun"])),
        colors=colors,
        boxes=(boxes[0], boxes[1]),
        absent=str(third["noun"]),
        wrong=wrong[rng.integers(len(wrong))],
    )


def _different(objects: Sequence[dict[str, Any]], rng: Generator) -> list[dict[str, Any]]:
    """Return three objects of different nouns and categories."""
    chosen: list[dict[str, Any]] = []
    while len(chosen) < 3:
        row = objects[rng.integers(len(objects))]
        if all(row["category"] != other["category"] for other in chosen):  # no boat beside an absent ship
            chosen.append(row)
    return chosen


def _paste(image: Image.Image, cut: Image.Image, half: int, rng: Generator) -> Box:
    scale = rng.uniform(0.5, 0.95) * SIZE / 2 / max(cut.size)
    width, height = (max(8, round(side * scale)) for side in cut.size)
    left = half * SIZE // 2 + int(rng.integers(0, SIZE // 2 - width + 1))
    top = int(rng.integers(0, SIZE - height + 1))
    small = cut.resize((width, height), Image.Resampling.BICUBIC)
    image.paste(small, (left, top), small)
    return left, top, left + width, top + height


def measure(scenes: Sequence[Scene], assess: aqmap.AlignmentAssessor) -> Iterator[tuple[str, list[bool]]]:
    """Yield each figure's name with its answers, one a scene (two a scene for the pointing game)."""
    below, caught, alarms, pointed = [], [], [], []
    for scene in scenes:
        prompts = [f"{scene.prompt()} and a {scene.absent}", scene.prompt(color=scene.wrong), scene.prompt()]
        absent, wrong, right = assess.assess_all([scene.image] * 3, prompts)
        there = min(_phrase(absent, noun).noun_score for noun in scene.nouns)
        below.append(_phrase(absent, scene.absent).noun_score < there)
        caught.append(_phrase(wrong, scene.nouns[0]).verdict == "attribute")
        alarms.append(_phrase(right, scene.nouns[0]).verdict == "attribute")
        pointed += [_points(right, noun, box) for noun, box in zip(scene.nouns, scene.boxes, strict=True)]
    yield "absent noun below both present ones (1 of 3 by chance)", below
    yield "wrong colour called `attribute`", caught
    yield "right colour called `attribute` (false alarm)", alarms
    yield "pointing game, maximum in the box", pointed


def _phrase(result: aqmap.Alignment, noun: str) -> aqmap.PhraseResult:
    """Return the phrase that names an object, or has its name where a parser takes it for an adjective."""
    named = [phrase for phrase in result.phrases if noun in phrase.noun.split()]
    return (named or [phrase for phrase in result.phrases if noun in phrase.text])[0]


def _points(result: aqmap.Alignment, noun: str, box: Box) -> bool:
    """Tell whether a noun's map has its maximum inside a box."""
    y, x = divmod(int(result.phrase_map(result.phrases.index(_phrase(result, noun))).argmax()), SIZE)
    return box[0] <= x < box[2] and box[1] <= y < box[3]


def chance(scenes: Sequence[Scene]) -> float:
    """Return the mean share of the picture that a box covers: the pointing game by guessing."""
    return float(np.mean([(b[2] - b[0]) * (b[3] - b[1]) / SIZE**2 for scene in scenes for b in scene.boxes]))


def _save(folder: Path, scenes: Sequence[Scene], assess: aqmap.AlignmentAssessor) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, scene in enumerate(scenes[:8]):
        result = assess(scene.image, scene.prompt())
        maps = [overlay(_pixels(scene.image), result.phrase_map(index)) for index in range(len(result.phrases))]
        sheet = Image.new("RGB", (SIZE * (1 + len(maps)), SIZE))
        for place, image in enumerate((scene.image, *maps)):
            sheet.paste(image, (place * SIZE, 0))
        sheet.save(folder / f"{number}-{'-'.join(scene.nouns)}.png")


def _pixels(image: Image.Image) -> Any:
    from grefine_core import from_pil

    return from_pil(image).pixels[0]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?")
    parser.add_argument("--preset", default="mini")
    parser.add_argument("--seen", action="store_true")
    parser.add_argument("--save", type=Path, metavar="DIR", help="write the first pictures with their maps")
    options = parser.parse_args()
    if not (options.data or os.environ.get("GREFINE_DATA")):
        print("aq_scenes: needs the data folder, as an argument or in GREFINE_DATA; not run.")
        return
    assets = Assets(data_folder(options.data), training=options.seen)
    rng = np.random.default_rng(SEED)
    scenes = [compose(assets, rng) for _ in range(SCENES)]
    assess = aqmap.load(options.preset)
    print(f"{SCENES} scenes, {'seen' if options.seen else 'held-out'} objects, preset {options.preset}")
    for name, answers in measure(scenes, assess):
        print(f"  {name}: {sum(answers)} of {len(answers)} ({np.mean(answers):.2f})")
    print(f"  pointing game by chance: {chance(scenes):.2f}")
    if options.save:
        _save(options.save, scenes, assess)


if __name__ == "__main__":
    main()
