"""Pictures with known damage, and the statistics of their cells: what quality is learnt from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.random import Generator

from grefine_mini.encoder import INPUT_SIZE
from grefine_mini.statistics import CELL, STATISTICS, cell_statistics
from grefine_mini.trunk import Pyramid
from tools.mini.assets import Assets, Pixels
from tools.mini.damage import FACTORS, KINDS, damage_image
from tools.mini.photographic import compress, saturation_matrix
from tools.mini.scenes import Scene, SceneOptions, compose
from tools.mini.strands import add_strands
from tools.mini.stream import stream

CELLS = INPUT_SIZE // CELL
CLEAN, EVERYWHERE, PLAIN = 0.25, 0.35, 0.45
"""Shares of pictures without damage, of damage all over, and of backgrounds without objects."""
PHOTOGRAPHS = 0.4
"""Share of backgrounds that are photographs."""
SOFT_CLEAN = 0.5
"""The usual share of soft pictures without damage."""
VIVID = 2.0
"""Up to so many times as far from gray are the colours of vivid pictures; damage goes from 1.5 to 5 times."""
STRANDS = 0.6
"""Of soft pictures, those with fur or grass."""
SMALLEST = 0.45
"""Of its side, from which a soft picture is enlarged."""


@dataclass(frozen=True, kw_only=True, eq=False)
class QualityScene:
    """A picture and the damage in it."""

    pixels: Pixels
    """Shape (448, 448, 3), uint8."""
    loss: torch.Tensor
    """Shape (28, 28), float16: severity times the visible share of each cell, 0 where all is clean."""
    covered: torch.Tensor
    """Shape (28, 28), float16: the share of each cell that objects cover; -1 where that is not known."""
    factor: int
    """0 none, 1 technical, 2 rationality, 3 naturalness."""
    kind: str
    everywhere: bool


@dataclass(frozen=True, kw_only=True)
class DrawQualityScene:
    """Make example after example for `stream`."""

    assets: Assets
    soft: bool = False
    """Whether every picture was small once and saved as JPEG: as good as many a photograph that people have."""
    photographs: float = PHOTOGRAPHS
    clean: float = CLEAN
    vivid: float = 0.0
    """Share of pictures whose colours are stronger than a camera's: posters, spices and flames are no damage."""

    def __call__(self, rng: Generator, index: int) -> QualityScene:  # noqa: ARG002 - `stream` calls it so
        """Return one picture; every fourth is clean, and clean ones differ as cameras do."""
        options = SceneOptions(photographs=self.photographs, varied=bool(rng.random() < 0.6))
        count = 0 if rng.random() < PLAIN else int(rng.integers(1, 4))
        scene = compose(self.assets, rng, INPUT_SIZE, count=count, share=(0.2, 0.8), options=options)
        pixels, covered = scene.pixels, _covered(scene)
        if self.vivid and rng.random() < self.vivid:
            pixels = cv2.transform(pixels, saturation_matrix(rng.uniform(1, VIVID)))
        if self.soft:
            if rng.random() < STRANDS:
                pixels = add_strands(pixels, rng)
            pixels = softened(pixels, rng)
        if rng.random() < self.clean:
            return QualityScene(
                pixels=pixels,
                loss=torch.zeros(CELLS, CELLS).half(),
                covered=covered,
                factor=0,
                kind="",
                everywhere=False,
            )
        everywhere = bool(rng.random() < EVERYWHERE)
        worse = damage_image(pixels, rng, everywhere=everywhere)
        seen = cv2.resize(worse.visible, (CELLS, CELLS), interpolation=cv2.INTER_AREA)
        return QualityScene(
            pixels=worse.pixels,
            loss=torch.from_numpy(seen * np.float32(worse.severity)).half(),
            covered=covered,
            factor=1 + list(FACTORS).index(KINDS[worse.kind][0]),
            kind=worse.kind,
            everywhere=everywhere,
        )


def _covered(scene: Scene) -> torch.Tensor:
    """Return the share of each cell that objects cover; -1 for a plain background, whose own things nobody knows."""
    if not scene.objects:
        return torch.full((CELLS, CELLS), -1.0).half()
    mask = np.maximum.reduce([placed.mask for placed in scene.objects])
    return torch.from_numpy(cv2.resize(mask, (CELLS, CELLS), interpolation=cv2.INTER_AREA)).half()


def softened(pixels: Pixels, rng: Generator) -> Pixels:
    """Return the picture as it looks after it was small and enlarged again, three of five times by way of a JPEG."""
    side = round(INPUT_SIZE * rng.uniform(SMALLEST, 1))
    small = cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.6:
        small = compress(small, int(rng.integers(70, 96)))
    large: Pixels = cv2.resize(small, (INPUT_SIZE, INPUT_SIZE), interpolation=cv2.INTER_CUBIC)
    return large


@torch.inference_mode()
def measure_scenes(sight: Pyramid, draw: DrawQualityScene, seed: int, count: int) -> dict[str, Any]:
    """Return what the quality head learns from.

    Returns:
        `statistics` (n, 28, 28, S) float16, `loss` and `covered` (n, 28, 28) float16, `factor` (n,),
        `everywhere` (n,), and `kind`, a list.
    """
    statistics = torch.empty(count, CELLS, CELLS, STATISTICS, dtype=torch.float16)
    scenes: list[QualityScene] = []
    for index, scene in enumerate(stream(draw, seed=seed, stop=count, workers=1)):
        pixels = torch.from_numpy(scene.pixels).permute(2, 0, 1)[None].float() / 255
        statistics[index] = cell_statistics(sight(pixels), pixels)[0].half()
        scenes.append(scene)
        if index % 200 == 199:
            print(f"{index + 1} pictures measured", flush=True)
    return {
        "statistics": statistics,
        "loss": torch.stack([scene.loss for scene in scenes]),
        "covered": torch.stack([scene.covered for scene in scenes]),
        "factor": torch.tensor([scene.factor for scene in scenes]),
        "everywhere": torch.tensor([scene.everywhere for scene in scenes]),
        "kind": [scene.kind for scene in scenes],
    }


def load_or_measure(file: Path, sight: Pyramid, draw: DrawQualityScene, seed: int, count: int) -> dict[str, Any]:
    """Return what `file` holds, measured and written first where it is not there."""
    if not file.is_file():
        torch.save(measure_scenes(sight, draw, seed, count), file.with_suffix(".tmp"))
        file.with_suffix(".tmp").replace(file)
    content: dict[str, Any] = torch.load(file, weights_only=True, mmap=True)
    return content
