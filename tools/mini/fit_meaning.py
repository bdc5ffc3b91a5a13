"""Fit all of the heads that speaks of meaning: remembered words, things and colours.

Most of it is collected rather than trained: what ImageNet's classifier takes for each class (so photographs
work), and mean features of cut-outs for their nouns. Trained adaptors were tried and dropped: on nouns
that they had not seen they were worse than none.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from grefine_mini.color import COLORS, SYNONYMS
from grefine_mini.heads import ATTENTION, Heads, finer
from grefine_mini.text import MiniText
from tools.mini.assets import Assets
from tools.mini.meaning_scenes import CELLS

TEMPLATES = ("{}", "a photo of a {}")
HYPERNYMS = Path(__file__).with_name("hypernyms.json")
"""Nouns of WordNet 3.0 that stand above ImageNet classes, and the classes under each."""
REMEMBERED_WEIGHT = 0.5
"""Of a hypernym or a cut-out's noun in the attention, against a class name's 1."""
GAINS = (1.0, 0.3, 1.0)
"""Of meaning, thing and colour in a text's feature."""
STEPS, RATE = 600, 5e-3
PIXELS = 128
"""Pixels of a cut-out that the colours are fitted on."""


def sentences(text: MiniText, words: list[str], templates: tuple[str, ...] = ("{}",)) -> Tensor:
    """Return embeddings (n, 384), averaged over the templates."""
    total = torch.zeros(len(words), 384)
    with torch.no_grad():
        for template in templates:
            filled = [template.format(w) for w in words]
            total += torch.cat([text.sentences(filled[i : i + 64]) for i in range(0, len(filled), 64)])
    return total / len(templates)


def class_names() -> list[list[str]]:
    """Return the synonyms of each ImageNet class, as timm lists them."""
    from timm.data import ImageNetInfo

    info = ImageNetInfo()
    return [[s.strip() for s in info.index_to_description(i).split(",")] for i in range(1000)]


def remember(heads: Heads, text: MiniText, classifier: Tensor, objects: dict[str, Any]) -> None:
    """Set the memory: class names, nouns above them, nouns of cut-outs."""
    rows = functional.normalize(classifier - classifier.mean(0), dim=-1)
    names = class_names()
    index = torch.tensor([i for i, synonyms in enumerate(names) for _ in synonyms])
    keys = sentences(text, [s for synonyms in names for s in synonyms], TEMPLATES)
    above: dict[str, list[int]] = json.loads(HYPERNYMS.read_text(encoding="utf-8"))
    above_rows = torch.stack([functional.normalize(rows[classes].mean(0), dim=0) for classes in above.values()])
    above_keys = sentences(text, list(above), TEMPLATES)
    nouns = sorted({row["noun"] for row in objects["rows"]})
    seen = functional.normalize(objects["head"] - objects["head"].mean((0, 1)), dim=-1).mean(0)
    own = torch.tensor([nouns.index(row["noun"]) for row in objects["rows"]])
    seen = torch.stack([functional.normalize(seen[own == i].mean(0), dim=0) for i in range(len(nouns))])
    heads.keys = torch.cat([keys, above_keys, sentences(text, nouns, TEMPLATES)])
    heads.values = torch.cat([rows[index], above_rows, seen])
    heads.key_bias = torch.zeros(len(heads.keys))
    heads.key_bias[len(keys) :] = float(np.log(REMEMBERED_WEIGHT))
    attention = (ATTENTION * heads.keys @ heads.keys.T + heads.key_bias).softmax(-1)
    heads.value_mean.copy_((attention @ heads.values).mean(0))
    heads.text_mean.copy_(heads.keys.mean(0))
    heads.gains.copy_(torch.tensor(GAINS))
    heads.to_quality.copy_(_unused_directions(heads.keys - heads.text_mean, heads.to_quality.shape[1]))


def fit_means(heads: Heads, clean: list[dict[str, Any]]) -> None:
    """Set the means that the parts of an image are taken from; objects and colours must be fitted before."""
    heads.head_mean.copy_(torch.stack([scene["head"].float().mean((0, 1)) for scene in clean]).mean(0))
    wholes = []
    for scene in clean:
        objects = heads.objects(scene["statistics"].float()[None])
        wholes.append(heads.pool(finer(scene["head"].float()[None], objects), objects)[1])
    heads.pooled_mean.copy_(torch.cat(wholes).mean(0))
    heads.color_mean.copy_(torch.stack([color_roots(heads, scene) for scene in clean]).mean((0, 1, 2)))


def color_roots(heads: Heads, scene: dict[str, Any]) -> Tensor:
    """Return the root share (28, 28, 12) of each colour in the cells of a scene."""
    small = scene["small"].float().permute(0, 2, 3, 1)
    shares = heads.pixel_colors(small).softmax(-1).permute(0, 3, 1, 2)
    return functional.adaptive_avg_pool2d(shares, CELLS)[0].permute(1, 2, 0).sqrt()


def fit_things(heads: Heads, text: MiniText, nouns: list[str], grounds: list[str]) -> None:
    """Fit whether a text names an object or a ground, by ridge."""
    x = torch.cat([sentences(text, [f"a {n}" for n in nouns]), sentences(text, nouns), sentences(text, grounds)])
    y = torch.cat([torch.ones(2 * len(nouns)), -torch.ones(len(grounds))])
    sizes = torch.cat([torch.full((2 * len(nouns),), 0.5 / len(nouns)), torch.full((len(grounds),), 1 / len(grounds))])
    middle = (x * sizes[:, None]).sum(0) / sizes.sum()
    centred = x - middle
    ridge = centred.T @ (centred * sizes[:, None]) + 0.02 * torch.eye(x.shape[1])
    heads.to_thing.copy_(torch.linalg.solve(ridge, (centred * sizes[:, None]).T @ y))
    heads.to_thing_bias.copy_(-middle @ heads.to_thing)


def fit_colors(heads: Heads, text: MiniText, assets: Assets) -> None:
    """Fit the colour of pixels on cut-outs of a known colour, by their mean share; note the words for colours."""
    words = [*COLORS, *SYNONYMS]
    tokens = text.embed_tokens(words)[:, 1]  # the first is the start token; each word is one token
    heads.color_tokens = functional.normalize(tokens, dim=-1)
    heads.color_of = torch.zeros(len(words), len(COLORS))
    for row, word in enumerate(words):
        heads.color_of[row, COLORS.index(SYNONYMS.get(word, word))] = 1
    pixels, labels = colored_pixels(assets)
    counts = torch.bincount(labels, minlength=len(COLORS)).float()
    weight = counts.clamp(min=5).rsqrt()
    draw = torch.Generator().manual_seed(0)
    net = heads.pixel_colors.requires_grad_(True)
    optimizer = torch.optim.Adam(net.parameters(), lr=RATE)
    with torch.enable_grad():
        for _ in range(STEPS):
            rows = torch.randint(len(pixels), (256,), generator=draw)
            light = 1 + 0.08 * torch.randn(256, 1, 1, generator=draw)
            cast = 0.02 * torch.randn(256, 1, 3, generator=draw)
            shares = net((pixels[rows] * light + cast).clamp(0, 1)).softmax(-1).mean(1)
            loss = functional.nll_loss((shares + 1e-4).log(), labels[rows], weight=weight / weight.mean())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    net.requires_grad_(False)


def colored_pixels(assets: Assets) -> tuple[Tensor, Tensor]:
    """Return (n, 128, 3) opaque pixels in [0, 1] of cut-outs of a known colour, and its places (n,) in `COLORS`."""
    rng = np.random.default_rng(0)
    pixels, labels = [], []
    for row in assets.objects:
        if row["color"] not in COLORS:
            continue
        cut = assets.cut_out(row, 64)
        opaque = cut[cut[..., 3] > 200][:, :3]
        if len(opaque) >= PIXELS // 2:
            pixels.append(opaque[rng.integers(0, len(opaque), PIXELS)].astype(np.float32) / 255)
            labels.append(COLORS.index(row["color"]))
    return torch.from_numpy(np.stack(pixels)), torch.tensor(labels)


def _unused_directions(x: Tensor, count: int, gain: float = 2.0) -> Tensor:
    """Return (384, count): the principal axes along which ordinary texts differ least."""
    _, axes = torch.linalg.eigh(x.T @ x)  # eigenvalues ascend
    unused: Tensor = axes[:, :count] * gain
    return unused
