"""Pictures to measure on: all from one manifest and some photographs, drawn with fixed seeds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tools.mini.assets import Assets, Pixels, Row
from tools.mini.evaluation.records import SEED, Skipped
from tools.mini.scenes import Scene, SceneOptions, compose

PHOTO_SIDE = 448
"""Side of the crops of photographs that are damaged; 12 pixels of damage look like on a picture of that size."""


@dataclass(frozen=True, kw_only=True)
class Material:
    """Where pictures come from, and how many are made."""

    assets: Assets
    examples: Path | None = None
    """Folder of generated pictures with `prompts.csv`."""
    share: float = 1.0
    """Of the usual number of pictures; less is quick and says less."""

    def count(self, usual: int) -> int:
        """Return how many of something to make."""
        return max(4, round(usual * self.share))

    def photo_rows(self) -> list[Row]:
        """Return the photo cut-outs.

        Raises:
            Skipped: If there are none.
        """
        rows = [row for row in self.assets.objects if row["style"] == "photo"]
        if not rows:
            raise Skipped("no photo cut-outs in the manifest")
        return rows

    def cut_out_scenes(self, rows: list[Row], usual: int) -> Iterator[list[Scene]]:
        """Yield, for each cut-out, pictures of it alone on different backgrounds.

        It takes 50% to 90% of the picture's side, which is 160 to 448 pixels, so that no cut-out is enlarged.
        """
        each = max(1, round(usual * self.share))
        for number, row in enumerate(rows):
            options = SceneOptions(objects=[row], photographs=0.5, recolored=0, counts=0, shadow=0, soft_edge=0)
            scenes = []
            for turn in range(each):
                rng = np.random.default_rng((SEED, number, turn))
                share = rng.uniform(0.5, 0.9)
                size = int(np.clip(max(row["width"], row["height"]) / share, 160, 448))
                scenes.append(compose(self.assets, rng, size, count=1, share=(share, share), options=options))
            yield scenes

    def scenes(self, usual: int, options: SceneOptions, counts: tuple[int, ...], size: int = 384) -> Iterator[Scene]:
        """Yield composed scenes with these numbers of objects in turn."""
        for number in range(self.count(usual)):
            rng = np.random.default_rng((SEED, 1, number))
            yield compose(self.assets, rng, size, count=counts[number % len(counts)], options=options)

    def photographs(self) -> list[tuple[str, Pixels]]:
        """Return every photograph as it is, and the photographic backgrounds, each with the name of its origin.

        Raises:
            Skipped: If there are none.
        """
        found = [(file.stem, self.assets.background(file)) for file in self.assets.photographs]
        rows = [row for row in self.assets.backgrounds if row["style"] == "photo"]
        found += [(str(row.get("wallpaper") or row["id"]), self.assets.background(row)) for row in rows]
        if not found:
            raise Skipped("no photographs and no photographic backgrounds")
        return found

    def crops(self) -> list[tuple[str, Pixels]]:
        """Return square crops of 448 pixels at most of the photographs, two of a long one."""
        found = []
        for name, image in self.photographs():
            height, width = image.shape[:2]
            side = min(height, width, PHOTO_SIDE)
            places = [(0, 0)] if max(height, width) < 1.4 * side else [(0, 0), (height - side, width - side)]
            found += [(name, np.ascontiguousarray(image[y : y + side, x : x + side])) for y, x in places]
        return found
