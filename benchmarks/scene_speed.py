"""Scenes a second that the composer of the mini pack makes, and damages, with one process and with two.

    python -m benchmarks.scene_speed [--data DATA] [--count 600] [--sizes 128 448] [--workers 1 2]

One scene is composed of 0 to 3 objects, varied mildly, and damaged. The first scenes, while pictures are
decoded and processes start, are timed apart.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import dataclass

from numpy.random import Generator

from tools.mini.assets import Assets, data_folder
from tools.mini.damage import damage_image
from tools.mini.scenes import SceneOptions, compose
from tools.mini.stream import stream


@dataclass(frozen=True, kw_only=True)
class Maker:
    """Makes one scene, and returns how many objects it has: pixels would have to travel."""

    assets: Assets
    size: int
    damaged: bool

    def __call__(self, rng: Generator, index: int) -> int:
        """Compose, and damage where it is asked for."""
        scene = compose(self.assets, rng, self.size, count=index % 4, options=SceneOptions(varied=True))
        if self.damaged:
            damage_image(scene.pixels, rng, everywhere=bool(rng.random() < 0.3))
        return len(scene.objects)


def measure(maker: Maker, count: int, workers: int) -> tuple[float, float]:
    """Return the seconds until everything is warm, and the scenes a second after that."""
    warm = 2 * count
    began = time.perf_counter()
    middle = began
    for number, _ in enumerate(stream(maker, seed=1, stop=warm + count, workers=workers if workers > 1 else 0)):
        if number == warm - 1:
            middle = time.perf_counter()
    return middle - began, count / (time.perf_counter() - middle)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data")
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--sizes", type=int, nargs="+", default=[128, 448])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    if not (options.data or os.environ.get("GREFINE_DATA")):
        print("scene_speed: needs the data folder, as --data or in GREFINE_DATA; not run.")
        return
    assets = Assets(data_folder(options.data), training=True)
    print("| size | processes | work | s to warm up | scenes a second |\n" + "| --- " * 5 + "|")
    for size in options.sizes:
        for workers in options.workers:
            for damaged in (False, True):
                maker = Maker(assets=assets, size=size, damaged=damaged)
                warm, speed = measure(maker, options.count, workers)
                work = "composed and damaged" if damaged else "composed"
                print(f"| {size} | {workers} | {work} | {warm:.1f} | {speed:.0f} |", flush=True)


if __name__ == "__main__":
    main()
