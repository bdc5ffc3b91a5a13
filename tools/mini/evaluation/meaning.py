"""Claims about meaning: nouns, places, colours, presence, class names."""

from __future__ import annotations

import csv

import numpy as np
import torch
from numpy.typing import NDArray

from grefine_core import read_image, tokens_to_map
from tools.mini.assets import Row
from tools.mini.captions import name_object
from tools.mini.colors import wrong_color
from tools.mini.evaluation.material import Material
from tools.mini.evaluation.models import Models, class_features, to_tensor
from tools.mini.evaluation.records import SEED, Finding, Skipped, auroc, interval_of, mean_of
from tools.mini.records import Scene
from tools.mini.scenes import SceneOptions
from tools.mini.words import words_of

CHOICES = 20
EACH = 4
"""Pictures of each cut-out."""


def nouns_and_places(models: Models, material: Material) -> list[Finding]:
    """Photo cut-outs alone on a background: the right noun of 20, and the maximum of its map inside it.

    The other 19 are nouns of the manifest, of all styles, that share no word with the right one; a maximum
    counts where more than half of the pixel is the object's.
    """
    rows = material.photo_rows()
    nouns = sorted({str(row["noun"]) for row in material.assets.objects})
    right, inside, covered = [], [], []
    for number, (row, scenes) in enumerate(zip(rows, material.cut_out_scenes(rows, EACH), strict=True)):
        texts = [str(row["noun"]), *_distractors(str(row["noun"]), nouns, number)]
        found = [models.matcher(to_tensor(scene.pixels), texts) for scene in scenes]
        right.append([float(one.scores.argmax() == 0) for one in found])
        inside.append([_hits(one.grids[:1], scene) for one, scene in zip(found, scenes, strict=True)])
        covered += [float((scene.objects[0].alpha > 127).mean()) for scene in scenes]
    count = sum(map(len, right))
    value, interval = mean_of(right)
    pointed, around = mean_of(inside)
    return [
        Finding(
            claim=f"zero-shot nouns on photo cut-outs: right noun of {min(CHOICES, len(nouns))}",
            value=value,
            target=0.60,
            n=count,
            interval=interval,
            note=f"{len(rows)} cut-outs of {len({row['noun'] for row in rows})} nouns",
        ),
        Finding(
            claim="pointing game on those: map maximum inside the object",
            value=pointed,
            target=0.75,
            n=count,
            interval=around,
            note=f"by chance {np.mean(covered):.2f}",
        ),
    ]


def _distractors(noun: str, nouns: list[str], number: int) -> list[str]:
    others = [other for other in nouns if not words_of(other) & words_of(noun)]
    rng = np.random.default_rng((SEED, 2, number))
    return [others[place] for place in rng.permutation(len(others))[: CHOICES - 1]]


def _hits(grid: torch.Tensor, scene: Scene) -> float:
    alpha = scene.objects[0].alpha
    place = int(tokens_to_map(grid, (alpha.shape[0], alpha.shape[1]))[0].argmax())
    return float(alpha.flat[place] > 127)


def colors(models: Models, material: Material) -> list[Finding]:
    """Two captions that differ in one colour word: the right one scores higher, on scenes and on photo cut-outs."""
    options = SceneOptions(named_color=1, recolored=0.5, photographs=0.3)
    right = []
    for scene in material.scenes(240, options, (1, 2)):
        wrong = [negative for negative in scene.negatives if negative.kind == "color"]
        if wrong:
            right.append([_prefers(models, scene, scene.caption, wrong[0].text)])
    if not right:
        raise Skipped("no objects of a known colour")
    value, interval = mean_of(right)
    composed = Finding(
        claim="colour: right of two captions that differ in one colour word, composed scenes",
        value=value,
        target=0.90,
        n=len(right),
        interval=interval,
    )
    return [composed, _photo_colors(models, material)]


def _photo_colors(models: Models, material: Material) -> Finding:
    claim = "the same on photo cut-outs of a known colour"
    rows = [row for row in material.assets.objects if row["style"] == "photo" and row.get("color")]
    if not rows:
        return Finding(claim=claim, value=float("nan"), note="no such cut-outs in the manifest")
    rng = np.random.default_rng((SEED, 3))
    right = []
    for row, scenes in zip(rows, material.cut_out_scenes(rows, 2 * EACH), strict=True):
        right.append([_prefers(models, scene, *_color_texts(row, rng)) for scene in scenes])
    value, interval = mean_of(right)
    return Finding(
        claim=claim, value=value, n=sum(map(len, right)), interval=interval, note=f"{len(rows)} cut-outs; no target"
    )


def _color_texts(row: Row, rng: np.random.Generator) -> tuple[str, str]:
    own, wrong = (
        name_object(row, color=color, size=None, count=1)
        for color in (str(row["color"]), wrong_color(str(row["color"]), rng))
    )
    return own, wrong


def _prefers(models: Models, scene: Scene, right: str, wrong: str) -> float:
    one, other = models.matcher(to_tensor(scene.pixels), [right, wrong]).scores.tolist()
    return float(one > other)


def presence(models: Models, material: Material) -> list[Finding]:
    """Nouns that are on a scene against nouns that nothing on it could be called by: AUROC of all pairs."""
    present: list[list[float]] = []
    absent: list[list[float]] = []
    for scene in material.scenes(160, SceneOptions(photographs=0.3), (1, 2, 3)):
        nouns = [placed.noun for placed in scene.objects]
        scores = models.matcher(to_tensor(scene.pixels), [*nouns, *scene.absent]).scores.tolist()
        present.append(scores[: len(nouns)])
        absent.append(scores[len(nouns) :])

    def figure(places: NDArray[np.intp]) -> float:
        return auroc([s for i in places for s in present[i]], [s for i in places for s in absent[i]])

    everything = np.arange(len(present))
    return [
        Finding(
            claim="present against absent noun (AUROC over scenes)",
            value=figure(everything),
            target=0.92,
            n=len(present),
            interval=interval_of(figure, len(present)),
            note=f"{sum(map(len, present))} present and {sum(map(len, absent))} absent nouns",
        )
    ]


def class_names(models: Models, material: Material) -> list[Finding]:  # noqa: ARG001 - all rows are called alike
    """1000-way: a class's name is nearest to what stands for its pictures, see `class_features`.

    This is no accuracy on photographs: the features are made of the classifier's rows, without noise, so it
    is an upper bound of it, and falls where the text side has forgotten a name.
    """
    images, texts = class_features(models.encoder)
    right = ((images @ texts.T).argmax(1) == torch.arange(len(images))).float().numpy()
    return [
        Finding(
            claim="ImageNet class names, 1000-way, on the classifier's rows in place of pictures",
            value=float(right.mean()),
            target=0.55,
            n=len(right),
            interval=interval_of(lambda places: float(right[places].mean()), len(right)),
            note="an upper bound of the accuracy on photographs",
        )
    ]


def generated(models: Models, material: Material) -> list[Finding]:
    """Generated pictures: the own prompt scores above another prompt of the set, all pairs."""
    if material.examples is None:
        raise Skipped("no folder of examples was given")
    with (material.examples / "prompts.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["prompt"].strip()]
    prompts = sorted({row["prompt"] for row in rows})
    if len(prompts) < 2:
        raise Skipped("the examples have fewer than two prompts")
    right = []
    for row in rows:
        pixels = read_image(material.examples / row["file"]).pixels
        scores = dict(zip(prompts, models.matcher(pixels, prompts).scores.tolist(), strict=True))
        own = scores.pop(row["prompt"])
        right.append([float(own > other) for other in scores.values()])
    value, interval = mean_of(right)
    claim = "generated pictures: own prompt above another prompt of the set"
    return [
        Finding(claim=claim, value=value, n=len(rows), interval=interval, note=f"{len(prompts)} prompts; no target")
    ]
