"""Calibrate what counts as shown, on photographs and scenes of the training split."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from grefine_core import read_image
from grefine_mini.encoder import MiniEncoder
from tools.mini.assets import HELD_OUT_PHOTOS, held_out

SHARES = (0.42, 0.05, 0.14, 0.0, 0.39)
"""Of meaning, thing, colour, constant and quality in a feature, before calibration."""
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
"""What can be seen on the pristine photographs."""
ABSENT = ("cat", "dog", "bicycle", "cup", "rocket", "car", "elephant", "banana", "guitar", "pizza")
"""What is on none of them."""
PRESENT_SCORE = 0.8
"""Score that the median thing that is there shall get."""


@torch.no_grad()
def photographs(encoder: MiniEncoder, data: Path, *, training: bool) -> tuple[Tensor, Tensor]:
    """Return similarities of one split's photographs with what they show, and with what they do not."""
    present, absent = [torch.empty(0)], [torch.empty(0)]
    for name, nouns in PHOTOGRAPHS.items():
        file = data / "photos" / f"{name}.png"
        if held_out(name, HELD_OUT_PHOTOS) == training or not file.is_file():
            continue
        image = encoder.encode_image(read_image(file).pixels).global_[0]
        similarity = encoder.encode_text([*nouns, *ABSENT]) @ image
        present.append(similarity[: len(nouns)])
        absent.append(similarity[len(nouns) :])
    return torch.cat(present), torch.cat(absent)


@torch.no_grad()
def scenes(encoder: MiniEncoder, wholes: Tensor, clean: list[dict[str, Any]]) -> tuple[Tensor, Tensor]:
    """Return the same for composed scenes, whose whole features (n, D) are given."""
    words = sorted({word for scene in clean for word in (*scene["nouns"], *scene["absent"])})
    similarity = wholes @ encoder.encode_text(words).T
    place = {word: i for i, word in enumerate(words)}
    present = [similarity[i, place[word]] for i, scene in enumerate(clean) for word in scene["nouns"]]
    absent = [similarity[i, place[word]] for i, scene in enumerate(clean) for word in scene["absent"]]
    return torch.stack(present), torch.stack(absent)


def calibrate(encoder: MiniEncoder, present: Tensor, absent: Tensor) -> None:
    """Set the constant's share and the temperature s_a from similarities measured at a share of zero.

    The constant's root share becomes the threshold: the middle between the lower quartile of what
    is there and the upper decile of what is not.
    """
    heads = encoder.heads
    threshold = float(present.quantile(0.25) + absent.quantile(0.9)) / 2
    heads.shares[3] = max(threshold, 0.01) ** 2
    heads.shares.div_(heads.shares.sum())
    margin = max(float(present.median()) - threshold, 0.01)
    heads.alignment_scale.fill_(math.log(PRESENT_SCORE / (1 - PRESENT_SCORE)) / margin)
    print(f"presence: AUROC {auroc(present, absent):.3f}, threshold {threshold:.3f}, margin {margin:.3f}")
    above = [float((x > threshold).float().mean()) for x in (present, absent)]
    print(f"presence: above it {above[0]:.2f} of present, {above[1]:.2f} of absent nouns")


def auroc(positive: ArrayLike, negative: ArrayLike) -> float:
    """Return the chance that a positive scores above a negative."""
    from scipy.stats import rankdata

    n, m = len(np.asarray(positive)), len(np.asarray(negative))
    ranks = rankdata(np.concatenate([np.asarray(positive), np.asarray(negative)]))
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))
