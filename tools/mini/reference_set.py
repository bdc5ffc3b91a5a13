"""Make the reference set of the mini preset, score it, and put its quantiles into the pairs file.

    python -m tools.mini.reference_set [--data DATA] [--out FOLDER]

A thousand pictures, drawn with a fixed seed, in four parts: photographs and wallpapers as they are,
composed scenes as they are, and damaged versions of others of each. The damage is of one of the three
factors, all as likely, and of one of its kinds, all as likely, of a severity between 0.05 and 1, half of
it in a place, half all over. Pictures with a flag are left out: their p is limited, so it says nothing of the scale.

Run it again after each fit of the pairs: they have no reference set until then. Only the header
of `pairs.safetensors` changes, and its line in `sha256.json`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from grefine_core import read_image
from grefine_mini.encoder import INPUT_SIZE, load
from grefine_mini.files import WEIGHTS
from grefine_mini.presets import PAIRS_FILE
from pqmap import PerceptionAssessor, ReferenceScale, TextPairs
from tools.mini.assets import Assets, data_folder
from tools.mini.damage import Array, damage_image
from tools.mini.fit import write_manifest
from tools.mini.scenes import compose, crop_background

SEED = 1000
PARTS = {"clean pictures": 100, "clean scenes": 100, "damaged pictures": 400, "damaged scenes": 400}
"""Pictures of each part before the flagged ones are left out.

With two clean of five the upper half of the scale lay between 0.82 and 0.99, and an ordinary clean
photograph was `fair`; with one of five, quality spreads more evenly over the set.
"""
DATA = (
    "clean and damaged photographs, wallpapers and composed scenes at {size} px, {parts}; "
    "seed {seed}, tools/mini/reference_set.py"
)
BATCH = 8


def _picture(photographs: list[Array], assets: Assets, rng: Generator) -> Array:
    """Return a photograph, one time in ten, or a crop of a wallpaper."""
    if rng.random() < 0.1:
        return photographs[rng.integers(len(photographs))]
    return crop_background(assets, rng, INPUT_SIZE)[0]


def draw_pictures(data: Path, share: float = 1.0) -> Iterator[tuple[str, Tensor]]:
    """Yield (part, pixels (3, H, W) in [0, 1]) of the whole set or a share of each part, the same in each run."""
    rng = np.random.default_rng(SEED)
    files = sorted((data / "photos").glob("*.png"))
    photographs = [read_image(file).pixels[0].permute(1, 2, 0).numpy() for file in files]
    splits = [Assets(data, training=True), Assets(data, training=False)]
    for part, count in PARTS.items():
        for _ in range(round(count * share)):
            assets = splits[rng.integers(len(splits))]
            if part.endswith("scenes"):
                image = compose(assets, rng, INPUT_SIZE, count=int(rng.integers(1, 4)), share=(0.2, 0.7)).image
            else:
                image = _picture(photographs, assets, rng)
            if part.startswith("damaged"):
                image = damage_image(image, rng, everywhere=bool(rng.random() < 0.5)).image
            # 8 bits, as in a file
            levels = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1).clamp(0, 1).mul(255).round()
            yield part, levels / 255


def score_pictures(assessor: PerceptionAssessor, data: Path, share: float = 1.0) -> dict[str, list[float]]:
    """Return p of all pictures without a flag, by part; print what is left out."""
    scores: dict[str, list[float]] = {part: [] for part in PARTS}
    waiting: list[tuple[str, Tensor]] = []
    flagged = 0

    def flush() -> int:
        found = assessor.assess_all([pixels for _, pixels in waiting])
        for (part, _), one in zip(waiting, found, strict=True):
            if not one.flags:
                scores[part].append(one.score)
        waiting.clear()
        return sum(bool(one.flags) for one in found)

    for number, item in enumerate(draw_pictures(data, share), start=1):
        waiting.append(item)
        if len(waiting) == BATCH:
            flagged += flush()
        if number % 100 == 0:
            print(f"{number} pictures", flush=True)
    flagged += flush() if waiting else 0
    print(f"{flagged} pictures have a flag and are left out")
    return scores


def run(data: Path, out: Path, *, share: float = 1.0) -> None:
    """Score a share of the set with the weights in `out`, and write its quantiles there."""
    encoder = load(device=torch.device("cpu"), folder=out)
    pairs = TextPairs.load(out / PAIRS_FILE, encoder=encoder)
    scores = score_pictures(PerceptionAssessor(encoder, pairs), data, share)
    parts = ", ".join(f"{len(values)} {part}" for part, values in scores.items())
    text = DATA.format(size=INPUT_SIZE, parts=parts, seed=SEED)
    reference = ReferenceScale.from_scores([p for values in scores.values() for p in values], data=text)
    replace(pairs, reference=reference).save(out / PAIRS_FILE)
    write_manifest(out)
    for part, values in scores.items():
        print(part, "median", round(float(np.median(values)), 3))
    for percent in (0, 10, 30, 50, 70, 90, 100):
        print(percent, reference.quantiles[percent])


def main() -> None:
    """Run the program."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="folder of the data; GREFINE_DATA where it is not given")
    parser.add_argument(
        "--out", type=Path, default=WEIGHTS, help="folder of the heads, pairs.safetensors and sha256.json"
    )
    args = parser.parse_args()
    run(data_folder(args.data), args.out)


if __name__ == "__main__":
    main()
