"""Captions in the way of prompts, and texts that are false of the same scene."""

from __future__ import annotations

from collections.abc import Sequence

from numpy.random import Generator

from tools.mini.assets import Row
from tools.mini.colors import too_close, wrong_color
from tools.mini.draw import pick
from tools.mini.records import Negative, Placed, Relation
from tools.mini.words import NUMBERS, article, could_name, counted, some

LARGE, SMALL = ("large", "big", "huge"), ("small", "little", "tiny")
ENDINGS = ("highly detailed", "4k", "sharp focus", "high quality", "best quality", "masterpiece", "8k", "detailed")
OPENINGS = {
    "photo": ("a photo of {}", "a photograph of {}", "photo of {}", "{}, photo", "a realistic photo of {}"),
    "3d render": ("a 3d render of {}", "3d render of {}", "{}, 3d render", "a rendering of {}", "{}, 3d icon"),
    "clip art": ("clip art of {}", "a clip art picture of {}", "{}, clip art", "an illustration of {}"),
    "drawing": ("a drawing of {}", "{}, drawing", "an ink drawing of {}", "a sketch of {}"),
    "mixed": ("a picture of {}", "an image of {}", "{}, digital art", "a collage of {}", "a scene with {}"),
}
GROUNDS = ("{} in front of {}", "{} with {} in the background", "{} against {}", "{}, {}", "{}, {} behind")
COUNTED = (1, 2, 3, 4)


def name_object(row: Row, *, color: str | None, size: str | None, count: int) -> str:
    """Return the phrase that names an object: "three red apples", "a large dog", "grapes"."""
    words = [word for word in (size, color) if word]
    if count > 1:
        return " ".join([NUMBERS[count], *words, counted(row) or str(row["phrase"])])
    text = " ".join([*words, str(row["phrase"])])
    own = str(row.get("article") or "")
    if own in ("a", "an") and words:
        own = article(text)
    return f"{own} {text}".strip()


def write_caption(
    objects: Sequence[Placed], relations: Sequence[Relation], ground: str, style: str, rng: Generator
) -> str:
    """Return a caption that names every object, in the manner of a prompt."""
    names = [placed.caption for placed in objects]
    if not names:
        body = ground
    elif relations and rng.random() < 0.6:
        body = _with_relation(names, pick(relations, rng))
    elif rng.random() < 0.2:
        body = ", ".join(bare(name) for name in names)
    else:
        body = joined(names)
    if names and rng.random() < 0.4:
        body = pick(GROUNDS, rng).format(body, ground)
    draw = rng.random()
    if draw < 0.35:
        forms = OPENINGS.get(style, OPENINGS["mixed"])
        body = pick(forms, rng).format(body)
    if rng.random() < 0.2:
        body = ", ".join([body, *rng.choice(ENDINGS, int(rng.integers(1, 3)), replace=False)])
    return body


def _with_relation(names: list[str], relation: Relation) -> str:
    word = {"left of": "to the left of", "right of": "to the right of"}.get(relation.word, relation.word)
    pair = f"{names[relation.first]} {word} {names[relation.second]}"
    rest = [name for i, name in enumerate(names) if i not in (relation.first, relation.second)]
    return joined([pair, *rest])


def joined(names: Sequence[str]) -> str:
    """Return "a, b and c"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def bare(name: str) -> str:
    """Return a phrase without its article."""
    first, _, rest = name.partition(" ")
    return rest if first in ("a", "an", "the") else name


def absent_nouns(rows: Sequence[Row], texts: Sequence[str], rng: Generator, count: int) -> tuple[str, ...]:
    """Return nouns of the rows that could name nothing that the texts speak of; fewer where few are found."""
    found: list[str] = []
    for _ in range(6 * count):
        noun = str(pick(rows, rng)["noun"])
        if noun not in found and not could_name(noun, texts):
            found.append(noun)
        if len(found) == count:
            break
    return tuple(found)


def write_negatives(
    rows: Sequence[Row], objects: Sequence[Placed], caption: str, absent: Sequence[str], rng: Generator
) -> tuple[Negative, ...]:
    """Return false texts: an absent noun, a wrong colour, exchanged colours, a wrong count."""
    out: list[Negative] = []
    for index, (row, placed) in enumerate(zip(rows, objects, strict=True)):
        color = placed.color if _says_color(placed) else None
        if absent:
            noun = pick(absent, rng)
            phrase = some(noun)
            out.append(Negative(kind="noun", text=_put(caption, placed, phrase), phrase=phrase, index=index))
        if placed.color:
            wrong = name_object(row, color=wrong_color(placed.color, rng), size=placed.size, count=placed.count)
            out.append(Negative(kind="color", text=_put(caption, placed, wrong), phrase=wrong, index=index))
        if placed.count > 1 or (counted(row) and row["article"] in ("a", "an")):
            counts = [n for n in COUNTED if abs(n - placed.count) >= (2 if placed.count > 2 else 1)]
            number = pick(counts, rng)
            wrong = name_object(row, color=color, size=placed.size, count=number)
            out.append(Negative(kind="count", text=_put(caption, placed, wrong), phrase=wrong, index=index))
    return (*out, *_bindings(rows, objects, caption))


def _bindings(rows: Sequence[Row], objects: Sequence[Placed], caption: str) -> list[Negative]:
    """Return the caption with the colours of two objects exchanged, for the first pair that has two."""
    for i, first in enumerate(objects):
        for j, second in enumerate(objects[:i]):
            if not (first.color and second.color) or too_close(first.color, second.color):
                continue
            if not (_says_color(first) and _says_color(second)):
                continue
            one = name_object(rows[i], color=second.color, size=first.size, count=first.count)
            two = name_object(rows[j], color=first.color, size=second.size, count=second.count)
            text = _put(_put(caption, first, "\0"), second, two).replace("\0", one)
            return [Negative(kind="binding", text=text, phrase=one, index=i)]
    return []


def relation_negatives(
    objects: Sequence[Placed], relations: Sequence[Relation], rng: Generator
) -> tuple[Negative, ...]:
    """Return one relation turned round, where there is one."""
    if not relations:
        return ()
    chosen = pick(relations, rng)
    names = [placed.caption for placed in objects]
    text = _with_relation(names, Relation(first=chosen.second, word=chosen.word, second=chosen.first))
    return (Negative(kind="relation", text=text, phrase=names[chosen.second], index=chosen.second),)


def _says_color(placed: Placed) -> bool:
    return bool(placed.color) and f" {placed.color} " in f" {placed.caption} "


def _put(caption: str, placed: Placed, phrase: str) -> str:
    """Return the caption with another phrase in the object's place."""
    if placed.caption in caption:
        return caption.replace(placed.caption, phrase, 1)
    return caption.replace(bare(placed.caption), bare(phrase), 1)
