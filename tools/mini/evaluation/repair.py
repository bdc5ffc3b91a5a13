"""Claims about repairs: damage falls, nothing gets worse, a missing object can be painted; and how long it takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from balanced_refiner import InpaintRequest
from grefine import Settings
from grefine_core import tokens_to_map
from tools.mini.damage import KINDS, damage_image
from tools.mini.damage.masks import blob
from tools.mini.evaluation.material import Material
from tools.mini.evaluation.models import Models, to_tensor
from tools.mini.evaluation.records import SEED, Finding, mean_of
from tools.mini.records import Scene
from tools.mini.scenes import SceneOptions, compose

SIDE = 320
STEPS = 20
VISIBLE = 28.0
"""PSNR in dB that the damage stays below inside its mask; else it is drawn anew."""
WORSE = 0.05
"""Fall of PSNR in dB from which a picture counts as worse."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """One damaged scene."""

    clean: Tensor
    """Shape (1, 3, S, S), float32 in [0, 1]."""
    damaged: Tensor
    inside: Tensor
    """Shape (S, S), bool."""
    caption: str
    kind: str

    def psnr(self, pixels: Tensor) -> float:
        """Return the PSNR in dB against the clean picture inside the mask."""
        error = (pixels[..., self.inside] - self.clean[..., self.inside]).square().mean()
        return float(-10 * error.clamp(min=1e-10).log10())


def make_case(material: Material, number: int) -> Case:
    """Return scene `number`: 0 to 2 objects, one kind of damage on 5% to 25% of it."""
    rng = np.random.default_rng((SEED, 7, number))
    scene = compose(material.assets, rng, SIDE, count=number % 3, options=SceneOptions(photographs=0.5))
    kind = list(KINDS)[number % len(KINDS)]
    while True:
        case = _damaged(scene, kind, rng)
        if case.inside.any() and case.psnr(case.damaged) < VISIBLE:
            return case
        kind = list(KINDS)[int(rng.integers(len(KINDS)))]  # blur of a plain sky can never be seen


def _damaged(scene: Scene, kind: str, rng: Generator) -> Case:
    mask = blob(SIDE, SIDE, rng, (0.05, 0.25))
    worse = damage_image(scene.pixels, rng, kind=kind, severity=float(rng.uniform(0.4, 1)), mask=mask)
    return Case(
        clean=to_tensor(scene.pixels),
        damaged=to_tensor(worse.pixels),
        inside=torch.from_numpy(worse.mask > 0.5),
        caption=scene.caption,
        kind=kind,
    )


def refinement(models: Models, material: Material) -> list[Finding]:
    """PSNR inside the damaged place before and after `GRefiner.refine` with its defaults, guard included."""
    refiner = models.refiner(Settings(device="cpu", steps=STEPS))
    gains, changed, before = [], [], []
    for number in range(material.count(len(KINDS))):
        case = make_case(material, number)
        made = refiner.refine(case.damaged, case.caption, seed=0).refinement
        before.append(case.psnr(case.damaged))
        gains.append(case.psnr(made.pixels) - before[-1] if made.changed else 0.0)
        changed.append(made.changed)
    value, interval = mean_of([[gain] for gain in gains])
    worse, around = mean_of([[float(gain < -WORSE)] for gain in gains])
    touched = [gain for gain, one in zip(gains, changed, strict=True) if one]
    note = f"{np.mean(before):.1f} to {np.mean(before) + value:.1f} dB; {sum(changed)} of {len(changed)} were changed"
    if touched:
        note += f", those by {np.mean(touched):+.1f} dB"
    return [
        Finding(
            claim="refinement: gain of PSNR inside the damage, dB, mean with guard",
            value=value,
            target=3.0,
            n=len(gains),
            interval=interval,
            note=note,
        ),
        Finding(
            claim="the same: share of pictures that got worse",
            value=worse,
            target=0.0,
            at_most=True,
            n=len(gains),
            interval=around,
            note=f"worst {min(gains):+.2f} dB",
        ),
    ]


def painting(models: Models, material: Material) -> list[Finding]:
    """An object is left out and asked for in its box: its noun's mean score inside the box rises.

    The note says how often the true object would have raised it: no painter can be asked for more.
    """
    size = models.inpainter.working_size
    options = SceneOptions(counts=0, recolored=0.3, photographs=0.3, shadow=0)
    rises, ceiling = [], []
    for number in range(material.count(40)):
        rng = np.random.default_rng((SEED, 8, number))
        scene = compose(material.assets, rng, size, count=1, share=(0.4, 0.7), options=options)
        placed = scene.objects[0]
        left, top, right, bottom = placed.box
        box = (slice(max(0, top - 4), bottom + 4), slice(max(0, left - 4), right + 4))
        strengths = torch.zeros(1, 1, size, size)
        strengths[0, 0, box[0], box[1]] = 1
        without = to_tensor(scene.before_pixels)
        request = InpaintRequest(
            images=without, strengths=strengths, prompts=[placed.caption], emphases=[()], seeds=[number], steps=STEPS
        )
        painted = models.inpainter.inpaint(request)
        pictures = [without, painted, to_tensor(scene.pixels)]
        before, after, true = (_inside(models, picture, placed.noun, box) for picture in pictures)
        rises.append(after - before)
        ceiling.append(float(true > before))
    value, interval = mean_of([[float(rise > 0)] for rise in rises])
    return [
        Finding(
            claim="missing object painted on request: its noun's score inside the box rises",
            value=value,
            target=0.60,
            n=len(rises),
            interval=interval,
            note=f"mean rise {np.mean(rises):+.3f}; the true object raises it in {np.mean(ceiling):.2f}",
        )
    ]


def _inside(models: Models, pixels: Tensor, noun: str, box: tuple[slice, slice]) -> float:
    grid = models.matcher(pixels, [noun]).grids[:1]
    return float(tokens_to_map(grid, (pixels.shape[2], pixels.shape[3]))[0][box].mean())


def speed(models: Models, material: Material) -> list[Finding]:
    """Seconds for PQ + AQ of one picture of 512 pixels, and for refining one region of it in 20 steps."""
    rng = np.random.default_rng((SEED, 9))
    scene = compose(material.assets, rng, 512, count=2)
    mask = np.zeros((512, 512), np.float32)
    mask[180:330, 150:320] = 1
    worse = damage_image(scene.pixels, rng, kind="noise", severity=1.0, mask=mask)
    refiner = models.refiner(Settings(device="cpu", steps=STEPS, max_regions=1))
    clean, damaged = to_tensor(scene.pixels), to_tensor(worse.pixels)
    assess = _seconds(lambda: refiner.score(clean, scene.caption), 5)
    regions: list[int] = []
    repair = _seconds(
        lambda: regions.append(len(refiner.refine(damaged, scene.caption, seed=0).refinement.found.regions)), 3
    )
    threads = f"{torch.get_num_threads()} threads, the fastest of some runs"
    return [
        Finding(claim="PQ + AQ of one 512 px picture, s", value=assess, target=0.6, at_most=True, n=5, note=threads),
        Finding(
            claim="refining one region of it, 20 steps, s",
            value=repair,
            target=8.0,
            at_most=True,
            n=3,
            note=f"{threads}; {regions[0]} region",
        ),
    ]


def _seconds(work: Callable[[], object], times: int) -> float:
    """Return the shortest time of some runs after one to warm up: others on the machine only add to it."""
    work()
    found = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return min(found)
