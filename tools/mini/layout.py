"""Where objects go on a scene, and which relations are then true."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import numpy as np
from numpy.random import Generator

from tools.mini.records import Box, Placed, Relation, Word

MOST_HIDDEN = 0.4
"""Share of an object's box that a later box may cover."""
MANNERS: tuple[Word | None, ...] = ("left of", "right of", "above", "below", "on", "in front of", None)
"""How an object is put with respect to the one before; None: anywhere with room."""
TRIES = 8


def overlap(first: Box, second: Box) -> float:
    """Return the share of the first box that the second covers."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / ((first[2] - first[0]) * (first[3] - first[1]))


def cover(box: Box, taken: Sequence[Box]) -> float:
    """Return the largest share that the box covers of another, or another of it."""
    return max((max(overlap(other, box), overlap(box, other)) for other in taken), default=0.0)


def free_place(shape: tuple[int, int], size: int, taken: Sequence[Box], rng: Generator) -> tuple[Box, float]:
    """Return the best of some random boxes of this shape (height, width), and how much it covers of others."""
    height, width = shape
    best, least = (0, 0, width, height), np.inf
    for _ in range(TRIES):
        x, y = (int(rng.integers(0, max(1, size - side + 1))) for side in (width, height))
        box = (x, y, x + width, y + height)
        worst = cover(box, taken)
        if worst < least:
            best, least = box, worst
        if worst == 0:
            break
    return best, float(least)


def related_place(shape: tuple[int, int], size: int, anchor: Box, manner: Word, rng: Generator) -> Box | None:
    """Return a box that stands in a relation to the anchor; None where there is no room for it."""
    height, width = shape
    left, top, right, bottom = anchor
    middle_x, middle_y = (left + right - width) / 2, (top + bottom - height) / 2
    sway_x, sway_y = (rng.uniform(-0.3, 0.3) * side for side in (right - left, bottom - top))
    gap = int(rng.integers(0, max(1, size // 20)))
    x: float
    y: float
    if manner == "left of":
        x, y = left - width - gap, middle_y + sway_y
    elif manner == "right of":
        x, y = right + gap, middle_y + sway_y
    elif manner == "above":
        x, y = middle_x + sway_x, top - height - gap
    elif manner == "below":
        x, y = middle_x + sway_x, bottom + gap
    elif manner == "on":
        x, y = middle_x + sway_x / 2, top - height + max(1, 0.02 * (bottom - top))
    else:
        side = rng.choice([-1, 1])
        x = middle_x + side * (0.5 * (right - left) + width * rng.uniform(-0.1, 0.2))
        y = middle_y + rng.uniform(0.1, 0.5) * (bottom - top)
    sideways = manner in ("left of", "right of")
    x = x if sideways else float(np.clip(x, 0, max(0, size - width)))
    y = float(np.clip(y, 0, max(0, size - height))) if sideways or manner == "in front of" else y
    if x < 0 or y < 0 or x + width > size or y + height > size:
        return None
    return round(x), round(y), round(x) + width, round(y) + height


def find_relations(objects: Sequence[Placed], hidden: dict[tuple[int, int], float]) -> tuple[Relation, ...]:
    """Return all relations that are clearly true.

    Args:
        objects: In the order of pasting.
        hidden: (later, earlier) -> share of the earlier one that the later one hides.
    """
    found: list[Relation] = []
    for i, j in permutations(range(len(objects)), 2):
        covered = hidden.get((i, j), 0.0)
        if covered > 0.06:
            several = objects[i].count > 1 or objects[j].count > 1  # a part of them may stand elsewhere
            if several or stands_on(objects[i], objects[j]):
                continue
            found.append(Relation(first=i, word="in front of", second=j))
            found.append(Relation(first=j, word="behind", second=i))
        elif stands_on(objects[i], objects[j]):
            found.append(Relation(first=i, word="on", second=j))
            continue
        word = direction(objects[i].box, objects[j].box)
        if word and hidden.get((j, i), 0.0) <= 0.06 and covered <= 0.06 and not stands_on(objects[j], objects[i]):
            found.append(Relation(first=i, word=word, second=j))
    return tuple(found)


def direction(first: Box, second: Box) -> Word | None:
    """Return where the first box lies: beside the second at about its height, or above or below it."""
    narrow = min(first[2] - first[0], second[2] - second[0])
    low = min(first[3] - first[1], second[3] - second[1])
    shared_x = min(first[2], second[2]) - max(first[0], second[0])
    shared_y = min(first[3], second[3]) - max(first[1], second[1])
    if shared_y >= 0.35 * low and shared_x <= 0.1 * narrow:
        return "left of" if first[0] + first[2] < second[0] + second[2] else "right of"
    if shared_x >= 0.35 * narrow and shared_y <= 0.1 * low:
        return "above" if first[1] + first[3] < second[1] + second[3] else "below"
    return None


def stands_on(first: Placed, second: Placed) -> bool:
    """Tell whether the lower edge of the first rests on the upper part of the second, which is broad enough."""
    if first.count > 1 or second.count > 1:
        return False
    a, b = first.box, second.box
    shared = min(a[2], b[2]) - max(a[0], b[0])
    if shared < 0.7 * (a[2] - a[0]):
        return False
    middle = slice(max(0, (a[0] + a[2]) // 2 - 2), (a[0] + a[2]) // 2 + 3)
    whole = second.alpha[:, middle].max(1)  # the first hides only what is at its lower edge
    rows = np.flatnonzero(whole > 127)
    if not len(rows):
        return False
    return bool(abs(int(rows[0]) - a[3]) <= 0.04 * (b[3] - b[1]) + 1)
