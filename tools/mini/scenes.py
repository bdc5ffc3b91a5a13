"""Captioned scenes: cut-out objects pasted on a crop of a background, with exact masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator

from tools.mini.assets import Array, Assets, Pixels, Row
from tools.mini.captions import (
    LARGE,
    SMALL,
    absent_nouns,
    name_object,
    relation_negatives,
    write_caption,
    write_negatives,
)
from tools.mini.colors import HUES, Hue, dominant_hue, other_color, turned
from tools.mini.draw import pick
from tools.mini.layout import MANNERS, MOST_HIDDEN, cover, find_relations, free_place, related_place
from tools.mini.pasting import cast_shadow, paste, softened, stands_out
from tools.mini.photographic import vary
from tools.mini.photographs import caption_of
from tools.mini.records import Box, Negative, Placed, Relation, Scene, as_float
from tools.mini.words import could_name, counted, has_color_word

__all__ = ["Negative", "Placed", "Relation", "Scene", "SceneOptions", "compose", "crop_background"]

ABSENT = 4
"""Absent nouns of a scene."""
LARGE_SIDE, SMALL_SIDE = 0.55, 0.3
"""Share of the picture's side from which an object is called large, and up to which small."""


@dataclass(frozen=True, kw_only=True)
class SceneOptions:
    """What scenes are made of; shares are probabilities."""

    styles: tuple[str, ...] | None = None
    """Of the objects; None: all."""
    ground_styles: tuple[str, ...] | None = None
    objects: Sequence[Row] | None = None
    """Rows to draw objects from, instead of those of `styles`."""
    photographs: float = 0.0
    """Share of backgrounds that are crops of the photographs, where there are any. Of a photograph that
    `tools.mini.photographs` does not know, nobody knows what it shows, so an "absent" noun may be on it."""
    recolored: float = 0.35
    """Share of objects of a clear hue that get another."""
    counts: float = 0.12
    """Share of objects that come as two to four copies."""
    named_color: float = 0.6
    """Share of objects of a known colour whose caption names it; always for a changed colour."""
    named_size: float = 0.5
    """Share of large and small objects whose caption says so."""
    related: float = 0.7
    """Share of objects that are put in a relation to the one before."""
    shadow: float = 0.2
    soft_edge: float = 0.3
    varied: bool = False
    """Whether exposure, white balance and the like vary mildly: see `vary`."""


@dataclass(kw_only=True)
class _Canvas:
    """A scene in the making."""

    pixels: Pixels
    before: Pixels
    rows: list[Row] = field(default_factory=list)
    objects: list[Placed] = field(default_factory=list)
    hidden: dict[tuple[int, int], float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Cut:
    """A cut-out ready to be pasted."""

    rgba: Pixels
    color: str | None
    recolored: bool


def crop_background(assets: Assets, rng: Generator, size: int) -> tuple[Array, str]:
    """Return a square crop of a random background, float32 in [0, 1], and its caption."""
    pixels, caption, _ = _ground(assets, rng, size, SceneOptions())
    return as_float(pixels), caption


def _ground(assets: Assets, rng: Generator, size: int, options: SceneOptions) -> tuple[Pixels, str, str]:
    """Return a crop (size, size, 3), its caption and its style."""
    chosen: Row | Path
    if assets.photographs and (rng.random() < options.photographs or not assets.backgrounds):
        file = pick(assets.photographs, rng)
        chosen, caption, style = file, caption_of(file), "photo"
    else:
        row = pick(assets.of_styles("background", options.ground_styles), rng)
        chosen, caption, style = row, str(row["caption"]), str(row["style"])
    height, width = assets.background(chosen).shape[:2]
    side = int(rng.integers(min(size, height, width), min(height, width) + 1))
    x, y = int(rng.integers(0, width - side + 1)), int(rng.integers(0, height - side + 1))
    level = int(np.log2(side / size)) if side > size else 0  # shrinking by much is slow
    image, (side, x, y) = assets.background(chosen, level), (value >> level for value in (side, x, y))
    crop = image[y : y + side, x : x + side]
    if side != size:
        crop = cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA if side > size else cv2.INTER_CUBIC)
    return (cv2.flip(crop, 1) if rng.random() < 0.5 else crop.copy()), caption, style


def compose(
    assets: Assets,
    rng: Generator,
    size: int,
    *,
    count: int,
    share: tuple[float, float] = (0.35, 0.8),
    options: SceneOptions | None = None,
) -> Scene:
    """Return a scene with `count` objects, each `share` of the picture's side at most.

    Args:
        assets: Where pictures come from.
        rng: All randomness comes from it.
        size: Side of the scene in pixels.
        count: Objects, or groups of copies of one object.
        share: Limits of an object's longer side; less where several objects need room, and never more
            pixels than the cut-out has.
        options: What scenes are made of.
    """
    options = options or SceneOptions()
    pixels, ground, style = _ground(assets, rng, size, options)
    canvas = _Canvas(pixels=pixels, before=pixels)
    low, high = (limit / max(1.0, count**0.5 * 0.85) for limit in share)
    for _ in range(count):
        _add_object(canvas, assets, rng, (low, high), options)
    relations = find_relations(canvas.objects, canvas.hidden)
    styles = {placed.style for placed in canvas.objects} | (
        {style} if style == "photo" or not canvas.objects else set()
    )
    caption = write_caption(canvas.objects, relations, ground, styles.pop() if len(styles) == 1 else "mixed", rng)
    texts = [ground, *(f"{placed.noun} {placed.phrase}" for placed in canvas.objects)]
    absent = absent_nouns(assets.objects, texts, rng, ABSENT)
    negatives = write_negatives(canvas.rows, canvas.objects, caption, absent, rng)
    seed = int(rng.integers(2**63)) if options.varied else None
    return Scene(
        pixels=canvas.pixels if seed is None else vary(canvas.pixels, np.random.default_rng(seed)),
        before_raw=canvas.before,
        variation=seed,
        caption=caption,
        ground=ground,
        objects=tuple(canvas.objects),
        relations=relations,
        negatives=negatives + relation_negatives(canvas.objects, relations, rng),
        absent=absent,
    )


def _add_object(
    canvas: _Canvas, assets: Assets, rng: Generator, share: tuple[float, float], options: SceneOptions
) -> None:
    """Choose an object, place and paste it, and write its record."""
    row = _choose(canvas, options.objects or assets.of_styles("object", options.styles), rng)
    size = canvas.pixels.shape[0]
    copies = int(rng.integers(2, 5)) if counted(row) and rng.random() < options.counts else 1
    wanted = rng.uniform(*share) / (1.0 if copies == 1 else 1.35)
    cut = _cut(assets, row, rng, (wanted, size), options)
    canvas.before = canvas.pixels.copy()
    alpha = np.zeros(canvas.pixels.shape[:2], np.uint8)
    boxes: list[Box] = []
    for number in range(copies):
        rgba = cut.rgba if number == 0 or rng.random() < 0.5 else np.ascontiguousarray(cut.rgba[:, ::-1])
        found = _find_place(canvas, rgba, boxes, rng, options)
        if found is None:
            break
        rgba, box = found
        if rng.random() < options.soft_edge:
            rgba = softened(rgba)
        if rng.random() < options.shadow:
            cast_shadow(canvas.pixels, rgba[..., 3], box, rng)
        paste(canvas.pixels, rgba, box, alpha)
        boxes.append(box)
    _hide(canvas, alpha)
    canvas.rows.append(row)
    canvas.objects.append(_record(row, cut, boxes, alpha, rng, options))


def _record(row: Row, cut: _Cut, boxes: Sequence[Box], alpha: Pixels, rng: Generator, options: SceneOptions) -> Placed:
    """Return the record of a pasted object, with its name for the caption."""
    longest = max(max(right - left, bottom - top) for left, top, right, bottom in boxes) / alpha.shape[0]
    named = cut.color if cut.recolored or rng.random() < options.named_color else None
    named = None if has_color_word(str(row["phrase"])) else named
    word = _size_word(longest, rng, options) if len(boxes) == 1 else None
    return Placed(
        noun=str(row["noun"]),
        phrase=str(row["phrase"]),
        caption=name_object(row, color=named, size=word, count=len(boxes)),
        color=cut.color,
        size=word,
        count=len(boxes),
        style=str(row["style"]),
        category=str(row.get("category", "")),
        boxes=tuple(boxes),
        alpha=alpha,
    )


def _choose(canvas: _Canvas, rows: Sequence[Row], rng: Generator) -> Row:
    """Return an object that is not like one that is there: a second boat would make "a boat" two."""
    said = [f"{placed.noun} {placed.phrase}" for placed in canvas.objects]
    row = pick(rows, rng)
    for _ in range(10):
        if not said or not could_name(f"{row['noun']} {row['phrase']}", said):
            break
        row = pick(rows, rng)
    return row


def _cut(assets: Assets, row: Row, rng: Generator, wanted: tuple[float, int], options: SceneOptions) -> _Cut:
    """Return the cut-out at its size, perhaps mirrored, perhaps of another colour."""
    share, size = wanted
    side = min(max(8, round(share * size)), max(int(row["width"]), int(row["height"])), size)
    rgba = assets.cut_out(row, side)
    color, recolored = row.get("color"), False
    if color in HUES and not has_color_word(str(row["phrase"])) and rng.random() < options.recolored:
        hue: Hue | None = dominant_hue(rgba)
        other = other_color(hue, str(color), rng) if hue else None
        if hue and other:
            rgba, color, recolored = turned(rgba, hue, other), other, True
    height, width = rgba.shape[:2]
    scale = side / max(height, width)
    if scale < 1:
        sizes = max(2, round(width * scale)), max(2, round(height * scale))
        rgba = cv2.resize(rgba, sizes, interpolation=cv2.INTER_AREA)
    if rng.random() < 0.5:
        rgba = cv2.flip(rgba, 1)
    return _Cut(rgba=rgba, color=color, recolored=recolored)


def _find_place(
    canvas: _Canvas, rgba: Pixels, copies: Sequence[Box], rng: Generator, options: SceneOptions
) -> tuple[Pixels, Box] | None:
    """Return the cut-out, smaller where there is no room, and its box; None for a copy that finds none."""
    size = canvas.pixels.shape[0]
    taken = [box for placed in canvas.objects for box in placed.boxes] + list(copies)
    manner = pick(MANNERS, rng)
    if canvas.objects and not copies and manner and rng.random() < options.related:
        anchor = canvas.objects[-1]
        box = related_place(rgba.shape[:2], size, anchor.box, manner, rng) if anchor.count == 1 else None
        if box and cover(box, taken) <= MOST_HIDDEN:
            return rgba, box
    limit = 0.08 if copies else MOST_HIDDEN * 0.6
    for _ in range(4):
        best, least = free_place(rgba.shape[:2], size, taken, rng)
        if least <= limit and (stands_out(canvas.pixels, rgba, best) or rng.random() < 0.3):
            return rgba, best
        if copies:
            continue
        if least > limit:
            height, width = rgba.shape[:2]
            rgba = cv2.resize(rgba, (max(4, width * 3 // 4), max(4, height * 3 // 4)), interpolation=cv2.INTER_AREA)
    return None if copies else (rgba, free_place(rgba.shape[:2], size, taken, rng)[0])


def _hide(canvas: _Canvas, alpha: Pixels) -> None:
    """Take what the new object covers from the others' visible parts, and note how much that is."""
    new = len(canvas.objects)
    keep = 255 - alpha
    for index, placed in enumerate(canvas.objects):
        before = cv2.sumElems(placed.alpha)[0]
        placed.alpha[:] = cv2.multiply(placed.alpha, keep, scale=1 / 255)
        canvas.hidden[new, index] = 1 - cv2.sumElems(placed.alpha)[0] / max(before, 1)


def _size_word(longest: float, rng: Generator, options: SceneOptions) -> str | None:
    if rng.random() >= options.named_size:
        return None
    words = LARGE if longest >= LARGE_SIDE else SMALL if longest <= SMALL_SIDE else ()
    return pick(words, rng) if words else None
