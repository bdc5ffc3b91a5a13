"""What the maps select on clean and on damaged scenes, before anything is refined: why `balance` comes out as it does.

    python -m benchmarks.balance_masks --data DATA [--scenes 60] [--seed N]

Scenes are those of `aq_scenes`: two coloured objects that the mini pack was not trained on, on backgrounds
likewise, with a prompt that names just these two. Every other scene is damaged inside one known box, by the
kinds of `tools.mini.damage` in turn; the rest is clean. Scene i depends on the seed and on i alone.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.random import Generator
from PIL import Image
from torch import Tensor

import grefine
from balanced_refiner import RepairMask, make_mask
from benchmarks import aq_scenes
from grefine_core import Assessment, QualityMap, from_pil
from tools.mini.assets import Assets, data_folder
from tools.mini.damage import KINDS, damage_image

SEED, SCENES, SIZE = 8_404_183, 60, 320
"""Of the published figures; nothing was tuned on this seed. 448 pixels would take a pass over 25 tiles, not 9."""
SHARE, SEVERITY = (0.05, 0.2), (0.4, 1.0)
"""Limits of the damaged share of a picture, and of how severe the damage is; the kinds know 0 to 1."""
VISIBLE = 28.0
"""PSNR in dB that the damage stays below inside its box: blur of a plain sky is no damage, and is drawn anew."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """One picture and what is known of it."""

    clean: Tensor
    """Shape (1, 3, S, S), float32 in [0, 1]."""
    pixels: Tensor
    """The same with its damage; `clean` itself where there is none."""
    prompt: str
    box: Tensor
    """Shape (S, S), bool: where it is damaged."""
    kind: str | None
    """Of the damage; None for a clean picture."""

    @property
    def damaged(self) -> bool:
        """Whether there is any damage."""
        return self.kind is not None

    def psnr(self, pixels: Tensor) -> float:
        """Return the PSNR in dB of `pixels` (1, 3, S, S) against the clean picture inside the box."""
        return _psnr(pixels[:, :, self.box], self.clean[:, :, self.box])


def make_case(assets: Assets, seed: int, number: int, size: int = SIZE) -> Case:
    """Return scene `number` of a seed: damaged if it is odd."""
    rng = np.random.default_rng([seed, number])
    scene = aq_scenes.compose(assets, rng)
    clean = from_pil(scene.image.resize((size, size), Image.Resampling.LANCZOS)).pixels
    nothing = torch.zeros(size, size, dtype=torch.bool)
    case = Case(clean=clean, pixels=clean, prompt=scene.prompt(), box=nothing, kind=None)
    if number % 2 == 0:
        return case
    kind = list(KINDS)[number // 2 % len(KINDS)]
    while True:
        damaged = _damage(case, kind, rng)
        if damaged.psnr(damaged.pixels) < VISIBLE:
            return damaged


def _damage(case: Case, kind: str, rng: Generator) -> Case:
    """Return the case with one kind of damage in a box drawn at random."""
    size = case.clean.shape[-1]
    share, aspect = rng.uniform(*SHARE), np.exp(rng.uniform(-0.5, 0.5))
    height, width = (round(size * float(np.sqrt(side))) for side in (share / aspect, share * aspect))
    top, left = int(rng.integers(0, size - height + 1)), int(rng.integers(0, size - width + 1))
    rows, columns = slice(top, top + height), slice(left, left + width)
    box = torch.zeros_like(case.box)
    box[rows, columns] = True
    good = case.clean[0].permute(1, 2, 0).numpy()
    worse = damage_image(good, rng, kind=kind, severity=float(rng.uniform(*SEVERITY)), mask=box.numpy())
    pixels = torch.from_numpy(worse.image).permute(2, 0, 1)[None].where(box, case.clean)
    return replace(case, pixels=pixels, box=box, kind=kind)


def _psnr(left: Tensor, right: Tensor) -> float:
    return float(-10 * (left - right).square().mean().clamp(min=1e-10).log10())


def see_all(found: Assessment) -> Assessment:
    """Return what was measured."""
    return found


def see_pq(found: Assessment) -> Assessment:
    """Return it as if there were no AQ assessor: its map and score are 1, and no phrase is known to fail."""
    return Assessment(pq=found.pq, aq=perfect(found.aq, score=1.0))


def see_aq(found: Assessment) -> Assessment:
    """Return it as if there were no PQ assessor."""
    return replace(found, pq=perfect(found.pq, score=1.0))


def perfect(quality: QualityMap, *, score: float | None = None) -> QualityMap:
    """Return a map of ones, with its score or another."""
    return QualityMap(score=quality.score if score is None else score, map=torch.ones_like(quality.map))


SEEN: dict[str, Callable[[Assessment], Assessment]] = {"both maps": see_all, "P alone": see_pq, "A alone": see_aq}


def mask_of(found: Assessment) -> RepairMask:
    """Return the mask of the refiner's default settings."""
    return make_mask(found.pq.map, found.aq.map)


def print_masks(cases: Sequence[Case], found: Sequence[Assessment]) -> None:
    """Print what each map selects, and how large its deficits are."""
    print("| scenes | selected by | empty masks | of the picture | of the box | largest deficit: 10, 50, 90% |")
    print("| --- " * 6 + "|")
    for damaged in (False, True):
        chosen = [pair for pair in zip(cases, found, strict=True) if pair[0].damaged == damaged]
        for name, see in SEEN.items():
            masks = [mask_of(see(assessment)) for _, assessment in chosen]
            peaks = np.quantile([float(mask.deficit.max()) for mask in masks], (0.1, 0.5, 0.9))
            inside = [mask.hard[case.box].float().mean() for (case, _), mask in zip(chosen, masks, strict=True)]
            cells = [
                f"{'damaged' if damaged else 'clean'} | {name}",
                f"{np.mean([mask.empty for mask in masks]):.2f}",
                f"{np.mean([mask.hard.float().mean() for mask in masks]):.2f}",
                f"{np.mean(inside):.2f}" if damaged else "-",
                ", ".join(f"{peak:.2f}" for peak in peaks),
            ]
            print("| " + " | ".join(cells) + " |")
        kinds = Counter(defect.kind for _, assessment in chosen for defect in assessment.defects)
        word = "damaged" if damaged else "clean"
        print(f"| {word} | phrases that fail, of {2 * len(chosen)} that are there | {dict(kinds)} | | | |")


def arguments(description: str | None) -> argparse.ArgumentParser:
    """Return the options that this program and `balance` have in common."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default=os.environ.get("GREFINE_DATA"), help="the data folder; or GREFINE_DATA")
    parser.add_argument("--scenes", type=int, default=SCENES, help="how many; every other one is damaged")
    parser.add_argument("--seed", type=int, default=SEED)
    return parser


def main() -> None:
    """Print the table."""
    options = arguments(__doc__).parse_args()
    if not options.data:
        print("balance_masks: needs the data folder, as --data or in GREFINE_DATA; not run.")
        return
    assets = Assets(data_folder(options.data), training=False)
    cases = [make_case(assets, options.seed, number) for number in range(options.scenes)]
    models = grefine.load(device="cpu")
    found = []
    for number, case in enumerate(cases):
        found.append(models.score(case.pixels, case.prompt).assessment)
        print(f"\r{number + 1} of {len(cases)}", end="", file=sys.stderr)
    print(file=sys.stderr)
    print(f"{len(cases)} scenes of {SIZE} px, seed {options.seed}, preset mini\n")
    print_masks(cases, found)


if __name__ == "__main__":
    main()
