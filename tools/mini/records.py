"""What a composed scene consists of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tools.mini.assets import Array, Pixels
from tools.mini.photographic import vary

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; the last two exclusive."""
Word = Literal["left of", "right of", "above", "below", "on", "behind", "in front of"]
NegativeKind = Literal["noun", "color", "binding", "count", "relation"]


def as_float(pixels: Pixels) -> Array:
    """Return uint8 values as float32 in [0, 1]."""
    return pixels.astype(np.float32) * np.float32(1 / 255)


@dataclass(frozen=True, kw_only=True, eq=False)
class Placed:
    """One object of a scene, or several copies of one."""

    noun: str
    phrase: str
    """Its phrase without article, colour, size or number."""
    caption: str
    """As the scene's caption names it: "three red apples", "a large dog"."""
    color: str | None
    """The colour that it has, named or not; None where no word fits."""
    size: str | None
    """The size word of the caption."""
    count: int
    style: str
    category: str
    boxes: tuple[Box, ...]
    """Of each copy, whether or not something hides a part of it."""
    alpha: Pixels
    """Shape (H, W), uint8: its visible part, 255 where nothing else shows."""

    @property
    def mask(self) -> Array:
        """Its visible part on the scene, shape (H, W), float32 in [0, 1]."""
        return as_float(self.alpha)

    @property
    def box(self) -> Box:
        """The box around all copies."""
        left, top, right, bottom = zip(*self.boxes, strict=True)
        return min(left), min(top), max(right), max(bottom)


@dataclass(frozen=True, kw_only=True)
class Relation:
    """`objects[first]` is `word` `objects[second]`."""

    first: int
    word: Word
    second: int


@dataclass(frozen=True, kw_only=True)
class Negative:
    """A text that is false of the scene, and the phrase in it that makes it so."""

    kind: NegativeKind
    text: str
    phrase: str
    index: int
    """Of the object whose phrase was replaced; -1 where a phrase was added."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """A picture and all that is in it."""

    pixels: Pixels
    """Shape (H, W, 3), uint8."""
    before_raw: Pixels
    """The same without the object that was pasted last (all copies of it), before any mild variation."""
    variation: int | None
    """Seed of the mild variation of `pixels`; None: there is none."""
    caption: str
    ground: str
    """What the background shows."""
    objects: tuple[Placed, ...]
    """In the order of pasting: later ones hide earlier ones."""
    relations: tuple[Relation, ...]
    """All that are true and clear, whether or not the caption says so."""
    negatives: tuple[Negative, ...]
    absent: tuple[str, ...]
    """Nouns that nothing in the picture could be called by."""

    @property
    def image(self) -> Array:
        """The picture, shape (H, W, 3), float32 in [0, 1]."""
        return as_float(self.pixels)

    @property
    def before_pixels(self) -> Pixels:
        """The picture without the object that was pasted last, shape (H, W, 3), uint8, varied alike; made anew."""
        if self.variation is None:
            return self.before_raw
        return vary(self.before_raw, np.random.default_rng(self.variation))

    @property
    def before_last(self) -> Array:
        """`before_pixels` as float32 in [0, 1]."""
        return as_float(self.before_pixels)
