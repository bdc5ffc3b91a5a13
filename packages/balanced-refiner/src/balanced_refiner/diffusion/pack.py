"""Diffusion packs: a folder of weights becomes a stock pipeline, and that an `Inpainter`."""

from __future__ import annotations

from typing import Any

import torch

from balanced_refiner.diffusion.conditioning import PackConditioner
from balanced_refiner.diffusion.painter import DiffusersInpainter
from grefine_core import DiffusionPack, WeightsError

_PARTS = ("vae", "unet", "scheduler")


def load_pack(pack: DiffusionPack, *, device: torch.device | None = None) -> DiffusersInpainter:
    """Return the inpainter of a pack, in float32.

    Args:
        pack: Folder of the weights, and the text side.
        device: Where to run; the CPU by default.

    Raises:
        WeightsError: If a part of the pack is absent or cannot be loaded.
    """
    return DiffusersInpainter(
        build_pipeline(pack, device or torch.device("cpu")),
        PackConditioner(pack),
        name=pack.name,
        working_size=pack.working_size,
        max_strength=pack.max_strength,
        guidance_scale=pack.guidance_scale,
    )


def build_pipeline(pack: DiffusionPack, device: torch.device) -> Any:
    """Return the stock inpainting pipeline around the parts of a pack, silent and in float32.

    Raises:
        WeightsError: If a part of the pack is absent or cannot be loaded.
    """
    for part in _PARTS:
        if not (pack.folder / part).is_dir():
            raise WeightsError(f"The diffusion pack `{pack.name}` has no folder {pack.folder / part}.")
    import diffusers

    stock: Any = diffusers  # its loaders are not typed
    # without low_cpu_mem_usage=False an environment without accelerate logs a warning
    options: dict[str, Any] = {"local_files_only": True, "torch_dtype": torch.float32, "low_cpu_mem_usage": False}
    try:
        vae = stock.AutoencoderKL.from_pretrained(pack.folder / "vae", **options)
        unet = stock.UNet2DConditionModel.from_pretrained(pack.folder / "unet", **options)
        schedule = stock.DDIMScheduler.load_config(pack.folder / "scheduler", local_files_only=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise WeightsError(f"The diffusion pack `{pack.name}` in {pack.folder} cannot be loaded: {error}.") from error
    pipe = stock.StableDiffusionInpaintPipeline(
        vae=vae.eval().requires_grad_(False),
        text_encoder=None,
        tokenizer=None,
        unet=unet.eval().requires_grad_(False),
        scheduler=stock.DDIMScheduler.from_config(schedule, steps_offset=1),  # any other offset is deprecated there
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.set_progress_bar_config(disable=True)
    return pipe.to(device)
