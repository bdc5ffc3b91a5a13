"""The models of the pack behind their public interfaces, as shipped or from a folder of weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from aqmap import AlignmentAssessor, AlignmentSettings, calibrate, load_parser
from aqmap.matching import Matcher
from balanced_refiner import Inpainter, load_inpainter
from grefine import GRefiner, Settings
from grefine_core import Encoder, load_encoder
from pqmap import PerceptionAssessor, TextPairs, load_pairs
from tools.mini.assets import Pixels

PRESET = "mini"
CLASS_LENGTH = 10.0
"""Distance of a class from the mean trunk feature; that of whole photographs is 8 to 12."""


@dataclass(frozen=True, kw_only=True)
class Models:
    """Encoder and assessors; the refiner follows when it is asked for."""

    encoder: Encoder
    perceive: PerceptionAssessor
    matcher: Matcher
    weights: Path | None

    @classmethod
    def load(cls, weights: Path | None = None) -> Models:
        """Load the preset, or the pack's code with the files of another folder.

        Args:
            weights: Folder with `heads.safetensors`, `pairs.safetensors`, `sha256.json`, and `diffusion/` for
                the rows that paint.
        """
        encoder = load_encoder(PRESET, device="cpu") if weights is None else _encoder_of(weights)
        pairs = load_pairs(PRESET, encoder) if weights is None else _pairs_of(weights, encoder)
        return cls(
            encoder=encoder,
            perceive=PerceptionAssessor(encoder, pairs),
            matcher=Matcher(encoder),
            weights=weights,
        )

    @cached_property
    def inpainter(self) -> Inpainter:
        """The diffusion model."""
        if self.weights is None:
            return load_inpainter(PRESET, device="cpu")
        from balanced_refiner.diffusion.pack import load_pack
        from grefine_core import DiffusionPack
        from grefine_mini.presets import DIFFUSION

        pack: DiffusionPack = DIFFUSION.load(device=torch.device("cpu"))
        return load_pack(replace(pack, folder=self.weights / "diffusion"))

    def refiner(self, settings: Settings | None = None) -> GRefiner:
        """Return the whole loop."""
        chosen = calibrate(AlignmentSettings(), PRESET, self.encoder)
        align = AlignmentAssessor(self.encoder, load_parser(PRESET), chosen)
        return GRefiner(self.perceive.assess, align, lambda: self.inpainter, settings)


def _encoder_of(weights: Path) -> Encoder:
    from grefine_mini.encoder import load

    return load(device=torch.device("cpu"), folder=weights)


def _pairs_of(weights: Path, encoder: Encoder) -> TextPairs:
    from grefine_mini.presets import PAIRS_FILE

    return TextPairs.load(weights / PAIRS_FILE, encoder=encoder)


def to_tensor(pixels: Pixels) -> Tensor:
    """Return (1, 3, H, W), float32 in [0, 1], of (H, W, 3), uint8."""
    return torch.from_numpy(np.array(pixels)).permute(2, 0, 1)[None].float() / 255


@torch.inference_mode()
def class_features(encoder: Encoder) -> tuple[Tensor, Tensor]:
    """Return features (1000, D) of the ImageNet classes as the encoder sees pictures, and of their names as texts.

    There are no ImageNet pictures here. In place of the pictures of a class stands the trunk feature that its
    classifier takes for the class above all: the classifier's centred row, added to the mean feature, as far
    from it as features of photographs are, nothing below 0, with neutral colours and statistics.
    """
    from grefine_mini.color import COLORS
    from grefine_mini.files import trunk_file
    from grefine_mini.heads import Cells
    from grefine_mini.trunk import load_trunk
    from tools.mini.fit_meaning import class_names

    heads = encoder.heads  # type: ignore[attr-defined]  # of the mini pack, whose names these are
    _, rows = load_trunk(trunk_file())
    head = heads.head_mean + functional.normalize(rows - rows.mean(0), dim=-1) * CLASS_LENGTH
    statistics = heads.quality.mean.expand(len(rows), 1, 1, -1)
    colors = torch.full((len(rows), 1, 1, len(COLORS)), 1 / len(COLORS))
    cells = Cells(head.clamp(min=0)[:, None, None], statistics, colors)
    images = torch.cat([heads.image(Cells(*part)).global_ for part in zip(*(x.split(100) for x in cells), strict=True)])
    texts = [functional.normalize(encoder.encode_text(names).mean(0), dim=-1) for names in class_names()]
    return images, torch.stack(texts)
