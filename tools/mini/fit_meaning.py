"""Fit the text side of the meaning and colour parts: ridge regression from MiniLM sentences.

Targets are directions in the trunk's head: the ImageNet classifier's rows for the thousand class
names (so photographs work), and mean features of cut-outs and backgrounds for their phrases.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from grefine_mini.color import COLORS
from grefine_mini.heads import Heads
from grefine_mini.text import MiniText

TEMPLATES = ("{}", "a photo of a {}", "a {} in the scene")
RIDGE = 1.0
COLOR_STRENGTH = 0.25
"""Length of a colour word's colour part; a noun's meaning part is about 0.4 long."""
OBJECT_WEIGHT = 0.15
"""Of one cut-out's feature against one class name's row, which a million photographs made."""


@dataclass(frozen=True)
class Rows:
    """Weighted examples of the regression."""

    sentences: Tensor
    """Shape (n, 384)."""
    meaning: Tensor
    """Shape (n, 1280), unit rows, or zero rows for examples of colour alone."""
    color: Tensor
    """Shape (n, 12)."""
    weight: Tensor
    """Shape (n,)."""


def sentences(text: MiniText, words: list[str], templates: tuple[str, ...] = ("{}",)) -> Tensor:
    """Return unit embeddings (n, 384), averaged over the templates."""
    total = torch.zeros(len(words), 384)
    with torch.no_grad():
        for template in templates:
            filled = [template.format(w) for w in words]
            total += torch.cat([text.sentences(filled[i : i + 64]) for i in range(0, len(filled), 64)])
    return functional.normalize(total, dim=-1)


def class_names() -> list[list[str]]:
    """Return the synonyms of each ImageNet class, as timm lists them."""
    from timm.data import ImageNetInfo

    info = ImageNetInfo()
    return [[s.strip() for s in info.index_to_description(i).split(",")] for i in range(1000)]


def class_rows(text: MiniText, classifier: Tensor) -> Rows:
    """Return one example a synonym, towards its class's centred classifier row."""
    names = class_names()
    flat = [(i, s) for i, synonyms in enumerate(names) for s in synonyms]
    counts = torch.tensor([float(len(synonyms)) for synonyms in names])
    index = torch.tensor([i for i, _ in flat])
    directions = functional.normalize(classifier - classifier.mean(0), dim=-1)
    vectors = sentences(text, [s for _, s in flat], TEMPLATES)
    return Rows(vectors, directions[index], torch.zeros(len(flat), len(COLORS)), 1 / counts[index])


def object_rows(text: MiniText, data: dict[str, Any], head_mean: Tensor) -> Rows:
    """Return examples of phrases and captions towards the mean feature of their pictures."""
    words = [w for row in data["rows"] for w in (row[1], row[2])] + [w for row in data["ground_rows"] for w in row]
    heads = torch.cat([data["head"].repeat_interleave(2, 0), data["ground_head"].repeat_interleave(2, 0)])
    meaning = functional.normalize(heads - head_mean, dim=-1)
    weight = torch.full((len(words),), OBJECT_WEIGHT / 2)
    return Rows(sentences(text, words), meaning, torch.zeros(len(words), len(COLORS)), weight)


def color_rows(text: MiniText, nouns: list[str], strength: float) -> Rows:
    """Return examples "red car": the noun's own meaning is left alone, the colour gets its place.

    The same nouns without a colour pull the other way, so that plain nouns name no colour.
    """
    names = list(COLORS)
    pairs = [(names[(i + k) % len(names)], noun) for i, noun in enumerate(nouns) for k in range(4)]
    words = [f"{'a ' if i % 2 else ''}{color} {noun}" for i, (color, noun) in enumerate(pairs)] + nouns
    color = torch.zeros(len(words), len(names))
    for row, (name, _) in zip(color, pairs, strict=False):
        row[names.index(name)] = strength
    return Rows(sentences(text, words), torch.zeros(len(words), 1280), color, torch.ones(len(words)))


def solve(rows: Rows, targets: Tensor, mean: Tensor, ridge: float = RIDGE) -> Tensor:
    """Return the (384, n) ridge solution of centred sentences -> targets."""
    x = rows.sentences - mean
    weighted = x * rows.weight[:, None]
    solution: Tensor = torch.linalg.solve(x.T @ weighted + ridge * torch.eye(x.shape[1]), weighted.T @ targets)
    return solution


def join(*parts: Rows) -> Rows:
    """Return all examples as one."""
    return Rows(*(torch.cat([getattr(p, name) for p in parts]) for name in ("sentences", "meaning", "color", "weight")))


def fit_meaning(heads: Heads, text: MiniText, classifier: Tensor, data: dict[str, Any], clean: dict[str, Any]) -> None:
    """Set the means and text projections of `heads` from objects and clean scenes."""
    heads.head_mean.copy_(clean["head"].float().mean((0, 1, 2)))
    heads.color_mean.copy_(clean["colors"].float().sqrt().mean((0, 1, 2)))
    objects = object_rows(text, data, data["head"].mean(0))
    meaning = join(class_rows(text, classifier), objects)
    heads.text_mean.copy_((meaning.sentences * meaning.weight[:, None]).sum(0) / meaning.weight.sum())
    heads.to_meaning.copy_(solve(meaning, meaning.meaning, heads.text_mean))
    colors = color_rows(text, sorted({row[0] for row in data["rows"]}), strength=COLOR_STRENGTH)
    heads.to_color.copy_(solve(colors, colors.color, heads.text_mean))
    heads.to_quality.copy_(_unused_directions(meaning.sentences - heads.text_mean, heads.to_quality.shape[1]))


def _unused_directions(x: Tensor, count: int, gain: float = 2.0) -> Tensor:
    """Return (384, count): the principal axes along which ordinary texts differ least."""
    _, axes = torch.linalg.eigh(x.T @ x)  # eigenvalues ascend
    unused: Tensor = axes[:, :count] * gain
    return unused
