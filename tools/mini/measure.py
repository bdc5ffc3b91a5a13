"""Calibrate the threshold of presence, and measure the fitted encoder on what it has not seen."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from grefine_core import read_image
from grefine_mini.encoder import MiniEncoder
from grefine_mini.heads import Cells, Heads
from grefine_mini.text import MiniText
from tools.mini.fit_meaning import sentences

SHARES = (0.66, 0.02, 0.0, 0.32)
"""Of meaning, colour, constant and quality in a feature of unit length, before calibration."""
PHOTOGRAPHS: dict[str, tuple[str, ...]] = {
    "kodak01": ("brick wall", "door", "window"),
    "kodak03": ("hat", "cap"),
    "kodak05": ("motorcycle", "motorbike"),
    "kodak08": ("building", "house"),
    "kodak09": ("sailboat", "boat"),
    "kodak11": ("boat",),
    "kodak13": ("mountain", "river"),
    "kodak15": ("girl",),
    "kodak17": ("statue", "sculpture"),
    "kodak19": ("lighthouse", "fence"),
    "kodak22": ("barn",),
    "kodak24": ("house",),
}
"""What can be seen on each of the pristine photographs that the threshold is set on."""
ABSENT = ("cat", "dog", "bicycle", "cup", "rocket", "car", "elephant", "banana", "guitar", "pizza")
"""What is on none of them."""
PRESENT_SCORE = 0.8
"""Score that the median thing that is there shall get."""


def joined(heads: Heads, data: dict[str, Any]) -> tuple[Tensor, Tensor]:
    """Return whole features (n, D) and patch features (n, 196, D) of cached scenes."""
    whole, patches = [], []
    for start in range(0, len(data["head"]), 50):
        part = slice(start, start + 50)
        with torch.no_grad():
            features = heads.image(
                Cells(data["head"][part].float(), data["statistics"][part].float(), data["colors"][part].float())
            )
        whole.append(features.global_)
        patches.append(features.patches.flatten(1, 2))
    return torch.cat(whole), torch.cat(patches)


def presence(heads: Heads, text: MiniText, data: dict[str, Any]) -> tuple[Tensor, Tensor]:
    """Return similarities of (scene, noun) pairs whose noun is there, and of those where it is not."""
    nouns = sorted({noun for scene in data["objects"] for noun, _, _ in scene})
    whole, _ = joined(heads, data)
    similarity = whole @ heads.text(sentences(text, nouns)).T  # (n, nouns)
    here = torch.tensor([[noun in {o[0] for o in scene} for noun in nouns] for scene in data["objects"]])
    return similarity[here], similarity[~here]


def photographs(encoder: MiniEncoder, data: Path) -> tuple[Tensor, Tensor]:
    """Return similarities of the photographs with what they show, and with what they do not."""
    present, absent = [], []
    for name, nouns in PHOTOGRAPHS.items():
        with torch.no_grad():
            image = encoder.encode_image(read_image(data / "photos" / f"{name}.png").pixels).global_[0]
            similarity = encoder.encode_text([*nouns, *ABSENT]) @ image
        present.append(similarity[: len(nouns)])
        absent.append(similarity[len(nouns) :])
    return torch.cat(present), torch.cat(absent)


def calibrate(encoder: MiniEncoder, data: Path) -> None:
    """Set the shares and the temperature s_a so that photographs are judged well.

    The constant's root share becomes the threshold: the middle between the lower quartile of what
    is there and the upper decile of what is not.
    """
    heads = encoder.heads
    heads.shares.copy_(torch.tensor(SHARES))
    present, absent = photographs(encoder, data)
    threshold = float(present.quantile(0.25) + absent.quantile(0.9)) / 2
    heads.shares[2] = threshold**2
    heads.shares.div_(heads.shares.sum())
    margin = float(present.median()) - threshold
    heads.alignment_scale.fill_(math.log(PRESENT_SCORE / (1 - PRESENT_SCORE)) / margin)
    print(f"photographs: AUROC {auroc(present, absent):.3f}, threshold {threshold:.3f}, margin {margin:.3f}")
    above = [float((x > threshold).float().mean()) for x in (present, absent)]
    print(f"photographs: above it {above[0]:.2f} of present, {above[1]:.2f} of absent nouns")


def auroc(positive: Tensor, negative: Tensor) -> float:
    """Return the chance that a positive scores above a negative."""
    from scipy.stats import rankdata

    ranks = torch.from_numpy(rankdata(torch.cat([positive, negative]).numpy()))
    n, m = len(positive), len(negative)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))


def report(encoder: MiniEncoder, data: dict[str, dict[str, Any]]) -> None:
    """Print the measurements of the model card, on held-out nouns and wallpapers."""
    heads, text = encoder.heads, encoder.text
    present, absent = presence(heads, text, data["clean-held"])
    print(f"held: present against absent noun, AUROC {auroc(present, absent):.3f}")
    threshold = float(heads.shares[2].sqrt())
    print(f"held: present above threshold {float((present > threshold).float().mean()):.3f}")
    print(f"held: absent above threshold {float((absent > threshold).float().mean()):.3f}")
    _pointing(heads, text, data["clean-held"])
    _nouns_of_twenty(heads, text, data["objects-held"])


def _pointing(heads: Heads, text: MiniText, data: dict[str, Any]) -> None:
    _, patches = joined(heads, data)
    hits = []
    for index, scene in enumerate(data["objects"]):
        for (noun, _, _), mask in zip(scene, data["masks"][index], strict=True):
            similarity = patches[index] @ heads.text(sentences(text, [noun]))[0]
            hits.append(bool(mask.flatten()[similarity.argmax()] > 0.2))
    print(f"held: pointing game {sum(hits) / len(hits):.3f} of {len(hits)}")


def _nouns_of_twenty(heads: Heads, text: MiniText, data: dict[str, Any]) -> None:
    nouns = sorted({row[0] for row in data["rows"]})
    texts = functional.normalize(sentences(text, nouns) - heads.text_mean, dim=-1) @ heads.to_meaning
    texts = functional.normalize(texts, dim=-1)
    images = functional.normalize(data["head"] - heads.head_mean, dim=-1)
    draw = torch.Generator().manual_seed(3)
    right = []
    for row, image in zip(data["rows"], images, strict=True):
        own = nouns.index(row[0])
        others = [i for i in torch.randperm(len(nouns), generator=draw).tolist() if i != own][:19]
        right.append(int((texts[[own, *others]] @ image).argmax()) == 0)
    print(f"held: right noun of 20 {sum(right) / len(right):.3f} of {len(right)}")
