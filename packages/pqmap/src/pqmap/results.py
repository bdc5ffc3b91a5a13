"""What an assessment says of one picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from grefine_core import QualityMap, tokens_to_map
from pqmap.perception import FACTORS

Cell = str | float | int | None
"""One value of a table."""


@dataclass(frozen=True, kw_only=True, eq=False)  # eq=False: `==` on tensors has no single truth
class Perception:
    """Perceptual quality of one picture; tensors on the CPU, 1 is good everywhere."""

    score: float
    """p of eq. (3), in [0, 1]; at most `pqmap.degenerate.CEILING` where there are `flags`."""
    grid: Tensor
    """P of eq. (3) at the patches, shape (gh, gw), float32 in [0, 1], limited like the score."""
    raw: Tensor
    """L_raw of the whole picture, shape (4,), float32 in [0, 1]: which factor is low."""
    raw_grid: Tensor
    """L_raw of the patches, shape (4, gh, gw), float32 in [0, 1]: where it is low."""
    size: tuple[int, int]
    """Height and width of the picture in pixels."""
    encoder: str
    """Name of the model; scores of different models do not compare."""
    band: str | None = None
    """Where p stands in the reference set of the pairs, in a word; None where they have no such set."""
    flags: tuple[str, ...] = ()
    """Why the picture is none that could be judged, such as `flat` or `noise`; empty as a rule."""
    dimensions: Mapping[str, float] = field(default_factory=dict)
    """Scores in [0, 1] of own pairs of words, by name; they do not enter p."""
    dimension_grids: Tensor | None = None
    """The same of the patches, shape (K, gh, gw), float32 in [0, 1]."""

    @cached_property
    def map(self) -> Tensor:
        """P of eq. (3), shape (H, W) of the picture, float32 in [0, 1]; made at the first access."""
        return tokens_to_map(self.grid[None], self.size)[0]

    @property
    def quality(self) -> QualityMap:
        """Score and map, as the refiner takes them."""
        return QualityMap(score=self.score, map=self.map, cells=self.grid.numel())

    @property
    def factors(self) -> dict[str, float]:
        """Raw score by the name of its factor."""
        return dict(zip(FACTORS, self.raw.tolist(), strict=True))

    @property
    def raw_maps(self) -> Tensor:
        """L_raw at the size of the picture, (4, H, W), float32 in [0, 1]; made anew at each access."""
        return tokens_to_map(self.raw_grid, self.size)

    @property
    def dimension_maps(self) -> dict[str, Tensor]:
        """Own dimensions at the size of the picture, (H, W) each; made anew at each access."""
        if self.dimension_grids is None:
            return {}
        return dict(zip(self.dimensions, tokens_to_map(self.dimension_grids, self.size), strict=True))

    def row(self) -> dict[str, Cell]:
        """Return what can be told without the maps, as one row of a table, ready for `json.dumps`."""
        height, width = self.size
        return {
            "p": self.score,
            **self.factors,
            **self.dimensions,
            "band": self.band,
            "flags": ";".join(self.flags),
            "width": width,
            "height": height,
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class TokenQuality:
    """Perceptual quality of B images on the encoder's device; carries gradients where the images do."""

    score: Tensor
    """p of eq. (3), shape (B,), float32 in [0, 1]."""
    grid: Tensor
    """P of eq. (3) at the patches, shape (B, gh, gw), float32 in [0, 1]."""
    raw: Tensor
    """L_raw of the whole images, shape (B, 4), float32 in [0, 1]."""
    raw_grid: Tensor
    """L_raw of the patches, shape (B, 4, gh, gw), float32 in [0, 1]."""

    def map(self, size: tuple[int, int]) -> Tensor:
        """Return P at a size, (B, H, W), float32 in [0, 1]."""
        return tokens_to_map(self.grid, size)

    def cpu(self) -> TokenQuality:
        """Return the same on the CPU."""
        fields: dict[str, Any] = {name: value.cpu() for name, value in vars(self).items()}
        return TokenQuality(**fields)


def split_tokens(values: Tensor, grid: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Part values of tokens (B, 1 + gh * gw, K) into those of whole images (B, K) and patches (B, K, gh, gw)."""
    return values[:, 0], torch.unflatten(values[:, 1:].mT, -1, grid)
