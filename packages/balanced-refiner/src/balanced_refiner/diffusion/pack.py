"""Diffusion packs: a folder of weights becomes a stock pipeline, and that an `Inpainter`."""

from __future__ import annotations

import torch

from balanced_refiner.diffusion.conditioning import PackConditioner
from balanced_refiner.diffusion.loading import open_pack
from balanced_refiner.diffusion.painter import DiffusersInpainter, PainterSettings
from grefine_core import DiffusionPack


def load_pack(pack: DiffusionPack, *, device: torch.device | None = None) -> DiffusersInpainter:
    """Return the inpainter of a pack, in float32.

    Args:
        pack: Folder of the weights, and the text side.
        device: Where to run; the CPU by default.

    Raises:
        WeightsError: If a part of the pack is absent or cannot be loaded.
    """
    return DiffusersInpainter(
        open_pack(pack, device or torch.device("cpu")),
        PackConditioner(pack),
        PainterSettings(
            working_size=pack.working_size,
            max_strength=pack.max_strength,
            mild_pass=pack.mild_pass,
            guidance_scale=pack.guidance_scale,
            codec_sigma=pack.codec_sigma,
        ),
        name=pack.name,
    )
