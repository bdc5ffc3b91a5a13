"""Colour words: which an object has, and giving it another by turning its hue."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator

from tools.mini.assets import Pixels
from tools.mini.draw import pick

HUES = {"red": 0, "orange": 14, "yellow": 27, "green": 60, "teal": 88, "blue": 112, "purple": 139, "pink": 164}
"""Word -> hue in half degrees, as OpenCV counts them."""
COLORS = ("black", "white", "gray", "red", "orange", "brown", "yellow", "green", "teal", "blue", "purple", "pink")
BRIGHT = frozenset({"red", "orange", "yellow", "pink"})
"""Words that a dark colour of that hue does not get: it is brown, olive or maroon."""
CLOSE = (
    frozenset({"red", "orange", "brown", "pink"}),
    frozenset({"orange", "yellow", "brown"}),
    frozenset({"green", "teal"}),
    frozenset({"teal", "blue"}),
    frozenset({"blue", "purple"}),
    frozenset({"purple", "pink"}),
    frozenset({"gray", "white"}),
    frozenset({"gray", "black"}),
    frozenset({"brown", "black"}),
    frozenset({"yellow", "green"}),
)
"""Words that two viewers may give to one object."""


@dataclass(frozen=True, kw_only=True)
class Hue:
    """The colour of a cut-out, where it has one that dominates."""

    hue: float
    """In half degrees, 0 to 180."""
    saturation: float
    value: float
    """Medians, 0 to 255."""


def dominant_hue(rgba: Pixels) -> Hue | None:
    """Return the hue of most coloured pixels of a premultiplied cut-out; None where they disagree."""
    opaque = rgba[rgba[..., 3] > 200][None, :, :3]
    if opaque.shape[1] < 20:
        return None
    hsv = cv2.cvtColor(np.ascontiguousarray(opaque), cv2.COLOR_RGB2HSV)[0].astype(np.float32)
    vivid = hsv[(hsv[:, 1] > 70) & (hsv[:, 2] > 50)]
    if len(vivid) < 0.4 * len(hsv):
        return None
    turns = np.exp(1j * vivid[:, 0] * (2 * np.pi / 180))
    mean = turns.mean()
    if abs(mean) < 0.85:
        return None
    hue = float(np.angle(mean) * 90 / np.pi) % 180
    return Hue(hue=hue, saturation=float(np.median(vivid[:, 1])), value=float(np.median(vivid[:, 2])))


def other_color(own: Hue, name: str, rng: Generator) -> str | None:
    """Return a colour word that the object may take by turning its hue; None where none would be sure."""
    bright = own.value > 150 and own.saturation > 110
    names = [other for other in HUES if not too_close(name, other) and (bright or other not in BRIGHT)]
    return pick(names, rng) if names else None


def turned(rgba: Pixels, own: Hue, name: str) -> Pixels:
    """Return the cut-out with its hue turned so that the dominant one becomes that of `name`."""
    hsv = cv2.cvtColor(np.ascontiguousarray(rgba[..., :3]), cv2.COLOR_RGB2HSV)
    table = ((np.arange(256) + round(HUES[name] - own.hue)) % 180).astype(np.uint8)
    hsv[..., 0] = cv2.LUT(np.ascontiguousarray(hsv[..., 0]), table)
    return np.dstack([cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), rgba[..., 3]])


def too_close(first: str, second: str) -> bool:
    """Tell whether two colour words may both be said of one object."""
    return first == second or any({first, second} <= group for group in CLOSE)


def wrong_color(own: str, rng: Generator) -> str:
    """Return a colour word that nobody would give to an object of this colour."""
    names = [name for name in COLORS if not too_close(own, name)]
    return pick(names, rng)
